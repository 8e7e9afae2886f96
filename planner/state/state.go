package state

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// JournalState is what a fleet cannot show, in parts: each is a fold of its own over the journal. It is a value: After
// returns a new one. The zero value knows nothing.
type JournalState struct {
	Seq int64 `json:"seq"` // of the newest event; 0: there is none
	Run
	StepInHand
	Requests
	AbortsInARow
	FailuresInARow
	HoldNow
	SettingsWritten
	TrafficSwitches
	Learned
}

// After returns the state with one more event: each part folds it into itself, and reads of the others what was before.
func (m JournalState) After(e Event) JournalState {
	was := m
	m.Seq = e.Seq
	m.Run = was.Run.after(e, was)
	m.StepInHand = was.StepInHand.after(e, was)
	m.Requests = was.Requests.after(e, was)
	m.AbortsInARow = was.AbortsInARow.after(e, was)
	m.FailuresInARow = was.FailuresInARow.after(e)
	m.HoldNow = was.HoldNow.after(e)
	m.SettingsWritten = was.SettingsWritten.after(e, was)
	m.TrafficSwitches = was.TrafficSwitches.after(e, was)
	m.Learned = was.Learned.after(e)
	return m
}

// Past is a step that ended.
type Past struct {
	Number int       `json:"number"` // what a person calls it by; the first of a journal is 1
	Seq    int64     `json:"seq"`    // Seq of the event at which it began
	At     time.Time `json:"at"`     // when it ended
	Step   Step      `json:"step"`
	// provisional since then, or once more since its peak was not watched, until then, and watched; zero: it is not
	Since time.Time `json:"provisional_since,omitzero"`
	Until time.Time `json:"provisional_until,omitzero"`
	// of one that is provisional: when a run was known to watch it last, and the longest time before that in which none
	// did
	Watched   time.Time     `json:"watched,omitzero"`
	Unwatched time.Duration `json:"unwatched_ns,omitzero"`
	// GivenUp: a person gave the step up (Accepted) before it was done; how far it came is not known.
	GivenUp bool `json:"given_up,omitempty"`
}

// Provisional returns the newest step while it is provisional: its peak is still to come.
func (m JournalState) Provisional() (Past, bool) {
	if n := len(m.Past); m.Step == nil && n > 0 && !m.Past[n-1].Until.IsZero() {
		return m.Past[n-1], true
	}
	return Past{}, false
}

// Refusal is a release that was wrong: in this run the pool is not made smaller than that again.
type Refusal struct {
	Pool  string    `json:"pool"`
	Key   fleet.Key `json:"key"`
	Least int       `json:"least"` // the value of the line, connections, below which the pool may not go

	verdict.Reason // as its field Reason: why the release was wrong
}

// Written is a line that the journal explains.
type Written struct {
	fleet.SettingChange // From: before it was first written; To: as it should be
	// connections, or seconds of a lifetime: the value that an unconfirmed action may have left; else To
	Or     int       `json:"or"`
	Intent time.Time `json:"intent"` // of the newest action
}

// Bound is the state as a run begins that takes back every step which began at event `to` or later; 0: it goes
// forward. A step that a rollback began goes on in the next one; any other goes back first, however often that was
// interrupted.
func (m JournalState) Bound(to int64) JournalState {
	m.RollTo, m.Unwind = to, m.goesBackFirst(to)
	return m
}

// GoesBack reports whether the step in hand is an undo, or is to go back: a line that is gone has nothing to go back
// to, and keeps no other from it.
func (m JournalState) GoesBack() bool {
	return m.Step != nil && (m.Unwind || m.Step.Kind == Backward || m.StepTo > 0)
}

// GivenUp puts the step in hand with those that were taken: nothing goes on with it, and a rollback still knows what
// was there before it. One that a rollback began is of steps that are there already.
func (m JournalState) GivenUp() JournalState {
	if m.Step == nil || m.StepTo > 0 || m.StepNumber == 0 || m.Step.Empty() {
		return m
	}
	step := *m.Step
	if step.Kind == Backward { // it went to where the step had begun
		step.Kind, step.Changes = Forward, slices.Clone(step.Changes)
		for i, x := range step.Changes {
			step.Changes[i] = x.Back()
		}
		if step.Traffic != nil {
			t := step.Traffic.Back()
			step.Traffic = &t
		}
	}
	return m.Stepped(Past{Number: m.StepNumber, Seq: m.StepSeq, At: m.StepAt, Step: step, GivenUp: true})
}

// Explains reports whether the journal leaves a line at that value, and whether it ever wrote the line. While it is not
// known whether an action was done, both ends of it are explained.
func (m JournalState) Explains(x fleet.SettingChange, value int) (explained, known bool) {
	if m.Intent != nil && slices.ContainsFunc(m.Intent.Changes, func(y fleet.SettingChange) bool {
		return y.Same(x) &&
			(value == y.From || value == y.To)
	}) {
		return true, true
	}
	i, found := slices.BinarySearchFunc(m.Written, x, compareWritten)
	if !found {
		return true, false
	}
	return value == m.Written[i].To || value == m.Written[i].Or, true
}
