package prom_test

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/prom"
	promfix "github.com/pgbudget/pgbudget/fixtures/prom"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// survey asks for the whole constructed past.
func survey(t *testing.T, spec prom.Spec) prom.Survey {
	t.Helper()
	spec.Lookback = pastLength
	s, err := pastClient(t).Survey(t.Context(), spec, pastEnd)
	if err != nil {
		t.Fatalf("%v\nhint: %s", err, operr.HintOf(err))
	}
	return s
}

// minute is the true load of one minute of the past and its weight in a decaying histogram.
type minute struct{ erlangs, weight float64 }

// minutes returns all minutes of the past, sorted by load.
func minutes(f promfix.Fleet) []minute {
	var all []minute
	for t := time.Minute; t <= pastLength; t += time.Minute {
		m := minute{weight: math.Exp2(t.Hours() / load.HistogramHalfLife.Hours())}
		for _, p := range f.Processes {
			m.erlangs += (p.Load.Busy(t) - p.Load.Busy(t-time.Minute)) / 60
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b minute) int { return cmp.Compare(a.erlangs, b.erlangs) })
	return all
}

// quantile returns the load below which the share p of the weight lies.
func quantile(sorted []minute, p float64) float64 {
	total, sum := 0.0, 0.0
	for _, m := range sorted {
		total += m.weight
	}
	for _, m := range sorted {
		if sum += m.weight; sum >= p*total {
			return m.erlangs
		}
	}
	return sorted[len(sorted)-1].erlangs
}

func TestTheLoadsOfTwoDaysAreFound(t *testing.T) {
	s := survey(t, prom.Spec{Pools: []prom.PoolSpec{pool(wave)}})
	if got, want := s.History.Dialect, string(prom.Legacy); got != want {
		t.Errorf("got dialect %q, want %q", got, want)
	}
	got, truth := s.History.Pools[0], minutes(wave)
	if got.Erlangs.Samples != len(truth) {
		t.Errorf("got %d minutes, want %d", got.Erlangs.Samples, len(truth))
	}
	if want := truth[len(truth)-1].erlangs; math.Abs(got.Erlangs.Max-want) > 0.001*want {
		t.Errorf("got a highest load of %.3f, want %.3f", got.Erlangs.Max, want)
	}
	// A bucket is 5 % wide and its upper end counts.
	for _, p := range []float64{0.5, 0.95, 0.99} {
		got, want := got.Erlangs.Quantile(p), quantile(truth, p)
		if got < 0.99*want || got > 1.06*want {
			t.Errorf("got p%.0f = %.2f, want %.2f to 6 %% more", 100*p, got, want)
		}
	}
	if got.Censored != 0 {
		t.Errorf("got a censored share of %v, want 0", got.Censored)
	}
	if got, want := got.PerSec, quantile(truth, 0.95)/wave.Hold.Seconds(); got < 0.99*want || got > 1.06*want {
		t.Errorf("got %.1f transactions a second at the p95, want %.1f to 6 %% more", got, want)
	}
}

// TestTheNextPeakIsThatOfTheWave: it is highest six hours into each day, and flat for some minutes.
func TestTheNextPeakIsThatOfTheWave(t *testing.T) {
	h := survey(t, prom.Spec{Pools: []prom.PoolSpec{pool(wave)}}).History
	for now, want := range map[time.Time]time.Time{
		pastEnd:                      pastEnd.Add(6*time.Hour + 30*time.Minute),
		pastEnd.Add(7 * time.Hour):   pastEnd.Add(30*time.Hour + 30*time.Minute),
		pastEnd.Add(-time.Hour):      pastEnd.Add(6*time.Hour + 30*time.Minute),
		pastEnd.Add(100 * time.Hour): pastEnd.Add(102*time.Hour + 30*time.Minute),
	} {
		at, known := h.NextPeak([]string{h.Pools[0].Pool}, now)
		if apart := at.Sub(want); !known || apart < -20*time.Minute || apart > 20*time.Minute || !at.After(now) {
			t.Errorf("at %v the next peak is over at %v (%v), want %v", now, at, known, want)
		}
	}
}

