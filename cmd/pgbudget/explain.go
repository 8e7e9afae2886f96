package main

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/state"
)

func explainCommand() *cli.Command {
	return &cli.Command{
		Name:        "explain",
		Usage:       "explain the last decision and name what would change it; asks no server",
		Description: "Example:\n  pgbudget explain",
		Flags:       slices.Concat(journalFlags(), formatFlags()),
		Action: withJournal(0, func(c *cli.Context, s source) error {
			out, err := newOutput(c)
			if err != nil {
				return err
			}
			m, err := journalStateOf(s.config)
			if err != nil {
				return err
			}
			look, err := lastSample(s.config.Journal)
			if err != nil {
				fmt.Fprintln(stderr, "note: the last run's sample cannot be read: "+err.Error())
			}
			x, err := decision(m, journal.Newest(s.config.Journal), look)
			if err != nil {
				return err
			}
			if x.Event == nil {
				if x.Text, err = noEvents(s.config.Journal); err != nil {
					return err
				}
			}
			busy := journal.Busy(s.config.Journal)
			if p, is := m.Provisional(); is {
				x.Provisional = fmt.Sprintf("step %d is %s", p.Number, provisionalText(p, time.Now(), m.Running && busy))
			}
			if x = x.now(m, m.Running && !busy, paused(s.config.Journal).Text()); x.Event != nil && !busy {
				x.Later = laterRefusals
			}
			if out.format != "table" {
				return out.data(x)
			}
			out.decision(x)
			return nil
		}),
	}
}

// decided is the newest decision in words.
type decided struct {
	Event   *state.Event `json:"event"` // null: nothing was ever decided
	Text    string       `json:"text"`
	Changes string       `json:"what_would_change_it"`
	Step    *state.Step  `json:"step_in_hand"`
	Back    string       `json:"goes_back_because,omitempty"` // why the step in hand goes back
	// the newest step is provisional: until when, and who watches it
	Provisional string `json:"provisional,omitempty"`
	Died        bool   `json:"died,omitempty"`   // the run that decided it is no more, and did not say that it ended
	Paused      string `json:"paused,omitempty"` // who paused it, and when
	Later       string `json:"later,omitempty"`  // what may have come since, and is in no journal
}

// laterRefusals says where a step that never began is to be found.
const laterRefusals = "later refusals are not in the journal: pgbudget status --look names what is refused now"

