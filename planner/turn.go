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

// stands reports whether every line of a step is as the step makes it.
func (s Situation) stands(step Step) bool {
	return !slices.ContainsFunc(step.Sets, func(x Set) bool { at, _ := s.at(x); return at != x.To })
}

// flipped reports whether the step's traffic has moved, or may have: the switch was told, or says so.
func (s Situation) flipped(step Step) bool {
	return step.Turn != nil && (s.told(step.Turn.Shift) == step.Turn.To || s.says(step.Turn.Shift) == step.Turn.To)
}

// told is what a switch was told last, as far as the journal knows.
func (s Situation) told(shift string) int {
	if known, ok := s.Memory.Switch(shift); ok {
		return known.X
	}
	return s.says(shift)
}

// says is what a switch says, which may be what it was told before.
func (s Situation) says(shift string) int {
	x, _, _ := s.shift(shift)
	return x.At
}

// turn is what is due for a step's turn, if anything is: to make it, to wait for the person who makes it, or to wait until
// the switch says what it was told.
func (s Situation) turn(t Turn) (Act, bool) {
	shift, reading, _ := s.shift(t.Shift)
	told := s.told(t.Shift)
	switch {
	case shift.ByHand && shift.At == t.To && told != t.To:
		return Act{Verb: Flip, Turn: &t, Reason: "by hand"}, true
	case shift.ByHand && shift.At != t.To:
		why := fmt.Sprintf("turn the traffic of %s from %d to %d %% now: this waits until the switch says so", t.Shift, shift.At, t.To)
		if s.Now.Sub(s.Memory.SettledAt) >= s.Policy.FlipFor {
			return Act{Verb: Stop, Outcome: Held, Reason: fmt.Sprintf("nobody turned the traffic of %s to %d %% within %v", t.Shift, t.To, s.Policy.FlipFor)}, true
		}
		return Act{Verb: Wait, Held: true, Reason: why, For: s.Policy.Every}, true
	case told != t.To:
		t.From = told
		return Act{Verb: Flip, Turn: &t}, true
	case reading.Said && reading.X != t.To:
		why := fmt.Sprintf("the traffic of %s was turned to %d %%, and its switch still says %d %%", t.Shift, t.To, reading.X)
		if known, _ := s.Memory.Switch(t.Shift); s.Now.Sub(known.At) >= s.Policy.Stale {
			return s.Hold(why), true
		}
		return Act{Verb: Wait, Reason: why, For: s.Policy.Every}, true
	}
	return Act{}, false
}

// turnable says why traffic may not move now: a signal of its server, or a pool that waits and would get more. What goes back
// in a rollback is held by nothing.
func (s Situation) turnable(t *Turn) string {
	if t == nil || s.Memory.RollTo > 0 {
		return ""
	}
	shift, _, _ := s.shift(t.Shift)
	if why := s.Gate.Held(s.server(shift.From)); why != "" {
		return why
	}
	if t.To < t.From {
		return s.suffers(shift.From, time.Time{})
	}
	return s.suffers(shift.To, time.Time{})
}

