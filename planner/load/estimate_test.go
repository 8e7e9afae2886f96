package load_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

func TestEstimateSubtractsQueueingFromTransactionTime(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 10, Version: "1.18.0", Mode: "transaction", Active: 6}
	samples := []fleet.Observation{w.Sample()}
	for range 20 {
		w.Run(3*time.Second, 1800, 10*time.Millisecond, 7*time.Millisecond) // 600/s × 10 ms = 6 Erlangs
		samples = append(samples, w.Sample())
	}
	l := plannertest.EstimateOne(t, samples...)
	plannertest.Near(t, "load", l.Erlangs.Target, 6, 1e-9)
	plannertest.Near(t, "arrivals", l.PerSec, 600, 1e-9)
	plannertest.Near(t, "hold", l.MeanHold.Seconds(), 0.010, 1e-6)
	plannertest.Near(t, "wait", float64(l.MeanWaitSeen), 0.007, 1e-9)
	if l.Method != load.MethodCounters || l.Xacts != 36000 || l.Censored != 0 {
		t.Errorf("method %s, %d transactions, censored %g", l.Method, l.Xacts, l.Censored)
	}
}

func TestEstimateIntervalCoversTheMean(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	covered, runs := 0, 2000
	for range runs {
		w := &plannertest.World{At: plannertest.Epoch, Size: 100, Version: "1.18.0", Mode: "transaction", Active: 6}
		samples := []fleet.Observation{w.Sample()}
		for range 20 {
			n := int64(1800 + 60*rng.NormFloat64())
			w.Run(3*time.Second, n, 10*time.Millisecond, 0)
			samples = append(samples, w.Sample())
		}
		if l := plannertest.EstimateOne(t, samples...); l.Erlangs.Lower <= 6 && 6 <= l.Erlangs.Upper {
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
	w := &plannertest.World{At: plannertest.Epoch, Size: 10, Version: "1.18.0", Mode: "transaction", Active: 10,
		Timeout: 2 * time.Minute}
	samples := []fleet.Observation{w.Sample()}
	for i := range 20 {
		w.Queue(600*(i+1), time.Duration(i+1)*500*time.Millisecond)
		w.Run(3*time.Second, 3000, 10*time.Millisecond, time.Duration(i)*500*time.Millisecond)
		samples = append(samples, w.Sample())
	}
	l := plannertest.EstimateOne(t, samples...)
	plannertest.Near(t, "load", l.Erlangs.Target, 12, 1e-6)
	if l.Method != load.MethodFlowBalance || l.AtLeast {
		t.Errorf("method %s, at least %v; want flow balance", l.Method, l.AtLeast)
	}
}

func TestEstimateFindsDemandWhenWaitersAreSentAway(t *testing.T) {
	// The same demand with query_wait_timeout 5 s: the queue stands at 5 s of arrivals, 200/s leave unserved.
	for _, counts := range []bool{false, true} {
		w := &plannertest.World{At: plannertest.Epoch, Size: 10, Version: "1.24.1", Mode: "transaction", Active: 10,
			Timeout: 5 * time.Second, Waiting: 6000, MaxWait: 5 * time.Second, Counts: counts}
		samples := []fleet.Observation{w.Sample()}
		for range 20 {
			w.Run(3*time.Second, 3000, 10*time.Millisecond, 5*time.Second)
			w.Xacts += 600 // came, and left unserved
			samples = append(samples, w.Sample())
		}
		l := plannertest.EstimateOne(t, samples...)
		plannertest.Near(t, "load", l.Erlangs.Target, 12, 1e-6)
		plannertest.Near(t, "hold", l.MeanHold.Seconds(), 0.010, 1e-6)
		if l.Method != load.MethodFlowBalance || l.TimedOut != 12000 || !strings.Contains(strings.Join(l.Notes, "\n"),
			"about 12000 time-outs") {
			t.Errorf("assignments counted %v: method %s, %d time-outs, notes %q; want flow balance and 12000 time-outs", counts,
				l.Method, l.TimedOut, l.Notes)
		}
	}
}

func TestEstimateSaysAtLeastWhenClosedClientsHideTheirDemand(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 10, Version: "1.18.0", Mode: "transaction", Active: 10,
		Waiting: 30, Clients: 290, MaxWait: 30 * time.Millisecond}
	samples := []fleet.Observation{w.Sample()}
	for range 20 {
		w.Run(3*time.Second, 3000, 10*time.Millisecond, 30*time.Millisecond)
		samples = append(samples, w.Sample())
	}
	l := plannertest.EstimateOne(t, samples...)
	if !l.AtLeast || l.Method != load.MethodBusy {
		t.Fatalf("at least %v by %s; want at least", l.AtLeast, l.Method)
	}
	plannertest.Near(t, "lower bound", l.Erlangs.Target, 10, 1e-6)
	plannertest.Near(t, "clients in the system", float64(l.InSystem), 40, 1e-6)
}

func TestEstimateUsesTheInteractiveLawWhereThinkTimeIsKnown(t *testing.T) {
	// 300 clients, S = 10 ms, Z = 190 ms: 15 Erlangs. First 2 samples while the pool had 20 connections, then 40 at 10.
	w := &plannertest.World{At: plannertest.Epoch, Size: 20, Version: "1.18.0", Mode: "transaction", Active: 15,
		Clients: 300}
	samples := []fleet.Observation{w.Sample()}
	w.Run(3*time.Second, 4500, 10*time.Millisecond, 0)
	samples = append(samples, w.Sample())
	w.Size, w.Active, w.Waiting, w.Clients, w.MaxWait = 10, 10, 90, 210, 90*time.Millisecond
	for range 40 {
		w.Run(3*time.Second, 3000, 10*time.Millisecond, 90*time.Millisecond)
		samples = append(samples, w.Sample())
	}
	l := plannertest.EstimateOne(t, samples...)
	if l.Method != load.MethodInteractive {
		t.Fatalf("method %s, want the interactive law; notes %q", l.Method, l.Notes)
	}
	plannertest.Near(t, "load", l.Erlangs.Target, 15, 0.06)
}

func TestEstimateReadsSessionPoolsFromTheGauge(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 10, Version: "1.18.0", Mode: "session", Active: 4}
	samples := []fleet.Observation{w.Sample()}
	for range 5 {
		w.Run(time.Second, 10, time.Millisecond, 0)
		samples = append(samples, w.Sample())
	}
	l := plannertest.EstimateOne(t, samples...)
	if !l.AtLeast || l.Method != load.MethodGauge || l.Erlangs.Target != 4 {
		t.Errorf("%+v; want at least 4 by gauge", l)
	}
}

