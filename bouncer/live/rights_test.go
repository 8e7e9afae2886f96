package live_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/live"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/planner"
)

// addAlias adds a line to a process's [databases] and makes it live.
func addAlias(t *testing.T, p *lab.Process, line string) {
	t.Helper()
	text, err := os.ReadFile(p.IniPath)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "[databases]\n", "[databases]\n"+line+"\n", 1)
	if err := os.WriteFile(p.IniPath, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := p.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsNotWhatItShouldBeIsRefusedWithAHint(t *testing.T) {
	t.Parallel()
	l := start(t, twoGenerations(4))
	s := l.Server("main")
	server := func(dsn string) live.Targets {
		return live.Targets{Timeout: generous, Servers: []live.ServerTarget{{Name: "main", DSN: dsn}}}
	}
	console := func(dsn string) live.Targets {
		return live.Targets{Timeout: generous, Groups: []live.GroupTarget{{Name: "g", Consoles: []string{dsn}}}}
	}
	type refusal struct {
		name    string
		targets live.Targets
		kind    planner.Kind
		says    string
		hint    string
	}
	refusals := []refusal{
		{"a role without pg_monitor", server(s.DSN(lab.Plain, "")), planner.KindEvidence, "role plain may not see", "GRANT pg_monitor TO plain"},
		{"a wrong password at the server", server(lab.Bare(s.DSN(lab.Monitor, "")) + " password=hush-wrong"), planner.KindUnreachable, "password authentication failed", "passfile"},
		{"a database that is not there", server(s.DSN(lab.Monitor, "nowhere")), planner.KindUnreachable, "nowhere", "read its log"},
		{"a console that is a PostgreSQL", console(s.DSN(lab.Superuser, "postgres")), planner.KindUsage, "not a PgBouncer console", "dbname=postgres is a pool: the console is dbname=pgbouncer"},
		{"one server under two names", live.Targets{Timeout: generous, Servers: []live.ServerTarget{{Name: "a", DSN: s.DSN(lab.Monitor, "")}, {Name: "b", DSN: s.DSN(lab.Monitor, "app")}}},
			planner.KindUsage, "two names for one server", "once"},
	}
	for _, p := range l.Processes {
		refusals = append(refusals,
			refusal{"a console user without rights, " + p.Group, console(p.ConsoleDSN("app1")), planner.KindEvidence, "not allowed", "add app1 to stats_users"},
			refusal{"a wrong password at the console, " + p.Group, console(lab.Bare(p.ConsoleDSN(lab.ConsoleStats)) + " password=hush-wrong"), planner.KindUnreachable, "", "passfile"},
			refusal{"a console that is a pool, " + p.Group, console(p.DSN("app1", "app")), planner.KindUsage, "not a PgBouncer console", "dbname=app is a pool"},
			refusal{"a server that is a pool, " + p.Group, server(p.DSN(lab.Monitor, "app")), planner.KindUsage, "goes through a pooler", "the PostgreSQL itself"},
			refusal{"a server that is a console, " + p.Group, server(p.ConsoleDSN(lab.ConsoleStats)), planner.KindUsage, "console of a PgBouncer", "address of the PostgreSQL"},
			refusal{"a server that is a console we may not use, " + p.Group, server(p.ConsoleDSN("app1")), planner.KindUsage, "a PgBouncer answers", "address of the PostgreSQL"},
			refusal{"one process by its port and by its socket, " + p.Group, live.Targets{Timeout: generous, Groups: []live.GroupTarget{
				{Name: "g", Consoles: []string{p.ConsoleDSN(lab.ConsoleStats), p.SocketDSN(lab.ConsoleAdmin, "pgbouncer")}}}},
				planner.KindUsage, "two consoles for one process", "once"})
	}
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			_, err := live.Open(t.Context(), c.targets)
			if err == nil {
				t.Fatal("no error")
			}
			if got := planner.KindOf(err); got != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got kind %d, %q; want kind %d that says %q", got, err, c.kind, c.says)
			}
			if got := planner.HintOf(err); !strings.Contains(got, c.hint) {
				t.Errorf("hint %q, want one with %q", got, c.hint)
			}
			for _, e := range chain(err) {
				if text := fmt.Sprintf("%v %#v %s", e, e, planner.HintOf(e)); strings.Contains(text, "hush-") {
					t.Errorf("a secret is in %q", text)
				}
			}
		})
	}
}

