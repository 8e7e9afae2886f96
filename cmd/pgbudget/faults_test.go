package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/pgbudget/pgbudget/bouncer/check"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// everyFault causes all of them, and not those alone that are quick.
var everyFault = flag.Bool("every-fault", false, "cause every fault")

// fault is one thing that goes wrong while a step is wanted.
type fault struct {
	name   string
	cause  func(b *bench) (relieve func()) // makes it happen
	when   state.ActionKind                // cause it once that action is done; empty: before the command
	policy string                          // beside percent: 20; empty: a soak of a second
	pools  string                          // instead of main, jobs and ci
	window string                          // of a plan; empty: a second
	config func(b *bench, text string) string
	shell  string // instead of running it as it is: sh -c, with the command in "$@"
	asks   bool   // without --yes
	later  bool   // it shows in the action alone: a dry run does not find it
	lines  bool   // it shows where lines are to be changed: status does not know which
	code   int
	says   string
	moves  bool // something may have moved; otherwise every byte stays
	quick  bool // in CI, too
	// by which check finds it; empty: it shows in the action alone, or check is not the command that meets it
	rule operr.Rule
}

// bench is a lab on which faults happen one after the other.
type bench struct {
	t      testing.TB
	l      *lab.Lab
	config string
	path   string // of the journal
}

// faultFleet has nothing to spare: every step begins with a release of main. elsewhere is another server.
func faultFleet() lab.Spec {
	group := func(name string, processes, size int) lab.GroupSpec {
		return lab.GroupSpec{Name: name, Processes: processes, Generation: lab.Gen118, Server: "pg",
			Aliases: []lab.AliasSpec{{Name: "app", PoolSize: size}, {Name: "other", PoolSize: 1, DBName: "app"}}}
	}
	return lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 66 + 3 + 1}, {Name: "elsewhere", MaxConnections: 30,
			Stranger: true}},
		Groups: []lab.GroupSpec{group("main", 3, 6), group("jobs", 1, 5), group("ci", 2, 2)},
		Users:  []string{"app1", "app2"},
	}
}

// faultPools are the pools of faultFleet with the loads of faultLoad declared: what a machine that is busy with
// something else makes of them is another test's. main/app is to become smaller, and ci/app larger.
const faultPools = "{pool: main/app, load: {arrivals_per_sec: 30, mean_hold: 150ms}}, {pool: jobs/app, min: 5, load: " +
	"{arrivals_per_sec: 16, mean_hold: 150ms}}, " +
	"{pool: ci/app, load: {arrivals_per_sec: 24, mean_hold: 150ms}}"

