package planner

import (
	"cmp"
	"slices"
	"time"
)

// Base is the loads of a shift's pools as a run took them, with what the switch said then. History is about times when it said
// something else: runs that come after a turn go by the base.
type Base struct {
	Shift string    `json:"shift"` // its id
	X     int       `json:"x_percent"`
	At    time.Time `json:"at"`
	From  Load      `json:"from"`
	To    Load      `json:"to"`
}

// baseFor is how long after the newest turn a base is gone by. chosen: the default lookback; history is all of later times then.
const baseFor = 7 * 24 * time.Hour

// BaseOf takes the loads of a shift's pools.
func BaseOf(s Shift, x int, at time.Time, loads []Load) Base {
	b := Base{Shift: s.ID(), X: x, At: at}
	for _, l := range loads {
		switch l.Pool {
		case s.From:
			b.From = l
		case s.To:
			b.To = l
		}
	}
	return b
}

// based notes bases; one that says what is known already keeps its time.
func (m Memory) based(bases []Base) []Base {
	out := slices.Clone(m.Bases)
	for _, b := range bases {
		i, found := slices.BinarySearchFunc(out, b.Shift, func(x Base, id string) int { return cmp.Compare(x.Shift, id) })
		switch {
		case !found:
			out = slices.Insert(out, i, b)
		case out[i].X != b.X || out[i].From.Erlangs != b.From.Erlangs || out[i].To.Erlangs != b.To.Erlangs:
			out[i] = b
		}
	}
	return out
}

// Rebased are loads, with history in them, as they may be gone by now: of a shift whose switch was turned since an earlier run
// took them, those that it took. The shifts come back with what their switches said when their loads were measured. Of several
// shifts of one pool, the loads are left as they are.
func (m Memory) Rebased(loads []Load, shifts []Shift, now time.Time) ([]Load, []Shift) {
	loads, shifts = slices.Clone(loads), slices.Clone(shifts)
	for i, s := range shifts {
		j, found := slices.BinarySearchFunc(m.Bases, s.ID(), func(x Base, id string) int { return cmp.Compare(x.Shift, id) })
		shared := slices.ContainsFunc(shifts, func(o Shift) bool {
			return o.ID() != s.ID() && (o.From == s.From || o.To == s.To)
		})
		if !found || shared {
			continue
		}
		b := m.Bases[j]
		turned, _ := m.Switch(s.ID())
		if !turned.At.After(b.At) || s.At == b.X || now.Sub(turned.At) > baseFor {
			continue
		}
		shifts[i].LoadsAt = b.X
		for k := range loads {
			switch loads[k].Pool {
			case s.From:
				loads[k] = b.From
			case s.To:
				loads[k] = b.To
			}
		}
	}
	return loads, shifts
}
