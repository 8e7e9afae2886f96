package state_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

var foldBegan = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// folded is the state after events, one a second.
func folded(t *testing.T, m state.JournalState, events ...state.Event) state.JournalState {
	t.Helper()
	for _, e := range events {
		e.Seq, e.At = m.Seq+1, foldBegan.Add(time.Duration(m.Seq+1)*time.Second)
		if err := m.Refuses(e); err != nil {
			t.Fatal(err)
		}
		m = m.After(e)
	}
	return m
}

func lineTo(from, to int) fleet.SettingChange {
	return fleet.SettingChange{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: from, To: to}
}

// busy is a state in which every part has something: a step whose release is done and whose next action has failed.
func busy(t *testing.T) state.JournalState {
	t.Helper()
	step := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{lineTo(9, 5)}}
	release := state.ReleaseOf(step.Changes, verdict.Reason{})
	flush := state.FlushOf(fleet.SettingChange{Process: "a/1", Alias: "db", Key: fleet.KeyLifetime, From: 3600, To: 1},
		verdict.Noted("turnover"))
	why := verdict.Noted("why")
	return folded(t, state.JournalState{},
		state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}, Next: "pgbudget run"},
		state.Event{Kind: state.StepBegan, Step: &step},
		state.Event{Kind: state.Intended, Action: &release}, state.Event{Kind: state.Acted, Action: &release},
		state.Event{Kind: state.Intended, Action: &flush},
		state.Event{Kind: state.Failed, Action: &flush, Outcome: state.Held, Reason: why},
		state.Event{Kind: state.Failed, Action: &release, Outcome: state.Blind, Reason: why},
		state.Event{Kind: state.HoldBegan, Reason: why, Soak: &learn.SoakResult{Shift: "s"}})
}

func TestAStepThatEndsLeavesNothingInHand(t *testing.T) {
	m := folded(t, busy(t), state.Event{Kind: state.StepEnded})
	// the times, and what was tried, are of the step before: the next one begins with its own
	want := state.StepInHand{StepAt: m.StepAt, StepSeq: m.StepSeq, ReleasedAt: m.ReleasedAt, SettledAt: m.SettledAt,
		Unflushable: true}
	if diff := cmp.Diff(want, m.StepInHand); diff != "" {
		t.Errorf("in hand after its end (-want +got):\n%s", diff)
	}
	if m.Steps != 1 || len(m.Past) != 1 || m.Past[0].Number != 1 || m.Past[0].Step.Changes[0] != lineTo(9, 5) {
		t.Errorf("%d steps of the run, and %+v are past", m.Steps, m.Past)
	}
}

func TestAStepBeginsWithNothingOfTheOneBefore(t *testing.T) {
	next := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{lineTo(5, 4)}}
	m := folded(t, busy(t), state.Event{Kind: state.StepEnded}, state.Event{Kind: state.StepBegan, Step: &next})
	want := state.StepInHand{Step: &next, StepAt: foldBegan.Add(10 * time.Second), StepSeq: 10, StepNumber: 2,
		SettledAt: foldBegan.Add(10 * time.Second)}
	if diff := cmp.Diff(want, m.StepInHand); diff != "" {
		t.Errorf("in hand (-want +got):\n%s", diff)
	}
	if m.Numbered != 2 || m.Failures != 0 {
		t.Errorf("numbered %d, %d failures in a row", m.Numbered, m.Failures)
	}
}

func TestAnUndoKnowsItsReasonAndCountsAsAnAbort(t *testing.T) {
	back := state.Step{Kind: state.Backward, Changes: []fleet.SettingChange{lineTo(5, 9)}}
	m := folded(t, busy(t), state.Event{Kind: state.StepAbort, Step: &back, Reason: verdict.Noted("cpu")})
	if m.Why.Text() != "cpu" || m.Step.Kind != state.Backward || m.Unflushable || m.Unmoved != nil {
		t.Errorf("going back: %+v", m.StepInHand)
	}
	m = folded(t, m, state.Event{Kind: state.StepEnded})
	want := state.AbortsInARow{Aborts: 1, Aborted: verdict.Noted("cpu"), AbortedAt: foldBegan.Add(10 * time.Second)}
	if m.Why.Any() {
		t.Errorf("nothing goes back any more, and yet because of %q", m.Why.Text())
	}
	if diff := cmp.Diff(want, m.AbortsInARow); diff != "" || m.Steps != 0 || len(m.Past) != 0 {
		t.Errorf("%d steps, %d past, aborts (-want +got):\n%s", m.Steps, len(m.Past), diff)
	}
}

