package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// withJournal is the start of every command that needs the config's journal and no server.
func withJournal(arguments int, action func(c *cli.Context, s source) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if err := noArguments(c, arguments); err != nil {
			return err
		}
		s, err := newSource(c, "")
		switch {
		case err != nil:
			return err
		case s.config == nil:
			return usage("give --config FILE", "the config says where the journal is, and there is none")
		case s.config.Journal == "":
			return usage("add journal: to it", "the config names no journal:")
		}
		return action(c, s)
	}
}

func pauseCommand() *cli.Command {
	return &cli.Command{
		Name:  "pause",
		Usage: "let nothing move from the next look on, until resume",
		Description: "Writes a file beside the journal, which a run reads at every look. What is applied stays; a step in hand is kept.\n\n" +
			"Example:\n  pgbudget pause",
		Flags: journalFlags(),
		Action: withJournal(0, func(c *cli.Context, s source) error {
			text := fmt.Sprintf("%s at %s", who(), stamp(time.Now()))
			if err := renameio.WriteFile(pauseFile(s.config.Journal), []byte(text), 0o644); err != nil {
				return &operr.Error{Kind: operr.KindUsage, Subject: "journal " + s.config.Journal,
					Err:  fmt.Errorf("nothing is paused: beside it no file can be written: %w", cause(err)),
					Hint: "see journal: of the config; Ctrl-C ends a run between two acts"}
			}
			if _, err := os.Stat(s.config.Journal); err != nil { // the first run may be about to make it
				fmt.Fprintf(stderr, "note: there is no journal %s yet: see journal: of the config\n", s.config.Journal)
			}
			fmt.Fprintln(said(c), "paused; pgbudget resume goes on")
			return nil
		}),
	}
}

func resumeCommand() *cli.Command {
	return &cli.Command{
		Name:        "resume",
		Usage:       "end a pause",
		Description: "Example:\n  pgbudget resume",
		Flags:       journalFlags(),
		Action: withJournal(0, func(c *cli.Context, s source) error {
			file := pauseFile(s.config.Journal)
			if info, err := os.Lstat(file); err == nil && info.IsDir() {
				return &operr.Error{Kind: operr.KindUsage, Subject: file, Err: errors.New("it pauses every run, and is a folder, which pgbudget did not make"),
					Hint: "see what it is for, and move it away"}
			}
			switch err := os.Remove(file); {
			case os.IsNotExist(err):
				if _, missing := os.Stat(filepath.Dir(s.config.Journal)); missing != nil {
					return &operr.Error{Kind: operr.KindUsage, Subject: "journal " + s.config.Journal, Err: cause(missing), Hint: "see journal: of the config"}
				}
				fmt.Fprintln(c.App.Writer, "it was not paused")
			case err != nil:
				return err
			default:
				fmt.Fprintln(c.App.Writer, "resumed")
			}
			return nil
		}),
	}
}

func forgetCommand() *cli.Command {
	return &cli.Command{
		Name:  "forget",
		Usage: "take what the fleet has now as right, after a person has looked",
		Description: "With --sizes the journal no longer expects the sizes that pgbudget wrote, nor traffic switches where it turned them,\n" +
			"and a step in hand is given up. It can still be rolled back, as steps that were taken can.\n\n" +
			"Example:\n  pgbudget forget --sizes",
		Flags: append(journalFlags(), &cli.BoolFlag{Name: "sizes", Usage: "accept the sizes that are there, and what traffic switches say"}),
		Action: withJournal(0, func(c *cli.Context, s source) error {
			if !c.Bool("sizes") {
				return usage("pgbudget forget --sizes", "say what is to be forgotten")
			}
			m := mirrorOf(s.config)
			if _, err := m.Load(s.config.Journal); err != nil {
				return err
			}
			if err := cmp.Or(m.Unbegun(s.config.Journal), unbegun(s.config.Journal, "forget")); err != nil {
				return err
			}
			j, err := m.Open(s.config.Journal)
			if err != nil {
				return err
			}
			defer j.Close()
			before := j.Memory()
			if _, err := j.Record(state.Event{At: time.Now(), Kind: state.Accepted, By: who()}); err != nil {
				return err
			}
			fmt.Fprintf(said(c), "%d lines are no longer expected to be as pgbudget wrote them\n", len(before.Written))
			if before.Step != nil {
				fmt.Fprintf(said(c), "the step in hand was given up: %s; pgbudget rollback --dry-run shows the way back from it\n", before.Step.Text())
			}
			return nil
		}),
	}
}
