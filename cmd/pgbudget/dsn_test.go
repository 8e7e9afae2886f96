package main

import "testing"

func TestANameIsNoKeyword(t *testing.T) {
	for in, want := range map[string][2]string{
		"main=host=a port=1":    {"main", "host=a port=1"},
		"host=a port=1":         {"", "host=a port=1"},
		"main=postgres://u@h/d": {"main", "postgres://u@h/d"},
		"postgres://u@h/d?x=y":  {"", "postgres://u@h/d?x=y"},
		"ci-2=service=pgb":      {"ci-2", "service=pgb"},
		"service=pgb":           {"", "service=pgb"},
		"password=x host=y":     {"", "password=x host=y"},
		"main":                  {"", "main"},
	} {
		if name, dsn := splitName(in); name != want[0] || dsn != want[1] {
			t.Errorf("splitName(%q) = %q, %q; want %q", in, name, dsn, want)
		}
	}
}
