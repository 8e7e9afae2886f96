package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/state"
)

// interruptedFleet is faultFleet of a generation, alone: not one connection to spare. The observer and pgbudget are the
// two direct ones, the observer in a place for superusers.
func interruptedFleet(gen lab.Generation) lab.Spec {
	spec := faultFleet()
	spec.Servers = spec.Servers[:1]
	for i := range spec.Groups {
		spec.Groups[i].Generation = gen
	}
	return spec
}

// interruptions are what happens to a command at some moment. Each returns what ends it.
var interruptions = []struct {
	name  string
	cause func(s *ordeal) (relieve func())
}{
	{"SIGINT", signalled(syscall.SIGINT)},
	{"SIGTERM", signalled(syscall.SIGTERM)},
	{"SIGHUP", signalled(syscall.SIGHUP)},
	{"SIGKILL", signalled(syscall.SIGKILL)},
	{"the lock is lost", func(s *ordeal) func() { return lockLost(s.bench) }},
	{"a console hangs", func(s *ordeal) func() { return hungConsole(s.bench, s.l.Process("ci", 1)) }},
	{"a console is gone", func(s *ordeal) func() { return deadConsole(s.bench) }},
	{"a store fails", func(s *ordeal) func() {
		if err := os.WriteFile(s.fails, nil, 0o600); err != nil {
			s.t.Fatal(err)
		}
		return func() { _ = os.Remove(s.fails) }
	}},
	{"a pause", func(s *ordeal) func() { return pausedBy(s.bench) }},
	{"clients crowd in: the step is taken back", func(s *ordeal) func() {
		r := started(s.t, clients.ClosedLoop{DSN: s.l.Process("jobs", 0).DSN("app2", "app"), Clients: 60,
			Body: clients.Body{Hold: clients.Exp(100 * time.Millisecond)}})
		return func() { r.Stop() }
	}},
}

func signalled(sig syscall.Signal) func(*ordeal) func() {
	return func(s *ordeal) func() {
		_ = s.cmd.Process.Signal(sig) // it may have ended
		return func() {}
	}
}

// ordeal is a fleet on which commands are interrupted.
type ordeal struct {
	*bench
	fails string // while this file is there, the store of ci/2 does half of its work
	cmd   *exec.Cmd
	told  []string
}

// interrupt runs a command, and causes its fault after a while. It returns once both have ended.
func (s *ordeal) interrupt(cause func(*ordeal) func(), after, lasts time.Duration, args ...string) (code int,
	caused bool) {
	s.t.Helper()
	file, err := built()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd = exec.Command(file, append(args, "--config", s.config, "--window", "2s", "--every", "300ms", "--timeout", "3s",
		"--yes")...)
	s.cmd.Env = append(os.Environ(), "PGPASSFILE="+s.l.PassFile)
	var said bytes.Buffer
	s.cmd.Stdout, s.cmd.Stderr = &said, &said
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	relieve := func() {}
	due, relieves, overdue := time.After(after), time.After(after+lasts), time.After(5*time.Minute)
	if cause == nil {
		due = nil
	}
	for running := true; running; {
		select {
		case <-ended:
			running = false
		case <-due:
			relieve, caused = cause(s), true
		case <-relieves:
			if relieve(); caused {
				relieve = func() {}
			}
		case <-overdue:
			_ = s.cmd.Process.Kill()
			s.t.Errorf("pgbudget %s does not end:\n%s", strings.Join(args, " "), said.String())
		}
	}
	relieve()
	s.told = append(s.told, fmt.Sprintf("$ pgbudget %s (caused %v, after %v)\n%s", strings.Join(args, " "), caused, after,
		said.String()))
	return s.cmd.ProcessState.ExitCode(), caused
}

// TestWhateverIsInterruptedEndsWhereItIsLedLive interrupts runs, steps and rollbacks at random moments,
// as often as chance has it, and then lets one run or rollback be: the sizes are those of the plan, or of before. 60
// schedules in `make soak`.
func TestWhateverIsInterruptedEndsWhereItIsLedLive(t *testing.T) {
	// what this program catches, what it starts has as usual: under nohup a hang-up is ignored
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(heard) })
	each := 2
	if os.Getenv("PGBUDGET_SOAK") != "" {
		each = 30
	}
	generations(t, func(t *testing.T, gen lab.Generation) {
		t.Parallel()
		l := labtest.Start(t, interruptedFleet(gen))
		b := &bench{t: t, l: l}
		faultLoad(t, l)
		time.Sleep(2 * time.Second)
		watch := observed(t, l.Server("pg"), 10*time.Millisecond)
		before := files(t, l)
		goal := ledTo(t, b, before)
		met := map[string]int{}
		for seed := range uint64(each) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				judged(t, func(t *trial) { b.t = t; b.ordeal(t, rand.New(rand.NewPCG(seed, uint64(gen[3]))), before, goal, met) })
			})
		}
		watch.end()
		limit := int64(66 + 1 + 1) // the pools, pgbudget's session, and the observer's
		if watch.err != nil || watch.most.Load() > limit {
			t.Errorf("%d backends at one time, %d can be (%v)", watch.most.Load(), limit, watch.err)
		}
		t.Log(met)
	})
}

