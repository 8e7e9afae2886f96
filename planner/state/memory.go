package state

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// JournalState is what a fleet cannot show: the step in hand, what was refused, when what began. It is a fold over the
// journal and a value: After returns a new one. The zero value remembers nothing.
type JournalState struct {
	Seq     int64 `json:"seq"`              // of the newest event
	Running bool  `json:"running,omitzero"` // a run began and has not ended: after a crash it still stands there
	// the command that goes on with the newest run, as it was given; empty: it is done, or did not say
	Again string       `json:"again,omitzero"`
	Goal  *sizing.Goal `json:"goal,omitzero"`
	Steps int          `json:"steps,omitzero"` // ended in this run, ways back apart

	Step    *Step     `json:"step,omitzero"`     // in hand; nil: none
	StepAt  time.Time `json:"step_at,omitzero"`  // when it began
	StepSeq int64     `json:"step_seq,omitzero"` // at which event
	StepTo  int64     `json:"step_to,omitzero"`  // RollTo of the rollback that began it; 0: it goes forward
	// of a step that goes forward: the first of a journal is 1; 0: none is in hand
	StepNumber  int       `json:"step_number,omitzero"`
	Numbered    int       `json:"numbered,omitzero"`    // steps that went forward and began, ever
	ReleasedAt  time.Time `json:"released_at,omitzero"` // when its newest release was done; zero: none
	SettledAt   time.Time `json:"settled_at,omitzero"`  // when its newest action was done
	Intent      *Action   `json:"intent,omitzero"`      // was about to be done, and nobody knows whether it was
	Why         string    `json:"why,omitzero"`         // the step goes back, because
	Aborts      int       `json:"aborts,omitzero"`      // forward steps of this run that went back, one after the other
	Aborted     string    `json:"aborted,omitzero"`     // the newest of them did, because
	AbortedAt   time.Time `json:"aborted_at,omitzero"`  // when it was back
	TrimmedAway string    `json:"cut_by,omitzero"`      // nothing was left of a step of this run, because
	Trimmed     string    `json:"cut,omitzero"`         // the rest of the newest step of this run was given up, because
	// a way back of this run did not fit as a whole: what is left of it
	Left string `json:"left,omitzero"`

	Unflushable bool      `json:"unflushable,omitzero"`  // a flush of the step in hand has failed in this run
	Failures    int       `json:"failures,omitzero"`     // of actions, one after the other
	FailedSince time.Time `json:"failed_since,omitzero"` // the first of them
	Failure     Outcome   `json:"failure,omitzero"`      // what a run ends with that cannot get past it
	FailedBy    string    `json:"failed_by,omitzero"`    // the newest one's reason
	FailedAt    time.Time `json:"failed_at,omitzero"`

	HeldAt time.Time `json:"held_at,omitzero"` // since when nothing moves; zero: it is not held
	Hold   string    `json:"hold,omitzero"`    // and why

	// every process, alias and user ever looked at by a run; sorted
	Seen []Seen `json:"seen,omitzero"`
	// of processes that Seen does not have any more, and Past has lines of; sorted
	Places    []Place          `json:"places,omitzero"`
	Servers   []Origin         `json:"servers,omitzero"`   // of every server ever moved, sorted by name
	Refused   []Refusal        `json:"refused,omitzero"`   // in this run, sorted by pool
	Switches  []Switch         `json:"switches,omitzero"`  // every traffic switch, as it should say; sorted by shift
	Baselines []learn.Baseline `json:"baselines,omitzero"` // the loads of shifts as runs took them; sorted by shift
	// what soaks saw of shifts, the newest last; the newest pointsKept of each
	Soaks   []learn.SoakResult `json:"soaks,omitzero"`
	Unmoved *learn.SoakResult  `json:"unmoved,omitzero"` // of the step in hand: nothing moved, as far as was seen
	Leg     bool               `json:"leg,omitzero"`     // Goal is that of a step on the way of a shift, not the run's
	// every line ever written, with the value it should have; sorted
	Written []Written `json:"written,omitzero"`
	// the newest pastKept forward steps that ended and stand; the newest last
	Past   []Past `json:"past,omitzero"`
	Unwind bool   `json:"unwind,omitzero"` // the step in hand goes back first
	// this run takes back every step that began at that event or later; 0: it does not
	RollTo int64 `json:"roll_to,omitzero"`
}

// Past is a step that ended.
type Past struct {
	Number int       `json:"number"` // what a person calls it by; the first of a journal is 1
	Seq    int64     `json:"seq"`    // of the event at which it began
	At     time.Time `json:"at"`
	Step   Step      `json:"step"`
	// GivenUp: a person gave the step up (Accepted) before it was done; how far it came is not known.
	GivenUp bool `json:"given_up,omitempty"`
}

