package prom_test

import (
	"math"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// ofStar is the spec of the pool of a * beside lines of its own.
func ofStar(job string, lines ...string) prom.PoolSpec {
	return prom.PoolSpec{ID: "zoo/*", Alias: fleet.AutoDB, Lines: lines, Selector: `job="` + job + `"`}
}

func TestThePoolOfAStarIsTheSumOfTheDatabasesThatLiveByIt(t *testing.T) {
	s := survey(t, prom.Spec{Pools: []prom.PoolSpec{ofStar("pgb-zoo", "own", "never.used")}})
	h, tally := s.History.Pools[0], s.Pools[0]
	if h.Pool != "zoo/*" || h.Note != "" {
		t.Errorf("got the history of %q with the note %q, want that of zoo/* with none", h.Pool, h.Note)
	}
	if got := h.Erlangs.Max; math.Abs(got-15) > 0.3 {
		t.Errorf("got a highest load of %v, want 4 + 6 + 5", got)
	}
	// A database whose counters start again never leaves the others' sum behind.
	lowest := load.Histogram{}.Add(pastStart, 9.8).Buckets[0].Index
	for _, b := range h.Erlangs.Buckets {
		if b.Index < lowest {
			t.Errorf("got a minute in bucket %d, want none below 9.8 Erlangs, bucket %d", b.Index, lowest)
		}
	}
	if tally.Censored < 57 || tally.Censored > 61 || tally.Incomplete < 1 || tally.Incomplete > 4 {
		t.Errorf("got %+v, want the hour censored that shop was full, and what the start of the counters takes left out",
			tally)
	}
	if got, want := tally.Used+tally.Censored+tally.Incomplete, 2880; got != want {
		t.Errorf("got %d minutes, want %d: %+v", got, want, tally)
	}
}

func TestAStarThatNobodyUsedIsSaidAndHoldsNothingUp(t *testing.T) {
	s := survey(t, prom.Spec{
		Pools:   []prom.PoolSpec{ofStar("pgb-wave", "app"), pool(wave)},
		Servers: []prom.ServerSpec{{Name: "main", CPUQuery: `cpu_ratio{server="main"}`}},
	})
	got := s.History.Pools[1]
	if got.Pool != "zoo/*" || got.Erlangs.Samples != 0 {
		t.Fatalf("got %+v, want no load of zoo/*", got)
	}
	if want := "no database lived by it in the last 2d"; got.Note != want {
		t.Errorf("got the note %q, want %q", got.Note, want)
	}
	if fit := s.History.Servers[0].CPU; fit.Samples < 2870 || len(fit.Demands) != 1 {
		t.Errorf("got the fit %+v, want that of the other pool", fit)
	}
	// A selector that picks no exporter is wrong all the same.
	spec := prom.Spec{Lookback: pastLength, Pools: []prom.PoolSpec{ofStar("pgb-wav")}}
	if _, err := pastClient(t).History(t.Context(), spec, pastEnd); operr.KindOf(err) != operr.KindEvidence || err == nil {
		t.Errorf("got %v, want an error of kind %d", err, operr.KindEvidence)
	}
}

func TestAPoolThatIsNotAskedForHasItsNoteAlone(t *testing.T) {
	spec := prom.Spec{Lookback: pastLength, Pools: []prom.PoolSpec{{ID: "a/*", Alias: "*", Unasked: true, Note: "why"}},
		Servers: []prom.ServerSpec{{Name: "main", DirectQuery: "vector(4)", CPUQuery: `cpu_ratio{server="main"}`}}}
	h, err := pastClient(t).History(t.Context(), spec, pastEnd)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Pools) != 1 || h.Pools[0].Note != "why" || h.Pools[0].Erlangs.Samples != 0 || h.Servers[0].CPU.Samples != 0 {
		t.Errorf("got %+v, want the note alone", h)
	}
}
