package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/planner/operr"
)

func resumeCommand() *cli.Command {
	return &cli.Command{
		Name:        "resume",
		Usage:       "end a pause",
		Description: "Example:\n  pgbudget resume",
		Flags:       journalFlags(),
		Action: withJournal(0, func(c *cli.Context, s source) error {
			file := pauseFile(s.config.Journal)
			if info, err := os.Lstat(file); err == nil && info.IsDir() {
				return &operr.Error{Kind: operr.KindUsage, Subject: file,
					Err: errors.New("the pause file is a folder, which pgbudget did not make; every run pauses while this folder " +
						"exists"),
					Hint: "find out who made the folder, and move it away"}
			}
			switch err := os.Remove(file); {
			case os.IsNotExist(err):
				if _, missing := os.Stat(filepath.Dir(s.config.Journal)); missing != nil {
					return &operr.Error{Kind: operr.KindUsage, Subject: "journal " + s.config.Journal, Err: cause(missing),
						Hint: "see journal: of the config"}
				}
				fmt.Fprintln(c.App.Writer, "no pause was in force")
			case err != nil:
				return err
			default:
				fmt.Fprintln(c.App.Writer, "resumed")
			}
			return nil
		}),
	}
}