func TestEstimateAddsTransactionsThatHaveNotEnded(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 20, Version: "1.18.0", Mode: "transaction", Active: 9,
		IdleInTransaction: []fleet.IdleInTransaction{{PID: 77, User: "app1", Application: "cron", Age: 5 * time.Minute,
			Pool: "main/app"}}}
	samples := []fleet.Observation{w.Sample()}
	for range 20 {
		w.Run(3*time.Second, 1200, 10*time.Millisecond, 0) // 4 Erlangs end, 5 more stay open
		samples = append(samples, w.Sample())
	}
	l := plannertest.EstimateOne(t, samples...)
	plannertest.Near(t, "load", l.Erlangs.Target, 9, 1e-6)
	notes := strings.Join(l.Notes, "\n")
	if !strings.Contains(notes, "long transactions are open") || !strings.Contains(notes, "pid 77 of app1 (cron)") {
		t.Errorf("notes %q name neither the open transactions nor whose they are", l.Notes)
	}
}

// TestOneFullInstantHidesNoOpenTransactions samples at the same load with and without one sample of which the pool is
// full.
func TestOneFullInstantHidesNoOpenTransactions(t *testing.T) {
	for _, full := range []bool{false, true} {
		w := &plannertest.World{At: plannertest.Epoch, Size: 20, Version: "1.18.0", Mode: "transaction", Active: 9,
			IdleInTransaction: []fleet.IdleInTransaction{{PID: 77, User: "app1", Application: "cron", Age: 5 * time.Minute,
				Pool: "main/app"}}}
		samples := []fleet.Observation{w.Sample()}
		for i := range 20 {
			w.Run(3*time.Second, 1200, 10*time.Millisecond, 0) // 4 Erlangs end, 5 more stay open
			if w.Active = 9; full && i == 10 {
				w.Active = 20
			}
			samples = append(samples, w.Sample())
		}
		if l := plannertest.EstimateOne(t, samples...); l.Erlangs.Lower > 9 || l.Erlangs.Upper < 9 ||
			l.Erlangs.Target < 8.5 ||
			l.Erlangs.Target > 10.5 {
			t.Errorf("one full instant: %v: %g (%g–%g) Erlangs, want about 9", full, l.Erlangs.Target, l.Erlangs.Lower,
				l.Erlangs.Upper)
		}
	}
}

