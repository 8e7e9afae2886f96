package prom

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	promfix "github.com/pgbudget/pgbudget/fixtures/prom"
)

func TestTheDialectIsToldFromThePage(t *testing.T) {
	for page, want := range map[string]Dialect{
		"pgbouncer_exporter-0.10.2-pgbouncer-1.18": Legacy,
		"pgbouncer_exporter-0.10.2-pgbouncer-1.24": Legacy,
		"pgbouncer_exporter-0.12.1-constructed":    Modern,
		"debian-python-exporter-1.7-constructed":   "",
	} {
		names := promfix.Names(page)
		got := dialectOf(func(name string) bool { return slices.Contains(names, name) })
		if got != want {
			t.Errorf("%s: got %q, want %q", page, got, want)
		}
		s, ok := recognise(names)
		if ok != (want == "") || ok && !strings.Contains(s.called, "Debian 12") {
			t.Errorf("%s: got %q, %v as an exporter of no use", page, s.called, ok)
		}
	}
}

func TestEveryNameThatIsAskedForIsOnThePages(t *testing.T) {
	for page, d := range map[string]Dialect{
		"pgbouncer_exporter-0.10.2-pgbouncer-1.18": Legacy,
		"pgbouncer_exporter-0.10.2-pgbouncer-1.24": Legacy,
		"pgbouncer_exporter-0.12.1-constructed":    Modern,
	} {
		names := promfix.Names(page)
		want := []string{gaugeWaiting, gaugeActive, gaugeSize, gaugeMaxConns, gaugeConns, gaugeUp}
		for _, c := range []string{counterXacts, counterXact, counterWait} {
			want = append(want, d.names(c)...)
		}
		for _, name := range want {
			if !slices.Contains(names, name) {
				t.Errorf("%s: got no %s", page, name)
			}
		}
		all := regexp.MustCompile("^" + gaugeServers + "$")
		states := slices.DeleteFunc(names, func(name string) bool { return !all.MatchString(name) })
		if got, want := len(states), 5; got != want { // active, idle, used, testing, being_canceled
			t.Errorf("%s: got %d states of server connections, want %d: %v", page, got, want, states)
		}
	}
	if names := promfix.Names("postgres_exporter-0.11.1-postgresql-15"); !slices.Contains(names, gaugeActivity) {
		t.Errorf("got no %s among %v", gaugeActivity, names)
	}
}

func TestTwoFleetsOfOneDialectStayInIt(t *testing.T) {
	for _, c := range []struct{ a, b, want Dialect }{
		{"", Legacy, Legacy}, {Legacy, "", Legacy}, {Legacy, Legacy, Legacy}, {Legacy, Modern, Mixed}, {Mixed, Modern, Mixed},
		{"", "", ""},
	} {
		if got := c.a.join(c.b); got != c.want {
			t.Errorf("got %q of %q and %q, want %q", got, c.a, c.b, c.want)
		}
	}
}