// ledTo is where an undisturbed run goes.
func ledTo(t testing.TB, b *bench, before map[string]string) map[string]string {
	t.Helper()
	s := &ordeal{bench: b}
	s.prepare(t)
	code, _ := s.interrupt(nil, 0, 0, "run")
	goal := files(t, b.l)
	if code != exitDone || fmt.Sprint(goal) == fmt.Sprint(before) {
		t.Fatalf("exit %d: %s", code, s.told)
	}
	b.restore(t, before)
	return goal
}

// prepare writes a config with a journal of its own, and a store that can be made to fail: with a file written by half.
func (s *ordeal) prepare(t testing.TB) {
	s.fails = filepath.Join(t.TempDir(), "fails")
	last := s.l.Process("ci", 1)
	s.begin(t, fault{policy: "soak: 2s, soak_every: 1s, hold_for: 15s, percent: 7",
		config: func(_ *bench, text string) string {
			text = strings.Replace(text, "percent: 20, ", "", 1) +
				"saturation: [{name: waiting, builtin: waiting, hold: 20, abort: 30}]\n"
			const write = "[sh, -c, 'if [ -e %[2]s ]; then cat > \"$1.new\"; exit 7; fi; cat > \"$1.new\" && cat \"$1.new\" > " +
				"\"$1\" && rm \"$1.new\"', write, %[1]s]"
			return strings.Replace(text, "config: "+last.IniPath,
				fmt.Sprintf("config: {path: %[1]s, read: [cat, %[1]s], write: "+write+"}", last.IniPath, s.fails), 1)
		}})
}

// ordeal is one schedule of interruptions, and what comes after it.
func (b *bench) ordeal(t testing.TB, r *rand.Rand, before, goal map[string]string, met map[string]int) {
	b.restore(t, before) // a second attempt begins where the first did
	s := &ordeal{bench: b}
	s.prepare(t)
	same := func(now, want map[string]string) string {
		for path, text := range want {
			if now[path] != text {
				return path + " is\n" + now[path]
			}
		}
		return ""
	}
	for range 1 + r.IntN(4) {
		what := [][]string{{"run"}, {"run"}, {"step"}, {"rollback"}, {"rollback", "--now"}}[r.IntN(5)]
		kind := interruptions[r.IntN(len(interruptions))]
		code, caused := s.interrupt(kind.cause, time.Duration(r.IntN(8000))*time.Millisecond,
			time.Duration(1000+r.IntN(8000))*time.Millisecond, what...)
		if caused {
			met[kind.name]++
			met[fmt.Sprintf("exit %d", code)]++
		}
		if why := same(files(t, b.l), goal); code == exitDone && what[0] == "run" && why != "" {
			t.Errorf("a run is done, and %s\n%s", why, strings.Join(s.told, "\n"))
		}
	}
	last, want, ends := []string{"run"}, goal, exitDone
	if r.IntN(2) == 0 { // back to before the first step, if there was any
		last, want = []string{"rollback"}, before
		st := decode[status](t, s.l, "status", "--config", s.config)
		if len(st.Taken) > 0 {
			last = append(last, "--to", fmt.Sprint(st.Taken[0].Number))
		} else if st.Step == nil && !s.goingBack(t) {
			ends = exitUsage
		}
	} else if s.goingBack(t) {
		if code, _ := s.interrupt(nil, 0, 0, "run"); code != exitHeld {
			t.Errorf("a run while a rollback is under way: exit %d\n%s", code, strings.Join(s.told, "\n"))
		}
		if code, _ := s.interrupt(nil, 0, 0, "rollback"); code != exitDone {
			t.Errorf("the rest of a rollback: exit %d\n%s", code, strings.Join(s.told, "\n"))
		}
	}
	code, _ := s.interrupt(nil, 0, 0, last...)
	if why := same(files(t, b.l), want); code != ends || why != "" {
		t.Errorf("undisturbed, pgbudget %s: exit %d, want %d, %s\n%s", strings.Join(last, " "), code, ends, why,
			strings.Join(s.told, "\n"))
	}
	met[last[0]+" to its end"]++
	for _, p := range b.l.Processes {
		if why := unlike(t, p); why != "" {
			t.Errorf("undisturbed, pgbudget %s: %s\n%s", strings.Join(last, " "), why, strings.Join(s.told, "\n"))
		}
	}
	for _, p := range b.l.Processes {
		if p.Generation != lab.Gen118 {
			continue // its lines have it: the files were compared
		}
		rows, err := p.Show(context.Background(), "CONFIG")
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if row["key"] == "server_lifetime" && row["value"] != "3600" {
				t.Errorf("server_lifetime of %s is %s\n%s", p.Name(), row["value"], strings.Join(s.told, "\n"))
			}
		}
	}
}

// goingBack reports whether a rollback is in progress, as the journal says.
func (s *ordeal) goingBack(t testing.TB) bool {
	events, err := journal.Read(s.path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var m state.JournalState
	for _, e := range events {
		m = m.After(e)
	}
	return m.GoingBack()
}

// unlike says which size a process has in force that its file does not say.
func unlike(t testing.TB, p *lab.Process) string {
	t.Helper()
	text, err := os.ReadFile(p.DatabasesPath)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := p.Show(context.Background(), "DATABASES")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(row["name"]) +
			` = .*pool_size=(\d+)`).FindStringSubmatch(string(text))
		if line != nil && line[1] != row["pool_size"] {
			return fmt.Sprintf("%s of %s is %s in force, and %s in its file", row["name"], p.Name(), row["pool_size"], line[1])
		}
	}
	return ""
}
