package planner

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// world is a tiny synthetic pool: it books counters as PgBouncer does, from a load that the test sets.
type world struct {
	at       time.Time
	size     int
	version  string
	mode     string
	users    []string
	timeout  time.Duration
	xacts    int64
	xact     time.Duration
	wait     time.Duration
	active   int
	waiting  int
	clients  int
	maxWait  time.Duration
	holders  []Holder
	login    int
	share    []float64 // per user, of active and waiting
	backends BackendCounts
	pending  time.Duration // waits booked for transactions that are still open
	assigned int64
	counts   bool // PgBouncer 1.23 and later count assignments
}

// queue sets the queue's head, and books what PgBouncer books early: the waits of the transactions that are open.
func (w *world) queue(waiting int, maxWait time.Duration) {
	w.xacts += int64(waiting - w.waiting) // counted as they come
	w.waiting, w.maxWait = waiting, maxWait
	pending := time.Duration(w.active) * maxWait
	w.wait += pending - w.pending
	w.pending = pending
}

func (w *world) look() Observation {
	a := Alias{Name: "app", Database: "app", SizeConns: w.size, PoolMode: w.mode, Server: "main", Proof: ProofBackends,
		Counters: Counters{Xacts: w.xacts, Assignments: -1, XactTime: w.xact, WaitTime: w.wait}}
	if w.counts {
		a.Counters.Assignments = w.assigned
	}
	users, share := w.users, w.share
	if users == nil {
		users, share = []string{"app1"}, []float64{1}
	}
	for i, u := range users {
		g := PoolGauges{User: u, ServersActive: int(float64(w.active) * share[i]), ClientsWaiting: int(float64(w.waiting) * share[i]),
			ServersIdle: max(0, w.size-w.active), ServersLogin: w.login, MaxWait: w.maxWait}
		g.ClientsActive = w.clients
		a.Pools = append(a.Pools, g)
	}
	return Observation{At: w.at,
		Servers:   []Server{{Name: "main", MaxConns: 100, SuperuserReservedConns: 3, Holders: w.holders, Backends: w.backends}},
		Processes: []Process{{ID: "main/1", Group: "main", Version: w.version, Settings: Settings{QueryWaitTimeout: w.timeout}, Aliases: []Alias{a}}}}
}

// run lets dt pass: n transactions end, each having held its server for hold and waited for waited.
func (w *world) run(dt time.Duration, n int64, hold, waited time.Duration) {
	w.at = w.at.Add(dt)
	w.xacts += n
	w.assigned += n
	w.wait += time.Duration(n) * waited
	w.xact += time.Duration(n) * (hold + waited) // total_xact_time includes the queueing
}

