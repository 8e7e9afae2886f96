package ini

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Cause says why a RELOAD would change something.
type Cause int

// The causes.
const (
	Written Cause = iota // a line says something else than what is in force
	Unsaid               // no line says it: the default comes back
	Added                // a line that the process does not know
	Gone                 // a line that the process knows is in no file
	Twice                // lines of one alias that differ in where they lead: any RELOAD closes its server connections
)

// Difference is one thing that a RELOAD would change. Its texts are fit to be printed: what might be a secret is
// masked.
type Difference struct {
	// Name tells it from the others: "query_timeout"; "app.pool_mode" and, of a whole line, "app.line" in [databases];
	// "users.NAME.KEY" and "peers.ID.KEY" in the other sections.
	Name     string
	Cause    Cause
	At       Where  // the line; its Line is 0 where no line says it
	Of       string // alias, user, or id of the peer; "": a setting
	Key      string // "query_timeout"; "": the whole line
	File     string // what comes with a RELOAD
	Now      string // what is in force
	Recycles bool   // a RELOAD closes the server connections of the line, too

	// What a fleet.SettingChange would call it, and the numbers; Set is "" where there is no such thing.
	Alias               string
	Set                 fleet.Key // empty where no fleet.SettingChange says it
	FileConns, NowConns int

	file, now string // as they are; what they hold may be a secret
}

// Format prints the name and the place, whatever the verb: the values may be secrets.
func (d Difference) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "%s (%v)", d.Name, d.At) }

// Leads reports whether two differences lead to the same: what is in force now does not count.
func (d Difference) Leads(other Difference) bool {
	return d.Name == other.Name && d.Cause == other.Cause && d.file == other.file && d.File == other.File
}

// LocksOut reports whether a list of users has a name that it will not have after a RELOAD. Source: strlist_contains,
// util.c:243.
func (d Difference) LocksOut(user string) bool {
	between := func(r rune) bool { return strings.ContainsRune(", \t\n\v\f\r", r) }
	has := func(names string) bool { return slices.Contains(strings.FieldsFunc(names, between), user) }
	return has(d.now) && !has(d.file)
}

// Comparison is what a RELOAD of the files would do to a process.
type Comparison struct {
	Pending []Difference // what changes: settings as SHOW CONFIG has them, then lines in the order of the files
	Restart []Difference // what differs and only a restart would change
	Unseen  []string     // what cannot be compared, because no console shows it: nouns, such as "password of app"
}

// Compare finds what a RELOAD would change. A size that follows a setting of [pgbouncer] counts as changed by that
// setting alone.
func (c Config) Compare(now Running) Comparison {
	x := comparing{content: c.in(), now: now, params: map[string]Param{}}
	for _, p := range now.Config {
		x.params[p.Key] = p
	}
	x.settings()
	x.databases()
	x.users()
	x.peersOf()
	x.contents()
	return x.out
}

// comparing is a comparison in progress.
type comparing struct {
	*content
	now    Running
	params map[string]Param // of now.Config, by key
	out    Comparison
}

func (x *comparing) pending(d Difference) { x.out.Pending = append(x.out.Pending, d) }

func (x *comparing) unseen(format string, args ...any) {
	x.out.Unseen = append(x.out.Unseen, fmt.Sprintf(format, args...))
}

// settings compares [pgbouncer]. What the process has and this file does not say goes back to its default.
func (x *comparing) settings() {
	for _, p := range x.now.Config {
		d := Difference{Name: p.Key, Key: p.Key, Cause: Unsaid, At: Where{x.path, 0},
			Recycles: strings.HasPrefix(p.Key, "server_tls_")}
		w, said := x.setting(p.Key)
		text := w.value
		if said {
			d.Cause, d.At = Written, x.where(w.at)
		} else {
			fallback, sticks, known := p.fallback()
			if sticks || p.Fixed && !known {
				continue
			}
			if text = fallback; !known {
				x.unseen("%s, whose default is not known", p.Key)
				continue
			}
		}
		verdict := compareForeign(text, p.Value)
		if k, ok := settings[p.Key]; ok {
			verdict = k.kind.compare(text, p.Value)
		}
		d.file, d.now, d.File, d.Now = text, p.Value, readable(p.Key, text), readable(p.Key, p.Value)
		switch {
		case verdict == same || p.Fixed && p.Key == "user": // the command line has the last word
		case p.Fixed:
			x.out.Restart = append(x.out.Restart, d)
		case verdict == untold:
			x.unseen("%s, which is %s in the file and %s in force", p.Key, d.File, d.Now)
		default:
			x.pending(x.sized(d, text, p.Value))
		}
	}
	var last string
	for _, w := range x.written {
		if _, ok := x.params[w.key]; !ok && w.key != last {
			last = w.key
			x.unseen("%s of [pgbouncer], which SHOW CONFIG does not list", w.key)
		}
	}
}

// sized adds to a setting that is a size what a fleet.SettingChange would call it.
func (x *comparing) sized(d Difference, file, now string) Difference {
	switch d.Key {
	case defaultSize:
		d.Set = fleet.KeySize
	case defaultReserve:
		d.Set = fleet.KeyReserve
	default:
		return d
	}
	d.Alias = autodb
	d.FileConns, _ = setting(file)
	d.NowConns, _ = setting(now)
	return d
}

// inForce is a number of [pgbouncer] that lines inherit, as the process has it.
func (x *comparing) inForce(key string) int {
	if p, ok := x.params[key]; ok {
		if n, ok := setting(p.Value); ok {
			return n
		}
	}
	return x.number(key)
}

// contents lists the files that a RELOAD reads again, and whose contents no console shows.
func (x *comparing) contents() {
	var named []string
	for _, key := range []string{"auth_file", "auth_hba_file", "auth_ident_file",
		"client_tls_ca_file", "client_tls_cert_file", "client_tls_key_file",
		"server_tls_ca_file", "server_tls_cert_file", "server_tls_key_file"} {
		if p, ok := x.params[key]; ok && p.Value != "" {
			named = append(named, key)
		}
	}
	if len(named) > 0 {
		x.unseen("the contents of %s", list(named))
	}
}

// list joins words: "a, b and c".
func list(words []string) string {
	words = slices.Clone(words)
	if n := len(words); n > 1 {
		words = append(words[:n-2], words[n-2]+" and "+words[n-1])
	}
	out := ""
	for i, w := range words {
		if i > 0 {
			out += ", "
		}
		out += w
	}
	return out
}
