package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/planner"
)

// movingFleet is three groups, five processes and two users before one server that has not one connection to spare
// beyond the plan: main is far too large, ci too small.
func movingFleet(gen lab.Generation, maxConns int) lab.Spec {
	group := func(name string, processes, size int) lab.GroupSpec {
		return lab.GroupSpec{Name: name, Processes: processes, Generation: gen, Shared: name == "ci", // ci's processes include one file
			Aliases: []lab.AliasSpec{{Name: "app", PoolSize: size}, {Name: "other", PoolSize: 1, DBName: "app"}}}
	}
	return lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: maxConns}},
		Groups:  []lab.GroupSpec{group("main", 2, 9), group("jobs", 1, 5), group("ci", 2, 2)},
		Users:   []string{"app1", "app2"},
	}
}

// movingConfig writes the config of a lab; extra is appended.
func movingConfig(t *testing.T, l *lab.Lab, extra string) (config, journal string) {
	t.Helper()
	dir := t.TempDir()
	config, journal = filepath.Join(dir, "pgbudget.yaml"), filepath.Join(dir, "journal.jsonl")
	var b strings.Builder
	server := l.Servers[0]
	fmt.Fprintf(&b, "journal: %s\nservers:\n  - {name: %s, dsn: '%s', headroom: {connections: 0}}\ngroups:\n", journal, server.Name, lab.Bare(server.DSN(lab.Monitor, "")))
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

// movingLoad is 20 to 45 % of what the pools of movingFleet carry.
func movingLoad(t *testing.T, l *lab.Lab) []*lab.Run {
	t.Helper()
	const hold = 60 * time.Millisecond
	var runs []*lab.Run
	for group, erlangs := range map[string]float64{"main": 1.7, "jobs": 1.2, "ci": 0.9} { // of each copy
		runs = append(runs, offer(t, l, group, erlangs/hold.Seconds(), hold)...)
	}
	return runs
}

// files are the bytes of every file that may be written.
func files(t *testing.T, l *lab.Lab) map[string]string {
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

// observer samples pg_stat_activity every 10 ms, in a session of its own.
type observer struct {
	stop context.CancelFunc
	done sync.WaitGroup
	most atomic.Int64
	err  error // once it has ended
}

func observe(t *testing.T, s *lab.Server) *observer {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), s.DSN(lab.Superuser, ""))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	o := &observer{stop: stop}
	o.done.Go(func() {
		defer conn.Close(context.Background())
		for ctx.Err() == nil {
			results, err := conn.Exec(context.Background(), "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'").ReadAll()
			if err != nil {
				o.err = err
				return
			}
			var n int64
			fmt.Sscan(string(results[0].Rows[0][0]), &n)
			o.most.Store(max(o.most.Load(), n))
			time.Sleep(10 * time.Millisecond)
		}
	})
	t.Cleanup(o.end)
	return o
}

func (o *observer) end() {
	o.stop()
	o.done.Wait()
}

// TestRunMovesALiveFleetAndRollbackReturnsIt goes to the plan under load and back, with nothing to spare.
func TestRunMovesALiveFleetAndRollbackReturnsIt(t *testing.T) {
	percent, soak := "20", "2s"
	if window(t) >= time.Minute {
		percent, soak = "5", "5s"
	}
	generations(t, func(t *testing.T, gen lab.Generation) {
		// 4 × (9 + 1) + 2 × (5 + 1) + 4 × (2 + 1) = 64 for the pools, 2 direct ones (pgbudget's and the observer's), 3 for
		// superusers: with the 4 that are left the plan has something to begin with.
		const maxConns = 73
		l := start(t, movingFleet(gen, maxConns))
		server := l.Server("pg")
		watch := observe(t, server)
		config, path := movingConfig(t, l, "pools: [{pool: main/app}, {pool: jobs/app}, {pool: ci/app}]\npolicy: {percent: "+percent+", soak: "+soak+", soak_every: 1s}\n")
		runs := movingLoad(t, l)
		time.Sleep(2 * time.Second)
		before := files(t, l)
		from := ledgers(runs)

		dry := command(t, l, "step", "--config", config, "--window", "6s", "--every", "500ms", "--dry-run")
		if dry.code != 0 || !strings.Contains(dry.stdout, "nothing was changed") || !strings.Contains(dry.stdout, "ci/app 2 →") {
			t.Fatalf("exit %d\n%s%s", dry.code, dry.stdout, dry.stderr)
		}
		if gen == lab.Gen118 { // three times it dies in the middle of an act, and the next one goes on
			for range 3 {
				killedInAnAct(t, l, path, "run", "--config", config, "--window", "3s", "--every", "300ms", "--yes")
			}
		}
		if r := command(t, l, "run", "--config", config, "--window", "6s", "--every", "500ms", "--yes"); r.code != 0 {
			t.Fatalf("exit %d\n%s%s\n%s", r.code, r.stdout, r.stderr, logOf(l))
		} else {
			t.Log(r.stderr)
		}
		load := ledgers(runs).Since(from)
		if load.Failed > 0 || load.Starved > 0 {
			t.Errorf("%d clients failed, %d were starved", load.Failed, load.Starved)
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
			if strings.Contains(text, "other") && strings.Count(after[path], "pool_size=1\n")+strings.Count(after[path], "pool_size=1 ") == 0 {
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
		moved := 0
		for _, e := range events {
			if e.Kind == planner.Acted {
				for _, x := range e.Act.Sets {
					moved += 2 * max(0, x.To-x.From) // two users
				}
			}
		}
		t.Logf("%d connections granted; at most %d backends; mean wait %v", moved, watch.most.Load(), load.MeanWait())
		if moved < 12 {
			t.Errorf("only %d connections were granted", moved)
		}

		if r := command(t, l, "rollback", "--config", config, "--window", "6s", "--every", "500ms", "--to", fmt.Sprint(firstStepOf(events)), "--yes"); r.code != 0 {
			t.Fatalf("rollback: exit %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		for path, text := range files(t, l) {
			if text != before[path] {
				t.Errorf("%s is not as it was:\n%s", path, text)
			}
		}
		watch.end()
		if limit := int64(maxConns - 3 + 1); watch.err != nil || watch.most.Load() > limit { // the observer is a superuser
			t.Errorf("%d backends at one time, %d can be (%v)", watch.most.Load(), limit, watch.err)
		}
		log, err := os.ReadFile(server.LogPath)
		if fatal := strings.Count(string(log), "FATAL") - strings.Count(string(log), "FATAL:  the database system is starting up"); err != nil || fatal > 0 {
			t.Errorf("PostgreSQL's log (%v):\n%s", err, log)
		}
	})
}

// killedInAnAct runs the command until an act stands in the journal as intended, and kills it there.
func killedInAnAct(t *testing.T, l *lab.Lab, path string, args ...string) {
	t.Helper()
	intended := func() (n int) {
		events, err := journal.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Kind == planner.Intended {
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
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); intended() == before && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || intended() == before {
		t.Errorf("it was not killed in an act: %v", err)
	}
}

func firstStepOf(events []planner.Event) int64 {
	for _, e := range events {
		if e.Kind == planner.StepBegan {
			return e.Seq
		}
	}
	return 0
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
