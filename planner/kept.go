package planner

import "slices"

// MemoryVersion is the version of Memory as JSON, and of how After folds events into it. A memory of another version is
// not read: the events are folded again.
const MemoryVersion = 6

// A journal of years has more steps and points than anybody goes back to, and a memory that kept them all would be read
// and written whole, again and again. So the newest are kept.
const (
	pastKept   = 1000 // steps. chosen: ten runs of 1 % a step, a hundred steps each
	pointsKept = 1000 // points of each shift. chosen: the oldest weighs a thousandth of what is learnt by then
)

// stepped adds a step that ended, and lets go of the oldest beyond pastKept.
func (m Memory) stepped(p Past) Memory {
	m.Past = append(slices.Clip(m.Past), p)
	if more := len(m.Past) - pastKept; more > 0 {
		m.Past = slices.Clone(m.Past[more:])
	}
	return m
}

// learnt returns the points with those added, without the oldest beyond pointsKept of a shift.
func (m Memory) learnt(points ...Point) []Point {
	if len(points) == 0 {
		return m.Points
	}
	out := slices.Concat(m.Points, points)
	if len(out) <= pointsKept {
		return out
	}
	of := map[string]int{}
	for _, p := range out {
		of[p.Shift]++
	}
	return slices.DeleteFunc(out, func(p Point) bool {
		old := of[p.Shift] > pointsKept
		if old {
			of[p.Shift]--
		}
		return old
	})
}
