package state

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// undone takes the pool's releases out of the step, and remembers not to try them again.
func (m JournalState) undone(act Action) JournalState {
	step := *m.Step
	step.Changes = slices.DeleteFunc(slices.Clone(step.Changes),
		func(x fleet.SettingChange) bool { return x.Pool() == act.Pool && x.To < x.From })
	m.Step = &step
	for _, x := range act.Changes {
		m = m.refused(act.Pool, x.Key, x.To, act.Reason)
	}
	return m
}

// cut keeps of the step what was achieved; the other lines are where they were.
func (m JournalState) cut(achieved *Step, at time.Time) JournalState {
	var given []fleet.SettingChange
	for _, x := range m.Step.Changes {
		if !Back(m.Step) && !slices.ContainsFunc(achieved.Changes, x.Same) {
			given = append(given, fleet.SettingChange{Process: x.Process, Alias: x.Alias, Key: x.Key, From: x.From, To: x.From})
		}
	}
	m.Written = m.written(slices.DeleteFunc(given, func(x fleet.SettingChange) bool {
		_,
			known := m.Explains(x, x.From)
		return !known
	}), at, true)
	m.Written = m.written(achieved.Changes, at, true)
	m.Step, m.Intent, m.SettledAt = achieved, nil, at
	return m
}

// cameNearer lets lines of a way back that went back in part begin from where they are.
func (m JournalState) cameNearer(sets []fleet.SettingChange) JournalState {
	if !Back(m.Step) {
		return m
	}
	step := *m.Step
	step.Changes = slices.Clone(step.Changes)
	for i, x := range step.Changes {
		for _, y := range sets {
			if y.Same(x) && y.To != x.To {
				step.Changes[i].From = y.To
			}
		}
	}
	m.Step = &step
	return m
}

// leftBehind puts what of a way back is given up with the steps that were taken, so that a rollback may give it back
// once there is room, and remembers not to make those pools smaller still.
func (m JournalState) leftBehind(achieved *Step, why string) JournalState {
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
		m = m.refused(x.Pool(), x.Key, at, why)
	}
	if len(left.Changes) == 0 {
		return m
	}
	var parts []string
	for _, x := range left.Moves() {
		parts = append(parts, fmt.Sprintf("%s %s/%s is at %d of %d", x.Key, x.Process, x.Alias, x.To, x.From))
	}
	m.Left = strings.Join(parts, ", ") + ": " + why
	if m.StepTo > 0 || m.StepNumber == 0 {
		return m
	}
	return m.Stepped(Past{Number: m.StepNumber, Seq: m.StepSeq, At: m.StepAt, Step: left})
}
