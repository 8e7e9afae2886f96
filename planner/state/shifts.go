package state

import (
	"cmp"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
)

// Switch is what a traffic switch should say, as far as the journal knows.
type Switch struct {
	Shift string `json:"shift"`     // its id
	X     int    `json:"x_percent"` // 0..100
	// percent: what it may report as well, after a change that is not confirmed or was made just now
	Or  int       `json:"or_percent"`
	At  time.Time `json:"at"`            // of the newest turn
	Any bool      `json:"any,omitempty"` // a person has taken responsibility for what it says
}

// Reading is what a traffic switch says.
type Reading struct {
	X    int   // 0..100
	Said bool  // it was asked, and answered; else X is the journal's
	Err  error // why it could not be asked; nil: it could, or nobody asks
}

// TrafficSwitches are what each traffic switch should say.
type TrafficSwitches struct {
	Switches []Switch `json:"switches,omitzero"` // every traffic switch, as it should say; sorted by shift
}

// after folds an event in.
func (t TrafficSwitches) after(e Event, was JournalState) TrafficSwitches {
	switch e.Kind {
	case RunBegan:
		t.Switches = t.turnedToo(e.Switches)
	case StepAbort:
		if was.Intent != nil { // a turn of unknown fate is taken as made: it is turned back
			t.Switches = t.turned(was.Intent.Traffic, e.At, true)
		}
	case Intended, Acted:
		t.Switches = t.turned(e.Action.Traffic, e.At, e.Kind == Acted)
	case Accepted:
		t.Switches = slices.Clone(t.Switches)
		for i := range t.Switches {
			t.Switches[i].Any = true
		}
	}
	return t
}

// Switch returns what the journal knows of a shift's switch.
func (m TrafficSwitches) Switch(shift string) (Switch, bool) {
	i, found := slices.BinarySearchFunc(m.Switches, shift, compareSwitch)
	if !found {
		return Switch{}, false
	}
	return m.Switches[i], true
}

func compareSwitch(s Switch, shift string) int { return cmp.Compare(s.Shift, shift) }

// turnedToo adds switches that are new.
func (m TrafficSwitches) turnedToo(said []Switch) []Switch {
	out := slices.Clone(m.Switches)
	for _, s := range said {
		i, found := slices.BinarySearchFunc(out, s.Shift, compareSwitch)
		switch {
		case !found:
			out = slices.Insert(out, i, s)
		case out[i].Any:
			out[i] = s
		}
	}
	return out
}

// turned notes what a switch should say now; where it is not known whether the turn was made, both.
func (m TrafficSwitches) turned(t *shift.TrafficChange, at time.Time, done bool) []Switch {
	if t == nil {
		return m.Switches
	}
	out := slices.Clone(m.Switches)
	i, found := slices.BinarySearchFunc(out, t.Shift, compareSwitch)
	if !found {
		out = slices.Insert(out, i, Switch{Shift: t.Shift, X: t.From})
	}
	out[i].Or, out[i].At, out[i].Any = t.To, at, false
	if done {
		out[i].X, out[i].Or = t.To, t.From
	}
	return out
}

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
