package state

import (
	"cmp"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/shift"
)

// Switch is what a traffic switch should say, as far as the journal knows.
type Switch struct {
	Shift string `json:"shift"` // its id
	X     int    `json:"x_percent"`
	// what it may say too: a turn of which nobody knows whether it was made, or that was made just now
	Or  int       `json:"or_percent"`
	At  time.Time `json:"at"`            // of the newest turn
	Any bool      `json:"any,omitempty"` // a person has taken responsibility for what it says
}

// Reading is what a traffic switch says.
type Reading struct {
	X     int
	Said  bool   // it was asked, and answered; else X is the journal's
	Error string // why it could not be asked; empty: it could, or nobody asks
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