func TestFailuresInARowBeginWithTheFirst(t *testing.T) {
	m := busy(t) // a flush that failed is none of them
	want := state.FailuresInARow{Failures: 1, FailedSince: foldBegan.Add(7 * time.Second), Failure: state.Blind,
		FailedBy: verdict.Noted("why"), FailedAt: foldBegan.Add(7 * time.Second)}
	if diff := cmp.Diff(want, m.FailuresInARow); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	action := state.ReleaseOf([]fleet.SettingChange{lineTo(9, 5)}, verdict.Reason{})
	m = folded(t, m, state.Event{Kind: state.Failed, Action: &action, Outcome: state.Held, Reason: verdict.Noted("disk")})
	if m.Failures != 2 || !m.FailedSince.Equal(foldBegan.Add(7*time.Second)) || m.FailedBy.Text() != "disk" {
		t.Errorf("%+v", m.FailuresInARow)
	}
	if m = folded(t, m, state.Event{Kind: state.Acted, Action: &action}); m.Failures != 0 {
		t.Errorf("%d failures after an action that was done", m.Failures)
	}
}

func TestARunBeginsWithNothingOfTheOneBefore(t *testing.T) {
	m := busy(t)
	goal := &sizing.Goal{Pools: []sizing.GoalPool{{Pool: "a/db"}}}
	next := folded(t, m, state.Event{Kind: state.RunBegan, Goal: goal, Next: "pgbudget step"})
	if diff := cmp.Diff(state.Run{Running: true, Again: "pgbudget step", Goal: goal}, next.Run,
		cmp.Comparer(func(a, b fleet.Float) bool { return a == b || !a.Known() && !b.Known() })); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
	if next.Hold.Any() || !next.HeldAt.IsZero() || next.Failures != 0 {
		t.Errorf("%+v %+v", next.HoldNow, next.FailuresInARow)
	}
	began := foldBegan.Add(9 * time.Second) // what is in hand is timed anew
	if !next.SettledAt.Equal(began) || !next.ReleasedAt.Equal(began) || next.Unflushable || next.Unwind {
		t.Errorf("%+v", next.StepInHand)
	}
	if back := folded(t, m, state.Event{Kind: state.RunBegan, Goal: goal, To: 1}); !back.Unwind || back.RollTo != 1 {
		t.Errorf("a rollback: %+v", back.StepInHand)
	}
}

func TestWhatAPersonAcceptsEndsEverythingUnderWay(t *testing.T) {
	m := folded(t, busy(t), state.Event{Kind: state.Accepted})
	if m.Step != nil || m.Intent != nil || m.StepNumber != 0 || m.StepTo != 0 || m.Unmoved != nil || m.Again != "" {
		t.Errorf("%+v", m.StepInHand)
	}
	back := folded(t, busy(t), state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}, To: 1},
		state.Event{Kind: state.Accepted})
	if back.RollTo != 0 || back.Unwind {
		t.Errorf("a rollback goes on to %d, unwinding %v", back.RollTo, back.Unwind)
	}
	if len(m.Past) != 1 || !m.Past[0].GivenUp || len(m.Seen) != 0 || len(m.Servers) != 0 {
		t.Errorf("%+v", m.SettingsWritten)
	}
	if len(m.Written) != 1 || m.Written[0].Key != fleet.KeyLifetime { // a flush is still given back
		t.Errorf("%+v", m.Written)
	}
}

func TestAJournalKeepsEveryReasonWithItsSentence(t *testing.T) {
	full := learn.Excluded(verdict.Of(verdict.PoolFull, "a/db"))
	action := state.ReleaseOf(nil, verdict.Noted("act"))
	e := state.Event{Action: &action, Reason: verdict.Noted("why"), Soak: &learn.SoakResult{Excluded: full},
		Soaks: []learn.SoakResult{{Excluded: full}}}
	got := e.Spoken()
	want := full.Text()
	if got.Reason.Said != "why" || got.Action.Said != "act" || got.Soak.Excluded.Said != want ||
		got.Soaks[0].Excluded.Said != want {
		t.Errorf("%+v %+v %+v %+v", got.Reason, got.Action, got.Soak, got.Soaks)
	}
	if action.Said != "" || e.Soak.Excluded.Said != "" || e.Soaks[0].Excluded.Said != "" {
		t.Error("what the event points to has changed")
	}
}

func TestAForwardStepEndsTheAbortsInARow(t *testing.T) {
	back := state.Step{Kind: state.Backward, Changes: []fleet.SettingChange{lineTo(5, 9)}}
	next := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{lineTo(9, 8)}}
	m := folded(t, busy(t), state.Event{Kind: state.StepAbort, Step: &back, Reason: verdict.Noted("cpu")},
		state.Event{Kind: state.StepEnded}, state.Event{Kind: state.StepBegan, Step: &next},
		state.Event{Kind: state.StepEnded})
	if m.Aborts != 0 || m.Aborted.Any() || m.Steps != 1 {
		t.Errorf("%+v after %d steps", m.AbortsInARow, m.Steps)
	}
}
