package planner

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Switch is what a traffic switch should say, as far as the journal knows.
type Switch struct {
	Shift string    `json:"shift"` // its id
	X     int       `json:"x_percent"`
	Or    int       `json:"or_percent"`    // what it may say too: a turn of which nobody knows whether it was made, or that was made just now
	At    time.Time `json:"at"`            // of the newest turn
	Any   bool      `json:"any,omitempty"` // a person has taken responsibility for what it says
}

// Reading is what a traffic switch says.
type Reading struct {
	X     int
	Said  bool   // it was asked, and answered; else X is the journal's
	Error string // why it could not be asked; empty: it could, or nobody asks
}

// Switch returns what the journal knows of a shift's switch.
func (m Memory) Switch(shift string) (Switch, bool) {
	i, found := slices.BinarySearchFunc(m.Turned, shift, compareSwitch)
	if !found {
		return Switch{}, false
	}
	return m.Turned[i], true
}

func compareSwitch(s Switch, shift string) int { return cmp.Compare(s.Shift, shift) }

// turnedToo adds switches that are new.
func (m Memory) turnedToo(said []Switch) []Switch {
	out := slices.Clone(m.Turned)
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
func (m Memory) turned(t *Turn, at time.Time, done bool) []Switch {
	if t == nil {
		return m.Turned
	}
	out := slices.Clone(m.Turned)
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

// shift returns a shift of the situation with what its switch says.
func (s Situation) shift(id string) (Shift, Reading, bool) {
	i := slices.IndexFunc(s.Shifts, func(x Shift) bool { return x.ID() == id })
	if i < 0 {
		return Shift{}, Reading{}, false
	}
	if i >= len(s.Readings) { // nobody has asked its switch
		return s.Shifts[i], Reading{}, true
	}
	return s.Shifts[i], s.Readings[i], true
}

// turning is the shift that is on its way: the first that is not where it goes.
func (s Situation) turning() (Shift, bool) {
	all := s.Shifts
	if s.Memory.RollTo > 0 { // the last that was made goes back first
		all = slices.Clone(all)
		slices.Reverse(all)
	}
	i := slices.IndexFunc(all, func(x Shift) bool { return x.At != x.Until })
	if i < 0 {
		return Shift{}, false
	}
	return all[i], true
}

// unread says which switch that is still to be turned could not be asked; empty: each could.
func (s Situation) unread() string {
	step := s.Memory.Step
	for i, r := range s.Readings {
		moves := s.Shifts[i].At != s.Shifts[i].Until || step != nil && step.Turn != nil && step.Turn.Shift == s.Shifts[i].ID()
		if r.Error != "" && moves {
			return fmt.Sprintf("what the traffic switch of %s says is not known: %s", s.Shifts[i].ID(), r.Error)
		}
	}
	return ""
}

// misread says which switch says what the journal does not explain: somebody else turned it.
func (s Situation) misread() string {
	step := s.Memory.Step
	if step != nil && step.Turn != nil {
		if _, _, there := s.shift(step.Turn.Shift); !there {
			return fmt.Sprintf("the step in hand turns the traffic of %s, which the config no longer has", step.Turn.Shift)
		}
	}
	for i, r := range s.Readings {
		id := s.Shifts[i].ID()
		known, ok := s.Memory.Switch(id)
		if !ok || !r.Said || r.X == known.X || known.Any {
			continue
		}
		if in := s.Memory.Intent; in != nil && in.Turn != nil && in.Turn.Shift == id && (r.X == in.Turn.From || r.X == in.Turn.To) {
			continue // nobody knows whether it was made
		}
		ours := step != nil && step.Turn != nil && step.Turn.Shift == id
		if r.X == known.Or && ours {
			continue // it was told, and does not say so yet
		}
		if s.Shifts[i].ByHand && ours && r.X == step.Turn.To {
			if step.Kind == Backward || s.stands(*step) {
				continue
			}
			return fmt.Sprintf("the traffic of %s was turned to %d %% before the sizes for it stand; turn it back to %d %%", id, r.X, known.X)
		}
		return fmt.Sprintf("the traffic switch of %s says %d %%, and the journal %d %%: somebody else turned it", id, r.X, known.X)
	}
	return ""
}