// shiftStep is the next step on the way of a shift: sizes towards those of the furthest jump, and as much traffic as they
// serve then; with the goal that it goes towards. blocked says why there is none.
func (s Situation) shiftStep(shift Shift) (Step, *Goal, string) {
	f := s.AsMeasured
	for _, other := range s.Shifts {
		if other.ID() != shift.ID() {
			f = other.Loaded(f, other.At)
		}
	}
	if err := shift.check(f, 1); err != nil {
		return Step{Kind: Forward}, nil, err.Error()
	}
	if why := s.later(shift); why != "" {
		return Step{Kind: Forward}, nil, why
	}
	if s.Memory.RollTo > 0 { // it takes back what was moved, and moves nothing else
		f.Pools = slices.Clone(f.Pools)
		for i, p := range f.Pools {
			if _, back := s.Target.Pool(p.ID); !back && p.ID != shift.From && p.ID != shift.To && p.Frozen == "" {
				f.Pools[i].Frozen = "a rollback leaves it as it is"
			}
		}
	}
	r := newRoute(f, shift)
	limit := r.limit(shift.At, s.Memory.points(shift.ID(), s.Policy))
	jump, blocked, err := r.furthest(shift.At, limit)
	if s.Memory.RollTo > 0 { // what was there before is gone back to over sizes that still stand, where they serve it
		if n := len(s.Memory.Past); n > 0 && limit != shift.At { // those of the newest step were made to serve its way back, too
			if t := s.Memory.Past[n-1].Step.Turn; t != nil && t.Shift == shift.ID() && t.To == shift.At && s.stands(s.Memory.Past[n-1].Step) {
				back := t.Back()
				return Step{Kind: Forward, Turn: &back}, nil, ""
			}
		}
		if y := r.reach(f, shift.At, limit); y != shift.At {
			return Step{Kind: Forward, Turn: &Turn{shift.ID(), shift.At, y}}, nil, ""
		}
	}
	if err != nil {
		why := err.Error()
		if blocked != nil {
			why += "; what would do: " + blocked.Cures()
		}
		return Step{Kind: Forward}, nil, why
	}
	goal := GoalOf(jump.Plan)
	f = shift.Loaded(f, jump.To)
	step, why := s.towards(f, goal)
	if step.Kind == Equalise {
		return step, &goal, why
	}
	step.Sets = slices.DeleteFunc(step.Sets, func(x Set) bool { // what is held on another server holds nothing here
		server := s.server(x.Pool())
		return server != s.server(shift.From) && s.forbidden([]Set{x}) != ""
	})
	if y := r.reach(f.With(step.Sets), shift.At, jump.To); y != shift.At {
		step.Turn = &Turn{shift.ID(), shift.At, y}
		why = ""
	}
	return step, &goal, why
}

// later says which other shift from the same pool is past this one: its fraction is of what this one leaves, so this one moves
// no more. Empty: none is, or all of them go back.
func (s Situation) later(shift Shift) string {
	i := slices.IndexFunc(s.Shifts, func(x Shift) bool { return x.ID() == shift.ID() })
	for _, x := range s.Shifts[i+1:] {
		if x.From == shift.From && x.At != 0 && s.Memory.RollTo == 0 {
			return fmt.Sprintf("traffic of %s stands at %d %%, and its fraction is of what %s leaves: bring it back to 0 %% first", x.ID(), x.At, shift.ID())
		}
	}
	return ""
}

// points is how far a step may turn a switch: half as far after each soak that was not what was expected, until one is.
func (m Memory) points(shift string, policy Policy) int {
	most := policy.Points()
	for _, p := range slices.Backward(m.Points) {
		if p.Shift != shift || p.Survey {
			continue
		}
		if p.Surprise() == "" && p.Useless == "" {
			break
		}
		most = max(1, most/2)
	}
	return most
}

// TurnBack decides about traffic where no look shows the fleet: a step whose traffic has moved goes back where a signal says so,
// by the switch alone. Sizes stay in hand until they are seen.
func TurnBack(s Situation) (Act, bool) {
	step, m := s.Memory.Step, s.Memory
	if step == nil || step.Turn == nil || s.Paused != "" || s.misread() != "" || m.Failures > 0 && s.Now.Sub(m.FailedAt) < retryAfter {
		return Act{}, false
	}
	shift, _, _ := s.shift(step.Turn.Shift)
	switch {
	case step.Kind == Backward:
		a, due := s.turn(*step.Turn)
		return a, due && a.Verb == Flip
	case !s.flipped(*step) || s.Gate.Aborts(s.server(shift.From)) == "":
		return Act{}, false
	}
	back := Step{Kind: Backward, Turn: &Turn{step.Turn.Shift, step.Turn.To, step.Turn.From}}
	for _, x := range step.Sets {
		if i, found := slices.BinarySearchFunc(s.Memory.Written, x, compareWritten); found && s.Memory.Written[i].To != x.From {
			back.Sets = append(back.Sets, Set{x.Process, x.Alias, x.Key, s.Memory.Written[i].To, x.From})
		}
	}
	return Act{Verb: Abort, Step: &back, Reason: s.Gate.Aborts(s.server(shift.From))}, true
}

// PointsOf are those of one shift.
func (m Memory) PointsOf(shift string) []Point {
	return slices.DeleteFunc(slices.Clone(m.Points), func(p Point) bool { return p.Shift != shift })
}
