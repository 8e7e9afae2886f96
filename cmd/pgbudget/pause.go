package main

import (
	"fmt"
	"os"
	"time"

	"github.com/google/renameio/v2"
	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/planner/operr"
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
		Usage: "let nothing move from the next sample on, until resume",
		Description: "Writes a file beside the journal, which a run reads at every sample. What is applied stays; a " +
			"step in hand is kept.\n\n" +
			"Example:\n  pgbudget pause",
		Flags: journalFlags(),
		Action: withJournal(0, func(c *cli.Context, s source) error {
			text := fmt.Sprintf("%s at %s", who(), stamp(time.Now()))
			if err := renameio.WriteFile(pauseFile(s.config.Journal), []byte(text), 0o644); err != nil {
				return &operr.Error{Kind: operr.KindUsage, Subject: "journal " + s.config.Journal,
					Err:  fmt.Errorf("nothing is paused: beside it no file can be written: %w", cause(err)),
					Hint: "see journal: of the config; Ctrl-C ends a run between two actions"}
			}
			if _, err := os.Stat(s.config.Journal); err != nil { // the first run may be about to make it
				fmt.Fprintf(stderr, "note: there is no journal %s yet: see journal: of the config\n", s.config.Journal)
			}
			fmt.Fprintln(said(c), "paused; pgbudget resume goes on")
			return nil
		}),
	}
}