// Refusal is a release that was wrong: in this run the pool is not made smaller than that again.
type Refusal struct {
	Pool   string    `json:"pool"`
	Key    fleet.Key `json:"key"`
	Least  int       `json:"least"`
	Reason string    `json:"reason"`
}

// Written is a line that the journal explains.
type Written struct {
	fleet.SettingChange // From: before it was first written; To: as it should be
	// what an action of which nobody knows whether it was done may have left; else To
	Or     int       `json:"or"`
	Intent time.Time `json:"intent"` // of the newest action
}

// After returns the memory with one more event.
func (m JournalState) After(e Event) JournalState {
	m.Seq, m.Seen = e.Seq, m.seenToo(e.Seen)
	switch e.Kind {
	case RunBegan:
		m.Running, m.Again, m.Goal, m.Steps, m.Refused = true, e.Next, e.Goal, 0, nil
		// then its traffic is on the way, and the goal is not that of where it comes to
		m.Leg = e.To == 0 && m.Step != nil && m.Step.Traffic != nil
		m.Switches, m.Soaks = m.turnedToo(e.Switches), m.learnt(e.Soaks...)
		m.Baselines = m.based(e.Baselines)
		m.HeldAt, m.Hold, m.Failures = time.Time{}, "", 0
		m.Aborts, m.Aborted, m.AbortedAt = 0, "", time.Time{}
		m.Servers, m.TrimmedAway, m.Trimmed, m.Left = m.origins(e.Servers, e.To > 0), "", "", ""
		if m.Step != nil { // nobody has watched since; what was begun is timed anew, and what failed is tried again
			m.SettledAt, m.Unflushable = e.At, false
			if !m.ReleasedAt.IsZero() {
				m.ReleasedAt = e.At
			}
		}
		m, _ = m.placed(placesIn(e.Seen))
		m = m.Bound(e.To)
	case StepBegan, StepAbort:
		if e.Kind == StepAbort && m.Intent != nil { // a turn of unknown fate is taken as made: it is turned back
			m.Switches = m.turned(m.Intent.Traffic, e.At, true)
		}
		if e.Kind == StepBegan {
			m.StepTo = m.RollTo
		}
		if e.Kind == StepBegan && m.RollTo == 0 {
			m.Numbered++
			m.StepNumber = m.Numbered
		}
		m.Step, m.StepAt, m.StepSeq = e.Step, e.At, e.Seq
		m.ReleasedAt, m.SettledAt, m.Intent, m.Failures = time.Time{}, e.At, nil, 0
		m.Why, m.Unwind, m.Unflushable, m.Unmoved = e.Reason, false, false, nil
		if e.Soak != nil {
			m.Soaks = m.learnt(*e.Soak)
		}
		if e.Kind == StepBegan {
			m.Why, m.Trimmed = "", ""
		}
		if e.Goal != nil {
			m.Goal, m.Leg = e.Goal, true
		}
	case Intended:
		m.Intent = e.Action
		m.Written = m.written(e.Action.Changes, e.At, false)
		m.Switches = m.turned(e.Action.Traffic, e.At, false)
	case Acted:
		m.Intent, m.Failures = nil, 0
		if e.Action.Kind != Flush && e.Action.Kind != Restore {
			m.SettledAt = e.At
		}
		if e.Action.Kind == Release || e.Action.Kind == Retreat {
			m.ReleasedAt = e.At
		}
		m.Written = m.written(e.Action.Changes, e.At, true)
		m.Switches = m.turned(e.Action.Traffic, e.At, true)
		switch e.Action.Kind {
		case Grant:
			m = m.cameNearer(e.Action.Changes)
		case Undo:
			m = m.undone(*e.Action)
		case Restore:
			m = m.restored(e.Action.Changes)
		}
	case Failed:
		if e.Action.Kind == Flush { // it was worth a try: what it may have left is given back, and the drain waited for
			m.Unflushable = true
			return m
		}
		if m.Failures++; m.Failures == 1 {
			m.FailedSince = e.At
		}
		m.Failure, m.FailedBy, m.FailedAt = e.Outcome, e.Reason, e.At
	case Relocked:
		if m.Failure == LockLost { // what is in hand goes on
			m.Failures = 0
		}
	case Replanned:
		m.Goal, m.Leg = e.Goal, false
	case HoldBegan:
		m.HeldAt, m.Hold = e.At, e.Reason
		if e.Soak != nil {
			m.Unmoved = e.Soak
		}
	case HoldEnded:
		m.HeldAt, m.Hold = time.Time{}, ""
	case StepTrimmed:
		m.Trimmed = e.Reason
		goesBack := Back(m.Step)
		if goesBack {
			m = m.leftBehind(e.Step, e.Reason)
		}
		if m = m.cut(e.Step, e.At); e.Step.Empty() && !goesBack {
			m.TrimmedAway = e.Reason
		}
	case StepEnded:
		m.Unmoved = nil
		if m = m.ended(e.At); e.Soak != nil {
			m.Soaks = m.learnt(*e.Soak)
		}
	case RunEnded:
		if m.RollTo > 0 && e.Outcome == Done {
			m.Past = slices.DeleteFunc(slices.Clone(m.Past), func(p Past) bool { return p.Seq >= m.RollTo })
			m.RollTo = 0
		}
		if m = m.withoutBack(true); e.Outcome == Done {
			m.Again = ""
		}
		if e.Soak != nil {
			m.Unmoved = e.Soak
		}
		m.Running, m.HeldAt, m.Hold = false, time.Time{}, ""
	case Accepted:
		m, m.Places = m.GivenUp(), m.left()
		m.Step, m.Again = nil, ""
		m = m.withoutBack(false)
		m.Written = slices.DeleteFunc(slices.Clone(m.Written), func(w Written) bool { return w.Key != fleet.KeyLifetime })
		m.Intent, m.Servers, m.Seen, m.Unmoved = nil, nil, nil, nil
		m.StepTo, m.StepNumber, m.RollTo, m.Unwind = 0, 0, 0, false
		m.Switches = slices.Clone(m.Switches)
		for i := range m.Switches {
			m.Switches[i].Any = true
		}
	}
	return m
}

