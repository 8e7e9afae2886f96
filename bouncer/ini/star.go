package ini

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// star finds where the size of "*" is changed: in [pgbouncer], because any other text on the line of "*" makes
// PgBouncer close the server connections of every database that lives by it. Source: set_autodb, loader.c:151.
func (in *content) star(d *database, x Change) (cut, error) {
	at := in.where(d.at)
	key := defaultSize
	if x.Key == fleet.KeyReserve {
		key = defaultReserve
	}
	if d.broken {
		return cut{}, fail(operr.KindUsage, at, "correct the line",
			"PgBouncer cannot read the line of *: it finds that out when a client comes, whom it turns away")
	}
	if p, ok := d.last(spellings(x.Key)...); ok {
		return cut{}, fail(operr.KindUsage, at,
			fmt.Sprintf("move the number to %s of [pgbouncer] at a time when reconnects do no harm", key),
			"the line of * has %s, and any change of that line makes PgBouncer close the server connections of every database "+
				"that lives by it", p.key)
	}
	if with := in.followers(x.Key); len(with) > 0 {
		return cut{}, fail(operr.KindUsage, at,
			fmt.Sprintf("write %s=%d on the lines of these and RELOAD, which changes nothing yet", x.Key, in.number(key)),
			"the size of * is %s, which %s would follow, too", key, strings.Join(with, ", "))
	}
	line := EditedLine{Alias: x.Alias, Key: key, NewDigits: fmt.Sprint(x.To)}
	if w, ok := in.setting(key); ok { // where it stands several times, the last one counts
		if err := plainDigits(in.where(w.at), key, w.value, in.number(key)); err != nil {
			return cut{}, err
		}
		if now := in.number(key); now != x.From {
			return cut{}, drifted(in.where(w.at), x, now)
		}
		line.Line, line.OldDigits = w.at.line, w.value
		return cut{w.at, line.NewDigits, line}, nil
	}
	if now := in.number(key); now != x.From {
		return cut{}, drifted(in.where(*in.tail), x, now)
	}
	return in.insert(key, line)
}

// followers lists the aliases, "*" apart, that take a number from [pgbouncer], each with its place.
func (in *content) followers(key fleet.Key) []string {
	var out []string
	for _, d := range in.bases {
		if d.alias != autodb && d.inherits(key) {
			out = append(out, fmt.Sprintf("%s (%v)", d.alias, in.where(d.at)))
		}
	}
	return out
}

// insert adds a line behind the last item of [pgbouncer], with that item's line ending.
func (in *content) insert(key string, line EditedLine) (cut, error) {
	data := cString(in.files[in.tail.file].data)
	line.Line = in.tail.line
	k := cut{place: *in.tail, text: fmt.Sprintf("\n%s = %s", key, line.NewDigits), line: line}
	k.from = len(data)
	rest := data[in.tail.to:]
	if end := bytes.IndexByte(rest, '\n'); end >= 0 {
		ending := "\n"
		if data[in.tail.to+end-1] == '\r' { // before it there is at least [pgbouncer], or a key
			ending = "\r\n"
		}
		k.from, rest = in.tail.to+end+1, rest[:end]
		k.text = fmt.Sprintf("%s = %s%s", key, line.NewDigits, ending)
	}
	k.to = k.from
	if rest = bytes.TrimSpace(rest); len(rest) > 0 && rest[0] != '#' && rest[0] != ';' {
		return cut{}, fail(operr.KindUsage, in.where(*in.tail),
			fmt.Sprintf("write %s = %d into [pgbouncer] and RELOAD, which changes nothing yet", key, in.number(key)),
			"%s is not written, and what stands behind [pgbouncer] on its line leaves no place for it", key)
	}
	return k, nil
}
