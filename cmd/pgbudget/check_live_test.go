package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/bouncer/check"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// breach is a way to break a rule of check on a fleet that keeps them all. What it writes is put back afterwards.
type breach struct {
	name   string
	rule   operr.Rule
	cause  func(b *bench, p *lab.Process) (relieve func()) // on a process of main, 1.18, and one of ci, 1.24
	config func(text string) string
	once   bool // it is no matter of a process
	lasts  bool // the process keeps it until it restarts
	also   []operr.Rule

	unasked bool // it keeps something from being asked, which check says
}

// iniLine writes a line of [pgbouncer] into the file of a process, and lets it RELOAD where asked for.
func iniLine(line string, reload bool) func(*bench, *lab.Process) func() {
	return func(b *bench, p *lab.Process) func() {
		back := rewrite(b.t, p.IniPath, func(text string) string {
			return strings.Replace(text, "[pgbouncer]\n", "[pgbouncer]\n"+line+"\n", 1)
		})
		return b.reloaded(p, reload, back)
	}
}

// reloaded lets a process read its file now, where asked for, and once it has been put back.
func (b *bench) reloaded(p *lab.Process, now bool, back func()) func() {
	reload := func() {
		if err := p.Reload(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
	if now {
		reload()
	}
	return func() { back(); reload() }
}

// idleClients opens clients of a pool, who ask nothing.
func idleClients(clients int) func(*bench, *lab.Process) func() {
	return func(b *bench, p *lab.Process) func() {
		var all []*pgconn.PgConn
		for range clients {
			conn, err := pgconn.Connect(b.t.Context(), p.DSN("app1", "app"))
			if err != nil {
				b.t.Fatal(err)
			}
			all = append(all, conn)
		}
		return func() {
			for _, conn := range all {
				_ = conn.Close(b.t.Context())
			}
		}
	}
}

// shifting declares a limit of clients of ci, and a shift to it.
func shifting(limit string, percent int) func(string) string {
	return func(text string) string {
		return strings.Replace(text, "  - name: ci\n", "  - name: ci\n    client_limits: {"+limit+"}\n", 1) +
			fmt.Sprintf("shift: {from: main/app, to: ci/app, fraction: 10%%, set: ['true', '{{.Percent}}'], from_percent: 0, "+
				"to_percent: %d}\npools: [{pool: main/app, load: {arrivals_per_sec: 5, mean_hold: 100ms}}, {pool: ci/app, load: "+
				"{arrivals_per_sec: 5, mean_hold: 100ms}}]\n", percent)
	}
}

// journalled appends to the journal.
func journalled(events ...[]state.Event) func(*bench, *lab.Process) func() {
	return func(b *bench, _ *lab.Process) func() {
		j, err := journal.Mirror{}.Open(b.path)
		if err != nil {
			b.t.Fatal(err)
		}
		defer j.Close()
		for _, e := range slices.Concat(events...) {
			if _, err := j.Record(e); err != nil {
				b.t.Fatal(err)
			}
		}
		return func() { _ = os.Remove(b.path) }
	}
}

func with(line string) func(string) string {
	return func(text string) string { return text + line + "\n" }
}

func replaced(old, by string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, by, 1) }
}

