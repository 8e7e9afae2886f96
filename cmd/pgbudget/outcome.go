package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// leftFlushed says which lines a flush has left as they must not stay.
func leftFlushed(sets []fleet.SettingChange) error {
	var texts []string
	for _, x := range sets {
		texts = append(texts, fmt.Sprintf("server_lifetime of %s in %s is %d s and was %d s", x.Alias, x.Process, x.From,
			x.To))
	}
	if len(texts) == 0 {
		return nil
	}
	return &operr.Error{Kind: operr.KindDrift, Err: errors.New("a flush could not be ended: " + strings.Join(texts, "; ")),
		Hint: "pgbudget run writes the old value first; by hand: write server_lifetime into the line (before PgBouncer " +
			"1.23: SET server_lifetime=… on the console) and RELOAD"}
}

// both joins the error of a run with what a flush has left, and what to type for each: first what ends the flush.
func both(err, left error) error {
	if err == nil || left == nil {
		return cmp.Or(err, left)
	}
	hint := operr.HintOf(left)
	if then := operr.HintOf(err); then != "" {
		hint += "; then: " + then
	}
	return &operr.Error{Kind: operr.KindOf(err), Err: errors.Join(err, left), Hint: hint}
}

// asTyped is the command as a person has typed it, as far as it says how fast and when something moves.
func asTyped(c *cli.Context) string { return "pgbudget " + c.Command.Name + paceFlags(c) }

// paceFlags are the flags of a command that say how fast and when something moves, each behind a blank.
func paceFlags(c *cli.Context) (text string) {
	if c.IsSet("percent") {
		text += fmt.Sprintf(" --percent %g", c.Float64("percent"))
	}
	for _, name := range []string{"now", "outside-window"} {
		if c.Bool(name) {
			text += " --" + name
		}
	}
	return text
}

// command is what a person types to continue this command, once so many steps are done.
func (m *runner) command(steps int) string {
	text := cmp.Or(m.again, againOf(m.journalState))
	if m.most > 0 {
		text += fmt.Sprintf(" --max-steps %d", max(1, m.most-steps))
	}
	return text
}

// againOf is the command that goes on with what the newest run has left.
func againOf(m state.JournalState) string {
	switch {
	case m.Again != "":
		return m.Again
	case m.RollTo > 0 || m.Step != nil && m.StepTo > 0:
		return "pgbudget rollback"
	}
	return "pgbudget run"
}

// ended makes an outcome an error, with what is true now and what to type next: again is the command that goes on.
func ended(r bouncer.Report, again string) error {
	now, back := "nothing is half-done", ""
	if r.State.Step != nil {
		now = keptText(*r.State.Step, again)
	}
	if open := standing(r.State.Requests); open != "" {
		now = strings.TrimPrefix(now, "nothing is half-done") // somebody may make it
		now = strings.TrimPrefix(now+"; "+open, "; ")
	}
	if b := backward(r.State); b != "" {
		back = ", " + b
	}
	if r.Reason.Has(verdict.MayBeMade) {
		r.Hint = cmp.Or(r.Hint, requestHint(r.State.Requests))
	}
	then := func(next string) string { // what ended it first, where that knows what to do
		if r.Hint != "" {
			return r.Hint + "; then " + next
		}
		return next
	}
	kind := r.Kind()
	switch kind {
	case operr.KindDone:
		if !r.Reason.Has(verdict.OverBudget) {
			return nil
		}
		return &operr.Error{Kind: operr.KindHeld, Err: errors.New(r.Reason.Text()), // a rollback that has ended, not well
			Hint: "the rollback is at its end; pgbudget step releases connections where a plan frees them"}
	case operr.KindHeld, operr.KindBusy:
		return &operr.Error{Kind: kind, Err: fmt.Errorf("held: %s; %s", r.Reason.Text(), now),
			Hint: then(again + " continues when the cause is gone" + back)}
	case operr.KindAborted:
		if r.Reason.Is(verdict.AbortedIdle) {
			return &operr.Error{Kind: kind, Err: fmt.Errorf("aborted: %s, %s", r.Reason.Text(), now),
				Hint: "pgbudget rollback takes back the newest step"}
		}
		return &operr.Error{Kind: kind, Err: fmt.Errorf("aborted: %s; the step was taken back, %s", r.Reason.Text(), now),
			Hint: "pgbudget plan shows the remaining changes, once the cause is gone"}
	case operr.KindDrift:
		hint := cmp.Or(r.Hint, correcting(r.State))
		if r.State.Step != nil && r.Hint != "" { // the hint corrects the cause alone
			hint = then(onward(r.State))
		}
		return &operr.Error{Kind: kind, Err: errors.New(r.Reason.Text()), Hint: hint}
	case operr.KindUnreachable:
		return &operr.Error{Kind: kind, Err: fmt.Errorf("%s; nothing was changed since, %s", r.Reason.Text(), now),
			Hint: then(again + ", once the console or server answers")}
	default:
		return &operr.Error{Kind: operr.KindInterrupted, Err: fmt.Errorf("stopped between two actions; %s", now),
			Hint: again + " continues" + back}
	}
}

// keptText says what becomes of the step in hand.
func keptText(s state.Step, again string) string {
	return "the step in hand, " + s.Text() + ", is kept and continued by the next " + again
}

// unfinished adds to the error of a run that could not go on what is in hand, and what goes on with it.
func unfinished(err error, m state.JournalState, again string) error {
	if m.Step == nil {
		return err
	}
	if m.Again != "" { // it does not know how many steps were done
		m.Again = again
	}
	next := onward(m)
	if hint := operr.HintOf(err); hint != "" {
		next = hint + "; then " + next
	}
	return &operr.Error{Kind: operr.KindOf(err), Err: fmt.Errorf("%w; %s", err, keptText(*m.Step, again)), Hint: next}
}
