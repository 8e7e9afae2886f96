package control_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAnUndoIsNotTakenBackUnseen: a rollback's own traffic change stays, whatever signals say.
func TestAnUndoIsNotTakenBackUnseen(t *testing.T) {
	s := plannertest.Shifting()
	s.Until(t, state.ShiftTraffic)
	s.Readings[0].X, s.Shifts[0].At = 50, 50
	s.Journal.RollTo = 1
	s.Saturated()
	if a, due := control.Unseen(control.State{Samples: control.Samples{Now: s.Now.Add(time.Second), Fleet: s.Fleet,
		Guard: s.Guard}, Journal: s.Journal, Policy: s.Policy, TrafficNow: control.TrafficNow{Shifts: s.Shifts,
		Readings: s.Readings}}); due {
		t.Errorf("%+v", a)
	}
}

// TestAnIncrementByHandIsNoDriftWhereNothingIsSeen: the sizes for it stand as far as the journal knows.
func TestAnIncrementByHandIsNoDriftWhereNothingIsSeen(t *testing.T) {
	s := plannertest.Shifting()
	s.Shifts[0].ByHand, s.Policy.SwitchFor = true, time.Minute
	s.Until(t, state.Grant)
	s.Readings[0].X, s.Shifts[0].At = 50, 50
	s.Saturated()
	if a, due := control.Unseen(control.State{Samples: control.Samples{Now: s.Now, Fleet: s.Fleet, Guard: s.Guard},
		Journal: s.Journal, Policy: s.Policy, TrafficNow: control.TrafficNow{Shifts: s.Shifts,
			Readings: s.Readings}}); !due ||
		a.Kind != state.AbortStep ||
		a.Step.Traffic == nil {
		t.Errorf("%v %+v", due, a)
	}
}