func TestAMinuteWithoutOneProcessIsNeverALowerSum(t *testing.T) {
	s := survey(t, prom.Spec{Pools: []prom.PoolSpec{pool(flat)}})
	h, tally := s.History.Pools[0].Erlangs, s.Pools[0]
	if got, want := s.History.Dialect, string(prom.Modern); got != want {
		t.Errorf("got dialect %q, want %q", got, want)
	}
	// 10 or 11 while f1 is silent, 30 or 31 at the end while f3 is, 1 at f3's restart, up to 2 each at the start and where
	// f2 retires and f4 falls out of use, depending on whether the server counts a sample at the very start of a window.
	if tally.Incomplete < 41 || tally.Incomplete > 49 {
		t.Errorf("got %d incomplete minutes, want 41 to 49: %+v", tally.Incomplete, tally)
	}
	if got, want := h.Samples, 2880-tally.Incomplete; got != want {
		t.Errorf("got %d minutes, want %d", got, want)
	}
	lowest := load.Histogram{}.Add(pastStart, 29.7).Buckets[0].Index
	for _, b := range h.Buckets {
		if b.Index < lowest {
			t.Errorf("got a minute in bucket %d, want none below 29.7 Erlangs, bucket %d", b.Index, lowest)
		}
	}
	if h.Max > 30.3 {
		t.Errorf("got a highest minute of %.2f, want 30", h.Max)
	}
	if got := s.History.Pools[0].Censored; got != 0 {
		t.Errorf("got a censored share of %v, want 0: being full at one scrape in five minutes hides no load", got)
	}
}

func TestAFullPoolIsCensoredAndAnUpgradedExporterIsReadThroughBothNames(t *testing.T) {
	s := survey(t, prom.Spec{Pools: []prom.PoolSpec{pool(full)}})
	if got, want := s.History.Dialect, string(prom.Mixed); got != want {
		t.Errorf("got dialect %q, want %q", got, want)
	}
	tally := s.Pools[0]
	if tally.Censored < 57 || tally.Censored > 61 {
		t.Errorf("got %d censored minutes, want an hour's", tally.Censored)
	}
	if tally.Incomplete > 6 {
		t.Errorf("got %d incomplete minutes, want no more than the change of names takes: %+v", tally.Incomplete, tally)
	}
	if got, want := s.History.Pools[0].Censored, float64(tally.Censored)/float64(tally.Censored+tally.Used); got != want {
		t.Errorf("got a censored share of %v, want %v", got, want)
	}
	if h := s.History.Pools[0].Erlangs; h.Max < 11.9 || h.Max > 12.1 || len(h.Buckets) > 2 {
		t.Errorf("got a highest load of %v in %d buckets, want 12 all the time", h.Max, len(h.Buckets))
	}
}

// TestALongTransactionCountsWhileItIsOpen: PgBouncer counts its whole time when it ends, in one minute, which has 30
// Erlangs more then, and would be the peak that a pool of 10 is sized for.
func TestALongTransactionCountsWhileItIsOpen(t *testing.T) {
	s := survey(t, prom.Spec{Pools: []prom.PoolSpec{pool(worker), pool(workers)}})
	one, many := s.History.Pools[0].Erlangs, s.History.Pools[1].Erlangs
	if one.Max > 4.2 {
		t.Errorf("got a highest minute of %.2f Erlangs, want 4 at most: %+v", one.Max, s.Pools[0])
	}
	if half, most := one.Quantile(0.5), one.Quantile(0.9); half < 2.97 || half > 3.2 || most < 3.9 {
		t.Errorf("got a median of %.2f and a p90 of %.2f Erlangs, want 3 and 4: it is open a quarter of the time", half, most)
	}
	if got := many.Quantile(0.9); got < 19 || got > 22.5 {
		t.Errorf("got a p90 of %.2f Erlangs, want 21: twenty are open a fifth of the time", got)
	}
	if s.Pools[0].Long == 0 || s.Pools[1].Long == 0 {
		t.Errorf("no minute was changed: %+v", s.Pools)
	}
	for _, f := range []promfix.Fleet{wave, flat, full, bounded} {
		if s := survey(t, prom.Spec{Pools: []prom.PoolSpec{pool(f)}}); s.Pools[0].Long != 0 {
			t.Errorf("%s: %d minutes were changed, and no transaction is long", f.Job, s.Pools[0].Long)
		}
	}
}

// A limit of a user, of a role or of a database bounds a pool below its size, and no exporter shows it. What it allowed
// is no measure of what the clients wanted.
func TestAPoolThatALimitKeptBelowItsSizeIsCensored(t *testing.T) {
	for _, c := range []struct {
		shares bool
		hours  float64 // full
	}{{false, 18}, {true, 19}} {
		p := pool(bounded)
		p.Shares = c.shares
		s := survey(t, prom.Spec{Pools: []prom.PoolSpec{p}})
		h := s.History.Pools[0]
		if got, want := h.Censored, c.hours/48; math.Abs(got-want) > 0.002 {
			t.Errorf("shares %v: got a censored share of %v, want %v: %+v", c.shares, got, want, s.Pools[0])
		}
		if math.Abs(h.Full-5) > 0.1 {
			t.Errorf("shares %v: got %v Erlangs at most in its full minutes, want 5", c.shares, h.Full)
		}
		if got := h.Erlangs.Quantile(0.5); got < 1 || got > 1.06 {
			t.Errorf("shares %v: got a median of %v, want 1 by night", c.shares, got)
		}
		// The plan is made at night, by a sample that sees 1 Erlang and nobody waiting.
		loads, err := load.Estimate(night(t, s.History))
		if err != nil {
			t.Fatal(err)
		}
		if l := loads[0]; !l.AtLeast || l.Erlangs.Target < 5 {
			t.Errorf("shares %v: got %+v at night, at least %v, want at least 5 Erlangs", c.shares, l.Erlangs, l.AtLeast)
		}
	}
}

