package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

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
			switch busy := journal.Busy(path); {
			case !busy && m.Step != nil:
				return &operr.Error{Kind: operr.KindHeld, Err: errors.New("no run is in progress, and a step is in hand: " +
					m.Step.Text()), Hint: "pgbudget rollback --now takes it back without a soak"}
			case !busy:
				fmt.Fprintln(said(c), "no run is in progress, and no step is in hand: nothing is taken back; pgbudget rollback "+
					"takes back the newest step")
				return nil
			case m.RollTo > 0:
				return &operr.Error{Kind: operr.KindHeld, Err: errors.New("the run is a rollback: it takes steps back already"),
					Hint: "pgbudget pause stops it; Ctrl-C ends it between two actions"}
			}
			if err := asked.Abort(path, who(), time.Now()); err != nil {
				return unasked(path, err)
			}
			inHand := "no step is in hand"
			if m.Step != nil {
				inHand = "in hand: " + m.Step.Text()
			}
			fmt.Fprintf(said(c), "asked; %s; waiting until the run has ended (Ctrl-C ends the waiting alone)\n", inHand)
			return s.aborted(c, m.Seq)
		}),
	}
}

// aborted waits until the run has ended, and says how.
func (s source) aborted(c *cli.Context, after int64) error {
	path := s.config.Journal
	for journal.Busy(path) {
		e, err := awaited(c.Context, path, after, state.RunEnded)
		if err != nil {
			return err
		}
		if e == nil {
			continue
		}
		fmt.Fprintln(said(c), eventLine(*e))
		break
	}
	m, err := journalStateOf(s.config)
	if err != nil {
		return err
	}
	if m.Step != nil {
		return &operr.Error{Kind: operr.KindHeld, Err: errors.New("the run has ended, and a step is still in hand: " +
			m.Step.Text()), Hint: onward(m)}
	}
	return nil
}
