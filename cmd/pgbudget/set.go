package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer/asked"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

func setCommand() *cli.Command {
	return &cli.Command{
		Name:      "set",
		Usage:     "change how carefully a run in progress moves, without ending the run",
		ArgsUsage: "KEY=VALUE…",
		Description: "The run goes on with the new values from its next sample on, and journals them. The keys are\n" +
			"those of policy: in the config: " + strings.Join(config.Settable, ", ") + ". They end with the\n" +
			"run: the next one takes the config's again.\n\n" +
			"Example:\n" +
			"  pgbudget set percent=2 soak=5m",
		Flags: journalFlags(),
		Action: withJournal(len(config.Settable), func(c *cli.Context, s source) error {
			if c.NArg() == 0 {
				return usage("pgbudget set percent=2 soak=5m", "nothing to set, want KEY=VALUE")
			}
			set, err := config.ParseSettings(c.Args().Slice())
			if err != nil {
				return usage("pgbudget set percent=2 soak=5m", "%v", err)
			}
			path := s.config.Journal
			before, err := journalStateOf(s.config)
			if err != nil {
				return err
			}
			if !journal.Busy(path) {
				return &operr.Error{Kind: operr.KindUsage, Subject: "journal " + path,
					Err:  errors.New("no run is in progress"),
					Hint: "pgbudget status shows what is in hand; the next run takes policy: of the config, and --percent"}
			}
			if err := asked.Set(path, who(), time.Now(), set); err != nil {
				return unasked(path, err)
			}
			e, err := awaited(c.Context, path, before.Seq, state.Adjusted)
			switch {
			case err != nil:
				return err
			case e == nil && journal.Busy(path):
				fmt.Fprintln(said(c), "the run has not said that anything changes: it has these values already, or reads them "+
					"at its next sample; pgbudget history shows it")
			case e == nil:
				return &operr.Error{Kind: operr.KindHeld, Err: errors.New("the run has ended"), Hint: "pgbudget status"}
			default:
				fmt.Fprintln(said(c), "set: "+e.Reason.Text())
			}
			return nil
		}),
	}
}

// full reports whether a disk has no room left, or the user has used up what is his.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// unasked is the error of a run that could not be asked for anything.
func unasked(path string, err error) error {
	e := &operr.Error{Kind: operr.KindUsage, Subject: "journal " + path,
		Err:  fmt.Errorf("the run cannot be asked: the file beside the journal cannot be written: %w", cause(err)),
		Hint: "as the user of the run; Ctrl-C ends a run between two actions"}
	if full(err) {
		e.Kind, e.Hint = operr.KindUnreachable, "free some space on its disk; Ctrl-C ends a run between two actions"
	}
	return e
}

// answeredWithin is how long a run may take to do what it was asked for. chosen: 30 s because a sample of a slow fleet
// takes some, and the one in progress is not cut short.
const answeredWithin = 30 * time.Second

// awaited is the first event of a kind that comes after another; nil: none has within answeredWithin, or the run ended.
func awaited(ctx context.Context, path string, after int64, kind state.EventKind) (*state.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, answeredWithin)
	defer cancel()
	for {
		ended := !journal.Busy(path)
		for e, err := range journal.Newest(path) {
			if err != nil {
				return nil, err
			}
			if e.Seq <= after {
				break
			}
			if e.Kind == kind {
				return &e, nil
			}
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil, nil
			}
			return nil, stands("the run goes on with it from its next sample on; pgbudget history shows it")
		case <-time.After(100 * time.Millisecond):
		}
		if ended {
			return nil, nil
		}
	}
}
