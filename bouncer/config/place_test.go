package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestAPlaceIsADSNOrACommandToIt, of a console and of a server.
func TestAPlaceIsADSNOrACommandToIt(t *testing.T) {
	c, err := Parse("f.yaml", []byte(`
servers: [{name: main, dsn: {dsn: 'host=10.0.0.1 user=u', via: [ssh, db1, nc, '{{.Host}}', '{{.Port}}']}}]
groups: [{name: main, processes: [{console: host=a}, {console: {dsn: host=b, via: [kubectl, exec]}}]}]
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []Place{c.Servers[0].DSN, c.Groups[0].Processes[0].Console, c.Groups[0].Processes[1].Console}
	want := []Place{{DSN: "host=10.0.0.1 user=u", Via: []string{"ssh", "db1", "nc", "{{.Host}}", "{{.Port}}"}},
		{DSN: "host=a"}, {DSN: "host=b", Via: []string{"kubectl", "exec"}}}
	if !slices.EqualFunc(got, want, func(a, b Place) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestAWrongPlaceIsNamed with its path and what is wanted.
func TestAWrongPlaceIsNamed(t *testing.T) {
	console := func(v string) string {
		return "servers: [{name: m, max_connections: 9}]\ngroups: [{name: main, processes: [{console: " + v + "}]}]\n"
	}
	file := func(v string) string { return console("host=a, config: {" + v + "}") }
	const at = "groups[0].processes[0]."
	for _, c := range []struct{ text, want string }{
		{console("{via: [ssh, h]}"),
			at + "console needs dsn: beside via"},
		{console("{dsn: host=a, vai: [ssh]}"),
			`the unknown key "vai", did you mean via?`},
		{console("{dsn: host=a, via: ssh h}"),
			"is neither a DSN nor {dsn, via} with a command as a list"},
		{console("{dsn: host=a, via: [ssh h nc]}"),
			at + `console.via begins with the one word "ssh h nc"`},
		{console("{dsn: host=a, via: [s, '{{.Adress}}']}"),
			"did you mean {{.Address}}? {{.Address}}, {{.Host}}, " + "{{.Port}} stand for what is filled in"},
		{console("''"),
			at + "console is missing or empty"},
		{"servers: [{name: m, dsn: {via: [ssh]}}]\n",
			"servers[0].dsn needs dsn: beside via"},
		{file("path: /a, folder: etc"),
			at + `config.folder is "etc", want the absolute path`},
		{file("folder: /etc, read: [cat], write: [x]"),
			at + "config.folder needs the absolute path of the file"},
		{file("path: /a, read: [cat, '{{.Path}}'], write: [x, /a]"),
			at + "config has {{.Path}} in one of read: and write:"},
		{file("read: [cat, '{{.Path}}'], write: [x, '{{.Path}}']"),
			"and no path: of the first file"},
		{file("path: /a, read: [cat, '{{.Bytes}}'], write: [x]"),
			""},
		{file("path: /a, read: [cat, '{{ .Path }}'], write: [x]"),
			"config.read has the word \"{{ .Path }}\", did you mean {{.Path}}?"},
		{file("path: /a, folder: /b, read: [c, '{{.Path}}'], write: [x, '{{.Path}}']"),
			""},
	} {
		_, err := Parse("f.yaml", []byte(c.text), nil)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}
