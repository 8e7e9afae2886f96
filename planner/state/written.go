package state

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// FlushLifetime is server_lifetime while a line is flushed, in seconds; the least that PgBouncer takes for a line.
const FlushLifetime = 1

// Flushed lists what gives lines their lifetime back that the journal knows to be flushed, or does not know not to be.
func (m JournalState) Flushed() []fleet.SettingChange {
	var out []fleet.SettingChange
	for _, w := range m.Written {
		if w.Key == fleet.KeyLifetime {
			out = append(out, fleet.SettingChange{Process: w.Process, Alias: w.Alias, Key: fleet.KeyLifetime,
				From: FlushLifetime, To: w.From})
		}
	}
	return out
}

// restored forgets lifetimes that are as they were.
func (m JournalState) restored(sets []fleet.SettingChange) JournalState {
	m.Written = slices.DeleteFunc(slices.Clone(m.Written), func(w Written) bool {
		return w.Key == fleet.KeyLifetime && slices.ContainsFunc(sets, w.Same)
	})
	return m
}

// RetreatFor is how long a run that sees nothing goes on because a step's lines are still to go back; 0: none is.
func (m JournalState) RetreatFor() time.Duration {
	if !Back(m.Step) || !slices.ContainsFunc(m.Step.Changes, func(x fleet.SettingChange) bool {
		return m.LineUnsettled(x,
			x.To)
	}) {
		return 0
	}
	return RetreatFor
}

// Unsettled are the sets of actions of which the journal does not know whether they were done.
func (m JournalState) Unsettled() []fleet.SettingChange {
	var out []fleet.SettingChange
	for _, w := range m.Written {
		if w.Or != w.To && w.Key != fleet.KeyLifetime {
			out = append(out, fleet.SettingChange{Process: w.Process, Alias: w.Alias, Key: w.Key, From: w.To, To: w.Or})
		}
	}
	if m.Intent != nil {
		out = append(out, m.Intent.Changes...)
	}
	return out
}

// LineUnsettled reports whether the journal knows of an act on the line of a set, and not that it is at that value
// since.
func (m JournalState) LineUnsettled(x fleet.SettingChange, value int) bool {
	w, ok := m.Line(x)
	return ok && (w.To != value || w.Or != value)
}

// Wrote reports whether the journal knows of an action that left the line of a set at that value, or may have.
func (m JournalState) Wrote(x fleet.SettingChange, value int) bool {
	w, ok := m.Line(x)
	return ok && (w.To == value || w.Or == value)
}

// Line is what the journal has of the line of a set.
func (m JournalState) Line(x fleet.SettingChange) (Written, bool) {
	i, found := slices.BinarySearchFunc(m.Written, x, compareWritten)
	if !found {
		return Written{}, false
	}
	return m.Written[i], true
}