func evidenceOf(t *testing.T, looks ...Observation) Evidence {
	t.Helper()
	var e Evidence
	for _, o := range looks {
		var err error
		if e, err = e.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func estimateOne(t *testing.T, looks ...Observation) Load {
	t.Helper()
	loads, err := Estimate(evidenceOf(t, looks...))
	if err != nil {
		t.Fatal(err)
	}
	if len(loads) != 1 {
		t.Fatalf("%d loads, want 1", len(loads))
	}
	return loads[0]
}

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if math.Abs(got-want) > relative*math.Abs(want) {
		t.Errorf("%s = %g, want %g within %g %%", what, got, want, 100*relative)
	}
}

func TestEstimateSubtractsQueueingFromTransactionTime(t *testing.T) {
	w := &world{at: epoch, size: 10, version: "1.18.0", mode: "transaction", active: 6}
	looks := []Observation{w.look()}
	for range 20 {
		w.run(3*time.Second, 1800, 10*time.Millisecond, 7*time.Millisecond) // 600/s × 10 ms = 6 Erlangs
		looks = append(looks, w.look())
	}
	l := estimateOne(t, looks...)
	near(t, "load", l.Erlangs.Target, 6, 1e-9)
	near(t, "arrivals", l.PerSec, 600, 1e-9)
	near(t, "hold", l.MeanHold.Seconds(), 0.010, 1e-6)
	near(t, "wait", float64(l.MeanWaitSeen), 0.007, 1e-9)
	if l.Method != MethodCounters || l.Xacts != 36000 || l.Censored != 0 {
		t.Errorf("method %s, %d transactions, censored %g", l.Method, l.Xacts, l.Censored)
	}
}

func TestEstimateIntervalCoversTheMean(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	covered, runs := 0, 2000
	for range runs {
		w := &world{at: epoch, size: 100, version: "1.18.0", mode: "transaction", active: 6}
		looks := []Observation{w.look()}
		for range 20 {
			n := int64(1800 + 60*rng.NormFloat64())
			w.run(3*time.Second, n, 10*time.Millisecond, 0)
			looks = append(looks, w.look())
		}
		if l := estimateOne(t, looks...); l.Erlangs.Lower <= 6 && 6 <= l.Erlangs.Upper {
			covered++
		}
	}
	if share := float64(covered) / float64(runs); share < 0.93 || share > 0.97 {
		t.Errorf("the 95 %% interval covered the mean in %.1f %% of %d runs", 100*share, runs)
	}
}

func TestEstimateFindsOpenDemandBehindAFullPool(t *testing.T) {
	// Demand 12 Erlangs (1200/s × 10 ms) on 10 connections: 1000/s served, the queue grows by 200/s. The counters alone
	// would say less: the waits of the transactions open at the end are booked, the transactions are not.
	w := &world{at: epoch, size: 10, version: "1.18.0", mode: "transaction", active: 10, timeout: 2 * time.Minute}
	looks := []Observation{w.look()}
	for i := range 20 {
		w.queue(600*(i+1), time.Duration(i+1)*500*time.Millisecond)
		w.run(3*time.Second, 3000, 10*time.Millisecond, time.Duration(i)*500*time.Millisecond)
		looks = append(looks, w.look())
	}
	l := estimateOne(t, looks...)
	near(t, "load", l.Erlangs.Target, 12, 1e-6)
	if l.Method != MethodFlowBalance || l.AtLeast {
		t.Errorf("method %s, at least %v; want flow balance", l.Method, l.AtLeast)
	}
}

func TestEstimateFindsDemandWhenWaitersAreSentAway(t *testing.T) {
	// The same demand with query_wait_timeout 5 s: the queue stands at 5 s of arrivals, 200/s leave unserved.
	for _, counts := range []bool{false, true} {
		w := &world{at: epoch, size: 10, version: "1.24.1", mode: "transaction", active: 10, timeout: 5 * time.Second, waiting: 6000, maxWait: 5 * time.Second, counts: counts}
		looks := []Observation{w.look()}
		for range 20 {
			w.run(3*time.Second, 3000, 10*time.Millisecond, 5*time.Second)
			w.xacts += 600 // came, and left unserved
			looks = append(looks, w.look())
		}
		l := estimateOne(t, looks...)
		near(t, "load", l.Erlangs.Target, 12, 1e-6)
		near(t, "hold", l.MeanHold.Seconds(), 0.010, 1e-6)
		if l.Method != MethodFlowBalance || l.TimedOut != 12000 || !strings.Contains(strings.Join(l.Notes, "\n"), "about 12000 time-outs") {
			t.Errorf("assignments counted %v: method %s, %d time-outs, notes %q; want flow balance and 12000 time-outs", counts, l.Method, l.TimedOut, l.Notes)
		}
	}
}

func TestEstimateSaysAtLeastWhenClosedClientsHideTheirDemand(t *testing.T) {
	w := &world{at: epoch, size: 10, version: "1.18.0", mode: "transaction", active: 10, waiting: 30, clients: 290, maxWait: 30 * time.Millisecond}
	looks := []Observation{w.look()}
	for range 20 {
		w.run(3*time.Second, 3000, 10*time.Millisecond, 30*time.Millisecond)
		looks = append(looks, w.look())
	}
	l := estimateOne(t, looks...)
	if !l.AtLeast || l.Method != MethodBusy {
		t.Fatalf("at least %v by %s; want at least", l.AtLeast, l.Method)
	}
	near(t, "lower bound", l.Erlangs.Target, 10, 1e-6)
	near(t, "clients in the system", float64(l.InSystem), 40, 1e-6)
}

func TestEstimateUsesTheInteractiveLawWhereThinkTimeIsKnown(t *testing.T) {
	// 300 clients, S = 10 ms, Z = 190 ms: 15 Erlangs. First 2 looks while the pool had 20 connections, then 40 at 10.
	w := &world{at: epoch, size: 20, version: "1.18.0", mode: "transaction", active: 15, clients: 300}
	looks := []Observation{w.look()}
	w.run(3*time.Second, 4500, 10*time.Millisecond, 0)
	looks = append(looks, w.look())
	w.size, w.active, w.waiting, w.clients, w.maxWait = 10, 10, 90, 210, 90*time.Millisecond
	for range 40 {
		w.run(3*time.Second, 3000, 10*time.Millisecond, 90*time.Millisecond)
		looks = append(looks, w.look())
	}
	l := estimateOne(t, looks...)
	if l.Method != MethodInteractive {
		t.Fatalf("method %s, want the interactive law; notes %q", l.Method, l.Notes)
	}
	near(t, "load", l.Erlangs.Target, 15, 0.06)
}

func TestEstimateReadsSessionPoolsFromTheGauge(t *testing.T) {
	w := &world{at: epoch, size: 10, version: "1.18.0", mode: "session", active: 4}
	looks := []Observation{w.look()}
	for range 5 {
		w.run(time.Second, 10, time.Millisecond, 0)
		looks = append(looks, w.look())
	}
	l := estimateOne(t, looks...)
	if !l.AtLeast || l.Method != MethodGauge || l.Erlangs.Target != 4 {
		t.Errorf("%+v; want at least 4 by gauge", l)
	}
}

func TestEstimateAddsTransactionsThatHaveNotEnded(t *testing.T) {
	w := &world{at: epoch, size: 20, version: "1.18.0", mode: "transaction", active: 9,
		holders: []Holder{{PID: 77, User: "app1", Application: "cron", Age: 5 * time.Minute, Pool: "main/app"}}}
	looks := []Observation{w.look()}
	for range 20 {
		w.run(3*time.Second, 1200, 10*time.Millisecond, 0) // 4 Erlangs end, 5 more stay open
		looks = append(looks, w.look())
	}
	l := estimateOne(t, looks...)
	near(t, "load", l.Erlangs.Target, 9, 1e-6)
	notes := strings.Join(l.Notes, "\n")
	if !strings.Contains(notes, "long transactions are open") || !strings.Contains(notes, "pid 77 of app1 (cron)") {
		t.Errorf("notes %q name neither the open transactions nor their holder", l.Notes)
	}
}

// TestOneFullInstantHidesNoOpenTransactions looks at the same load with and without one look at which the pool is full.
func TestOneFullInstantHidesNoOpenTransactions(t *testing.T) {
	for _, full := range []bool{false, true} {
		w := &world{at: epoch, size: 20, version: "1.18.0", mode: "transaction", active: 9,
			holders: []Holder{{PID: 77, User: "app1", Application: "cron", Age: 5 * time.Minute, Pool: "main/app"}}}
		looks := []Observation{w.look()}
		for i := range 20 {
			w.run(3*time.Second, 1200, 10*time.Millisecond, 0) // 4 Erlangs end, 5 more stay open
			if w.active = 9; full && i == 10 {
				w.active = 20
			}
			looks = append(looks, w.look())
		}
		if l := estimateOne(t, looks...); l.Erlangs.Lower > 9 || l.Erlangs.Upper < 9 || l.Erlangs.Target < 8.5 || l.Erlangs.Target > 10.5 {
			t.Errorf("one full instant: %v: %g (%g–%g) Erlangs, want about 9", full, l.Erlangs.Target, l.Erlangs.Lower, l.Erlangs.Upper)
		}
	}
}

func TestEstimateSplitsUsersByTheirActiveConnections(t *testing.T) {
	w := &world{at: epoch, size: 20, version: "1.18.0", mode: "transaction", active: 12, users: []string{"app1", "app2"}, share: []float64{0.75, 0.25}}
	looks := []Observation{w.look()}
	for range 3 {
		w.run(time.Second, 1200, 10*time.Millisecond, 0)
		looks = append(looks, w.look())
	}
	l := estimateOne(t, looks...)
	if len(l.Copies) != 2 || l.Copies[0].Share != 0.75 || l.Copies[1].Share != 0.25 || !l.Copies[0].Approx {
		t.Errorf("copies %+v; want 0.75 and 0.25, marked approximate", l.Copies)
	}
	if l.TimedOut != 0 {
		t.Errorf("%d time-outs, and nobody waited", l.TimedOut)
	}
}

func TestEvidenceLeavesOutARestart(t *testing.T) {
	w := &world{at: epoch, size: 10, version: "1.18.0", mode: "transaction", active: 6}
	looks := []Observation{w.look()}
	for i := range 10 {
		if i == 5 {
			w.xacts, w.xact, w.wait = 0, 0, 0
		}
		w.run(3*time.Second, 1800, 10*time.Millisecond, 0)
		looks = append(looks, w.look())
	}
	e := evidenceOf(t, looks...)
	if len(e.Breaks) != 1 || !strings.Contains(e.Breaks[0], "counters went backwards (total_xact_count 9000 -> 1800)") {
		t.Errorf("breaks %q", e.Breaks)
	}
	loads, err := Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "load", loads[0].Erlangs.Target, 6, 1e-9)
}

