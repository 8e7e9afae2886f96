package state

import (
	"slices"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// GoingBack reports whether a rollback is under way: it was begun and has not come to its end, so that nothing else may
// begin. One whose rest did not fit has ended: only what goes forward can make room for it.
func (m JournalState) GoingBack() bool {
	return m.RollTo > 0 && !m.Left.Any() || m.Step != nil && m.StepTo > 0
}

// withoutBack lets go of the steps that a rollback has taken back as a whole, though it has not come to its end: they
// are among those taken no more. What the step in hand still moves is not back yet. named: the oldest stays, by whose
// number the rollback is called.
func (m JournalState) withoutBack(named bool) JournalState {
	if m.RollTo == 0 {
		return m
	}
	var stands []Past // the newest first
	for _, p := range slices.Backward(m.Past) {
		later := func(q Past) bool { return q.Seq >= m.RollTo && meet(q.Step, p.Step) } // where it has to be back first
		oldest := named && p.Number == m.NumberOf(m.RollTo)
		if p.Seq < m.RollTo || oldest || !m.isBack(p.Step) || slices.ContainsFunc(stands, later) {
			stands = append(stands, p)
		}
	}
	slices.Reverse(stands)
	m.Past = stands
	return m
}

// meet reports whether two steps move a line, or traffic, that is the same.
func meet(a, b Step) bool {
	traffic := a.Traffic != nil && b.Traffic != nil && a.Traffic.Shift == b.Traffic.Shift
	return traffic || slices.ContainsFunc(a.Changes, func(x fleet.SettingChange) bool {
		return slices.ContainsFunc(b.Changes,
			x.Same)
	})
}

// isBack reports whether all that a step moved is known to be where it was before it, or beyond that.
func (m JournalState) isBack(s Step) bool {
	for _, x := range s.Changes {
		w, ok := m.Line(x)
		if !ok || w.Or != w.To || m.moves(x) || (w.To-x.From)*(x.To-x.From) > 0 {
			return false
		}
	}
	if s.Traffic == nil {
		return true
	}
	sw, ok := m.Switch(s.Traffic.Shift)
	shifting := m.Step != nil && m.Step.Traffic != nil && m.Step.Traffic.Shift == s.Traffic.Shift
	return ok && !shifting && (sw.X-s.Traffic.From)*(s.Traffic.To-s.Traffic.From) <= 0
}

// moves reports whether the step in hand moves the line of a change.
func (m JournalState) moves(x fleet.SettingChange) bool {
	return m.Step != nil && slices.ContainsFunc(m.Step.Changes, x.Same)
}

// Numbers are those of the steps that can be taken back, the oldest first.
func (m JournalState) Numbers() []int {
	var out []int
	for _, p := range m.Past {
		out = append(out, p.Number)
	}
	if m.Step != nil && m.StepNumber > 0 {
		out = append(out, m.StepNumber)
	}
	return out
}

// SeqOf is the event at which a step began that can be taken back; 0: there is no such step.
func (m JournalState) SeqOf(number int) int64 {
	if m.Step != nil && m.StepNumber > 0 && m.StepNumber == number {
		return m.StepSeq
	}
	for _, p := range m.Past {
		if p.Number == number {
			return p.Seq
		}
	}
	return 0
}

// NumberOf is the number of the first step that can be taken back and began at that event or later; 0: there is none.
func (m JournalState) NumberOf(seq int64) int {
	for _, p := range m.Past {
		if p.Seq >= seq {
			return p.Number
		}
	}
	if m.Step != nil {
		return m.StepNumber
	}
	return 0
}
