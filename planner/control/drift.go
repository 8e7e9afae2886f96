package control

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// at returns what a line says now.
func (s State) at(x fleet.SettingChange) (int, bool) {
	if s.foreseen {
		return at(s.AsMeasured, x)
	}
	a, ok := fleet.FindAlias(s.Sample, x.Process, x.Alias)
	if !ok {
		return 0, false
	}
	switch x.Key {
	case fleet.KeyReserve:
		return a.ReserveConns, true
	case fleet.KeyLifetime:
		return int(a.Lifetime / time.Second), true
	}
	return a.SizeConns, true
}

// at is what a line of the fleet says.
func at(f budget.Fleet, x fleet.SettingChange) (int, bool) {
	p, _ := f.Pool(x.Pool())
	for _, s := range p.Sizes {
		if s.Process == x.Process && x.Key == fleet.KeyReserve {
			return p.ReserveConns, true
		} else if s.Process == x.Process {
			return s.Conns, true
		}
	}
	return 0, false
}

// there leaves out the changes of lines that are gone, of a step that goes back.
func (s State) there(changes []fleet.SettingChange) []fleet.SettingChange {
	if s.unseen || !s.Journal.GoesBack() {
		return changes
	}
	return slices.DeleteFunc(slices.Clone(changes), func(x fleet.SettingChange) bool { _, ok := s.at(x); return !ok })
}

// Drift says what of the fleet the journal does not explain; none: nothing.
func (s State) Drift() verdict.Reason {
	if why := s.switchDrift(); why.Any() {
		return why
	}
	if step := s.Journal.Step; step != nil {
		for _, x := range step.Changes {
			at, ok := s.at(x)
			switch {
			case !ok && s.Journal.GoesBack():
			case !ok:
				return verdict.Of(verdict.LineGone, x.Process, x.Alias, x.Key)
			case at != x.From && at != x.To && !(state.Back(step) && s.Journal.Wrote(x, at)): // an undo may fit in part
				return verdict.Of(verdict.LineOfStep, x.Process, x.Key, x.Alias, at, x.From, x.To)
			}
		}
	}
	if why := s.tooEarly(); why.Any() {
		return why
	}
	for _, w := range s.Journal.Written {
		at, ok := s.at(w.SettingChange)
		if w.Key == fleet.KeyLifetime { // it is given back in any case
			continue
		}
		if explained, _ := s.Journal.Explains(w.SettingChange, at); ok && !explained {
			if s.byHand() {
				return s.changedByHand(w, at)
			}
			return verdict.Of(verdict.LineChanged, w.Process, w.Key, w.Alias, at, w.To, w.Intent.Format(time.RFC3339))
		}
	}
	return verdict.Reason{}
}

// Processes are those of the lines that the journal knows of, sorted: what their files say is ours to know.
func Processes(m state.JournalState) []string {
	var out []string
	for _, w := range m.Written {
		out = append(out, w.Process)
	}
	if m.Step != nil {
		for _, x := range m.Step.Changes {
			out = append(out, x.Process)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