func TestEstimateRefusesWithoutAnInterval(t *testing.T) {
	w := &world{at: epoch, size: 10, version: "1.18.0", mode: "transaction", xacts: 500}
	one := w.look()
	if _, err := Estimate(evidenceOf(t, one)); KindOf(err) != KindEvidence {
		t.Errorf("one look: %v, want not enough evidence", err)
	}
	w.at, w.xacts = w.at.Add(time.Second), 3
	if _, err := Estimate(evidenceOf(t, one, w.look())); KindOf(err) != KindEvidence || !strings.Contains(err.Error(), "went backwards") {
		t.Errorf("only a restart: %v, want not enough evidence", err)
	}
	if _, err := evidenceOf(t, one).Add(one); KindOf(err) != KindEvidence {
		t.Errorf("the same look twice: %v, want a refusal", err)
	}
}

func TestEvidenceIsAValue(t *testing.T) {
	w := &world{at: epoch, size: 10, version: "1.18.0", mode: "transaction", active: 6}
	e := evidenceOf(t, w.look())
	w.run(time.Second, 600, 10*time.Millisecond, 0)
	a, err := e.Add(w.look())
	if err != nil {
		t.Fatal(err)
	}
	w.run(time.Second, 900, 10*time.Millisecond, 0)
	if _, err := a.Add(w.look()); err != nil {
		t.Fatal(err)
	}
	b := a
	if len(e.Flows[0].Looks) != 1 || len(b.Flows[0].Looks) != 2 || b.Flows[0].Intervals[0].Xacts != 600 {
		t.Errorf("adding to a copy changed the original: %+v", b.Flows[0])
	}
}

