package state

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// SettingsWritten is what was ever written, and where: lines, steps, processes, servers.
type SettingsWritten struct {
	Numbered int `json:"numbered,omitzero"` // steps that went forward and began, ever
	// every process, alias and user that a run ever observed; sorted
	Seen []Seen `json:"seen,omitzero"`
	// of processes that Seen does not have any more, and Past has lines of; sorted
	Places  []Place  `json:"places,omitzero"`
	Servers []Origin `json:"servers,omitzero"` // of every server ever moved, sorted by name
	// every line ever written, with the value it should have; sorted
	Written []Written `json:"written,omitzero"`
	// the newest pastKept forward steps that ended and stand; the newest last
	Past []Past `json:"past,omitzero"`
}

// after folds an event in.
func (s SettingsWritten) after(e Event, was JournalState) SettingsWritten {
	s.Seen = was.withSeen(e.Seen)
	s.Past = was.watched(e)
	switch e.Kind {
	case RunBegan:
		s.Servers = was.origins(e.Servers, e.To > 0)
		s, _ = s.placed(placesIn(e.Seen))
	case StepBegan:
		if was.RollTo == 0 {
			s.Numbered++
		}
	case Intended:
		s.Written = s.written(e.Action.Changes, e.At, false)
	case Acted:
		if s.Written = s.written(e.Action.Changes, e.At, true); e.Action.Kind == Restore {
			s = s.restored(e.Action.Changes)
		}
	case StepTrimmed:
		if Back(was.Step) {
			s.Past = was.setAside(was.leftBehind(e.Step)).Past
		}
		s.Written = was.trimmed(e.Step, e.At)
	case StepEnded:
		if h := was.StepInHand; h.Step != nil && h.Step.Kind != Backward && !h.Step.Empty() && h.StepTo == 0 {
			s.Past = was.Stepped(Past{Number: h.StepNumber, Seq: h.StepSeq, At: h.StepAt, Step: *h.Step, Since: e.At,
				Until: e.Until, Watched: e.At}).Past
		}
	case StepConfirmed:
		s.Past = slices.Clone(s.Past)
		s.Past[len(s.Past)-1].Until = time.Time{}
	case StepProlonged:
		s.Past = slices.Clone(s.Past)
		p := &s.Past[len(s.Past)-1]
		p.Since, p.Until, p.Unwatched = e.At, e.Until, 0
	case StepReopened:
		s.Past = s.Past[:len(s.Past)-1]
	case RunEnded:
		if was.RollTo > 0 && e.Outcome == Done {
			s.Past = slices.DeleteFunc(slices.Clone(s.Past), func(p Past) bool { return p.Seq >= was.RollTo })
		} else {
			s.Past = was.withoutBack(true).Past
		}
	case Accepted:
		was.SettingsWritten = s
		given := was.GivenUp()
		given.Step = nil
		s.Past, s.Places = slices.Clone(given.withoutBack(false).Past), was.left()
		for i := range s.Past {
			s.Past[i].Until = time.Time{}
		}
		s.Written = slices.DeleteFunc(slices.Clone(s.Written), func(w Written) bool { return w.Key != fleet.KeyLifetime })
		s.Servers, s.Seen = nil, nil
	}
	return s
}

// watched are the steps that stand, the newest with how long nobody has watched it while it is provisional: until a run
// began. What a run writes shows that it is there.
func (m JournalState) watched(e Event) []Past {
	n := len(m.Past) - 1
	if n < 0 || m.Past[n].Until.IsZero() || !m.Running && e.Kind != RunBegan {
		return m.Past
	}
	out := slices.Clone(m.Past)
	if p := &out[n]; e.Kind == RunBegan {
		p.Unwatched = max(p.Unwatched, e.At.Sub(p.Watched))
	}
	out[n].Watched = e.At
	return out
}

// written notes the values that lines should have now; where it is not known whether the action was done, both.
func (s SettingsWritten) written(changes []fleet.SettingChange, at time.Time, done bool) []Written {
	out := slices.Clone(s.Written)
	for _, x := range changes {
		i, found := slices.BinarySearchFunc(out, x, compareWritten)
		if !found {
			out = slices.Insert(out, i, Written{SettingChange: fleet.SettingChange{Process: x.Process, Alias: x.Alias,
				Key: x.Key, From: x.From, To: x.From}})
		}
		if out[i].Or, out[i].Intent = x.To, at; done {
			out[i].To = x.To
		}
	}
	return out
}

func compareWritten(w Written, x fleet.SettingChange) int {
	return fleet.CompareChanges(w.SettingChange, x)
}

// FlushLifetime is server_lifetime while a line is flushed, in seconds; the least that PgBouncer takes for a line.
const FlushLifetime = 1

// Flushed lists what gives lines their lifetime back that the journal knows to be flushed, or does not know not to be.
func (m JournalState) Flushed() []fleet.SettingChange {
	var out []fleet.SettingChange
	for _, w := range m.Written {
		if w.Key == fleet.KeyLifetime {
			out = append(out, fleet.SettingChange{Process: w.Process, Alias: w.Alias, Key: fleet.KeyLifetime,
				From: FlushLifetime, To: w.From})
		}
	}
	return out
}

// restored forgets lifetimes that are as they were.
func (s SettingsWritten) restored(changes []fleet.SettingChange) SettingsWritten {
	s.Written = slices.DeleteFunc(slices.Clone(s.Written), func(w Written) bool {
		return w.Key == fleet.KeyLifetime && slices.ContainsFunc(changes, w.Same)
	})
	return s
}

// RetreatFor is how long a run that sees nothing goes on because a step's lines are still to go back; 0: none is.
func (m JournalState) RetreatFor() time.Duration {
	if !Back(m.Step) || !slices.ContainsFunc(m.Step.Changes, func(x fleet.SettingChange) bool {
		return m.LineUnsettled(x,
			x.To)
	}) {
		return 0
	}
	return RetreatFor
}

// Unsettled are the changes of actions of which the journal does not know whether they were done.
func (m JournalState) Unsettled() []fleet.SettingChange {
	var out []fleet.SettingChange
	for _, w := range m.Written {
		if w.Or != w.To && w.Key != fleet.KeyLifetime {
			out = append(out, fleet.SettingChange{Process: w.Process, Alias: w.Alias, Key: w.Key, From: w.To, To: w.Or})
		}
	}
	if m.Intent != nil {
		out = append(out, m.Intent.Changes...)
	}
	return out
}

// LineUnsettled reports whether the journal knows of an action on the line of a change, and not that it is at that
// value since.
func (m JournalState) LineUnsettled(x fleet.SettingChange, value int) bool {
	w, ok := m.Line(x)
	return ok && (w.To != value || w.Or != value)
}

// Wrote reports whether the journal knows of an action that left the line of a change at that value, or may have.
func (m JournalState) Wrote(x fleet.SettingChange, value int) bool {
	w, ok := m.Line(x)
	return ok && (w.To == value || w.Or == value)
}

// Line is what the journal has of the line of a change.
func (m JournalState) Line(x fleet.SettingChange) (Written, bool) {
	i, found := slices.BinarySearchFunc(m.Written, x, compareWritten)
	if !found {
		return Written{}, false
	}
	return m.Written[i], true
}
