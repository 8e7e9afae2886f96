package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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

// hungEvery is the sampling interval of one trial of what hangs, and hungEveryOfMany that of many, whose worst counts.
// chosen: an undo starts programs, which takes part of a second of a processor. Where four labs share two, that is
// little of two intervals of 2 s, and more than what is judged of two of 1 s.
const hungEvery, hungEveryOfMany = time.Second, 2 * time.Second

// calmScrapes is how often a low alarm is scraped until it holds nothing any more. Chosen: two of three samples hold.
const calmScrapes = 4

// hung is a part that hangs while a step is in hand. Something else then says that the step has to go back.
type hung struct {
	name  string
	what  string                                                      // that hangs, and the cause, for the table
	hang  func(b *bench, at *lab.Process) (end func())                // nil: the store of the last process
	grant bool                                                        // in the grant already: its last write
	every time.Duration                                               // the sampling interval
	most  time.Duration                                               // after the sample that shows the cause, or waits
	waits bool                                                        // counted from when clients wait, not from a sample
	cause func(b *bench) (shown func() (time.Time, bool), end func()) // shown: when the second sample in a row showed it
}

// hungFleet has nothing to spare; each grant of ci goes to two processes.
func hungFleet(every time.Duration) lab.Spec {
	spec := faultFleet()
	spec.Servers, spec.Prometheus, spec.ScrapeInterval = spec.Servers[:1], true, every
	spec.Servers[0].MaxConnections += 10 // exporters and their kind
	return spec
}

// hungBench is a lab of hungFleet under load.
func hungBench(t *testing.T, every time.Duration) *bench {
	t.Helper()
	b := &bench{t: t, l: labtest.Start(t, hungFleet(every))}
	faultLoad(t, b.l)
	time.Sleep(3 * time.Second)
	return b
}

// hangs lets a console, a store and Prometheus hang, one at a time, in the soak of a step or, the store, in its grant,
// and has a cause elsewhere. The undo begins, and is seen in a file, at most two sampling intervals after the sample
// that shows it. Several trials are made in a lab for each kind, side by side: hardly any of their time is a CPU's.
func hangs(t *testing.T, trials int) (table string) {
	every, late := hungEvery, hungEvery // other tests run beside one: a sample may come an interval after its scrape
	if trials > 1 {
		every, late = hungEveryOfMany, 0
	}
	kinds := []hung{
		{"a console hangs", "the console of a process that has been granted, and the CPU saturates", hungConsole, false,
			every, 2*every + late, false, alarm},
		{"a store hangs in a grant", "the last write of a grant, and the CPU saturates", nil, true, every, 2*every + late,
			false, alarm},
		{"a store hangs in the soak", "a store, once its process has been granted, and the CPU saturates", nil, false,
			every, 2*every + late, false, alarm},
		{"Prometheus hangs", "Prometheus, and clients wait", hungPrometheus,
			false, every, 4*every + late, true, crowd},
	}
	rows := make([]string, len(kinds))
	shared := hungBench(t, every)
	t.Run("each", func(t *testing.T) {
		for i, h := range kinds {
			t.Run(h.name, func(t *testing.T) {
				b := shared
				if trials > 1 {
					t.Parallel()
					b = hungBench(t, every)
				}
				var took []time.Duration
				for range trials {
					judged(t, func(t *trial) {
						one := b.hangOnce(t, h)
						t.then(func() { took = append(took, one) })
					})
				}
				if len(took) == 0 {
					return
				}
				slices.Sort(took)
				t.Logf("%s: %d trials, worst %v, median %v", h.name, len(took), took[len(took)-1], took[len(took)/2])
				from := "the sample that showed the cause"
				if h.waits {
					from = "the first clients waited, which two samples in a row show"
				}
				rows[i] = fmt.Sprintf("| what hangs: %s | the undo began %.1f s after %s (worst of %d, a sample every %v) | "+
					"%d |\n", h.what, took[len(took)-1].Seconds(), from, len(took), every, exitAborted)
			})
		}
	})
	t.Run("Prometheus hangs, and cpu: alone asks it", func(t *testing.T) {
		judged(t, func(t *trial) { shared.holdsBlind(t, every) })
	})
	return strings.Join(rows, "")
}

// blindStale is the age from which on a reading counts as none, within the soak: what it holds is the step's end.
const blindStale, blindSoak = 5 * time.Second, 10 * time.Second

// holdsBlind takes a step whose plan alone goes by Prometheus, which hangs once the step has begun. The step holds,
// with the reason, once what was read last is stale: no sample waits for Prometheus longer than to the next.
func (b *bench) holdsBlind(t testing.TB, every time.Duration) {
	b.t = t
	var caused time.Time
	row := b.suffer(t, fault{name: "cpu: alone", when: state.BeginStep,
		policy: fmt.Sprintf("soak: %v, soak_every: %v, every: %v, stale: %v", blindSoak, every, every, blindStale),
		config: protected,
		cause:  func(b *bench) func() { caused = time.Now(); return hungPrometheus(b, nil) }, moves: true, code: exitHeld,
		says: "cpu of pg is not known"})
	events, _ := journal.Read(b.path)
	i := slices.IndexFunc(events, func(e state.Event) bool {
		return e.Kind == state.HoldBegan ||
			e.Kind == state.RunEnded
	})
	if i < 0 {
		t.Fatalf("the journal has no hold: %s", row)
	}
	if late := events[i].At.Sub(caused); late > blindSoak+4*every { // a sample, and the answer that does not come
		t.Errorf("it held %v after Prometheus hung, want at most %v", late, blindSoak+4*every)
	}
}