func TestHistoryReplacesTheWindow(t *testing.T) {
	w := &world{at: epoch, size: 30, version: "1.18.0", mode: "transaction", active: 6}
	looks := []Observation{w.look()}
	for range 20 {
		w.run(3*time.Second, 1800, 10*time.Millisecond, 0)
		looks = append(looks, w.look())
	}
	e := evidenceOf(t, looks...)
	var h Histogram
	for i := range 1000 {
		h = h.Add(epoch, float64(1+i%20)) // 1 to 20, evenly
	}
	e.History = History{Lookback: 24 * time.Hour, Pools: []PoolHistory{{Pool: "main/app", Erlangs: h}}}
	loads, err := Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	got := loads[0].Erlangs
	for _, c := range []struct{ got, want float64 }{{got.Lower, 10}, {got.Target, 19}, {got.Upper, 20}} {
		if c.got < c.want || c.got > c.want*HistogramGrowth {
			t.Errorf("history gives %+v, want p50, p95, p99 = 10, 19, 20 within a bucket", got)
		}
	}
	near(t, "arrivals at target", loads[0].PerSec, got.Target/0.010, 1e-6)

	e.History.Pools[0].PerSec = 1200 // holds are longer by day: 19 Erlangs are 1200 of them, and not 1900
	if loads, err = Estimate(e); err != nil {
		t.Fatal(err)
	}
	near(t, "arrivals of history", loads[0].PerSec, 1200, 1e-6)
}

func TestClientsThatGiveUpByThemselvesAreOpen(t *testing.T) {
	// 1000/s come, 5 connections serve 100/s (50 ms each), the others give up: the queue stands still all the same.
	for _, counts := range []bool{false, true} {
		w := &world{at: epoch, size: 5, version: "1.24.1", mode: "transaction", active: 5, waiting: 5000, maxWait: 5 * time.Second, counts: counts}
		looks := []Observation{w.look()}
		for range 20 {
			w.run(3*time.Second, 300, 50*time.Millisecond, 5*time.Second)
			w.xacts += 2700
			looks = append(looks, w.look())
		}
		l := estimateOne(t, looks...)
		near(t, "load", l.Erlangs.Target, 50, 1e-6)
		near(t, "hold", l.MeanHold.Seconds(), 0.050, 1e-6)
		near(t, "mean wait", float64(l.MeanWaitSeen), 5, 1e-6)
		near(t, "served per second", l.ServedPerSec, 100, 1e-6)
		if l.AtLeast {
			t.Errorf("assignments counted %v: %q", counts, l.Notes)
		}
	}
}