// Bound is the memory as a run begins that takes back every step which began at event `to` or later; 0: it goes
// forward. A step that a rollback began goes on in the next one; any other goes back first, however often that was
// interrupted.
func (m JournalState) Bound(to int64) JournalState {
	m.RollTo, m.Unwind = to, to > 0 && m.Step != nil && m.Step.Kind != Backward && m.StepTo == 0
	return m
}

// GoesBack reports whether the step in hand is a way back, or is to go back: a line that is gone has nothing to go back
// to, and keeps no other from it.
func (m JournalState) GoesBack() bool {
	return m.Step != nil && (m.Unwind || m.Step.Kind == Backward || m.StepTo > 0)
}

// written notes the values that lines should have now; where it is not known whether the action was done, both.
func (m JournalState) written(sets []fleet.SettingChange, at time.Time, done bool) []Written {
	out := slices.Clone(m.Written)
	for _, x := range sets {
		i, found := slices.BinarySearchFunc(out, x, compareWritten)
		if !found {
			out = slices.Insert(out, i, Written{SettingChange: fleet.SettingChange{Process: x.Process, Alias: x.Alias,
				Key: x.Key, From: x.From, To: x.From}})
		}
		if out[i].Or, out[i].Intent = x.To, at; done {
			out[i].To = x.To
		}
	}
	return out
}

func compareWritten(w Written, x fleet.SettingChange) int {
	return fleet.CompareChanges(w.SettingChange, x)
}

// refused remembers not to make a pool smaller than that in this run.
func (m JournalState) refused(pool string, key fleet.Key, least int, why string) JournalState {
	m.Refused = slices.Clone(m.Refused)
	i := slices.IndexFunc(m.Refused, func(r Refusal) bool { return r.Pool == pool && r.Key == key })
	if i < 0 {
		i = len(m.Refused)
		m.Refused = append(m.Refused, Refusal{Pool: pool, Key: key})
	}
	m.Refused[i].Least, m.Refused[i].Reason = max(m.Refused[i].Least, least), why
	return m
}

// ended closes the step in hand.
func (m JournalState) ended(at time.Time) JournalState {
	if m.Step != nil && m.Step.Kind != Backward && !m.Step.Empty() && m.StepTo == 0 {
		m = m.Stepped(Past{Number: m.StepNumber, Seq: m.StepSeq, At: m.StepAt, Step: *m.Step})
	}
	if m.Step != nil && m.Step.Kind != Backward && !m.Step.Empty() {
		m.Steps++
		m.Aborts, m.Aborted = 0, ""
	}
	if m.Step != nil && m.Step.Kind == Backward && m.Why != "" {
		m.Aborts++
		m.Aborted, m.AbortedAt = m.Why, at
	}
	m.Step, m.Intent, m.Why, m.StepTo, m.StepNumber = nil, nil, "", 0, 0
	return m
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