func TestEstimateSplitsUsersByTheirActiveConnections(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 20, Version: "1.18.0", Mode: "transaction", Active: 12,
		Users: []string{"app1", "app2"}, Share: []float64{0.75, 0.25}}
	samples := []fleet.Observation{w.Sample()}
	for range 3 {
		w.Run(time.Second, 1200, 10*time.Millisecond, 0)
		samples = append(samples, w.Sample())
	}
	l := plannertest.EstimateOne(t, samples...)
	if len(l.LinePools) != 2 || l.LinePools[0].Share != 0.75 || l.LinePools[1].Share != 0.25 || !l.LinePools[0].Approx {
		t.Errorf("pools of the line %+v; want 0.75 and 0.25, marked approximate", l.LinePools)
	}
	if l.TimedOut != 0 {
		t.Errorf("%d time-outs, and nobody waited", l.TimedOut)
	}
}

func TestEvidenceLeavesOutARestart(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 10, Version: "1.18.0", Mode: "transaction", Active: 6}
	samples := []fleet.Observation{w.Sample()}
	for i := range 10 {
		if i == 5 {
			w.Xacts, w.Xact, w.Wait = 0, 0, 0
		}
		w.Run(3*time.Second, 1800, 10*time.Millisecond, 0)
		samples = append(samples, w.Sample())
	}
	e := plannertest.EvidenceOf(t, samples...)
	if len(e.Breaks) != 1 || !strings.Contains(e.Breaks[0].Text(),
		"counters went backwards (total_xact_count 9000 -> 1800)") {
		t.Errorf("breaks %v", e.Breaks)
	}
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	plannertest.Near(t, "load", loads[0].Erlangs.Target, 6, 1e-9)
}

func TestEstimateRefusesWithoutAnInterval(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 10, Version: "1.18.0", Mode: "transaction", Xacts: 500}
	one := w.Sample()
	if _, err := load.Estimate(plannertest.EvidenceOf(t, one)); operr.KindOf(err) != operr.KindEvidence {
		t.Errorf("one sample: %v, want not enough evidence", err)
	}
	w.At, w.Xacts = w.At.Add(time.Second), 3
	if _, err := load.Estimate(plannertest.EvidenceOf(t, one, w.Sample())); operr.KindOf(err) != operr.KindEvidence ||
		!strings.Contains(err.Error(), "went backwards") {
		t.Errorf("only a restart: %v, want not enough evidence", err)
	}
	if _, err := plannertest.EvidenceOf(t, one).Add(one); operr.KindOf(err) != operr.KindEvidence {
		t.Errorf("the same sample twice: %v, want a refusal", err)
	}
}

