package sim

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAStepThatCannotBeDoneIsNotBegun bars every step after the first: the run holds with nothing in hand and nothing
// moved, goes on once what barred it is gone, and ends where somebody else has changed something.
func TestAStepThatCannotBeDoneIsNotBegun(t *testing.T) {
	managed := errors.New("jobs.ini is managed")
	drift := &operr.Error{Kind: operr.KindDrift, Err: errors.New("jobs.ini: somebody's edit waits for a RELOAD")}
	met := map[string]int{}
	for seed := range fleets(12, 4, 100) {
		for _, c := range []struct {
			name string
			err  error
			bars time.Duration // from the first time that a later step is asked about; 0: for good
			want state.Outcome
		}{
			{"for good", managed, 0, state.Held},
			{"for a while", managed, 25 * time.Second, state.Done},
			{"by somebody else", drift, 0, state.Drifted},
		} {
			x := newRigWith(t, 7000+seed, func(spec *Spec) { spec.Faults = nil })
			if x == nil {
				continue
			}
			r, asked, begun := x.rebalancer(), 0, time.Time{}
			r.Possible = func(_ context.Context, s control.State, step state.Step) error {
				if s.Journal.Step != nil || step.Empty() {
					t.Errorf("seed %d, %s: asked with a step in hand, or of %d lines", seed, c.name, len(step.Changes))
				}
				if s.Journal.Steps == 0 {
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
			report, err := r.Run(t.Context(), x.goal, state.JournalState{})
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
				if e.Kind == state.StepBegan {
					steps++
				}
				if barred && (e.Kind == state.StepBegan || e.Kind == state.Intended) {
					acts++
				}
			}
			if acts > 0 || c.bars == 0 && (steps != 1 || report.State.Step != nil || !strings.Contains(report.Reason.Text(),
				"jobs.ini")) {
				t.Errorf("seed %d, %s: %s %q: %d steps begun, %d acts while barred, in hand %v", seed, c.name, report.Outcome,
					report.Reason.Text(), steps, acts, report.State.Step)
			}
			if report.Outcome != c.want && c.bars == 0 {
				t.Errorf("seed %d, %s: %s %q, want %s", seed, c.name, report.Outcome, report.Reason.Text(), c.want)
			}
			if c.bars > 0 && (asked < 3 || asked > 8 && steps < 4 || steps < 2 && report.Outcome == state.Done) {
				t.Errorf("seed %d, %s: asked %d times, %d steps, %s %q", seed, c.name, asked, steps, report.Outcome,
					report.Reason.Text())
			}
		}
	}
	t.Log(met)
	if met["for good held"] < 2 || met["for a while done"] < 2 || met["by somebody else "+string(state.Drifted)] < 2 {
		t.Errorf("too few runs came that far: %v", met)
	}
}

// TestNothingIsGrantedOnAFileThatWasPutBack: the files that the journal has changed are asked about before each grant,
// each end of a step and the end of the run, and none of them comes once somebody has changed one.
func TestNothingIsGrantedOnAFileThatWasPutBack(t *testing.T) {
	drift := &operr.Error{Kind: operr.KindDrift, Err: errors.New("main.ini: somebody's edit waits for a RELOAD")}
	met := map[state.EventKind]int{}
	for seed := range fleets(12, 4, 100) {
		for wrong := 1; wrong <= 3; wrong++ {
			x := newRigWith(t, 7000+seed, func(spec *Spec) { spec.Faults = nil })
			if x == nil {
				continue
			}
			r, asked, events := x.rebalancer(), 0, 0
			r.Kept = func(_ context.Context, processes []string) error {
				if len(processes) == 0 && len(x.events) > 1 {
					t.Errorf("seed %d: asked about no process after %d events", seed, len(x.events))
				}
				if asked++; asked < wrong {
					return nil
				}
				events = len(x.events)
				return drift
			}
			report, err := r.Run(t.Context(), x.goal, state.JournalState{})
			if err != nil {
				t.Fatal(err)
			}
			if asked < wrong {
				continue
			}
			if report.Outcome != state.Drifted || !strings.Contains(report.Reason.Text(), "main.ini") {
				t.Errorf("seed %d, %d: %s %q", seed, wrong, report.Outcome, report.Reason.Text())
			}
			for _, e := range x.events[events:] {
				if e.Kind == state.Intended && e.Action.Kind == state.Grant || e.Kind == state.StepEnded ||
					e.Kind == state.StepBegan {
					t.Errorf("seed %d, %d: %s after the file was put back", seed, wrong, e.Kind)
				}
			}
			if report.State.Step != nil {
				met[state.StepBegan]++
			} else {
				met[state.RunEnded]++
			}
		}
	}
	if met[state.StepBegan] < 4 {
		t.Errorf("too few runs had a step in hand: %v", met)
	}
}
