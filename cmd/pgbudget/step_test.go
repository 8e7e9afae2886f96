package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/state"
)

// movingConfig writes the config of a lab; extra is appended.
func movingConfig(t testing.TB, l *lab.Lab, extra string) (config, journal string) {
	t.Helper()
	dir := t.TempDir()
	config, journal = filepath.Join(dir, "pgbudget.yaml"), filepath.Join(dir, "journal.jsonl")
	var b strings.Builder
	server := l.Servers[0]
	fmt.Fprintf(&b, "journal: %s\nservers:\n  - {name: %s, dsn: '%s', headroom: {connections: 0}}\ngroups:\n", journal,
		server.Name, lab.Bare(server.DSN(lab.Monitor, "")))
	group := ""
	for _, p := range l.Processes {
		if p.Group != group {
			group = p.Group
			fmt.Fprintf(&b, "  - name: %s\n    processes:\n", group)
		}
		fmt.Fprintf(&b, "      - {console: '%s', config: %s}\n", lab.Bare(p.ConsoleDSN(lab.ConsoleAdmin)), p.IniPath)
	}
	b.WriteString(extra)
	if err := os.WriteFile(config, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return config, journal
}

// files are the bytes of every file that may be written.
func files(t testing.TB, l *lab.Lab) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, p := range l.Processes {
		for _, path := range []string{p.IniPath, p.DatabasesPath} {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			out[path] = string(data)
		}
	}
	return out
}

var sizeDigits = regexp.MustCompile(`pool_size=\d+`)

// thirdFleet is three groups, five processes and two users before one server that has not one connection to spare: main
// has 15 where 7 carry its load, and ci has 3 where 11 are asked for.
func thirdFleet(gens []lab.Generation, full bool) lab.Spec {
	group := func(name string, processes, size int) lab.GroupSpec {
		// ci's processes include one file
		return lab.GroupSpec{Name: name, Processes: processes, Generation: genOf(gens, name), Shared: name == "ci",
			Aliases: []lab.AliasSpec{{Name: "app", PoolSize: size}, {Name: "other", PoolSize: 1, DBName: "app"}}}
	}
	max := thirdMax
	if full {
		max += exporters
	}
	return lab.Spec{
		Servers:    []lab.PostgresSpec{{Name: "pg", MaxConnections: max}},
		Groups:     []lab.GroupSpec{group("main", 2, 15), group("jobs", 1, 7), group("ci", 2, 3)},
		Users:      []string{"app1", "app2"},
		Prometheus: full,
	}
}

// thirdMax is 4 × (15 + 1) + 2 × (7 + 1) + 4 × (3 + 1) = 96 for the pools, 3 for superusers, and 2 direct ones:
// pgbudget's and the observer's.
const thirdMax = 96 + 3 + 2

// exporters are the connections that a scraped lab's exporters keep to the server.
const exporters = 2

// TestRunMovesALiveFleetAndRollbackReturnsIt moves more than a third of the budget under load and back, with nothing to
// spare. Each pool's load is 60 to 70 % of what its smaller size, before or after, carries; in `make test` 40 to 50 %,
// which leaves room for a machine that stretches each round trip.
func TestRunMovesALiveFleetAndRollbackReturnsIt(t *testing.T) {
	together(t, func(t *testing.T, gens []lab.Generation) { judged(t, func(t *trial) { movesAndReturns(t, gens) }) })
}

