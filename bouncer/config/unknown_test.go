package config

import (
	"strings"
	"testing"
)

func TestAnUnknownKeyIsNamedWithTheOneThatIsNear(t *testing.T) {
	const group = "groups: [{name: main, processes: [{console: x, "
	for text, want := range map[string]string{
		"servers: [{name: a, dsn: x, max_connection: " +
			"9}]\n": `f.yaml:1:29: unknown field "max_connection", did you mean max_connections?`,
		"server: [{name: a, dsn: x}]\n":                            `f.yaml:1:1: unknown field "server", did you mean servers?`,
		"hooks: {on_stop: [x]}\n":                                  `unknown field "on_stop", did you mean on_step?`,
		"pools: [{pool: a/b, wieght: 2}]\n":                        `unknown field "wieght", did you mean weight?`,
		"pools: [{pool: a/b, max_wait: {p9: 1s}}]\n":               `unknown field "p9", did you mean p99?`,
		"pools: [{pool: a/b, soak: 1m}]\n":                         "f.yaml:1:21: unknown field \"soak\"\n",
		"soak: 1m\n":                                               "unknown field \"soak\"\n",
		"shifts: [{from: a/b, to: c/d, fractions: 1, get: [x]}]\n": `unknown field "fractions", did you mean fraction?`,
		"pools: [{pool: a/b, users: [{name: x, mix: " +
			"1}]}]\n": `has the unknown key "mix", did you mean max? Want a name, or {name, max}`,
		"pools: [{pool: a/b, users: [{nome: x, most: 1}]}]\n": `has the unknown key`,
		group + "config: {path: /a, raed: [x], write: " +
			"[x]}}]}]\n": `config has the unknown key "raed", did you mean read? Want a path, or {path, folder, read, write}`,
		group + "config: {path: /a, argv: " +
			"[x]}}]}]\n": `config has the unknown key "argv", want a path, or {path, folder, read, write}`,
	} {
		_, err := Parse("f.yaml", []byte(text), noEnv)
		if err == nil || !strings.Contains(err.Error()+"\n", want) {
			t.Errorf("%s got %v\nwant %s", text, err, want)
		}
	}
}

// TestATabInYAMLIsNamedAsATab: the decoder's own words for it are about tokens and keys.
func TestATabInYAMLIsNamedAsATab(t *testing.T) {
	for text, want := range map[string]string{
		"servers:\n\t- {name: a}\n":                "f.yaml:2:1: line 2 begins with a tab; YAML wants blanks",
		"policy:\n  soak: 1m\n  \tevery: 1s\n":     "f.yaml:3:3: line 3 begins with a tab; YAML wants blanks",
		"\tpolicy: {soak: 1m}\n":                   "f.yaml:1:1: line 1 begins with a tab; YAML wants blanks",
		"\n# a comment\n\tpolicy:\n\t\tsoak: 1m\n": "f.yaml:3:1: line 3 begins with a tab; YAML wants blanks",
		"environment: |\n  a\n\tb\n":               "f.yaml:3:1: line 3 begins with a tab; YAML wants blanks",
		"environment: \"a\n\tb\"\nx: 1\n":          "f.yaml:2:1: line 2 begins with a tab; YAML wants blanks",
		"pools:\n-\tpool: a/b\n":                   "f.yaml:2:2: line 2 has a tab behind its -; YAML wants blanks",
		"policy: {soak: 1m\nx: @\n":                "f.yaml:",
		"policy: [\n\t{soak: 1m}\n]\n}\n":          "f.yaml:",
	} {
		_, err := Parse("f.yaml", []byte(text), noEnv)
		if err == nil || !strings.Contains(err.Error(), want) || want == "f.yaml:" &&
			strings.Contains(err.Error(), "begins with") {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	parse(t, "policy: {\n\tsoak: 1m,\n\tevery: 1s}\n") // between brackets a tab is a blank
}