func TestEvidenceIsAValue(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 10, Version: "1.18.0", Mode: "transaction", Active: 6}
	e := plannertest.EvidenceOf(t, w.Sample())
	w.Run(time.Second, 600, 10*time.Millisecond, 0)
	a, err := e.Add(w.Sample())
	if err != nil {
		t.Fatal(err)
	}
	w.Run(time.Second, 900, 10*time.Millisecond, 0)
	if _, err := a.Add(w.Sample()); err != nil {
		t.Fatal(err)
	}
	b := a
	if len(e.Flows[0].Levels) != 1 || len(b.Flows[0].Levels) != 2 || b.Flows[0].Intervals[0].Xacts != 600 {
		t.Errorf("adding to a copy changed the original: %+v", b.Flows[0])
	}
}

func TestHistoryReplacesTheWindow(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 30, Version: "1.18.0", Mode: "transaction", Active: 6}
	samples := []fleet.Observation{w.Sample()}
	for range 20 {
		w.Run(3*time.Second, 1800, 10*time.Millisecond, 0)
		samples = append(samples, w.Sample())
	}
	e := plannertest.EvidenceOf(t, samples...)
	var h load.Histogram
	for i := range 1000 {
		h = h.Add(plannertest.Epoch, float64(1+i%20)) // 1 to 20, evenly
	}
	e.History = load.History{Lookback: 24 * time.Hour, Pools: []load.PoolHistory{{Pool: "main/app", Erlangs: h}}}
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	got := loads[0].Erlangs
	for _, c := range []struct{ got, want float64 }{{got.Lower, 10}, {got.Target, 19}, {got.Upper, 20}} {
		if c.got < c.want || c.got > c.want*load.HistogramGrowth {
			t.Errorf("history gives %+v, want p50, p95, p99 = 10, 19, 20 within a bucket", got)
		}
	}
	plannertest.Near(t, "arrivals at target", loads[0].PerSec, got.Target/0.010, 1e-6)

	e.History.Pools[0].PerSec = 1200 // holds are longer by day: 19 Erlangs are 1200 of them, and not 1900
	if loads, err = load.Estimate(e); err != nil {
		t.Fatal(err)
	}
	plannertest.Near(t, "arrivals of history", loads[0].PerSec, 1200, 1e-6)
}

func TestClientsThatGiveUpByThemselvesAreOpen(t *testing.T) {
	// 1000/s come, 5 connections serve 100/s (50 ms each), the others give up: the queue stands still all the same.
	for _, counts := range []bool{false, true} {
		w := &plannertest.World{At: plannertest.Epoch, Size: 5, Version: "1.24.1", Mode: "transaction", Active: 5,
			Waiting: 5000, MaxWait: 5 * time.Second, Counts: counts}
		samples := []fleet.Observation{w.Sample()}
		for range 20 {
			w.Run(3*time.Second, 300, 50*time.Millisecond, 5*time.Second)
			w.Xacts += 2700
			samples = append(samples, w.Sample())
		}
		l := plannertest.EstimateOne(t, samples...)
		plannertest.Near(t, "load", l.Erlangs.Target, 50, 1e-6)
		plannertest.Near(t, "hold", l.MeanHold.Seconds(), 0.050, 1e-6)
		plannertest.Near(t, "mean wait", float64(l.MeanWaitSeen), 5, 1e-6)
		plannertest.Near(t, "served per second", l.ServedPerSec, 100, 1e-6)
		if l.AtLeast {
			t.Errorf("assignments counted %v: %q", counts, l.Notes)
		}
	}
}

func TestATransactionLongerThanTheWindowIsCutToWhatItsConnectionCanDo(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 4, Version: "1.18.0", Mode: "transaction", Active: 3}
	samples := []fleet.Observation{w.Sample()}
	for i := range 20 {
		w.Run(3*time.Second, 600, 10*time.Millisecond, 0) // 2 Erlangs
		if i == 10 {
			w.Xact += time.Hour
			w.Xacts++
		}
		samples = append(samples, w.Sample())
	}
	if l := plannertest.EstimateOne(t, samples...); l.Erlangs.Target > 4 || !strings.Contains(strings.Join(l.Notes, "\n"),
		"began before the window ended") {
		t.Errorf("%g Erlangs on 4 connections, notes %q", l.Erlangs.Target, l.Notes)
	}
}
