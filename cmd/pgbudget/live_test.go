package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/fixtures/lab/pace"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest/race"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// window is how long the live tests take samples: short in `make test`, a minute in `make fidelity`.
func window(t testing.TB) time.Duration {
	text := os.Getenv("PGBUDGET_TEST_WINDOW")
	if text == "" {
		return 15 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sampling is how often a live test counts backends. chosen: 25 ms in `make test`, because at every 10 ms counts of
// ninety are a third of all that such a test costs (measured).
func sampling(t testing.TB) time.Duration {
	if window(t) >= time.Minute {
		return 10 * time.Millisecond
	}
	return 25 * time.Millisecond
}

// built is the command, built once.
var built = sync.OnceValues(func() (string, error) {
	if testing.Short() && !race.On { // the program of the tests is the command, too, and need not be linked again
		return exec.LookPath("pgbudget")
	}
	dir, err := os.MkdirTemp("", "pgbudget")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "pgbudget")
	out, err := exec.Command("go", "build", "-o", file, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

// result is what one run of the command gave.
type result struct {
	stdout, stderr string
	code           int
}

// longestOf is how long one command may take. chosen: three times as long as the slowest takes on an idle machine.
func longestOf(t testing.TB) time.Duration {
	if window(t) >= time.Minute {
		return 30 * time.Minute
	}
	return 7 * time.Minute
}

// command runs the built command in an empty folder, with passwords from the passfile alone.
func command(t testing.TB, l *lab.Lab, args ...string) result {
	t.Helper()
	return commands(t, l, args)[0]
}

// commands runs several at once.
func commands(t testing.TB, l *lab.Lab, each ...[]string) []result {
	t.Helper()
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	results, errs := make([]result, len(each)), make([]error, len(each))
	dir, longest := t.TempDir(), longestOf(t)
	var all sync.WaitGroup
	for i, args := range each {
		all.Go(func() { results[i], errs[i] = commandIn(l, dir, file, longest, args) })
	}
	all.Wait()
	for i, r := range results {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		if strings.Contains(r.stdout+r.stderr, "hush-") {
			t.Errorf("a password stands in the output of pgbudget %s:\n%s%s", strings.Join(each[i], " "), r.stdout, r.stderr)
		}
	}
	return results
}

// commandIn runs one of them.
func commandIn(l *lab.Lab, dir, file string, longest time.Duration, args []string) (result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, file, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PGPASSFILE="+l.PassFile)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return result{}, fmt.Errorf("pgbudget %s has not ended within %v:\n%s%s", strings.Join(args, " "), longest,
			stdout.String(), stderr.String())
	}
	r := result{stdout: stdout.String(), stderr: stderr.String()}
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		r.code = e.ExitCode()
	} else if err != nil {
		return result{}, err
	}
	return r, nil
}

// decode runs the command with -o json and reads what it printed.
func decode[T any](t testing.TB, l *lab.Lab, args ...string) T {
	t.Helper()
	r := command(t, l, append(args, "-o", "json")...)
	if r.code != 0 {
		t.Fatalf("pgbudget %s: exit %d\n%s", strings.Join(args, " "), r.code, r.stderr)
	}
	var v T
	if err := json.Unmarshal([]byte(r.stdout), &v); err != nil {
		t.Fatalf("%v in\n%s", err, r.stdout)
	}
	return v
}

// fleetArgs are the flags that name every console and server of a lab.
func fleetArgs(l *lab.Lab) []string {
	var args []string
	for _, s := range l.Servers {
		args = append(args, "--postgres", s.Name+"="+lab.Bare(s.DSN(lab.Monitor, "")))
	}
	for _, p := range l.Processes {
		args = append(args, "--bouncer", p.Group+"="+lab.Bare(p.ConsoleDSN(lab.ConsoleStats)))
	}
	return args
}

// twoGroups is the fleet of most tests: two groups of two processes, two users, one server.
func twoGroups(gen lab.Generation, size int, settings map[string]string) lab.Spec {
	alias := []lab.AliasSpec{{Name: "app", PoolSize: size}}
	return lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "main", MaxConnections: 100}},
		Groups: []lab.GroupSpec{
			{Name: "main", Processes: 2, Generation: gen, Aliases: alias, Settings: settings},
			{Name: "ci", Processes: 2, Generation: gen, Aliases: alias, Settings: settings},
		},
		Users: []string{"app1", "app2"},
	}
}

