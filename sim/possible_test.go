package sim

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner"
)

// TestAStepThatCannotBeDoneIsNotBegun bars every step after the first: the run holds with nothing in hand and nothing
// moved, goes on once what barred it is gone, and ends where somebody else has changed something.
func TestAStepThatCannotBeDoneIsNotBegun(t *testing.T) {
	managed := errors.New("jobs.ini is managed")
	drift := &planner.Error{Kind: planner.KindDrift, Err: errors.New("jobs.ini: somebody's edit waits for a RELOAD")}
	met := map[string]int{}
	for seed := range fleets(20, 8, 100) {
		for _, c := range []struct {
			name string
			err  error
			bars time.Duration // from the first time that a later step is asked about; 0: for good
			want planner.Outcome
		}{
			{"for good", managed, 0, planner.Held},
			{"for a while", managed, 25 * time.Second, planner.Done},
			{"by somebody else", drift, 0, planner.Drifted},
		} {
			x := embarkWith(t, 7000+seed, func(spec *Spec) { spec.Faults = nil })
			if x == nil {
				continue
			}
			r, asked, begun := x.rebalancer(), 0, time.Time{}
			r.Possible = func(_ context.Context, s planner.Situation, sets []planner.Set) error {
				if s.Memory.Step != nil || len(sets) == 0 {
					t.Errorf("seed %d, %s: asked with a step in hand, or of %d lines", seed, c.name, len(sets))
				}
				if s.Memory.Steps == 0 {
					return nil
				}
				if asked++; begun.IsZero() {
					begun = x.w.Now()
				}
				if c.bars > 0 && x.w.Now().Sub(begun) >= c.bars {
					return nil
				}
				return c.err
			}
			report, err := r.Run(t.Context(), x.goal, planner.Memory{})
			if err != nil {
				t.Fatal(err)
			}
			if asked == 0 { // one step was enough
				continue
			}
			met[c.name+" "+string(report.Outcome)]++
			steps, acts := 0, 0
			for _, e := range x.events {
				barred := !e.At.Before(begun) && (c.bars == 0 || e.At.Sub(begun) < c.bars)
				if e.Kind == planner.StepBegan {
					steps++
				}
				if barred && (e.Kind == planner.StepBegan || e.Kind == planner.Intended) {
					acts++
				}
			}
			if acts > 0 || c.bars == 0 && (steps != 1 || report.Memory.Step != nil || !strings.Contains(report.Reason, "jobs.ini")) {
				t.Errorf("seed %d, %s: %s %q: %d steps begun, %d acts while barred, in hand %v", seed, c.name, report.Outcome, report.Reason, steps, acts, report.Memory.Step)
			}
			if report.Outcome != c.want && c.bars == 0 {
				t.Errorf("seed %d, %s: %s %q, want %s", seed, c.name, report.Outcome, report.Reason, c.want)
			}
			if c.bars > 0 && (asked < 3 || asked > 8 && steps < 4 || steps < 2 && report.Outcome == planner.Done) {
				t.Errorf("seed %d, %s: asked %d times, %d steps, %s %q", seed, c.name, asked, steps, report.Outcome, report.Reason)
			}
		}
	}
	t.Log(met)
	if met["for good held"] < 2 || met["for a while done"] < 2 || met["by somebody else "+string(planner.Drifted)] < 2 {
		t.Errorf("too few runs came that far: %v", met)
	}
}