func movesAndReturns(t *trial, gens []lab.Generation) {
	// the observer is a superuser
	percent, soak, hold, watched, limit := "20", 2*time.Second, 250*time.Millisecond, 8*time.Second, int64(thirdMax-3+1)
	full := window(t) >= time.Minute
	if full {
		percent, soak, hold, watched = "5", 5*time.Second, 80*time.Millisecond, 20*time.Second
		limit += exporters
	}
	l := labtest.Start(t, thirdFleet(gens, full))
	server := l.Server("pg")
	if !full {
		speed := paceFor(t, l, "main", 36/hold.Seconds(), hold)
		soak, hold, watched = slower(soak, speed), slower(hold, speed), slower(watched, speed)
	}
	look := watched.String()
	mean, p99 := hold, 6*hold // three connections at 70 % keep a mean of 0.55 holds and a p99 of 4.3 (M/M/3)
	watch := observed(t, server, sampling(t))
	told := filepath.Join(t.TempDir(), "told")
	wait := fmt.Sprintf("max_wait: {mean: %v, p99: %v}", mean, p99)
	extra := "pools: [{pool: main/app, " + wait + "}, {pool: jobs/app, " + wait + "}, {pool: ci/app, min: 11, " + wait +
		"}]\n" +
		fmt.Sprintf("policy: {percent: %s, soak: %v, soak_every: 1s, hold_for: 2m, max_wait: %v}\n", percent, soak,
			max(time.Second, 10*hold)) +
		"hooks: {on_step: [sh, -c, 'echo \"$PGBUDGET_STEP\" >> " + told +
		"'], on_done: [sh, -c, 'echo \"$PGBUDGET_OUTCOME\" >> " + told + "']}\n" +
		"saturation:\n  - {name: busy, builtin: busy, hold: 0.95}\n"
	if full { // scraped every second
		extra += "  - {name: active, query: 'sum(pgbouncer_pools_server_active_connections) / 96', hold: " +
			"0.95}\nprometheus: " +
			"{url: '" + l.PrometheusURL + "'}\n"
	}
	config, path := movingConfig(t, l, extra)
	runs := map[string][]*clients.Run{}
	loads := map[string]float64{"main": 3.4, "jobs": 2.9, "ci": 1.5} // of each copy
	if full {
		loads = map[string]float64{"main": 4.9, "jobs": 4.2, "ci": 2.1}
	}
	for group, erlangs := range loads {
		runs[group] = offer(t, l, group, erlangs/hold.Seconds(), hold)
		t.lags(runs[group]...)
	}
	time.Sleep(2 * time.Second)
	before := files(t, l)
	from := map[string]clients.Ledger{}
	for group := range runs {
		from[group] = ledgers(runs[group])
	}

	dry := command(t, l, "step", "--config", config, "--window", look, "--every", "500ms", "--dry-run")
	if dry.code != 0 || !strings.Contains(dry.stdout, "nothing was changed") ||
		!strings.Contains(dry.stdout, "ci/app 3 →") ||
		!strings.Contains(dry.stdout, "A rollback to today's sizes: possible.") {
		t.Fatalf("exit %d\n%s%s", dry.code, dry.stdout, dry.stderr)
	}
	t.Log(dry.stdout)
	if slices.Contains(gens, lab.Gen118) { // twice it dies in the middle of an action, and the next one goes on
		for range 2 {
			killedInAnAct(t, l, path, "run", "--config", config, "--window", look, "--every", "500ms", "--yes")
			r := command(t, l, "status", "--config", config)
			if r.code != 0 || !strings.Contains(r.stdout,
				"the newest run recorded no end (killed, its host lost, or its journal or mirror failed): pgbudget run --config "+
					""+config+" continues, pgbudget rollback --config "+config+" takes the step back") ||
				!strings.Contains(r.stdout, "in hand") || strings.Contains(r.stdout, "doing") {
				t.Errorf("status of a run that was killed: exit %d\n%s%s", r.code, r.stdout, r.stderr)
			}
		}
	}
	if r := command(t, l, "run", "--config", config, "--window", look, "--every", "500ms", "--yes"); r.code != 0 {
		t.Fatalf("exit %d\n%s%s\n%s", r.code, r.stdout, r.stderr, logOf(l))
	} else {
		t.Log(r.stderr)
	}
	for group := range runs {
		load := ledgers(runs[group]).Since(from[group])
		if load.Failed > 0 || load.Starved > 0 {
			t.Errorf("%s: %d clients failed, %d were starved", group, load.Failed, load.Starved)
		}
		got := load.BeginTotal / time.Duration(max(1, load.Completed))
		text := fmt.Sprintf("%s: mean wait %v, p99 %v of %d transactions, policy %v and %v; holds of %v", group, got,
			load.Begins.Quantile(0.99), load.Completed, mean, p99, load.MeanHeld())
		t.Log(text)
		if got > mean || load.Begins.Quantile(0.99) > p99 {
			t.Error(text)
		}
	}
	after := files(t, l)
	changed := 0
	for path, text := range before {
		if after[path] != text {
			changed++
		}
		if a, b := sizeDigits.ReplaceAllString(text, ""), sizeDigits.ReplaceAllString(after[path], ""); a != b {
			t.Errorf("%s changed outside of its sizes:\n%s\nwas\n%s", path, b, a)
		}
		if strings.Contains(text, "other") && strings.Count(after[path], "pool_size=1\n")+strings.Count(after[path],
			"pool_size=1 ") == 0 {
			t.Errorf("%s: the line of other was changed:\n%s", path, after[path])
		}
	}
	if changed == 0 {
		t.Error("no file was changed")
	}
	events, err := journal.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	moved, steps := 0, 0
	for _, e := range events {
		steps += strings.Count(string(e.Kind), string(state.StepBegan)) - strings.Count(string(e.Kind),
			string(state.StepEnded))
		if e.Kind == state.Acted {
			for _, x := range e.Action.Changes {
				moved += 2 * max(0, x.To-x.From) // two users
			}
		}
	}
	t.Logf("%d connections granted in %d steps; at most %d backends", moved, steps, watch.most.Load())
	if moved < 32 {
		t.Errorf("only %d connections were granted, want a third of 96", moved)
	}
	if hooks, err := os.ReadFile(told); err != nil || strings.Count(string(hooks), "ci/app 3 →") != 1 ||
		!strings.HasSuffix(string(hooks), "done\n") {
		t.Errorf("hooks were told %q (%v)", hooks, err)
	}
	var listed []state.Event
	if r := command(t, l, "history", "--config", config, "--last", "0", "-o", "json"); r.code != 0 ||
		json.Unmarshal([]byte(r.stdout), &listed) != nil || len(listed) != len(events) ||
		slices.ContainsFunc(listed, func(e state.Event) bool { return e.By != who() }) {
		t.Errorf("history: exit %d, %d events of %d, each by %s\n%s%s", r.code, len(listed), len(events), who(), r.stdout,
			r.stderr)
	}
	for _, look := range [][]string{nil, {"--look"}} {
		r := command(t, l, append([]string{"status", "--config", config}, look...)...)
		if r.code != 0 || !regexp.MustCompile(`worst case \d+ of 9\d, spare \d`).MatchString(r.stdout) ||
			!strings.Contains(r.stdout, "steps taken") {
			t.Errorf("status %v: exit %d\n%s%s", look, r.code, r.stdout, r.stderr)
		}
	}

	if r := command(t, l, "rollback", "--config", config, "--window", look, "--every", "500ms", "--to", "999",
		"--yes"); r.code != exitUsage ||
		!strings.Contains(r.stderr, "the journal has no step of this number: the journal can take back step") {
		t.Errorf("rollback of a step that there never was: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	back := []string{"rollback", "--config", config, "--window", look, "--every", "500ms", "--to", "1"}
	if r := command(t, l, append(back, "--dry-run", "-o", "json")...); r.code != 0 ||
		!strings.Contains(r.stdout, `"step": 1`) || !strings.Contains(r.stdout, `"possible": true`) {
		t.Errorf("rollback --dry-run: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	kept, err := journal.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	resumed := pausedBy(&bench{t: t, l: l, config: config, path: path})
	for _, way := range []string{"--dry-run", "--yes"} {
		if r := command(t, l, append(slices.Clone(back), way)...); r.code != exitHeld ||
			!strings.Contains(r.stderr, "paused by") {
			t.Errorf("rollback %s, paused: exit %d\n%s%s", way, r.code, r.stdout, r.stderr)
		}
	}
	if now, err := journal.Read(path); err != nil || len(now) != len(kept) {
		t.Errorf("a rollback that a pause kept back has recorded %d events (%v)", len(now)-len(kept), err)
	}
	resumed()
	if slices.Contains(gens, lab.Gen124) {
		back = append(back, "--now")
		rewrite(t, config, func(text string) string { // in which a soak would not end
			return strings.Replace(text, "soak: "+soak.String(), "soak: 50m", 1)
		})
	}
	if r := command(t, l, append(back, "--yes")...); r.code != 0 {
		t.Fatalf("rollback: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	whoWentBack(t, path, len(kept))
	for path, text := range files(t, l) {
		if text != before[path] {
			t.Errorf("%s is not as it was:\n%s", path, text)
		}
	}
	watch.end()
	if watch.err != nil || watch.most.Load() > limit {
		t.Errorf("%d backends at one time, %d can be (%v)", watch.most.Load(), limit, watch.err)
	}
	log, err := os.ReadFile(server.LogPath)
	if fatal := strings.Count(string(log), "FATAL") - strings.Count(string(log),
		"FATAL:  the database system is starting up"); err != nil || fatal > 0 {
		t.Errorf("PostgreSQL's log (%v):\n%s", err, log)
	}
}

// whoWentBack finds who ran a rollback, by the journal from an event on.
func whoWentBack(t testing.TB, path string, from int) {
	t.Helper()
	events, err := journal.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events[from:] {
		if e.Kind == state.RunBegan && strings.Contains(e.By, "@") {
			return
		}
	}
	t.Error("the journal does not say who went back, as user@host")
}

// killedInAnAct runs the command until an action stands in the journal as intended, and kills it there.
func killedInAnAct(t testing.TB, l *lab.Lab, path string, args ...string) {
	t.Helper()
	intended := func() (n int) {
		events, err := journal.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Kind == state.Intended {
				n++
			}
		}
		return n
	}
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	before := intended()
	cmd := exec.Command(file, args...)
	cmd.Env = append(os.Environ(), "PGPASSFILE="+l.PassFile)
	said := new(strings.Builder)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for deadline := time.Now().Add(time.Minute); intended() == before && time.Now().Before(deadline) && len(ended) == 0; {
		time.Sleep(time.Millisecond)
	}
	_ = cmd.Process.Kill() // it may have ended
	if err := <-ended; err == nil || intended() == before {
		t.Errorf("it was not killed in an action: %v\n%s", err, said)
	}
}

// logOf is the end of every PgBouncer's log, for what went wrong.
func logOf(l *lab.Lab) string {
	var b strings.Builder
	for _, p := range l.Processes {
		data, _ := os.ReadFile(p.LogPath)
		fmt.Fprintf(&b, "%s:\n%s\n", p.Name(), data[max(0, len(data)-600):])
	}
	return b.String()
}
