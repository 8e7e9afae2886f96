package config

import (
	"strings"
	"testing"
)

// masking is a config whose variables are those of env, and in which the pool main/app and the user app are written
// out.
func masking(t *testing.T, env map[string]string) *Config {
	t.Helper()
	text := "servers: [{name: main, dsn: host=app}]\ngroups: [{name: main, processes: [{console: host=pgb}]}]\npools: " +
		"[{pool: main/app}]\n" +
		"hooks: {on_hold: [page, --as, 'app', 'sudo -u postgres'"
	for name := range env {
		text += ", '${" + name + "}'"
	}
	getenv := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	c, err := Parse("m.yaml", []byte(text+"]}\n"), getenv)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAVariableIsMaskedWhereItIsASecret(t *testing.T) {
	for _, c := range []struct{ text, secret, want string }{
		{`password authentication failed for user "app_rw"`, "app", `password authentication failed for user "app_rw"`},
		{`password authentication failed for user "app"`, "app", `password authentication failed for user "app"`},
		{"cannot parse `host=h password=app dbname=app`", "app", "cannot parse `host=h password=${V} dbname=app`"},
		{"cannot parse `postgres://app:app@app:5432/app`", "app", "cannot parse `postgres://app:${V}@app:5432/app`"},
		{`role "s3cr3t_rw" of s3cr3t: s3cr3t`, "s3cr3t", `role "s3cr3t_rw" of ${V}: ${V}`},
		{"no main/app, no main/jobs", "main", "no main/app, no main/jobs"},
		// an alias that the file does not name
		{"no main/jobs, and jobs by itself", "jobs", "no main/jobs, and ${V} by itself"},
		{"404 of https://hooks.example/main/jobs", "jobs", "404 of https://hooks.example/main/${V}"},
		{"ssh pgb 'cat > /etc/app'", "app", "ssh pgb 'cat > /etc/app'"},
		{"sudo -u postgres cat, password=postgres", "postgres", "sudo -u postgres cat, password=${V}"},
		{"step 5 of 50", "5", "step 5 of 50"},
	} {
		if got := masking(t, map[string]string{"V": c.secret}).Mask(c.text); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.secret, got, c.want)
		}
	}
}

// TestAVariableIsMaskedInTheWordItStandsIn: what the file writes before and after it goes on with its word.
func TestAVariableIsMaskedInTheWordItStandsIn(t *testing.T) {
	env := map[string]string{"A": "aaaa1111", "B": "bbbb2222bbbb", "K": "-----BEGIN-----\nline-of-a-key\n", "E": "",
		"N": "1"}
	getenv := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	c, err := Parse("m.yaml",
		[]byte("hooks: {on_hold: [page, '${A}${B}', '-p${A}', 'x-${B}_y', '${K}', 'db-${N}', 'pre${E}', '${A}']}\n"), getenv)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"page -paaaa1111: no":               "page -p${A}: no",
		"it is x-bbbb2222bbbb_y":            "it is x-${B}_y",
		"so line-of-a-key is not a key":     "so ${K} is not a key",
		"${DSN:-aaaa1111}":                  "${DSN:-${A}}",
		"db-1 is down, pre and 1":           "db-1 is down, pre and 1",
		"aaaa1111 and B":                    "${A} and B",
		"xaaaa1111 aaaa1111x":               "xaaaa1111 aaaa1111x",
		"password=aaaa1111bbbb2222bbbb@end": "password=${A}${B}@end",
	} {
		if got := c.Mask(text); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestANameIsNoSecretWhereAVariableSaysIt(t *testing.T) {
	c, err := Parse("m.yaml", []byte("servers: [{name: '${V}-db', dsn: 'host=${V}'}]\n"),
		func(string) (string, bool) { return "prod", true })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Mask("prod-db at prod"), "prod-db at ${V}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestAFaultShowsNoVariable, and not in quotes that change it either.
func TestAFaultShowsNoVariable(t *testing.T) {
	for _, v := range []string{"s3cr3t", `s3c"r3t`, "s3c\tr3t\\", "s3c'r3t"} {
		_, err := Parse("m.yaml", []byte("policy: {confirm: '${V}', accept: ['x${V}']}\n"),
			func(string) (string, bool) { return v, true })
		if err == nil || strings.Contains(err.Error(), "r3t") || !strings.Contains(err.Error(), `confirm is "${V}"`) ||
			!strings.Contains(err.Error(), `is "x${V}"`) {
			t.Errorf("%q: %v", v, err)
		}
	}
}