// hangOnce takes a step, and returns how long after the sample that showed the cause something had gone back.
func (b *bench) hangOnce(t testing.TB, h hung) time.Duration {
	b.t = t
	for since := time.Now(); len(b.l.AlarmSeen()) < calmScrapes; time.Sleep(20 * time.Millisecond) {
		if waited := time.Since(since); waited > 30*time.Second {
			t.Fatalf("Prometheus has scraped the low alarm %d times in %v, want %d: see its log", len(b.l.AlarmSeen()), waited,
				calmScrapes)
		}
	}
	flag := filepath.Join(t.TempDir(), "hang")
	first, last := b.l.Process("ci", 0), b.l.Process("ci", 1)
	b.begin(t, fault{policy: fmt.Sprintf("soak: 60s, soak_every: %v, every: %v", h.every, h.every),
		config: func(b *bench, text string) string {
			text += fmt.Sprintf("prometheus: {url: '%s'}\nsaturation: [{name: alarm, query: lab_alarm, hold: 0.8, abort: 0.9}, "+
				"{name: waiting, builtin: waiting, hold: 20, abort: 30}]\n", b.l.PrometheusURL)
			if h.hang != nil {
				return text
			}
			const write = "[sh, -c, 'while [ -e %[2]s ]; do sleep 0.05; done; cat > \"$1.new\" && cat \"$1.new\" > \"$1\" && " +
				"rm " +
				"\"$1.new\"', write, %[1]s]"
			return strings.Replace(text, "config: "+last.IniPath,
				fmt.Sprintf("config: {path: %[1]s, read: [cat, %[1]s], write: "+write+"}", last.IniPath, flag), 1)
		}})
	before := files(t, b.l)
	end := func() {}
	took := time.Duration(-1)
	granted := func() bool { return files(t, b.l)[first.DatabasesPath] != before[first.DatabasesPath] }
	hit := func(*bench) func() {
		relieve := []func(){func() { end() }}
		switch {
		case h.hang != nil:
			end = h.hang(b, last)
		case h.grant:
			for !granted() { // the canary has its grant
				time.Sleep(5 * time.Millisecond)
			}
			end = func() { _ = os.Remove(flag) }
		default:
			if err := os.WriteFile(flag, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			end = func() { _ = os.Remove(flag) }
		}
		shown, over := h.cause(b)
		relieve = append(relieve, over)
		for begun := time.Now(); time.Since(begun) < 30*time.Second; time.Sleep(5 * time.Millisecond) {
			at, yes := shown()
			if !yes {
				continue
			}
			if !granted() { // the first has gone back
				took = max(0, time.Since(at))
				break
			}
		}
		if took < 0 {
			t.Errorf("%s: nothing went back in 30 s", h.name)
		}
		end()
		over()
		return func() {
			for _, f := range relieve {
				f()
			}
		}
	}
	when := state.Grant
	if h.grant {
		if err := os.WriteFile(flag, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		when = state.BeginStep
	}
	relieve := func() {}
	r := b.step(t, fault{when: when, cause: hit}, &relieve, "--yes")
	relieve()
	if r.code != exitAborted {
		t.Errorf("%s: exit %d, want %d:\n%s", h.name, r.code, exitAborted, r.stderr)
	}
	for path, text := range files(t, b.l) {
		if text != before[path] {
			t.Errorf("%s: %s is not what it was:\n%s", h.name, path, text)
		}
	}
	if took > h.most {
		begun := "no undo in the journal"
		events, _ := journal.Read(b.path)
		for _, e := range events {
			if e.Kind == state.StepAbort {
				begun = "decided at " + e.At.String()
			}
		}
		t.Errorf("%s: it went back %v after the sample that showed the cause, want at most %v; %s\n%s", h.name, took, h.most,
			begun, r.stderr)
	}
	b.restore(t, before)
	return took
}

func hungConsole(b *bench, p *lab.Process) func() {
	if err := p.Kill(syscall.SIGSTOP); err != nil {
		b.t.Fatal(err)
	}
	return func() { _ = p.Kill(syscall.SIGCONT) }
}

func hungPrometheus(b *bench, _ *lab.Process) func() {
	if err := b.l.SignalPrometheus(syscall.SIGSTOP); err != nil {
		b.t.Fatal(err)
	}
	return func() { _ = b.l.SignalPrometheus(syscall.SIGCONT) }
}

// alarm raises the metric that Prometheus is asked for.
func alarm(b *bench) (shown func() (time.Time, bool), end func()) {
	b.l.Alarm(1)
	return func() (time.Time, bool) {
		if seen := b.l.AlarmSeen(); len(seen) > 1 {
			return seen[1], true
		}
		return time.Time{}, false
	}, func() { b.l.Alarm(0) }
}

// crowd has a pool wait that the step leaves alone. What it is shown by is not known here: the time counts from when it
// waits.
func crowd(b *bench) (shown func() (time.Time, bool), end func()) {
	p := b.l.Process("jobs", 0)
	r := started(b.t, clients.ClosedLoop{DSN: p.DSN("app2", "app"), Clients: 60,
		Body: clients.Body{Hold: clients.Exp(100 * time.Millisecond)}})
	var since time.Time
	return func() (time.Time, bool) {
		rows, err := lab.Query(b.t.Context(), p.ConsoleDSN(lab.ConsoleAdmin), "SHOW POOLS")
		if since.IsZero() && err == nil && waitingIn(rows) > 30 {
			since = time.Now()
		}
		return since, !since.IsZero()
	}, func() { r.Stop() }
}

// waitingIn is how many clients wait in a SHOW POOLS.
func waitingIn(rows []lab.Row) int {
	sum := 0
	for _, r := range rows {
		n, _ := strconv.Atoi(r["cl_waiting"])
		sum += n
	}
	return sum
}