// night is a quiet minute of the fleet bounded at the end of its past.
func night(t *testing.T, h load.History) load.Evidence {
	t.Helper()
	var e load.Evidence
	for i := range 2 {
		at := pastEnd.Add(time.Duration(i) * time.Minute)
		var err error
		e, err = e.Add(fleet.Observation{At: at, Processes: []fleet.Process{{
			ID: "within/1", Group: "within", Version: "1.24.1", At: at,
			Aliases: []fleet.Alias{{Name: "app", Database: "app", SizeConns: 20, PoolMode: "transaction",
				Counters: fleet.Counters{Xacts: int64(12000 * i), XactTime: time.Duration(i) * time.Minute},
				Pools:    []fleet.PoolGauges{{User: "u", ClientsActive: 30, ServersActive: 1, ServersIdle: 2}}}}}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	e.History = h
	return e
}

func TestSeveralPoolsComeOutSortedAndInOneDialect(t *testing.T) {
	s := survey(t, prom.Spec{Pools: []prom.PoolSpec{pool(wave), pool(flat)}})
	var got []string
	for _, p := range s.History.Pools {
		got = append(got, p.Pool)
	}
	if want := []string{"flat/app", "wave/app"}; !slices.Equal(got, want) {
		t.Errorf("got pools %v, want %v", got, want)
	}
	if got, want := s.History.Dialect, string(prom.Mixed); got != want {
		t.Errorf("got dialect %q, want %q", got, want)
	}
}

func TestMoreValuesThanOneRequestMayHaveComeInSeveralRequests(t *testing.T) {
	s := survey(t, prom.Spec{Step: pastScrape, Pools: []prom.PoolSpec{pool(wave)}})
	if got, want := s.Pools[0].Moments, 11520; got != want || got <= prom.MaxPoints {
		t.Errorf("got %d moments, want %d, more than %d", got, want, prom.MaxPoints)
	}
	if got := s.Pools[0]; got.Used < 11500 || got.Window != time.Minute {
		t.Errorf("got %+v, want nearly every moment used and a window of four scrapes", got)
	}
}

func TestASessionPoolsLoadIsItsActiveServers(t *testing.T) {
	p := pool(full)
	p.Session = true
	h := survey(t, prom.Spec{Pools: []prom.PoolSpec{p}}).History.Pools[0]
	if h.Erlangs.Max < 18 || h.Erlangs.Max > 20 { // a minute at the edge of the full hour, full at all scrapes but one
		t.Errorf("got a highest load of %v, want nearly the size of 20", h.Erlangs.Max)
	}
	if got := h.Erlangs.Quantile(0.5); got < 12 || got > 12.6 {
		t.Errorf("got a median of %v, want 12", got)
	}
}

func TestTheCPUFitFindsTheCostOfATransaction(t *testing.T) {
	s := survey(t, prom.Spec{
		Pools:   []prom.PoolSpec{pool(wave)},
		Servers: []prom.ServerSpec{{Name: "main", CPUQuery: `cpu_ratio{server="main"}`}},
	})
	fit := s.History.Servers[0].CPU
	if fit.Samples < 2870 || math.Abs(fit.Base-0.05) > 0.003 ||
		math.Abs(fit.Demands[0].RatioPerTPS-cpuPerTPS) > 0.01*cpuPerTPS {
		t.Errorf("got %+v, want a base of 0.05 and %v per transaction", fit, cpuPerTPS)
	}
	if want := 9000.0; math.Abs(fit.MaxPerSec-want) > 0.01*want {
		t.Errorf("got a highest throughput of %v, want %v", fit.MaxPerSec, want)
	}
}

func TestDirectConnectionsAreWhatNoPgBouncerHolds(t *testing.T) {
	s := survey(t, prom.Spec{Servers: []prom.ServerSpec{
		{Name: "main", Selector: `job="pg"`, PoolSelectors: []string{`job="pgb-wave"`}},
		{Name: "other", DirectQuery: `vector(4)`},
	}})
	h := s.History.Servers[0].Direct
	if h.Max != 25 || h.Quantile(0.5) < 7 || h.Quantile(0.5) > 7.4 {
		t.Errorf("got a highest of %v and a median of %v, want 25 and 7", h.Max, h.Quantile(0.5))
	}
	if got := s.Servers[0]; got.Used < 2870 {
		t.Errorf("got %+v, want nearly every minute used", got)
	}
	if h := s.History.Servers[1].Direct; h.Max != 4 || h.Samples != 2880 {
		t.Errorf("got a highest of %v in %d minutes, want 4 in 2880", h.Max, h.Samples)
	}
}