// breaks are those that no fault of a step is; faults has the others.
var breaks = []breach{
	{name: "no journal", rule: operr.RuleConfig, once: true, config: replaced("journal: ", "environment: ")},
	{name: "a pool that no console shows", rule: operr.RuleEvidence, once: true, unasked: true,
		config: with("pools: [{pool: main/apps}]")},
	{name: "a console of another database", rule: operr.RuleAddress, once: true, unasked: true,
		config: replaced("dbname=pgbouncer", "dbname=app")},
	{name: "a step in hand", rule: operr.RuleJournal, once: true, cause: journalled([]state.Event{{Kind: state.RunBegan,
		Goal: &sizing.Goal{}}}, eventsOf(oneLine(4, 5))), also: []operr.Rule{operr.RuleDrift}},
	{name: "a size that the journal does not know", rule: operr.RuleDrift, once: true,
		cause: journalled([]state.Event{{Kind: state.RunBegan, Goal: &sizing.Goal{}}}, eventsOf(oneLine(5, 6)),
			[]state.Event{{Kind: state.StepEnded}, {Kind: state.RunEnded, Outcome: state.Done}})},
	{name: "a hook that is not there", rule: operr.RuleCommand, once: true,
		config: with("hooks: {on_step: [/nowhere/hook]}")},
	{name: "a switch that is not there", rule: operr.RuleCommand, once: true,
		config: with("shift: {from: main/app, to: ci/app, fraction: 10%, set: [/nowhere/flag, '{{.Percent}}'], " +
			"from_percent: 0, to_percent: 100}"), also: []operr.Rule{operr.RulePlan}},
	{name: "a file that two groups read", rule: operr.RuleShared, once: true,
		cause: func(b *bench, _ *lab.Process) func() {
			main, ci := b.l.Process("main", 0), b.l.Process("ci", 0)
			return b.reloaded(ci, true, rewrite(b.t, ci.IniPath, func(text string) string {
				return strings.Replace(text, ci.DatabasesPath, main.DatabasesPath, 1)
			}))
		}},
	{name: "a line that waits for a restart", rule: operr.RuleRestart, cause: iniLine("listen_backlog = 129", true)},
	{name: "a line that waits for a RELOAD", rule: operr.RulePending, cause: iniLine("query_timeout = 77", false)},
	{name: "a SET in force", rule: operr.RulePending, cause: func(b *bench, p *lab.Process) func() {
		if err := p.Command(b.t.Context(), "SET query_timeout=77"); err != nil {
			b.t.Fatal(err)
		}
		return b.reloaded(p, false, func() {})
	}},
	{name: "TLS to the server", rule: operr.RuleRecycle, once: true, cause: iniLine("server_tls_sslmode = prefer", true)},
	{name: "Prometheus is not there", rule: operr.RulePrometheus, once: true,
		config: func(text string) string {
			return strings.Replace(text, "  - name: main\n", "  - name: main\n    metrics: group=\"main\"\n", 1) +
				"prometheus: {url: 'http://127.0.0.1:1'}\n"
		}},
	{name: "others may take most of it", rule: operr.RuleBudget, once: true,
		config: with("ledger: [{server: pg, name: batch, conns: 94}]"), also: []operr.Rule{operr.RulePlan}},
	{name: "a pool wants more than there is", rule: operr.RulePlan, once: true,
		config: with("pools: [{pool: main/app, min: 120, load: {arrivals_per_sec: 10, mean_hold: 10ms}}]")},
	{name: "a limit below the size", rule: operr.RuleLimit, cause: func(b *bench, p *lab.Process) func() {
		return b.reloaded(p, true, rewrite(b.t, p.DatabasesPath, func(text string) string {
			return strings.Replace(text, "app = ", "app = max_db_connections=3 ", 1)
		}))
	}},
	{name: "a limit of a role below the sizes", rule: operr.RuleLimit, once: true,
		cause: func(b *bench, _ *lab.Process) func() {
			limit := func(n int) {
				if _, err := lab.Query(b.t.Context(), b.l.Server("pg").DSN(lab.Superuser, ""),
					fmt.Sprintf("ALTER ROLE app1 CONNECTION LIMIT %d", n)); err != nil {
					b.t.Fatal(err)
				}
			}
			limit(3)
			return func() { limit(-1) }
		}},
	{name: "no room for the clients of a shift", rule: operr.RuleClients, once: true, cause: idleClients(12),
		config: shifting("files: 30", 100)},
	{name: "no room for all of them at once", rule: operr.RuleBurst, once: true, cause: idleClients(12),
		config: shifting("balancer: 5", 1)},
	{name: "a step that is provisional", rule: operr.RuleJournal, once: true, cause: journalled([]state.Event{{
		Kind: state.RunBegan, Goal: &sizing.Goal{}}}, eventsOf(oneLine(4, 5)), []state.Event{{Kind: state.StepEnded,
		Until: time.Now().Add(time.Hour)}, {Kind: state.RunEnded, Outcome: state.Done}})},
	{name: "a user with a size of its own", rule: operr.RuleUserSize, once: true, lasts: true,
		cause: func(b *bench, _ *lab.Process) func() {
			p := b.l.Process("ci", 0)
			return b.reloaded(p, true, rewrite(b.t, p.IniPath, func(text string) string {
				return text + "\n[users]\napp1 = pool_size=2\n"
			}))
		}},
}

// checkFleet has room: whatever a step would change, it may.
func checkFleet() lab.Spec {
	alias := []lab.AliasSpec{{Name: "app", PoolSize: 5}}
	return lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 100}},
		Groups: []lab.GroupSpec{{Name: "main", Processes: 1, Generation: lab.Gen118, Aliases: alias, Shared: true},
			{Name: "ci", Processes: 1, Generation: lab.Gen124, Aliases: alias, Shared: true}},
		Users: []string{"app1", "app2"},
	}
}