func TestAPassfileIsEnough(t *testing.T) {
	l := start(t, twoGenerations(4))
	t.Setenv("PGPASSFILE", l.PassFile)
	targets := targetsOf(l)
	for i := range targets.Servers {
		targets.Servers[i].DSN = lab.Bare(targets.Servers[i].DSN)
	}
	for i := range targets.Groups {
		for j := range targets.Groups[i].Consoles {
			targets.Groups[i].Consoles[j] = lab.Bare(targets.Groups[i].Consoles[j])
		}
	}
	if got := len(observe(t, open(t, targets)).Processes); got != 2 {
		t.Errorf("%d processes, want 2", got)
	}
}

func TestAProcessThatStopsIsNamedAndOneThatRestartsIsTakenBack(t *testing.T) {
	t.Parallel()
	l := start(t, twoGenerations(4))
	targets := targetsOf(l)
	targets.Timeout = 3 * time.Second
	f := open(t, targets)
	before := observe(t, f)
	stopped := l.Process("new", 0)
	if err := stopped.Kill(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	_, err := f.Observe(t.Context())
	if planner.KindOf(err) != planner.KindUnreachable || !strings.HasPrefix(err.Error(), "console new/1 ") || strings.Contains(err.Error(), "console old/1") {
		t.Errorf("got %v, want new/1, and new/1 alone, to be unreachable", err)
	}
	if err := stopped.Kill(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { _, err := f.Observe(t.Context()); return err })
	if err := l.Process("old", 0).Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := observe(t, f)
	if got, want := after.Processes[1].Identity, before.Processes[1].Identity; got != want {
		t.Errorf("after a restart the identity is %+v, want %+v", got, want)
	}
}

func TestAliasesAreProvedByTheirBackends(t *testing.T) {
	t.Parallel()
	l := start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "main"}, {Name: "other"}},
		Groups: []lab.GroupSpec{{Name: "g", Aliases: []lab.AliasSpec{
			{Name: "used", DBName: "app"}, {Name: "unused", DBName: "app"}, {Name: "away", DBName: "app", Server: "other"}}}},
		Users: []string{"app1"},
	})
	targets := targetsOf(l)
	targets.Servers = targets.Servers[:1]
	f := open(t, targets)
	before := observe(t, f).Processes[0]
	for _, name := range []string{"used", "unused", "away"} {
		if a := alias(t, before, name); a.Proof != planner.ProofNone {
			t.Errorf("unused yet: %s is %s, want none", name, a.Proof)
		}
	}
	for _, name := range []string{"used", "away"} {
		if _, err := lab.Query(t.Context(), l.Processes[0].DSN("app1", name), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	now := observe(t, f).Processes[0]
	for name, want := range map[string]planner.Alias{
		"used":   {Server: "main", Proof: planner.ProofBackends},
		"unused": {Server: "main", Proof: planner.ProofAddress},
		"away":   {Proof: planner.ProofElsewhere},
	} {
		if a := alias(t, now, name); a.Server != want.Server || a.Proof != want.Proof {
			t.Errorf("%s is on %q by %s, want %q by %s", name, a.Server, a.Proof, want.Server, want.Proof)
		}
	}
}

func TestHoldersAreNamedWithTheirPoolAndLimitsWithTheirOwner(t *testing.T) {
	t.Parallel()
	l := start(t, twoGenerations(4))
	s := l.Server("main")
	for _, sql := range []string{"ALTER ROLE app2 CONNECTION LIMIT 17", "ALTER DATABASE app CONNECTION LIMIT 33"} {
		if _, err := s.Query(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	run(t, lab.IdleInTransaction{DSN: l.Process("old", 0).DSN("app1", "app"), Clients: 1})
	run(t, lab.IdleInTransaction{DSN: s.DSN("app2", "app"), Clients: 1})
	f := open(t, targetsOf(l))
	var main planner.Server
	eventually(t, func() error {
		if main = observe(t, f).Servers[0]; len(main.Holders) != 2 {
			return fmt.Errorf("holders %+v, want 2", main.Holders)
		}
		return nil
	})
	for _, h := range main.Holders {
		want := map[string]string{"app1": "old/app", "app2": ""}[h.User]
		if h.Pool != want || h.Database != "app" || h.Age <= time.Second {
			t.Errorf("holder %+v, want pool %q, database app, older than 1s", h, want)
		}
	}
	if got := fmt.Sprint(main.Roles, main.Databases); got != "[{app2 17}] [{app 33}]" {
		t.Errorf("limits %s, want app2's 17 and app's 33", got)
	}
	if main.MaxConns != 60 || main.SuperuserReservedConns != 3 || main.SystemID == "" || main.Timeline != 1 || main.InRecovery || main.VersionNum < 150000 {
		t.Errorf("server %+v", main)
	}
}

// TestCountersGiveTheLoadOfTheLedger watches both generations under an open load of two users each and compares what
// their counters say with what the generators know they did.
func TestCountersGiveTheLoadOfTheLedger(t *testing.T) {
	l := start(t, twoGenerations(8))
	f := open(t, targetsOf(l))
	runs := map[string][]*lab.Run{}
	seed := uint64(0)
	for _, p := range l.Processes {
		for _, user := range []string{"app1", "app2"} {
			seed++
			runs[p.Group] = append(runs[p.Group], run(t, lab.OpenLoop{DSN: p.DSN(user, "app"), PerSec: 40, Body: lab.Body{Hold: lab.Exp(50 * time.Millisecond)}, Seed: seed}))
		}
	}
	ledger := func(group string) lab.Ledger {
		a, b := runs[group][0].Ledger(), runs[group][1].Ledger()
		return a.Plus(b)
	}
	type reading struct {
		o      planner.Observation
		ledger map[string]lab.Ledger
	}
	var looks []reading
	err := bouncer.Watch(t.Context(), live.Clock{}, f, 5*time.Second, 15*time.Second, func(o planner.Observation) error {
		looks = append(looks, reading{o, map[string]lab.Ledger{"old": ledger("old"), "new": ledger("new")}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	first, last := looks[0], looks[len(looks)-1]
	for i, p := range last.o.Processes {
		a, b := first.o.Processes[i].Aliases[0], p.Aliases[0]
		busy := (b.Counters.XactTime - a.Counters.XactTime) - (b.Counters.WaitTime - a.Counters.WaitTime)
		got := busy.Seconds() / last.o.At.Sub(first.o.At).Seconds()
		window := last.ledger[p.Group].Since(first.ledger[p.Group])
		want := window.CarriedErlangs()
		t.Logf("%s: %.3f erlangs by the counters, %.3f by the ledger (%+.1f %%), %d transactions", p.ID, got, want, 100*(got/want-1), window.Completed)
		if math.Abs(got/want-1) > 0.05 {
			t.Errorf("%s: %.3f erlangs by the counters, %.3f by the ledger", p.ID, got, want)
		}
		if window.Starved > 0 || window.Failed > 0 {
			t.Errorf("%s: %d starved, %d failed: the load did not arrive", p.ID, window.Starved, window.Failed)
		}
		if len(b.Pools) != 2 || b.Server != "main" || b.Proof != planner.ProofBackends {
			t.Errorf("%s: alias %+v, want two pools, on main by its backends", p.ID, b)
		}
	}
}
