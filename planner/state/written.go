package state

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// FlushLifetime is server_lifetime while a line is flushed, in seconds; the least that PgBouncer takes for a line.
const FlushLifetime = 1

// Flushed lists what gives lines their lifetime back that the journal knows to be flushed, or does not know not to be.
func (m Memory) Flushed() []fleet.Set {
	var out []fleet.Set
	for _, w := range m.Written {
		if w.Key == fleet.KeyLifetime {
			out = append(out, fleet.Set{Process: w.Process, Alias: w.Alias, Key: fleet.KeyLifetime, From: FlushLifetime, To: w.From})
		}
	}
	return out
}

// restored forgets lifetimes that are as they were.
func (m Memory) restored(sets []fleet.Set) Memory {
	m.Written = slices.DeleteFunc(slices.Clone(m.Written), func(w Written) bool {
		return w.Key == fleet.KeyLifetime && slices.ContainsFunc(sets, w.Same)
	})
	return m
}

// RetreatFor is how long a run that sees nothing goes on because a step's lines are still to go back; 0: none is.
func (m Memory) RetreatFor() time.Duration {
	if !Back(m.Step) || !slices.ContainsFunc(m.Step.Sets, func(x fleet.Set) bool { return m.LineUnsettled(x, x.To) }) {
		return 0
	}
	return RetreatFor
}

// Unsettled are the sets of acts of which the journal does not know whether they were done.
func (m Memory) Unsettled() []fleet.Set {
	var out []fleet.Set
	for _, w := range m.Written {
		if w.Or != w.To && w.Key != fleet.KeyLifetime {
			out = append(out, fleet.Set{Process: w.Process, Alias: w.Alias, Key: w.Key, From: w.To, To: w.Or})
		}
	}
	if m.Intent != nil {
		out = append(out, m.Intent.Sets...)
	}
	return out
}

// LineUnsettled reports whether the journal knows of an act on the line of a set, and not that it is at that value since.
func (m Memory) LineUnsettled(x fleet.Set, value int) bool {
	w, ok := m.Line(x)
	return ok && (w.To != value || w.Or != value)
}

// Wrote reports whether the journal knows of an act that left the line of a set at that value, or may have.
func (m Memory) Wrote(x fleet.Set, value int) bool {
	w, ok := m.Line(x)
	return ok && (w.To == value || w.Or == value)
}

// Line is what the journal has of the line of a set.
func (m Memory) Line(x fleet.Set) (Written, bool) {
	i, found := slices.BinarySearchFunc(m.Written, x, compareWritten)
	if !found {
		return Written{}, false
	}
	return m.Written[i], true
}
