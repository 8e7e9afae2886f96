package observe_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

func TestEveryVersionIsReadByTheNamesOfItsColumns(t *testing.T) {
	for _, c := range []struct {
		folder, version string
		d1              fleet.Counters
		conns           int // current_connections of d1
		maxWait         time.Duration
		peer            int
		users           string
	}{
		{"1.18.0", "1.18.0", fleet.Counters{Xacts: 9898, Assignments: -1, XactTime: 192475289 * time.Microsecond,
			WaitTime: 90091961 * time.Microsecond}, 8, 25504 * time.Microsecond, 0, "[]"},
		{"1.23.1", "1.23.0", fleet.Counters{Xacts: 10608, Assignments: 10602, XactTime: 188928419 * time.Microsecond,
			WaitTime: 75592967 * time.Microsecond}, 9, 15659 * time.Microsecond, 1,
			"[{app1 12 6 0 false false} {app2 0 6 0 true false} {forced 0 6 0 true false} {postgres 0 6 0 true false} {stats " +
				"0 " +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"6 0 true false}]"},
		{"1.24.1", "1.24.1", fleet.Counters{Xacts: 915, Assignments: 912, XactTime: 27500806 * time.Microsecond,
			WaitTime: 9119480 * time.Microsecond}, 6, 6104 * time.Microsecond, 0, "[]"},
		{"1.25.2", "1.25.2", fleet.Counters{Xacts: 10618, Assignments: 10612, XactTime: 194639965 * time.Microsecond,
			WaitTime: 77908132 * time.Microsecond}, 9, 10428 * time.Microsecond, 1,
			"[{app1 12 6 0 false false} {app2 0 6 0 true false} {forced 0 6 0 true false} {postgres 0 6 0 true false} {stats " +
				"0 " +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"6 0 true false}]"},
		{"constructed-after-1.25.2", "1.25.2", fleet.Counters{Xacts: 10618, Assignments: 10612,
			XactTime: 194639965 * time.Microsecond, WaitTime: 77908132 * time.Microsecond}, 9, 10428 * time.Microsecond, 1,
			"[{app1 12 6 0 false false}]"},
		{"constructed-1.16", "1.16.1", fleet.Counters{Xacts: 9898, Assignments: -1, XactTime: 192475289 * time.Microsecond,
			WaitTime: 90091961 * time.Microsecond}, 8, 25504 * time.Microsecond, 0, "[]"},
		{"constructed-1.12", "1.12.0", fleet.Counters{Xacts: 9898, Assignments: -1, XactTime: 192475289 * time.Microsecond,
			WaitTime: 90091961 * time.Microsecond}, 8, 25504 * time.Microsecond, 0, "[]"},
		{"constructed-1.8", "1.8.1", fleet.Counters{Xacts: 9898, Assignments: -1, XactTime: 192475289 * time.Microsecond,
			WaitTime: 90091961 * time.Microsecond}, 8, 25504 * time.Microsecond, 0, "[]"},
	} {
		t.Run(c.folder, func(t *testing.T) {
			p := livetest.Only(t, livetest.Open(t, livetest.Consoles(livetest.NewFake(t, c.folder))))
			if p.ID != "g/1" || p.Group != "g" || p.Version != c.version || p.Identity.PeerID != c.peer {
				t.Errorf("got %s of %s, version %s, peer %d; want g/1 of g, %s, %d", p.ID, p.Group, p.Version, p.Identity.PeerID,
					c.version, c.peer)
			}
			d1 := livetest.Alias(t, p, "d1")
			if d1.Counters != c.d1 {
				t.Errorf("d1 counts %+v, want %+v", d1.Counters, c.d1)
			}
			if d1.ReserveConns != 2 || d1.CurrentConns != c.conns || d1.Host != "127.0.0.1" || d1.Database != "d1" ||
				d1.Proof != fleet.ProofNone {
				t.Errorf("d1 is %+v", d1)
			}
			if len(d1.Pools) == 0 || d1.Pools[0].User != "app1" || d1.Pools[0].MaxWait != c.maxWait {
				t.Errorf("d1's pools are %+v, want app1 first, maxwait %v", d1.Pools, c.maxWait)
			}
			if slices.ContainsFunc(p.Aliases, func(a fleet.Alias) bool { return a.Name == "pgbouncer" }) {
				t.Error("the console is listed among the aliases")
			}
			if got := fmt.Sprint(p.Users); got != c.users {
				t.Errorf("users %s, want %s", got, c.users)
			}
			if len(p.Identity.ConfigHash) != 64 {
				t.Errorf("config hash %q", p.Identity.ConfigHash)
			}
		})
	}
}

func TestSettingsAndAliasesComeInTheirOwnUnits(t *testing.T) {
	p := livetest.Only(t, livetest.Open(t, livetest.Consoles(livetest.NewFake(t, "1.25.2"))))
	want := fleet.Settings{DefaultPoolConns: 8, ReserveTimeout: time.Second, MaxUserConns: 20, MaxClients: 500,
		PoolMode: "transaction", QueryWaitTimeout: 2 * time.Minute,
		Lifetime: time.Hour, ServerTLS: "prefer"}
	if p.Settings != want {
		t.Errorf("settings %+v, want %+v", p.Settings, want)
	}
	if d2 := livetest.Alias(t, p, "d2"); d2.Lifetime != time.Hour || d2.MaxConns != 6 || d2.SizeConns != 4 ||
		d2.PoolMode != "transaction" {
		t.Errorf("d2 is %+v: want at most 6, size 4, the pool mode of its user", d2)
	}
	if d3 := livetest.Alias(t, p, "d3alias"); d3.ForceUser != "forced" || d3.Database != "d3" || len(d3.Pools) != 1 ||
		d3.Pools[0].User != "forced" || d3.Pools[0].ClientsWaiting != 3 {
		t.Errorf("d3alias is %+v", d3)
	}
}