func TestCountersThatContradictTheQueueGiveABoundAndNoPanic(t *testing.T) {
	// 100 waiters with an old head give up: the waits pending at the first look never come to be booked.
	w := &world{at: epoch, size: 5, version: "1.18.0", mode: "transaction", active: 5}
	w.queue(100, 20*time.Second)
	w.wait = 0 // they gave up before they were assigned
	looks := []Observation{w.look()}
	for range 20 {
		w.waiting, w.maxWait = 50, time.Second
		w.run(3*time.Second, 10, 10*time.Millisecond, time.Second)
		looks = append(looks, w.look())
	}
	l := estimateOne(t, looks...)
	if l.MeanHold < 0 || l.Erlangs.Target < 0 || l.Erlangs.Lower < 0 {
		t.Errorf("%+v", l)
	}
	f, err := Model(epoch, Declared{SizeAll: true}, evidenceOf(t, looks...), []Load{l})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Solve(f, Options{}); err != nil && KindOf(err) != KindInfeasible {
		t.Error(err)
	}
}

func TestATransactionLongerThanTheWindowIsCutToWhatItsConnectionCanDo(t *testing.T) {
	w := &world{at: epoch, size: 4, version: "1.18.0", mode: "transaction", active: 3}
	looks := []Observation{w.look()}
	for i := range 20 {
		w.run(3*time.Second, 600, 10*time.Millisecond, 0) // 2 Erlangs
		if i == 10 {
			w.xact += time.Hour
			w.xacts++
		}
		looks = append(looks, w.look())
	}
	if l := estimateOne(t, looks...); l.Erlangs.Target > 4 || !strings.Contains(strings.Join(l.Notes, "\n"), "began before the window ended") {
		t.Errorf("%g Erlangs on 4 connections, notes %q", l.Erlangs.Target, l.Notes)
	}
}

func TestALongWatchForgetsNothing(t *testing.T) {
	w := &world{at: epoch, size: 30, version: "1.18.0", mode: "transaction", active: 18}
	e := evidenceOf(t, w.look())
	for i := range 4 * maxIntervals {
		busy := int64(1800)
		if i >= 2*maxIntervals {
			busy, w.active, w.size = 0, 0, 1
		}
		w.run(time.Second, busy, 10*time.Millisecond, 0) // 18 Erlangs in the first half, none in the second
		var err error
		if e, err = e.Add(w.look()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(e.Flows[0].Intervals); n > maxIntervals {
		t.Errorf("%d intervals are kept", n)
	}
	loads, err := Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "load", loads[0].Erlangs.Target, 9, 1e-3)
	if e.Flows[0].PeakConns != 30 || loads[0].Window != 4*maxIntervals*time.Second {
		t.Errorf("peak %d, window %s", e.Flows[0].PeakConns, loads[0].Window)
	}
}

func TestWhatVanishesKeepsItsWorstCase(t *testing.T) {
	a, b := seenFleet(seenAlias("app", 10, 0, 4, "app1", "app2"), seenAlias("old", 20, 0, 9, "app1"))
	second := a.Processes[0]
	second.ID = "main/2"
	a.Processes = append(a.Processes, second)
	b.Processes[0].Aliases = []Alias{b.Processes[0].Aliases[0]}
	b.Processes[0].Aliases[0].Pools = b.Processes[0].Aliases[0].Pools[:1]
	between := a
	between.At = epoch.Add(time.Second)
	e := evidenceOf(t, a, between, b)
	loads, err := Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Model(epoch, Declared{}, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	if f.Pools[0].WorstConns != 40 || f.Pools[1].WorstConns != 40 {
		t.Errorf("worst cases %d and %d; want 2 processes × 2 users × 10, and 2 × 20", f.Pools[0].WorstConns, f.Pools[1].WorstConns)
	}
	if text := strings.Join(f.Warnings, "\n"); !strings.Contains(text, "main/2 is no longer there") || !strings.Contains(text, "main/1/old is no longer there") {
		t.Errorf("warnings %q", f.Warnings)
	}
}
