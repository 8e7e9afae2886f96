package main

import (
	"fmt"
	"os"
	"time"

	"github.com/google/renameio/v2"
	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/verdict"
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
			return usage("give --config FILE", "this command needs a config, which names the journal")
		case s.config.Journal == "":
			return usage("add journal: to the config", "the config names no journal:")
		}
		s.keepsPlan(c)
		return action(c, s)
	}
}

func pauseCommand() *cli.Command {
	return &cli.Command{
		Name:  "pause",
		Usage: "stop all changes from the next sample on, until pgbudget resume",
		Description: "Writes a file beside the journal; a run reads this file at every sample. Applied sizes stay; a\n" +
			"step in hand is kept.\n\n" +
			"Example:\n" +
			"  pgbudget pause",
		Flags: journalFlags(),
		Action: withJournal(0, func(c *cli.Context, s source) error {
			if p := paused(s.config.Journal); p.Is(verdict.PausedBy) {
				fmt.Fprintln(said(c), p.Text()+" already; pgbudget resume ends the pause")
				return nil
			}
			text := fmt.Sprintf("%s at %s", who(), stamp(time.Now()))
			if err := renameio.WriteFile(pauseFile(s.config.Journal), []byte(text), 0o644); err != nil {
				e := &operr.Error{Kind: operr.KindUsage, Subject: "journal " + s.config.Journal,
					Err:  fmt.Errorf("not paused: the pause file beside the journal cannot be written: %w", cause(err)),
					Hint: "see journal: of the config; Ctrl-C ends a run between two actions"}
				if full(err) {
					e.Kind, e.Hint = operr.KindUnreachable, "free some space on its disk; Ctrl-C ends a run between two actions"
				}
				return e
			}
			if info, err := os.Stat(s.config.Journal); err == nil && info.Size() > 0 {
				if _, err := journalStateOf(s.config); err != nil { // a run has another one, and heeds no file beside this
					return &operr.Error{Kind: operr.KindOf(err), Subject: "journal " + s.config.Journal,
						Err:  fmt.Errorf("the pause file is written, and no run may heed it: %w", err),
						Hint: "check journal: in the config"}
				}
			}
			if _, err := os.Stat(s.config.Journal); err != nil { // the first run may be about to make it
				fmt.Fprintf(stderr, "note: the journal %s does not exist yet: check journal: in the config\n", s.config.Journal)
			}
			fmt.Fprintln(said(c), "paused; pgbudget resume ends the pause")
			if m, err := journalStateOf(s.config); err == nil && len(m.Open) > 0 {
				fmt.Fprintln(said(c), standing(m.Requests))
			}
			return nil
		}),
	}
}
