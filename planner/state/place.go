package state

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Place is where a process was reached. Its name is a place in the config, and may be another's once that has changed.
type Place struct {
	Process string `json:"process"`
	Console string `json:"console"`       // host:port or socket folder
	Lost    bool   `json:"lost,omitzero"` // it is not observed any more, and Process has its address in it
}

// gone is the place of a process that is not observed any more: no other has its name.
func (p Place) gone() Place {
	if !p.Lost {
		p.Process, p.Lost = p.Process+" at "+p.Console, true
	}
	return p
}

func group(process string) string { name, _, _ := strings.Cut(process, "/"); return name }

// placesIn lists where processes were reached, sorted by name; those of which that is not known are left out.
func placesIn(seen []Seen) []Place {
	var out []Place
	for _, s := range seen {
		if p := (Place{Process: s.Process, Console: s.Console}); s.Console != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b Place) int { return cmp.Compare(a.Process, b.Process) })
	return out
}

// left is where processes were reached before a person took responsibility for what the fleet is now: a later sample
// tells by it who is who.
func (m JournalState) left() []Place {
	out := placesIn(m.Seen)
	for _, p := range m.Places {
		if !slices.ContainsFunc(out, func(q Place) bool { return q.Process == p.Process || q.Console == p.Console }) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b Place) int { return cmp.Compare(a.Process, b.Process) })
	return out
}

// Placed is the state with its lines by the names that their processes have in a sample: each goes by the address at
// which its console was reached. A process that is nowhere any more has a name with its address in it, which no other
// has. doubts are such names, with the reason, of lines that may be another's: the group has fewer processes than it
// had, an address is new, and the lines were not alike.
func (m JournalState) Placed(o fleet.Observation) (placed JournalState, doubts map[string]verdict.Reason) {
	var now []Place
	for _, p := range o.Processes {
		if p.Console != "" {
			now = append(now, Place{Process: p.ID, Console: p.Console})
		}
	}
	m.SettingsWritten, doubts = m.SettingsWritten.placed(now)
	return m, doubts
}

func (m SettingsWritten) placed(now []Place) (SettingsWritten, map[string]verdict.Reason) {
	if len(m.Places) == 0 || len(now) == 0 {
		return m, nil
	}
	names, unsure, doubts := map[string]string{}, map[string]Place{}, map[string]verdict.Reason{}
	var lost []Place
	for _, p := range m.Places {
		is, sure := m.named(p, now)
		if names[p.Process] = is.Process; is.Lost {
			lost = append(lost, is)
		}
		if !sure {
			unsure[p.Process], lost = p, append(lost, p.gone())
		}
	}
	m.Places = lost
	m.Past = slices.Clone(m.Past)
	for i, past := range m.Past {
		changes := slices.Clone(past.Step.Changes)
		for j, x := range past.Step.Changes {
			is, known := names[x.Process]
			if p, doubtful := unsure[x.Process]; doubtful && !alike(past.Step.Changes, x) {
				at := now[slices.IndexFunc(now, func(q Place) bool { return q.Process == is })]
				doubts[p.gone().Process] = verdict.Of(verdict.WhoIsLeft, is, at.Console, p.Console, group(is))
				is = p.gone().Process
			}
			if known {
				changes[j].Process = is
			}
		}
		slices.SortFunc(changes, fleet.CompareChanges)
		m.Past[i].Step.Changes = changes
	}
	m.Written = slices.Clone(m.Written)
	for i, w := range m.Written {
		if is, known := names[w.Process]; known {
			m.Written[i].Process = is
		}
	}
	slices.SortFunc(m.Written, func(a, b Written) int { return fleet.CompareChanges(a.SettingChange, b.SettingChange) })
	return m, doubts
}

// named is the place, by its name now, that a process of before has. One that is at its old address nowhere, and whose
// name is at an address at which none was, has moved; that is not sure where its group has fewer processes than it had.
func (m SettingsWritten) named(p Place, now []Place) (is Place, sure bool) {
	if i := slices.IndexFunc(now, func(q Place) bool { return q.Console == p.Console }); i >= 0 {
		return now[i], true
	}
	i := slices.IndexFunc(now, func(q Place) bool { return q.Process == p.Process })
	if i < 0 || slices.ContainsFunc(m.Places, func(q Place) bool { return q.Console == now[i].Console }) {
		return p.gone(), true
	}
	of := func(all []Place) (n int) {
		for _, q := range all {
			if group(q.Process) == group(p.Process) && !q.Lost {
				n++
			}
		}
		return n
	}
	return p, of(now) >= of(m.Places)
}

// alike reports whether a step moves all lines of a change's pool alike: then it does not matter which of them is
// whose.
func alike(changes []fleet.SettingChange, x fleet.SettingChange) bool {
	return !slices.ContainsFunc(changes, func(y fleet.SettingChange) bool {
		return y.Pool() == x.Pool() && y.Key == x.Key && (y.From != x.From || y.To != x.To)
	})
}

// Doubted says which line of the steps from that event on may be another's, by the doubts of Placed; none: none may.
func (m JournalState) Doubted(doubts map[string]verdict.Reason, from int64) verdict.Reason {
	for _, p := range m.Past {
		for _, x := range p.Step.Changes {
			if why := doubts[x.Process]; why.Any() && p.Seq >= from {
				return why
			}
		}
	}
	return verdict.Reason{}
}
