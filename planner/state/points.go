package state

import (
	"cmp"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
)

// Learned is what soaks and runs have found out about shifts.
type Learned struct {
	Baselines []learn.Baseline `json:"baselines,omitzero"` // the loads of shifts as runs took them; sorted by shift
	// what soaks saw of shifts, the newest last; the newest pointsKept of each
	Soaks []learn.SoakResult `json:"soaks,omitzero"`
}

// after folds an event in.
func (l Learned) after(e Event) Learned {
	switch e.Kind {
	case RunBegan:
		l.Soaks, l.Baselines = l.learnt(e.Soaks...), l.based(e.Baselines)
	case StepBegan, StepAbort, StepEnded:
		if e.Soak != nil {
			l.Soaks = l.learnt(*e.Soak)
		}
	}
	return l
}

// based notes bases; one that says what is known already keeps its time.
func (m Learned) based(bases []learn.Baseline) []learn.Baseline {
	out := slices.Clone(m.Baselines)
	for _, b := range bases {
		i, found := slices.BinarySearchFunc(out, b.Shift, func(x learn.Baseline, id string) int {
			return cmp.Compare(x.Shift,
				id)
		})
		switch {
		case !found:
			out = slices.Insert(out, i, b)
		case out[i].X != b.X || out[i].From.Erlangs != b.From.Erlangs || out[i].To.Erlangs != b.To.Erlangs:
			out[i] = b
		}
	}
	return out
}

// Rebased are loads, with history in them, as they may be gone by now: of a shift whose switch was turned since an
// earlier run took them, those that it took. The shifts come back with what their switches said when their loads were
// measured. Of several shifts of one pool, the loads are left as they are.
func (m JournalState) Rebased(loads []load.Load, shifts []shift.Shift, now time.Time) ([]load.Load, []shift.Shift) {
	loads, shifts = slices.Clone(loads), slices.Clone(shifts)
	for i, s := range shifts {
		j, found := slices.BinarySearchFunc(m.Baselines, s.ID(),
			func(x learn.Baseline, id string) int { return cmp.Compare(x.Shift, id) })
		shared := slices.ContainsFunc(shifts, func(o shift.Shift) bool {
			return o.ID() != s.ID() && (o.From == s.From || o.To == s.To)
		})
		if !found || shared {
			continue
		}
		b := m.Baselines[j]
		turned, _ := m.Switch(s.ID())
		if !turned.At.After(b.At) || s.At == b.X || now.Sub(turned.At) > learn.BaselineFor {
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

// SoaksFrom is how far a step may turn a switch: half as far after each soak that was not what was expected, until one
// is.
func (m JournalState) SoaksFrom(shift string, policy Policy) int {
	most := policy.SoaksOf()
	for _, p := range slices.Backward(m.Soaks) {
		if p.Shift != shift || p.Survey {
			continue
		}
		if !p.Surprise().Any() && !p.Excluded.Any() {
			break
		}
		most = max(1, most/2)
	}
	return most
}

// SoaksOf are those of one shift.
func (m JournalState) SoaksOf(shift string) []learn.SoakResult {
	return slices.DeleteFunc(slices.Clone(m.Soaks), func(p learn.SoakResult) bool { return p.Shift != shift })
}
