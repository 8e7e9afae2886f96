package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/secret"
)

// leastSecret is how long a value must be to be masked as a word by itself. chosen: 4 because what is shorter is a
// number or a name, and replacing it would garble every other number.
const leastSecret = 4

// mask replaces what variables brought in by their names where it may be a secret. What the file itself writes out is
// none.
func (d *Document) mask(text string) string { return secret.Mask(text, d.secrets, d.names...) }

var (
	variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)
	// what variables stand in: -p${TOKEN}, ${USER}_${REGION}
	joined = regexp.MustCompile(`[\pL\pN_-]*(?:\$\{[A-Za-z_][A-Za-z0-9_]*\}[\pL\pN_-]*)+`)
	word   = regexp.MustCompile(`[\pL\pN_-]+`)
)

// learn takes in a text of the file as it is written: its words are names, and those that values of variables are parts
// of may be secrets.
func (d *Document) learn(written string, value func(name string) string) {
	for _, w := range word.FindAllString(variable.ReplaceAllString(written, " "), -1) {
		d.names = append(d.names, w, strings.Trim(w, "-"))
	}
	for _, shown := range joined.FindAllString(written, -1) {
		long, any := false, false
		whole := variable.ReplaceAllStringFunc(shown, func(ref string) string {
			v := value(ref[2 : len(ref)-1])
			any, long = any || v != "", long || len(v) >= leastSecret
			d.hide(v, ref)
			return v
		})
		if any && whole != shown {
			d.secrets = append(d.secrets, secret.Secret{Value: whole, Shown: shown, Keyed: !long})
		}
	}
}

// hide masks a value, and each of its lines: who says it again may say one of them.
func (d *Document) hide(value, shown string) {
	d.secrets = append(d.secrets, secret.Secret{Value: value, Shown: shown, Keyed: len(value) < leastSecret})
	if lines := strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' }); len(lines) > 1 {
		for _, line := range lines {
			d.secrets = append(d.secrets, secret.Secret{Value: line, Shown: shown, Keyed: len(line) < leastSecret})
		}
	}
}

// names lists what the file calls its things, which is no secret even where variables say it. Those of pools begin with
// their group's name and a slash, the ones that it does not list as well.
func (f *File) names() []string {
	out := []string{f.Environment}
	pools := []string{}
	for _, s := range f.Servers {
		out = append(out, s.Name)
	}
	for _, g := range f.Groups {
		out = append(out, g.Name, g.Name+"/")
	}
	for _, p := range f.Pools {
		pools = append(pools, p.Pool)
		out = append(out, append(p.UserNames(), p.servers()...)...)
	}
	for _, s := range f.AllShifts() {
		pools = append(pools, s.From, s.To)
	}
	for _, p := range pools {
		group, alias, _ := strings.Cut(p, "/")
		out = append(out, p, group, alias, group+"/")
	}
	for _, s := range f.Saturation {
		out = append(out, s.Name, s.Server)
	}
	return slices.DeleteFunc(out, func(name string) bool { return name == "" || name == "/" })
}