// paceFor measures what this machine can do now, through the first process of a group, and says how much slower a load
// of so many transactions a second that hold for so long must be for a test to mean something: the same Erlangs in
// fewer, longer transactions. chosen: the load takes a fifth of what the machine carries at most, and it prolongs holds
// by a twentieth.
func paceFor(t testing.TB, l *lab.Lab, group string, perSec float64, hold time.Duration) pace.Speed {
	t.Helper()
	s, err := pace.Measure(t.Context(), l.DSNs(group, "app1", "app")[0])
	if err != nil {
		t.Fatal(err)
	}
	most := s.PerSec / 5 / perSec
	if s.Longer > 0 {
		most = min(most, 0.05*float64(hold)/float64(s.Longer))
	}
	if s.Scale = max(pace.LeastScale, min(1, most)); s.Scale < 1 {
		t.Logf("the load is slowed down to %.2f: %v", s.Scale, s)
	}
	if x, ok := t.(*trial); ok && most < pace.LeastScale {
		x.because(fmt.Sprintf("the load would have to be slowed down to %.2f of itself: %v", most, s))
	}
	return s
}

// slower is a time that grows as the machine's pace falls.
func slower(d time.Duration, s pace.Speed) time.Duration {
	return time.Duration(float64(d) / s.Scale).Round(time.Millisecond)
}

// offer starts an open loop of perSec at every copy of a group.
func offer(t testing.TB, l *lab.Lab, group string, perSec float64, hold time.Duration) []*clients.Run {
	t.Helper()
	return offerAs(t, l, []string{"app1", "app2"}, group, perSec, hold)
}

// offerAs is offer for some users.
func offerAs(t testing.TB, l *lab.Lab, users []string, group string, perSec float64,
	hold time.Duration) []*clients.Run {
	t.Helper()
	var runs []*clients.Run
	for i, user := range users {
		for j, dsn := range l.DSNs(group, user, "app") {
			r, err := clients.OpenLoop{DSN: dsn, PerSec: perSec, Body: clients.Body{Hold: clients.Exp(hold)},
				Seed: uint64(1 + 10*i + j), MaxClients: 3000}.Start(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { r.Stop() })
			runs = append(runs, r)
		}
	}
	return runs
}

func ledgers(runs []*clients.Run) clients.Ledger {
	var sum clients.Ledger
	for _, r := range runs {
		sum = sum.Plus(r.Ledger())
	}
	return sum
}

// TestObserveCountsWhatPostgreSQLCounts compares every row of the ledger with pg_stat_activity, at rest.
func TestObserveCountsWhatPostgreSQLCounts(t *testing.T) {
	generations(t, func(t *testing.T, gen lab.Generation) {
		l := labtest.Start(t, twoGroups(gen, 5, nil))
		server := l.Server("main")
		for _, r := range []struct {
			from   string
			active bool
			conns  int
			// another host, at rest and at work; the bouncers' own host
		}{{"127.0.0.9", false, 3}, {"127.0.0.9", true, 2}, {"", false, 2}} {
			run, err := clients.Direct{DSN: server.DSN("app1", "app"), Conns: r.conns, From: r.from,
				Active: r.active}.Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { run.Stop() })
		}
		for _, group := range []string{"main", "ci"} {
			for _, r := range offer(t, l, group, 40, 10*time.Millisecond) {
				time.Sleep(300 * time.Millisecond)
				r.Stop()
			}
		}
		vanished, err := clients.VanishingClients{DSN: l.Process("main", 0).DSN("app2", "app"), Clients: 4,
			Query: 40 * time.Second}.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		vanished.Wait()
		time.Sleep(2 * time.Second) // at rest: PgBouncer has let go of the vanished clients' connections
		o := decode[fleet.Observation](t, l, append([]string{"observe"}, fleetArgs(l)...)...)
		b := o.Servers[0].Backends
		// The sessions of the lab's own question and of pgbudget are there only while they ask.
		const others = "backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name <> 'pgbudget'"
		count := func(condition string) int {
			n, err := server.Backends(t.Context(), others+condition)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		all := count("")
		orphans := count(" AND state = 'active' AND query LIKE 'DO $$%'")
		direct := count(" AND client_addr = '127.0.0.9'") + 2
		want := fleet.BackendCounts{PoolConns: all - orphans - direct, DirectConns: direct + b.OwnConns, OrphanConns: orphans,
			OwnConns: b.OwnConns}
		if b != want || orphans != 4 || direct != 7 || want.PoolConns < 8 || b.OwnConns != 1 {
			t.Errorf("observe says %+v, pg_stat_activity %+v (%d orphans, %d direct)", b, want, orphans, direct)
		}
	})
}

