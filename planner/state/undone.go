package state

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// cut is the lines that the journal explains once a step keeps what was achieved: the others are where they were.
func (m JournalState) cut(achieved *Step, at time.Time) []Written {
	var given []fleet.SettingChange
	for _, x := range m.Step.Changes {
		if !Back(m.Step) && !slices.ContainsFunc(achieved.Changes, x.Same) {
			given = append(given, fleet.SettingChange{Process: x.Process, Alias: x.Alias, Key: x.Key, From: x.From, To: x.From})
		}
	}
	m.Written = m.written(slices.DeleteFunc(given, func(x fleet.SettingChange) bool {
		_, known := m.Explains(x, x.From)
		return !known
	}), at, true)
	return m.written(achieved.Changes, at, true)
}

// leftBehind is what of a way back is given up, as a step that goes forward from where its lines should have come to.
func (m JournalState) leftBehind(achieved *Step) Step {
	left := Step{Kind: Forward}
	for _, x := range m.Step.Changes {
		if slices.ContainsFunc(achieved.Changes, x.Same) {
			continue
		}
		at := x.From
		if w, ok := m.Line(x); ok {
			at = w.To
		}
		left.Changes = append(left.Changes, fleet.SettingChange{Process: x.Process, Alias: x.Alias, Key: x.Key, From: x.To,
			To: at})
	}
	return left
}

// setAside puts what of a way back is given up with the steps that were taken, so that a rollback may give it back once
// there is room.
func (m JournalState) setAside(left Step) JournalState {
	if len(left.Changes) == 0 || m.StepTo > 0 || m.StepNumber == 0 {
		return m
	}
	return m.Stepped(Past{Number: m.StepNumber, Seq: m.StepSeq, At: m.StepAt, Step: left})
}
