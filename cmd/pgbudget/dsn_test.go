package main

import (
	"strings"
	"testing"
)

func TestPasswordsStayOutOfAConfig(t *testing.T) {
	for dsn, want := range map[string]string{
		"host=a password=hunter2 user=b":               "host=a user=b",
		"password='hunter2 and more' host=a":           "host=a",
		`host=a password = 'it\'s hunter2' user=b`:     "host=a user=b",
		"host=a PASSWORD=hunter2":                      "host=a",
		"host=a sslpassword=hunter2 sslmode=require":   "host=a sslmode=require",
		"postgres://u:hunter2@h:1/d?sslmode=disable":   "postgres://u@h:1/d?sslmode=disable",
		"postgres://u@h/d?password=hunter2&user=x":     "postgres://u@h/d?user=x",
		"postgresql://h/d":                             "postgresql://h/d",
		"postgres://u:hunter2%zz@h/d":                  "",
		"host=a passfile=/etc/passfile user=password1": "host=a passfile=/etc/passfile user=password1",
	} {
		if got := withoutPassword(dsn); got != want || strings.Contains(got, "hunter2") {
			t.Errorf("withoutPassword(%q) = %q, want %q", dsn, got, want)
		}
	}
}

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
