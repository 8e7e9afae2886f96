package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/asked"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

func abortCommand() *cli.Command {
	return &cli.Command{
		Name:  "abort",
		Usage: "take the step in hand back at once, and end the run",
		Description: "The run takes its step back from the next sample on: first the traffic, then what it has granted,\n" +
			"then what it has released; without a soak, and over a pause, too. It ends with exit code 6. Steps\n" +
			"that are completed stay: pgbudget rollback takes them back. Waits until the run has ended.\n\n" +
			"Example:\n" +
			"  pgbudget abort",
		Flags: journalFlags(),
		Action: withJournal(0, func(c *cli.Context, s source) error {
			path := s.config.Journal
			m, err := journalStateOf(s.config)
			if err != nil {
				return err
			}
			if err := unbegun(path, "abort"); err != nil {
				return err
			}
			switch busy := journal.Busy(path); {
			case !busy && m.Step != nil:
				return &operr.Error{Kind: operr.KindHeld, Err: errors.New("no run is in progress, and a step is in hand: " +
					m.Step.Text()), Hint: "pgbudget rollback --now takes it back without a soak"}
			case !busy:
				text := "no run is in progress, and no step is in hand: nothing is taken back"
				if len(m.Past) > 0 {
					text += "; pgbudget rollback takes back the newest step"
				}
				fmt.Fprintln(said(c), text)
				return nil
			case m.RollTo > 0:
				return &operr.Error{Kind: operr.KindHeld, Err: errors.New("the run is a rollback: it takes steps back already"),
					Hint: "pgbudget pause stops it; Ctrl-C ends it between two actions"}
			}
			if err := asked.Abort(path, who(), time.Now()); err != nil {
				return unasked(path, err)
			}
			inHand := "no step is in hand"
			if p, is := m.Provisional(); is {
				inHand = fmt.Sprintf("step %d is provisional: %s", p.Number, p.Step.Text())
			}
			if m.Step != nil {
				inHand = "in hand: " + m.Step.Text()
			}
			fmt.Fprintf(said(c), "asked; %s; waiting until the run has ended (Ctrl-C ends the waiting alone)\n", inHand)
			return s.aborted(c, m.Seq)
		}),
	}
}

// newestAfter are the events after one, the oldest first.
func newestAfter(path string, after int64) (events []state.Event, err error) {
	for e, err := range journal.Newest(path) {
		if err != nil {
			return nil, err
		}
		if e.Seq <= after {
			break
		}
		events = append(events, e)
	}
	slices.Reverse(events)
	return events, nil
}

// stands says that what was asked for is asked for still, though nobody waits any more.
func stands(what string) error {
	return &operr.Error{Kind: operr.KindInterrupted, Err: errors.New("interrupted; what was asked for stands: " + what)}
}

// aborted waits until the run has ended, and says how.
func (s source) aborted(c *cli.Context, after int64) error {
	path := s.config.Journal
	var end *state.Event // of the run
	for ended := false; !ended; {
		ended = !journal.Busy(path)
		events, err := newestAfter(path, after)
		if err != nil {
			return err
		}
		for _, e := range events { // a hold, or a drain that takes long, is not to be waited for in silence
			if after = e.Seq; eventLine(e) != "" {
				fmt.Fprintln(said(c), eventLine(e))
			}
			if e.Kind == state.RunEnded {
				ended, end = true, &e
			}
		}
		if ended {
			break
		}
		select {
		case <-c.Context.Done():
			return stands("the run takes its step back; pgbudget history shows it")
		case <-time.After(100 * time.Millisecond):
		}
	}
	m, err := journalStateOf(s.config)
	if err != nil {
		return err
	}
	if open := standing(m.Requests); open != "" {
		fmt.Fprintln(said(c), open)
	}
	if m.Step != nil {
		e := &operr.Error{Kind: operr.KindHeld, Err: errors.New("the run has ended, and a step is still in hand: " +
			m.Step.Text()), Hint: onward(m)}
		if end != nil { // with its reason, and what it says helps first
			e.Kind = bouncer.Report{Outcome: end.Outcome}.Kind()
			e.Err = fmt.Errorf("the run has ended %s: %s; a step is still in hand: %s", end.Outcome, end.Reason.Text(),
				m.Step.Text())
			if end.Next != "" {
				e.Hint = end.Next + "; then " + e.Hint
			}
		}
		return e
	}
	if end == nil || end.Outcome != state.Aborted { // it was asked too late
		how := "the run had ended"
		if end != nil {
			how = fmt.Sprintf("the run had ended %s before it was aborted", end.Outcome)
		}
		return &operr.Error{Kind: operr.KindHeld, Err: errors.New(how + ": nothing was taken back"),
			Hint: "pgbudget history shows what it did; pgbudget rollback takes back the newest step"}
	}
	return nil
}
