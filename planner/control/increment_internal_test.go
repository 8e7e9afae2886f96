package control

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
)

func TestTrafficGoesBackBeforeAnySizeDoes(t *testing.T) {
	for name, cause := range map[string]func(*TwoPools){
		"saturation": func(s *TwoPools) {
			cpu := Threshold{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}
			for range 2 {
				s.Now = s.Now.Add(time.Millisecond)
				s.Guard = s.Guard.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.97, At: s.Now}}, []Threshold{cpu},
					[]string{"pg"}, time.Minute, s.Now)
			}
		},
		"a client that waits": func(s *TwoPools) {
			s.Now = s.Now.Add(fills)
			s.Observe(s.Size("a"), 9, s.Size("b"), s.Size("b"), func(o *fleet.Observation) {
				o.Processes[1].Aliases[0].Pools[0].MaxWait, o.Processes[1].Aliases[0].Pools[0].ClientsWaiting = 2*time.Second, 3
			})
		},
	} {
		s := Shifting()
		s.Until(t, state.ShiftTraffic)
		s.Readings[0].X = 50
		s.ObserveWritten()
		s.Do(t, state.Wait)
		cause(s)
		abort := s.Do(t, state.AbortStep)
		if abort.Step.Traffic == nil || *abort.Step.Traffic != (shift.TrafficChange{Shift: "a/db:b/db", From: 50, To: 0}) ||
			len(abort.Step.Changes) == 0 || abort.Soak == nil || abort.Soak.Back != (name != "saturation") {
			t.Fatalf("%s: %+v", name, abort)
		}
		s.ObserveWritten()
		// at the next sample, with the signal as it is
		if increment := s.Do(t, state.ShiftTraffic); increment.Traffic.To != 0 {
			t.Fatalf("%s: %+v", name, increment)
		}
		s.Readings[0].X = 0
		s.Guard = SaturationGuard{}
		s.Until(t, state.CompleteStep)
		if s.Size("a") != 20 || s.Size("b") != 10 {
			t.Errorf("%s: back at %d and %d", name, s.Size("a"), s.Size("b"))
		}
		s.ObserveWritten()
		s.Policy.Aborts = 1
		if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Aborted {
			t.Errorf("%s: %+v", name, a)
		}
		s.Journal.Aborts = 0 // the next run is half as bold
		if most := s.Journal.MostIncrement("a/db:b/db", s.Policy); most != 25 {
			t.Errorf("%s: %d points at most", name, most)
		}
		if f := learn.Learn(load.Range{Lower: 0.3, Target: 0.4, Upper: 0.5},
			s.Journal.Soaks).Fraction; name != "saturation" &&
			f.Upper != 1 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestAnUnseenIncrementThatFailsIsNotTriedWithoutEnd: it waits between two tries.
func TestAnUnseenIncrementThatFailsIsNotTriedWithoutEnd(t *testing.T) {
	s := Shifting()
	s.Until(t, state.ShiftTraffic)
	back := &state.Step{Kind: state.Backward, Traffic: &shift.TrafficChange{Shift: "a/db:b/db", From: 50, To: 0}}
	s.Journal = s.Journal.After(state.Event{Kind: state.StepAbort, Step: back, At: s.Now})
	s.Readings[0].X, s.Shifts[0].At = 50, 50
	blind := func() (state.Action, bool) {
		return Unseen(State{Samples: Samples{Now: s.Now, Fleet: s.Fleet}, Journal: s.Journal, Policy: s.Policy,
			TrafficNow: TrafficNow{Shifts: s.Shifts, Readings: s.Readings}})
	}
	increment, due := blind()
	if !due {
		t.Fatal("the switch is not set")
	}
	s.Journal = s.Journal.After(state.Event{Kind: state.Intended, Action: &increment, At: s.Now})
	s.Journal = s.Journal.After(state.Event{Kind: state.Failed, Action: &increment, At: s.Now, Outcome: state.Blind})
	if _, due := blind(); due {
		t.Error("it is tried again at once")
	}
	s.Now = s.Now.Add(retryAfter)
	if _, due := blind(); !due {
		t.Error("it is not tried again")
	}
	s.Policy.HoldFor = 0 // of one step
	if a := s.Next(); a.Kind == state.Stop {
		t.Errorf("%+v", a)
	}
}
