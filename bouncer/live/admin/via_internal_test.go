package admin

import (
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestTheWordsOfACommandAreThoseOfTheAddress: what the driver dials stands in them, whatever the host is.
func TestTheWordsOfACommandAreThoseOfTheAddress(t *testing.T) {
	p := Place{Via: []string{"ssh", "h", "x {{.Address}}", "{{.Host}}|{{.Port}}", "{{.Other}}"}}
	for _, c := range []struct{ network, address, want string }{
		{"tcp", "10.0.0.1:6432", "ssh h x 10.0.0.1:6432 10.0.0.1|6432 {{.Other}}"},
		{"tcp", "[::1]:6432", "ssh h x [::1]:6432 ::1|6432 {{.Other}}"},
		{"tcp", "pgb.example:6432", "ssh h x pgb.example:6432 pgb.example|6432 {{.Other}}"},
		{"unix", "/run/pgb/.s.PGSQL.6432", "ssh h x /run/pgb/.s.PGSQL.6432 /run/pgb|6432 {{.Other}}"},
	} {
		if got := strings.Join(p.words(c.network, c.address), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.address, got, c.want)
		}
	}
}

// TestACommandBringsItsOwnEncryption: no TLS is asked for through a command, but where somebody has asked for it.
func TestACommandBringsItsOwnEncryption(t *testing.T) {
	via := []string{"ssh", "h"}
	for _, c := range []struct {
		dsn, mode string
		via       []string
		tls       bool
	}{
		{dsn: "host=h user=u", tls: true},
		{dsn: "host=h user=u", via: via},
		{dsn: "postgres://u@h/", via: via},
		{dsn: "postgres://u@h/?connect_timeout=1", via: via},
		{dsn: "host=h user=u sslmode=require", via: via, tls: true},
		{dsn: "postgres://u@h/?sslmode=require", via: via, tls: true},
		{dsn: "host=h user=u", via: via, mode: "require", tls: true},
	} {
		t.Setenv("PGSSLMODE", c.mode)
		for name, read := range map[string]func(string, Place, string) (Address, error){
			"console": ConsoleAddress, "server": ServerAddress} {
			a, err := read("x", Place{DSN: c.dsn, Via: c.via}, "x")
			if err != nil || (a.config.TLSConfig != nil) != c.tls {
				t.Errorf("%s %s: TLS %v, want %v (%v)", name, c.dsn, a.config.TLSConfig != nil, c.tls, err)
			}
			if slices.Contains(c.via, "ssh") != strings.HasSuffix(a.Label, " via ssh") {
				t.Errorf("%s %s is called %q", name, c.dsn, a.Label)
			}
		}
	}
}

// TestWhatACommandSaysIsTold, without secrets, with the command to try by hand.
func TestWhatACommandSaysIsTold(t *testing.T) {
	mask := func(s string) string { return strings.ReplaceAll(s, "hush", "***") }
	a, err := ConsoleAddress("console g/1", Place{DSN: "host=h user=u", Mask: mask,
		Via: []string{"sh", "-c", "echo cannot reach {{.Host}} as hush >&2; exit 7"}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	c := NewConsole("g/1", "g", a, Targets{Timeout: 10_000_000_000})
	_, err = c.Sample(t.Context())
	if operr.KindOf(err) != operr.KindUnreachable ||
		!strings.Contains(err.Error(), "exit status 7: cannot reach h as ***") ||
		!strings.Contains(operr.HintOf(err), "run the whole command of via: by hand, which begins with sh") {
		t.Errorf("%v (%s)", err, operr.HintOf(err))
	}
	if c.listens() {
		t.Error("somebody listens")
	}
}
