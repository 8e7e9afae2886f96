package ini

import (
	"fmt"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// addedLifetime is how a server_lifetime of a second is written where the line had none: it says by itself, to whoever
// takes it out again, that it was added. PgBouncer reads 1 (atoi). chosen: 01 because nobody writes that by hand.
const addedLifetime = "01"

// lifetime finds where the server_lifetime of a line is changed. A line without one gets it at its end, and what was
// added so is taken out as a whole. From is not compared: a process shows the value in force, which may be that of
// [pgbouncer].
func (in *content) lifetime(d *database, x Change) (cut, error) {
	at := in.where(d.at)
	if in.minor < 23 {
		return cut{}, fail(operr.KindUsage, at, "", "%s on a line came with 1.23, and this is PgBouncer 1.%d", x.Key,
			in.minor)
	}
	if d.alias == autodb {
		return cut{}, fail(operr.KindUsage, at, "",
			"any change of the line of * makes PgBouncer close the server connections of every database that lives by it")
	}
	k := cut{place: d.at, line: EditedLine{Line: d.at.line, Alias: x.Alias, Key: string(x.Key),
		NewDigits: fmt.Sprint(x.To)}}
	n := 0
	for _, p := range d.pairs {
		if p.key != string(x.Key) {
			continue
		}
		if n++; n > 1 {
			return cut{}, fail(operr.KindUsage, at, "leave one of them",
				"%s of %s stands more than once on the line, of which the last counts", x.Key, x.Alias)
		}
		k.span, k.text, k.line.OldDigits = span{d.at.from + p.raw.from, d.at.from + p.raw.to}, k.line.NewDigits, p.value
		if p.value == addedLifetime {
			whole := fmt.Sprintf(" %s=%s", x.Key, addedLifetime)
			k.from, k.text, k.line.NewDigits = k.to-len(whole), "", ""
			if data := in.files[d.at.file].data; k.from < 0 || string(data[k.from:k.to]) != whole {
				return cut{}, fail(operr.KindUsage, at, "take it out by hand and RELOAD", "%s of %s is not where it was added",
					x.Key, x.Alias)
			}
			continue
		}
		if err := plainDigits(at, p.key, p.value, atoi(p.value)); err != nil {
			return cut{}, err
		}
		if atoi(p.value) == 0 {
			return cut{}, fail(operr.KindUsage, at, "take it out and RELOAD, which changes nothing",
				"%s=0 of %s stands for that of [pgbouncer], and could not be given back", x.Key, x.Alias)
		}
	}
	if n == 0 {
		if k.from = d.at.to; d.at.from == d.at.to {
			k.from = d.equal
		}
		k.to, k.text = k.from, fmt.Sprintf(" %s=%s", x.Key, addedLifetime)
	}
	return k, nil
}

// added reports whether the line's server_lifetime is one that was added here.
func (d *database) added() bool {
	p, ok := d.last(string(fleet.KeyLifetime))
	return ok && p.value == addedLifetime
}