// TestEachRuleOfCheckIsBrokenOnRealServers, one at a time, on a process of each PgBouncer where it is a matter of one:
// check finds it, and names the rule. Before and after, it finds nothing.
func TestEachRuleOfCheckIsBrokenOnRealServers(t *testing.T) {
	b := &bench{t: t, l: labtest.Start(t, checkFleet())}
	for _, dsn := range slices.Concat(b.l.DSNs("main", "app1", "app"), b.l.DSNs("ci", "app1", "app")) { // they count
		if _, err := lab.Query(t.Context(), dsn, "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	clean := func(t *testing.T) {
		t.Helper()
		b.t = t
		b.config, b.path = movingConfig(t, b.l, "")
		code, got, said := b.check(t)
		if code != exitDone || len(got.Findings) > 0 || got.Processes != 2 || got.Servers != 1 {
			t.Errorf("a clean fleet: exit %d, %+v\n%s", code, got, said)
		}
	}
	t.Run("a clean fleet", clean)
	for _, c := range breaks {
		if c.lasts {
			t.Run("a clean fleet afterwards", clean)
		}
		on := []*lab.Process{b.l.Process("main", 0), b.l.Process("ci", 0)}
		if c.once {
			on = on[:1]
		}
		for _, p := range on {
			t.Run(c.name+", "+p.Group, func(t *testing.T) { b.breaks(t, c, p) })
		}
	}
	// two have labs of their own: TestTheAlertsOfASiteKnowOurSizes, TestAFleetThatOmnibusRendersGoesByHand
	covered := map[operr.Rule]bool{operr.RuleAlert: true, operr.RuleRendered: true}
	for _, c := range breaks {
		covered[c.rule] = true
	}
	for _, f := range faults {
		covered[f.rule] = covered[f.rule] || f.quick
	}
	for _, e := range check.Rules() {
		if !covered[e.Rule] {
			t.Errorf("no test breaks the rule %s on a real server", e.Rule)
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(covered)) {
		if rule != "" && !slices.ContainsFunc(check.Rules(), func(e check.Entry) bool { return e.Rule == rule }) {
			t.Errorf("the rule %s is in no list", rule)
		}
	}
}

// breaks breaks a rule, and wants it found, and nothing that does not follow from it.
func (b *bench) breaks(t *testing.T, c breach, p *lab.Process) {
	b.t = t
	b.config, b.path = movingConfig(t, b.l, "")
	if c.config != nil {
		defer rewrite(t, b.config, c.config)()
	}
	if c.cause != nil {
		defer c.cause(b, p)()
	}
	before := files(t, b.l)
	code, got, said := b.check(t)
	found := false
	for _, x := range got.Findings {
		found = found || x.Rule == c.rule
		if x.Rule != c.rule && !slices.Contains(c.also, x.Rule) {
			t.Errorf("%s is found, too: %+v", x.Rule, x)
		}
		for _, y := range got.Findings {
			if x != y && x.Rule == y.Rule && strings.Contains(x.Subject+": "+x.Found, y.Found) {
				t.Errorf("told twice: %+v, %+v", x, y)
			}
		}
		if x.Found == "" || x.Severity == "" || x.Next == "" {
			t.Errorf("a finding without its evidence, its severity or the next command: %+v", x)
		}
	}
	if (got.Unasked != "") != c.unasked {
		t.Errorf("it says of what was not asked %q", got.Unasked)
	}
	if code != exitFound || !found {
		t.Errorf("exit %d, want %d and a finding of %s: %+v\n%s", code, exitFound, c.rule, got, said)
	}
	if after := files(t, b.l); !maps.Equal(before, after) {
		t.Errorf("check has changed a file")
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(b.path), "pgbudget.yaml")); err != nil {
		t.Error(err)
	}
}

// check runs the command.
func (b *bench) check(t testing.TB) (code int, got check.Report, said string) {
	t.Helper()
	r := command(t, b.l, "check", "--config", b.config, "--window", "1s", "--every", "500ms", "--timeout", "4s", "-o",
		"json")
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil && r.code == exitDone {
		t.Errorf("%v in %q", err, r.stdout)
	}
	return r.code, got, r.stdout + r.stderr
}

// TestInitWritesAConfigThatCheckAndStepAccept as it is printed, with the files, the journal and the users.
func TestInitWritesAConfigThatCheckAndStepAccept(t *testing.T) {
	l := labtest.Start(t, checkFleet())
	args := []string{"init", "--postgres", "pg=" + lab.Bare(l.Server("pg").DSN(lab.Monitor, ""))}
	for _, p := range l.Processes {
		args = append(args, "--bouncer", p.Group+"="+lab.Bare(p.ConsoleDSN(lab.ConsoleAdmin)))
		for _, user := range []string{"app1", "app2"} {
			if _, err := lab.Query(t.Context(), p.DSN(user, "app"), "SELECT 1"); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := command(t, l, args...)
	if r.code != exitDone || !strings.Contains(r.stdout, "{pool: 'ci/app', users: ['app1', 'app2']}") {
		t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	config := filepath.Join(t.TempDir(), "pgbudget.yaml")
	if err := os.WriteFile(config, []byte(r.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, next := range [][]string{{"check", "--window", "1s", "--every", "500ms"}, {"step", "--window", "1s", "--every",
		"500ms", "--dry-run"}, {"diff"}} {
		if r := command(t, l, append([]string{next[0], "--config", config}, next[1:]...)...); r.code != exitDone {
			t.Errorf("%v: exit %d\n%s%s", next, r.code, r.stdout, r.stderr)
		}
	}
}