func TestPlanOfALiveFleetKeepsThePromise(t *testing.T) {
	l := labtest.Start(t, twoGroups(lab.Gen124, 10, nil))
	offer(t, l, "main", 15, 40*time.Millisecond)
	offer(t, l, "ci", 5, 40*time.Millisecond)
	p := decode[sizing.Plan](t, l, append([]string{"plan", "--window", "5s"}, fleetArgs(l)...)...)
	s := p.Servers[0]
	sum := s.SpareConns
	for _, line := range s.Ledger[1:] {
		sum += line.Conns
	}
	if sum != 100 || s.MaxConns != 100 || s.PlannedConns > s.BudgetConns || len(p.Pools) != 2 ||
		p.Pools[0].LinePools != 4 ||
		p.Pools[0].Evidence.Xacts < 100 {
		t.Errorf("%+v", p)
	}
}

// TestWrongFleetsAreRefused runs the built command on fleets that are not what they should be.
func TestWrongFleetsAreRefused(t *testing.T) {
	l := labtest.Start(t, twoGroups(lab.Gen118, 5, nil))
	server, process := l.Server("main"), l.Process("main", 0)
	pg := lab.Bare(server.DSN(lab.Monitor, ""))
	console := func(i int) string { return lab.Bare(l.Process("main", i).ConsoleDSN(lab.ConsoleStats)) }
	for _, c := range []struct {
		name     string
		postgres string
		bouncers []string
		code     int
		says     []string
	}{
		{"no pg_monitor", lab.Bare(server.DSN(lab.Plain, "")), []string{"main=" + console(0)}, 4,
			[]string{"pg_monitor", "GRANT pg_monitor TO"}},
		{"not among stats_users", pg, []string{"main=" + lab.Bare(process.ConsoleDSN("app1"))}, 4, []string{"stats_users"}},
		{"wrong password of the server", server.DSN(lab.Monitor, "") + " password=wrong", []string{"main=" + console(0)}, 8,
			[]string{"password"}},
		{"wrong password of the console", pg, []string{"main=" + process.ConsoleDSN(lab.ConsoleStats) + " password=wrong"}, 8,
			[]string{"main/1", "password"}},
		{"a console that is a PostgreSQL", pg, []string{"main=" + strings.Replace(pg, "dbname=postgres", "", 1)}, 2,
			[]string{"main/1", "PostgreSQL"}},
		{"a console that is a pool", pg, []string{"main=" + lab.Bare(process.DSN("app1", "app"))}, 2,
			[]string{"main/1", "its database is not pgbouncer"}},
		{"a server that is a PgBouncer", lab.Bare(process.DSN("app1", "app")), []string{"main=" + console(0)}, 2,
			[]string{"goes through a pooler"}},
		{"a server that is an admin console", console(0), []string{"main=" + console(0)}, 2, []string{"PgBouncer"}},
		{"the same process twice", pg, []string{"main=" + console(0), "ci=" + console(0)}, 2,
			[]string{"two consoles for one process"}},
		{"a startup parameter that PgBouncer refuses", pg, []string{"main=" + console(0) + " search_path=x"}, 2,
			[]string{"search_path"}},
		{"nobody listens", pg, []string{"main=host=127.0.0.1 port=1 user=x sslmode=disable"}, 8,
			[]string{"main/1", "127.0.0.1:1"}},
		{"no console at all", pg, nil, 2, []string{"--bouncer GROUP=DSN"}},
		{"a console without a group", pg, []string{console(0)}, 2, []string{"does not start with its group"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := []string{"observe", "--postgres", c.postgres, "--timeout", "3s"}
			for _, b := range c.bouncers {
				args = append(args, "--bouncer", b)
			}
			r := command(t, l, args...)
			if r.code != c.code || r.stdout != "" || !strings.HasPrefix(r.stderr, "pgbudget: ") {
				t.Errorf("exit %d, want %d\nstdout: %s\nstderr: %s", r.code, c.code, r.stdout, r.stderr)
			}
			for _, s := range c.says {
				if !strings.Contains(r.stderr, s) {
					t.Errorf("%q is missing in\n%s", s, r.stderr)
				}
			}
			t.Logf("%s", r.stderr)
		})
	}
}