// TestTheModeOfALineStandsBesideThatOfItsUsers: in session mode counters tell no holding times, whoever brings it;
// whether a database lives by the line of * is told by its own mode alone.
func TestTheModeOfALineStandsBesideThatOfItsUsers(t *testing.T) {
	for _, c := range []struct {
		name, line        string            // SHOW DATABASES.pool_mode of d1
		users             map[string]string // SHOW POOLS.pool_mode
		wantMode, wantOwn string
	}{
		{"one user in session mode", "", map[string]string{"app2": "session"}, "session", "transaction"},
		{"all of its users in session mode", "", map[string]string{"app1": "session", "app2": "session"}, "session",
			"transaction"},
		{"none", "", nil, "transaction", ""},
		{"its own line", "session", map[string]string{"app1": "session", "app2": "session"}, "session", ""},
		{"a line in session mode, both users not", "session", nil, "transaction", "session"},
		{"a line in statement mode, one user in session mode", "statement",
			map[string]string{"app1": "statement", "app2": "session"}, "session", "statement"},
	} {
		f := livetest.NewFake(t, "1.18.0")
		f.Set("pool_mode", "transaction")
		for _, row := range f.Tables["SHOW POOLS"][1:] {
			if row[0] == "d1" {
				row[len(row)-1] = cmp.Or(c.users[row[1]], "transaction")
			}
		}
		databases := f.Tables["SHOW DATABASES"]
		for _, row := range databases[1:] {
			if row[0] == "d1" {
				row[slices.Index(databases[0], "pool_mode")] = c.line
			}
		}
		got := livetest.Alias(t, livetest.Only(t, livetest.Open(t, livetest.Consoles(f))), "d1")
		if got.PoolMode != c.wantMode || got.LinePoolMode != c.wantOwn {
			t.Errorf("%s: pool mode %q, the line's %q; want %q and %q", c.name, got.PoolMode, got.LinePoolMode, c.wantMode,
				c.wantOwn)
		}
	}
}

func TestAMissingRequiredColumnIsNamedWithCommandAndVersion(t *testing.T) {
	f := livetest.NewFake(t, "1.24.1")
	rows := f.Tables["SHOW POOLS"]
	rows[0][slices.Index(rows[0], "sv_tested")] = "sv_probed"
	_, err := livetest.Open(t, livetest.Consoles(f)).Observe(t.Context())
	if err == nil {
		t.Fatal("SHOW POOLS without sv_tested was read, want an error that names the column")
	}
	for _, want := range []string{"console g/1", "SHOW POOLS", `"sv_tested"`, "1.24.1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %s", err, want)
		}
	}
}

func TestAValueThatIsNoNumberIsAnError(t *testing.T) {
	f := livetest.NewFake(t, "1.24.1")
	rows := f.Tables["SHOW STATS"]
	rows[1][slices.Index(rows[0], "total_xact_count")] = "many"
	_, err := livetest.Open(t, livetest.Consoles(f)).Observe(t.Context())
	if err == nil || !strings.Contains(err.Error(), "total_xact_count") || !strings.Contains(err.Error(), `"many"`) {
		t.Errorf("got %v, want an error that names total_xact_count and \"many\"", err)
	}
}

func TestNumericTextAndTotalsOfCenturiesAreRead(t *testing.T) {
	f := livetest.NewFake(t, "1.18.0")
	rows := f.Tables["SHOW STATS"]
	set := func(name, value string) { rows[2][slices.Index(rows[0], name)] = value }
	set("total_xact_count", "12.000")
	set("total_wait_time", "9223372036854776") // one microsecond more than a time.Duration holds, and one
	got := livetest.Alias(t, livetest.Only(t, livetest.Open(t, livetest.Consoles(f))), "d1").Counters
	if got.Xacts != 12 || got.WaitTime != time.Microsecond {
		t.Errorf("got %+v, want 12 transactions and a wait that began again at zero", got)
	}
}

func TestAnUnusedAliasHasNoPoolsAndNoCounts(t *testing.T) {
	for _, c := range []struct {
		folder      string
		assignments int64
	}{{"1.18.0", -1}, {"1.25.2", 0}} {
		f := livetest.NewFake(t, c.folder)
		for _, command := range []string{"SHOW POOLS", "SHOW STATS"} {
			f.Tables[command] = slices.DeleteFunc(f.Tables[command], func(row []string) bool { return row[0] == "d2" })
		}
		got := livetest.Alias(t, livetest.Only(t, livetest.Open(t, livetest.Consoles(f))), "d2")
		if want := (fleet.Counters{Assignments: c.assignments}); got.Counters != want || got.Pools != nil ||
			got.PoolMode != "session" {
			t.Errorf("%s: d2 is %+v, want %+v, no pools, session", c.folder, got, want)
		}
	}
}