// decision words the newest event that decided something.
func decision(m state.JournalState, newest iter.Seq2[state.Event, error], look *sample) (decided, error) {
	for e, err := range newest {
		if err != nil {
			return decided{}, err
		}
		text, next := "", ""
		switch e.Kind {
		case state.HoldBegan:
			text, next = "nothing moves: "+e.Reason.Text(), "the run continues by itself after three samples without the cause"
			if back := backward(m); back != "" {
				next += "; " + back
			}
		case state.RunEnded:
			text = "the run ended, " + string(e.Outcome) + ": " + e.Reason.Text()
			switch e.Outcome {
			case state.Done:
				plan, _, err := runGoalOf(m, newest, look)
				if err != nil {
					return decided{}, err
				}
				next = plan.onward()
			case state.Interrupted:
				next = onward(m)
			case state.Drifted:
				next = cmp.Or(e.Next, correcting(m))
			default:
				next = onward(m) + ", once the cause is gone"
			}
		case state.Replanned:
			text, next = "a new plan was made: "+e.Reason.Text(), "a load that exceeds the new plan"
		case state.StepAbort:
			text, next = "the step is taken back: "+e.Reason.Text(), "nothing, until the sizes from before the step are in force"
		case state.StepReopened:
			text, next = "a step that was provisional is taken back: "+e.Reason.Text(),
				"nothing, until the sizes from before the step are in force"
		case state.StepProlonged:
			text, next = "a step stays provisional: "+e.Reason.Text(), "pgbudget watch, until "+stamp(e.Until)+
				"; pgbudget accept --provisional takes the step as it is"
		case state.StepConfirmed:
			text, next = "the step is no longer provisional"+peaksText(e.Peaks), "pgbudget plan shows the remaining changes"
		case state.Adjusted:
			text, next = "settings of the run were changed: "+e.Reason.Text(),
				"pgbudget set; the next run takes those of the config"
		case state.StepTrimmed:
			text, next = "the rest of the step was given up: "+e.Reason.Text(),
				"free connections; the next step checks again"
		case state.Failed:
			text, next = "an action failed: "+e.Reason.Text(), "pgbudget tries again"
		case state.Accepted:
			text, next = "a person accepted the fleet's sizes of that time", "pgbudget plan shows the remaining changes"
			if e.By != "" {
				text += " by " + e.By
			}
		case state.Asked:
			text, next = "somebody was asked to make a change: "+state.Step{Changes: e.Action.Changes}.Text(),
				"the change in force in every process, or the end of by_hand.within"
		case state.CalledOff:
			text, next = "a change that was asked for is no longer wanted: "+state.Step{Changes: e.Action.Changes}.Text(),
				"pgbudget accept --request, once nobody makes it any more"
			if e.Outcome == state.Done {
				next = "the next action"
			}
		case state.Acted, state.StepBegan, state.StepEnded, state.HoldEnded:
			text, next = eventLine(e), "the next action waits for the drain, or for the soak"
		default:
			continue
		}
		x := decided{Event: &e, Text: text, Changes: next, Step: m.Step}
		if state.Back(m.Step) || m.Unwind {
			x.Back = m.Why.Text()
		}
		return x, nil
	}
	return decided{}, nil
}

// now adds what has come between since the decision: a run that is no more waits for nothing, and a pause holds
// whatever was decided.
func (x decided) now(m state.JournalState, died bool, pause string) decided {
	if died && x.Event != nil {
		x.Died, x.Changes = true, "the run that decided this is gone and recorded no end: "+onward(m)
	}
	if pause != "" {
		x.Paused = pause
		pause += ": nothing moves until pgbudget resume"
		if x.Died {
			pause += "; " + x.Changes
		}
		x.Changes = pause
	}
	return x
}

// correcting is how drift ends where nothing better is known. Accepting the present sizes gives the step in hand up,
// and with it the rollback of this step: so that is for where no step is in hand.
func correcting(m state.JournalState) string {
	if m.Step == nil {
		return "find out who changed the value; pgbudget accept --sizes accepts the present sizes"
	}
	return "find out who changed the value and correct the cause; then " + onward(m)
}

// onward is what a person types to continue the step in hand or the rollback, or to take the step back.
func onward(m state.JournalState) string {
	next := againOf(m) + " continues"
	if back := backward(m); back != "" {
		next += ", " + back
	}
	return next
}

// backward is what takes the step in hand back. Where there is none it would take back an older step, which was good.
func backward(m state.JournalState) string {
	if m.Step == nil || m.RollTo > 0 {
		return ""
	}
	return "pgbudget rollback takes the step back"
}

// decision prints it for people.
func (o output) decision(x decided) {
	if x.Event == nil {
		fmt.Fprintln(o.w, x.Text)
		if x.Paused != "" {
			fmt.Fprintln(o.w, x.Changes)
		}
		return
	}
	fmt.Fprintf(o.w, "%s  %s\nto change this: %s\n", stamp(x.Event.At), x.Text, x.Changes)
	if x.Step != nil {
		fmt.Fprintf(o.w, "in hand: %s\n", x.Step.Text())
	}
	if x.Back != "" {
		fmt.Fprintf(o.w, "the step goes back: %s\n", x.Back)
	}
	if x.Provisional != "" {
		fmt.Fprintln(o.w, x.Provisional)
	}
	if x.Later != "" {
		fmt.Fprintln(o.w, x.Later)
	}
}
