package observe_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

func TestAnUnexpectedServerIsRefusedWithAHint(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	s := l.Server("main")
	server := func(dsn string) admin.Targets {
		return admin.Targets{Timeout: livetest.Generous,
			Servers: []admin.ServerTarget{{Name: "main", Place: admin.Place{DSN: dsn}}}}
	}
	console := func(dsn string) admin.Targets {
		return admin.Targets{Timeout: livetest.Generous, Groups: []admin.GroupTarget{{Name: "g", Consoles: admin.At(dsn)}}}
	}
	type refusal struct {
		name    string
		targets admin.Targets
		kind    operr.Kind
		says    string
		hint    string
	}
	refusals := []refusal{
		{"a role without pg_monitor", server(s.DSN(lab.Plain, "")), operr.KindEvidence, "role plain cannot see",
			"GRANT pg_monitor TO plain"},
		{"a wrong password at the server", server(lab.Bare(s.DSN(lab.Monitor, "")) + " password=hush-wrong"),
			operr.KindUnreachable, "password authentication failed", "in the DSN"},
		{"a database that is not there", server(s.DSN(lab.Monitor, "nowhere")), operr.KindUnreachable, "nowhere",
			"read its log"},
		{"a console that is a PostgreSQL", console(s.DSN(lab.Superuser, "pgbouncer")), operr.KindUsage,
			"this is a PostgreSQL, not a PgBouncer console", "the PgBouncer"},
		{"one server under two names", admin.Targets{Timeout: livetest.Generous,
			Servers: []admin.ServerTarget{{Name: "a", Place: admin.Place{DSN: s.DSN(lab.Monitor, "")}},
				{Name: "b", Place: admin.Place{DSN: s.DSN(lab.Monitor, "app")}}}},
			operr.KindUsage, "two names for one server", "once"},
	}
	for _, p := range l.Processes {
		refusals = append(refusals,
			refusal{"a console user without rights, " + p.Group, console(p.ConsoleDSN("app1")), operr.KindEvidence,
				"not allowed", "add app1 to stats_users"},
			refusal{"a wrong password at the console, " + p.Group, console(lab.Bare(p.ConsoleDSN(lab.ConsoleStats)) +
				" password=hush-wrong"), operr.KindUnreachable, "", "in the DSN"},
			refusal{"a console that is a pool, " + p.Group, console(p.DSN("app1", "app")), operr.KindUsage,
				"its database is not pgbouncer", "leave dbname= out"},
			refusal{"a server that is a pool, " + p.Group, server(p.DSN(lab.Monitor, "app")), operr.KindUsage,
				"goes through a pooler", "the PostgreSQL itself"},
			refusal{"a server that is a console, " + p.Group, server(p.ConsoleDSN(lab.ConsoleStats)), operr.KindUsage,
				"console of a PgBouncer", "address of the PostgreSQL"},
			refusal{"a server that is a console we may not use, " + p.Group, server(p.ConsoleDSN("app1")), operr.KindUsage,
				"a PgBouncer answers", "address of the PostgreSQL"},
			refusal{"one process by its port and by its socket, " + p.Group, admin.Targets{Timeout: livetest.Generous,
				Groups: []admin.GroupTarget{
					{Name: "g", Consoles: admin.At(p.ConsoleDSN(lab.ConsoleStats), p.SocketDSN(lab.ConsoleAdmin, "pgbouncer"))}}},
				operr.KindUsage, "two consoles for one process", "once"})
	}
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			_, err := observe.Open(t.Context(), c.targets)
			if err == nil {
				t.Fatalf("the fleet opened, want an error of kind %v that says %q", c.kind, c.says)
			}
			if got := operr.KindOf(err); got != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got kind %d, %q; want kind %d that says %q", got, err, c.kind, c.says)
			}
			if got := operr.HintOf(err); !strings.Contains(got, c.hint) {
				t.Errorf("hint %q, want one with %q", got, c.hint)
			}
			for _, e := range livetest.Chain(err) {
				if text := fmt.Sprintf("%v %#v %s", e, e, operr.HintOf(e)); strings.Contains(text, "hush-") {
					t.Errorf("a secret is in %q", text)
				}
			}
		})
	}
}

// TestAPostgreSQLWithADatabaseOfTheConsolesNameIsNoConsole: it lets us in, and answers.
func TestAPostgreSQLWithADatabaseOfTheConsolesNameIsNoConsole(t *testing.T) {
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	s := l.Server("main")
	if _, err := s.Query(t.Context(), "CREATE DATABASE pgbouncer"); err != nil {
		t.Fatal(err)
	}
	targets := admin.Targets{Timeout: livetest.Generous,
		Groups: []admin.GroupTarget{{Name: "g", Consoles: admin.At(s.DSN(lab.Superuser, "pgbouncer"))}}}
	_, err := observe.Open(t.Context(), targets)
	if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "not a PgBouncer console") ||
		!strings.Contains(operr.HintOf(err), "the address of the PgBouncer") {
		t.Errorf("%v; next: %s", err, operr.HintOf(err))
	}
}

func TestAPassfileIsEnough(t *testing.T) {
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	t.Setenv("PGPASSFILE", l.PassFile)
	targets := livetest.TargetsOf(l)
	for i := range targets.Servers {
		targets.Servers[i].DSN = lab.Bare(targets.Servers[i].DSN)
	}
	for i := range targets.Groups {
		for j := range targets.Groups[i].Consoles {
			targets.Groups[i].Consoles[j].DSN = lab.Bare(targets.Groups[i].Consoles[j].DSN)
		}
	}
	if got := len(livetest.Observed(t, livetest.Open(t, targets)).Processes); got != 2 {
		t.Errorf("%d processes, want 2", got)
	}
}
