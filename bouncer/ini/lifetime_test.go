package ini_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestALifetimeIsMadeOneAndGivenBackToTheByte edits lines there and back.
func TestALifetimeIsMadeOneAndGivenBackToTheByte(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, flushed string }{
		"none written": {head + "[databases]\nd1 = host=h pool_size=5 \t\nd2 = server_lifetime=1\n",
			head + "[databases]\nd1 = host=h pool_size=5 server_lifetime=01 \t\nd2 = server_lifetime=1\n"},
		"nothing written": {head + "[databases]\nd1 =\n", head + "[databases]\nd1 = server_lifetime=01\n"},
		"written": {head + "[databases]\nd1 = server_lifetime=3600 host=h\n",
			head + "[databases]\nd1 = server_lifetime=1 host=h\n"},
		"written, in quotes": {head + "[databases]\nd1 = server_lifetime='3600' host=h\n",
			head + "[databases]\nd1 = server_lifetime='1' host=h\n"},
		"at the end, no line": {head + "[databases]\nd1 = host=h", head + "[databases]\nd1 = host=h server_lifetime=01"},
	} {
		flush := ini.Change{Alias: "d1", Key: fleet.KeyLifetime, From: 3600, To: 1}
		flushed := lifetime(t, name, c.text, flush)
		if flushed != c.flushed {
			t.Errorf("%s:\ngot  %q\nwant %q", name, flushed, c.flushed)
		}
		if back := lifetime(t, name, flushed, ini.Change{Alias: "d1", Key: fleet.KeyLifetime, From: 1,
			To: 3600}); back != c.text {
			t.Errorf("%s, back:\ngot  %q\nwant %q", name, back, c.text)
		}
	}
}

// TestALongLifetimeIsGivenBack: a week, a year, and one that is longer than what can be given back, which is not taken
// away.
func TestALongLifetimeIsGivenBack(t *testing.T) {
	t.Parallel()
	text := head + "[databases]\nd1 = server_lifetime=604800 host=h\n"
	for _, seconds := range []int{262144, 604800, 365 * 86400, 999999999} {
		text := strings.Replace(text, "604800", fmt.Sprint(seconds), 1)
		flushed := lifetime(t, "", text, ini.Change{Alias: "d1", Key: fleet.KeyLifetime, From: seconds, To: 1})
		if back := lifetime(t, "", flushed, ini.Change{Alias: "d1", Key: fleet.KeyLifetime, From: 1,
			To: seconds}); back != text {
			t.Errorf("%d s, back:\ngot  %q\nwant %q", seconds, back, text)
		}
	}
	c, err := ini.Load(reading(text, nil), folder+"main.ini", "1.24.1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Edit(one(ini.Change{Alias: "d1", Key: fleet.KeyLifetime, From: 1e9,
		To: 1})); operr.KindOf(err) != operr.KindUsage {
		t.Errorf("32 years are flushed: %v", err)
	}
}

func lifetime(t *testing.T, name, text string, x ini.Change) string {
	t.Helper()
	c, err := ini.Load(reading(text, nil), folder+"main.ini", "1.24.1")
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	edits, err := c.Edit(one(x))
	if err != nil || len(edits) != 1 {
		t.Fatalf("%s: %v, %v", name, edits, err)
	}
	return string(edits[0].New)
}

// TestALifetimeThatCannotBeWrittenIsRefused names what no flush may touch.
func TestALifetimeThatCannotBeWrittenIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ version, text, alias string }{
		"before 1.23":  {"1.22.1", "d1 = host=h", "d1"},
		"autodb":       {"1.24.1", "* = host=h", "*"},
		"twice":        {"1.24.1", "d1 = server_lifetime=5 server_lifetime=6", "d1"},
		"no digits":    {"1.24.1", "d1 = server_lifetime=5s", "d1"},
		"inherits":     {"1.24.1", "d1 = server_lifetime=0", "d1"},
		"moved by us?": {"1.24.1", "d1 = host=h  server_lifetime = 01", "d1"},
	} {
		in, err := ini.Load(reading(head+"[databases]\n"+c.text+"\n", nil), folder+"main.ini", c.version)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		to := ini.Change{Alias: c.alias, Key: fleet.KeyLifetime, From: 3600, To: 1}
		if name == "moved by us?" {
			to.From, to.To = 1, 3600
		}
		if edits, err := in.Edit(one(to)); operr.KindOf(err) != operr.KindUsage {
			t.Errorf("%s: %v, %v", name, edits, err)
		}
	}
}