// faultLoad leaves the pools of app1 on main alone: some faults want them.
func faultLoad(t testing.TB, l *lab.Lab) {
	t.Helper()
	const hold = 150 * time.Millisecond // long ones: four labs side by side are carried by two processors
	offer(t, l, "jobs", 1.2/hold.Seconds(), hold)
	offer(t, l, "ci", 0.9/hold.Seconds(), hold)
	for _, dsn := range l.DSNs("main", "app1", "app") { // somebody has come: they count
		if _, err := lab.Query(t.Context(), dsn, "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	for i, dsn := range l.DSNs("main", "app2", "app") {
		started(t, clients.OpenLoop{DSN: dsn, PerSec: 1.5 / hold.Seconds(), Body: clients.Body{Hold: clients.Exp(hold)},
			Seed: uint64(100 + i), MaxClients: 1000})
	}
}

// TestAFaultEndsWithItsExitCodeAndReason causes each fault on a live lab while a step is taken, and wants the exit
// code, the reason and the bytes.
func TestAFaultEndsWithItsExitCodeAndReason(t *testing.T) {
	b := &bench{t: t, l: labtest.Start(t, faultFleet())}
	faultLoad(t, b.l)
	time.Sleep(2 * time.Second)
	table := "| fault | what pgbudget said | exit code |\n|---|---|---|\n"
	for _, f := range faults {
		if f.quick || *everyFault {
			t.Run(f.name, func(t *testing.T) {
				judged(t, func(t *trial) { row := b.suffer(t, f); t.then(func() { table += row }) })
			})
		}
	}
	t.Run("a person is asked", func(t *testing.T) { b.answers(t) })
	t.Run("run refuses, and waits", func(t *testing.T) { b.runHolds(t) })
	t.Run("what is in hand", func(t *testing.T) { b.inHand(t) })
	t.Run("a patch of it", func(t *testing.T) { b.emitted(t) })
	t.Run("a line of a later step", func(t *testing.T) { b.laterLine(t) })
	t.Run("signals", func(t *testing.T) { b.signals(t) })
	t.Run("a rollback where Prometheus is gone", func(t *testing.T) { b.backWithoutPrometheus(t) })
	trials := 1
	if *everyFault {
		trials = 50
	}
	t.Run("what hangs", func(t *testing.T) { table += hangs(t, trials) })
	if *everyFault {
		table += prometheusFaults(t)
		t.Run("the clock jumps", func(t *testing.T) { table += b.jump(t) })
	}
	if *update {
		tabled(t, "faults", table)
	}
	// None of them has left anything behind that keeps the next step from being taken, outside of its windows if so asked.
	t.Run("after all of them", func(t *testing.T) {
		judged(t, func(t *trial) { b.afterAll(t) })
	})
}

// afterAll takes a step outside of its windows.
func (b *bench) afterAll(t testing.TB) {
	b.begin(t, fault{policy: "soak: 1s, soak_every: 1s, windows: [" + closedWindow() + "]"})
	if r := command(t, b.l, "step", "--config", b.config, "--window", "3s", "--every", "300ms", "--yes",
		"--outside-window"); r.code != 0 {
		t.Errorf("after all of them: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if text, err := os.ReadFile(b.path); err != nil || !strings.Contains(string(text), "continues with --outside-window") {
		t.Errorf("the journal (%v) does not say that the step went on outside of its windows:\n%s", err, text)
	}
}

// suffer takes a step under a fault, and returns its row of the table.
func (b *bench) suffer(t testing.TB, f fault) string {
	b.t = t
	b.begin(t, f)
	original := files(t, b.l)
	before := original
	relieve := func() {}
	if f.when == "" {
		relieve = f.cause(b)
		before = files(t, b.l)
	}
	if f.when == "" && !f.asks { // a dry run makes every check of the step, and ends with its exit code
		r, want := b.step(t, f, &relieve, "--dry-run"), f.code
		if f.later {
			want = exitDone
		}
		if r.code != want {
			t.Errorf("--dry-run: exit %d, want %d:\n%s%s", r.code, want, r.stdout, r.stderr)
		}
		if f.shell == "" {
			b.foretold(t, f, want)
			b.found(t, f)
		}
	}
	yes := []string{"--yes"}
	if f.asks {
		yes = nil
	}
	r := b.step(t, f, &relieve, yes...)
	after := files(t, b.l)
	relieve()
	if text, err := os.ReadFile(b.path); err == nil && strings.ContainsRune(string(text), '\x1b') {
		t.Errorf("an escape stands in the journal:\n%q", text)
	}
	if r.code != f.code || !strings.Contains(plainly(r.stderr), f.says) {
		t.Errorf("exit %d, want %d and %q:\n%s", r.code, f.code, f.says, r.stderr)
	}
	for path := range before {
		if !f.moves && after[path] != before[path] {
			t.Errorf("%s was changed:\n%s", path, after[path])
		}
	}
	b.restore(t, original)
	return fmt.Sprintf("| %s | %s | %d |\n", f.name, volatile.ReplaceAllString(lastLine(r.stderr), "…"), r.code)
}

// foretold wants plan and status --look to say how the step would end, but where they cannot see it themselves, and say
// so.
func (b *bench) foretold(t testing.TB, f fault, want int) {
	t.Helper()
	plan := command(t, b.l, "plan", "--config", b.config, "--window", cmp.Or(f.window, "1s"), "--every", "500ms",
		"--timeout", "4s")
	said := fmt.Sprintf("pgbudget step would end with %d now", want)
	// there is no plan, for the same reason, or for one that comes before
	cannot := want != exitDone && plan.code != exitDone
	if !cannot && (want == exitUnreachable || strings.Contains(plainly(plan.stderr), said) != (want != exitDone)) {
		t.Errorf("plan: exit %d, want %q:\n%s%s", plan.code, said, plan.stdout, plan.stderr)
	}
	said = fmt.Sprintf("would end with %d now", want) // it knows of no step, and so not which pools it changes
	look := command(t, b.l, "status", "--look", "--config", b.config, "--timeout", "4s")
	if !(want != exitDone && look.code != exitDone) && strings.Contains(plainly(look.stderr), said) != (want != exitDone &&
		!f.lines) {
		t.Errorf("status --look: exit %d, want %q:\n%s%s", look.code, said, look.stdout, look.stderr)
	}
}

// found wants check to find by which rule the step will be refused, and nothing where it will not.
func (b *bench) found(t testing.TB, f fault) {
	t.Helper()
	code, got, said := b.check(t)
	finds := slices.ContainsFunc(got.Findings, func(x check.Finding) bool { return x.Rule == f.rule })
	if f.rule == "" && len(got.Findings) > 0 || f.rule != "" && !finds || (code == exitFound) != (f.rule != "") {
		t.Errorf("check: exit %d, want a finding of rule %q alone:\n%s", code, f.rule, said)
	}
	if strings.Contains(said, "hush-") {
		t.Errorf("a password stands in the output:\n%s", said)
	}
}

// begin writes a config with a journal of its own.
func (b *bench) begin(t testing.TB, f fault) {
	t.Helper()
	pools, policy := faultPools, "soak: 1s, soak_every: 1s"
	if f.pools != "" {
		pools = f.pools
	}
	if f.policy != "" {
		policy = f.policy
	}
	b.config, b.path = movingConfig(t, b.l, "pools: ["+pools+"]\npolicy: {percent: 20, "+policy+"}\n")
	text, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	if f.config != nil {
		if err := os.WriteFile(b.config, []byte(f.config(b, string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// step runs the command, and causes the fault once its journal says that it is time.
func (b *bench) step(t testing.TB, f fault, relieve *func(), more ...string) result {
	t.Helper()
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file, append([]string{"step", "--config", b.config, "--window", "3s", "--every", "300ms",
		"--timeout", "4s"}, more...)...)
	if f.shell != "" {
		cmd = exec.Command("bash", append([]string{"-c", f.shell}, cmd.Args...)...)
	}
	cmd.Env = append(os.Environ(), "PGPASSFILE="+b.l.PassFile)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for caused := f.when == ""; ; {
		select {
		case err = <-ended:
			if !caused {
				t.Errorf("it ended before %s was done:\n%s", f.when, stderr.String())
			}
			r := result{stdout: stdout.String(), stderr: stderr.String()}
			if e, ok := errors.AsType[*exec.ExitError](err); ok {
				r.code = e.ExitCode()
			}
			if strings.Contains(r.stdout+r.stderr, "hush-") {
				t.Errorf("a password stands in the output:\n%s%s", r.stdout, r.stderr)
			}
			if strings.ContainsFunc(r.stdout+r.stderr, func(c rune) bool {
				return unicode.IsControl(c) && c != '\n' &&
					c != '\t'
			}) {
				t.Errorf("a control character stands in the output: %q%q", r.stdout, r.stderr)
			}
			return r
		case <-time.After(20 * time.Millisecond):
			if !caused && b.did(f.when) {
				caused = true
				*relieve = f.cause(b)
			}
		}
	}
}

// afterPlan is when the run has begun: the plan is made, and no step is.
const afterPlan = state.ActionKind("run")

// did reports whether an action is in the journal as done; Open, whether a step has begun.
func (b *bench) did(verb state.ActionKind) bool {
	events, _ := journal.Read(b.path)
	for _, e := range events {
		if verb == afterPlan && e.Kind == state.RunBegan || verb == state.BeginStep && e.Kind == state.StepBegan ||
			e.Kind == state.Acted && e.Action.Kind == verb {
			return true
		}
	}
	return false
}

// restore writes the files of before a step back, and lets their processes read them.
func (b *bench) restore(t testing.TB, before map[string]string) {
	t.Helper()
	for path, text := range before {
		info, err := os.Stat(path)
		if err == nil {
			err = os.WriteFile(path, []byte(text), info.Mode().Perm())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range b.l.Processes {
		if err := p.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// volatile is what differs from lab to lab.
var volatile = regexp.MustCompile(`/tmp/Test\S*?/\d{3}/|/tmp/[a-zA-Z0-9_/]+/|127\.0\.0\.1:\d+|backend \d+|` +
	`since [-0-9: ]+|system identifier \d+|\d{15,}|at \d{4}-\d\d-\d\d[T ][0-9:]+( UTC|` +
	`Z)|by \S+@\S+|the time is [A-Z][a-z]+ [0-9:]+ UTC`)

// lastLine is the error without its hint; where there is none, the newest event.
func lastLine(stderr string) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	for _, line := range lines {
		if text, ok := strings.CutPrefix(line, "pgbudget: "); ok {
			return text
		}
	}
	for _, line := range slices.Backward(lines) {
		if at, text, ok := strings.Cut(line, "  "); ok && eventAt.MatchString(at) {
			return strings.Join(strings.Fields(text), " ")
		}
	}
	return ""
}

// eventAt is how the line of an event begins.
var eventAt = regexp.MustCompile(`^\d\d:\d\d:\d\dZ$`)

// rewrite changes a file's text and returns what writes it back.
func rewrite(t testing.TB, path string, change func(string) string) func() {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	write(change(string(old)))
	return func() { write(string(old)) }
}

// copied is a copy of a file in a folder of its own.
func copied(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "copy") // its name goes into a config: no test's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	to := filepath.Join(dir, filepath.Base(path))
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// started starts a load.
func started(t testing.TB, load interface {
	Start(ctx context.Context) (*clients.Run, error)
}) *clients.Run {
	t.Helper()
	r, err := load.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Stop() })
	return r
}
