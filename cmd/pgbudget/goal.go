package main

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// runGoal is the plan that the newest run went to, and how far the fleet was from it when that run ended.
type runGoal struct {
	At    time.Time   `json:"at"`             // when the plan was made
	File  string      `json:"file,omitempty"` // of the plan, where one was saved and given
	Goal  sizing.Goal `json:"goal"`
	Steps *int        `json:"steps_to_come,omitempty"` // as the run counted them at its end; null: it did not
	Left  bool        `json:"left"`                    // the fleet is not there
}

// runGoalOf finds it in the journal, with the time at which the newest run began. A run that took steps back had none.
func runGoalOf(m state.JournalState, newest iter.Seq2[state.Event, error], look *sample) (*runGoal, time.Time, error) {
	var out *runGoal
	accepted := false
	for e, err := range newest {
		if err != nil {
			return nil, time.Time{}, err
		}
		accepted = accepted || e.Kind == state.Accepted // what is there now is right, whatever was planned
		if e.Kind == state.Replanned && e.Goal != nil && out == nil {
			out = &runGoal{At: e.At, Goal: *e.Goal}
		}
		if e.Kind != state.RunBegan {
			continue
		}
		switch {
		case e.To > 0 || e.Goal == nil || accepted:
			return nil, e.At, nil
		case out == nil:
			out = &runGoal{At: e.At, Goal: *e.Goal}
		}
		if e.Reviewed != nil {
			out.At, out.File = e.Reviewed.At, e.Reviewed.File
		}
		if look != nil && look.StepsAhead != nil && !look.At.Before(e.At) {
			out.Steps = look.StepsAhead
		}
		out.Left = out.Steps != nil && *out.Steps > 0 || apart(m, out.Goal)
		return out, e.At, nil
	}
	return nil, time.Time{}, nil
}

// apart reports whether a line that pgbudget wrote is not that of a goal. What it never wrote is not known here.
func apart(m state.JournalState, g sizing.Goal) bool {
	return slices.ContainsFunc(m.Written, func(w state.Written) bool {
		goal, ours := g.Pool(w.Pool())
		to := goal.Size
		if w.Key == fleet.KeyReserve {
			to = goal.Reserve
		}
		lines := g.LinesOf(w.Pool())
		if i := slices.IndexFunc(lines, func(l sizing.GoalLine) bool { return l.Change().Same(w.SettingChange) }); i >= 0 {
			to = lines[i].To
		} else if g.ByLine(w.Pool()) {
			return false
		}
		return ours && (w.Key == fleet.KeySize || w.Key == fleet.KeyReserve) && w.To != to
	})
}

// text is the plan in a line, and how far it is.
func (a runGoal) text() string {
	saved := ""
	if a.File != "" {
		saved = ", saved in " + a.File
	}
	text := fmt.Sprintf("plan of %s%s: %s", stamp(a.At), saved, a.Goal.Text())
	switch {
	case a.Steps != nil && *a.Steps > 0:
		text += fmt.Sprintf("; %d %s to come", *a.Steps, plural(*a.Steps, "step"))
	case a.Left:
		text += "; not reached yet"
	case a.Steps != nil:
		text += "; reached"
	}
	return text
}

// onward says what would move the fleet after a run that has ended well. nil: it took steps back.
func (a *runGoal) onward() string {
	switch {
	case a == nil:
		return "pgbudget step would move to the plan again"
	case a.Left:
		return fmt.Sprintf("the plan of %s wants %s: pgbudget step continues", stamp(a.At), a.Goal.Text())
	default:
		return "a load outside its interval; pgbudget plan shows the loads"
	}
}
