package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/urfave/cli/v2"

	external "github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// mirrorOf is the mirror of a config's journal.
func mirrorOf(c *config.Config) journal.Mirror {
	m := journal.Mirror{Path: c.Mirror.Path}
	if words := c.Mirror.Argv; len(words) > 0 {
		m.Name = words[0]
		m.Give = func(line []byte) error {
			ctx, cancel := context.WithTimeout(context.Background(), c.MirrorWithin())
			defer cancel()
			_, err := external.Call{Argv: words, Stdin: line, Mask: c.Mask}.Run(ctx)
			return err
		}
	}
	return m
}

// remembered is what the config's journal comes to; somebody else may be writing it.
func journalStateOf(c *config.Config) (state.JournalState, error) { return mirrorOf(c).Load(c.Journal) }

// recordable says why nothing could be recorded in the config's journal and its mirror, as far as can be told without
// writing: a mirror's command must exist, and is not called.
func recordable(c *config.Config) error {
	m := mirrorOf(c)
	if err := m.Writable(c.Journal); err != nil {
		return err
	}
	if _, err := m.Load(c.Journal); err != nil {
		return err
	}
	if words := c.Mirror.Argv; len(words) > 0 {
		if _, err := exec.LookPath(words[0]); err != nil {
			return &operr.Error{Kind: operr.KindUnreachable, Subject: "mirror " + words[0],
				Err: fmt.Errorf("the mirror took no line of the journal: %w", err), Hint: "see mirror: of the config"}
		}
	}
	return m.Unbegun(c.Journal)
}

// unbegun refuses to accept, or to take back, where there is no journal: its name may be wrong, and a new one would
// keep it from being imported.
func unbegun(path, what string) error {
	none, err := noEvents(path)
	if info, missing := os.Stat(path); err != nil || missing == nil && info.Size() > 0 {
		return err
	}
	return usage("see journal: of the config", "nothing to %s: %s", what, none)
}

func journalCommand() *cli.Command {
	return &cli.Command{
		Name:  "journal",
		Usage: "begin, export or import the journal",
		Description: "The journal records what pgbudget wrote, step by step; a rollback needs the journal.\n" +
			"With mirror: in the config, each line is in a second place before its action begins.\n" +
			"After the loss of the host or its disk, import makes a journal from the mirror.\n\n" +
			"Examples:\n" +
			"  pgbudget journal export fleet.export\n" +
			"  pgbudget journal import fleet.export\n" +
			"  pgbudget rollback --dry-run",
		Subcommands: []*cli.Command{exportCommand(), importCommand(), beginCommand()},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return unknownCommand(c.Command.Subcommands, "pgbudget journal", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
	}
}

func beginCommand() *cli.Command {
	return &cli.Command{
		Name:  "begin",
		Usage: "make the config's journal, where pgbudget has never changed a size",
		Description: "Needed once, and only where mirror: is a command. A command cannot tell which lines it was\n" +
			"given, so pgbudget cannot tell a lost journal from a new one. After a loss use\n" +
			"pgbudget journal import: rollback stays possible.\n\n" +
			"Example:\n" +
			"  pgbudget journal begin",
		Flags: journalFlags(),
		Action: withJournal(0, func(c *cli.Context, s source) error {
			j, err := mirrorOf(s.config).Begin(s.config.Journal)
			if err != nil {
				return err
			}
			fmt.Fprintf(said(c), "%s begun\n", s.config.Journal)
			return j.Close()
		}),
	}
}

func exportCommand() *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "check every line of the journal, and print the lines with an end mark",
		ArgsUsage: "[FILE]",
		Description: "Asks no server, and may be used during a run. FILE must not exist yet; without FILE, or where\n" +
			"FILE is -, the lines go to the standard output. The end mark proves that no line is missing.\n\n" +
			"Examples:\n" +
			"  pgbudget journal export fleet.export\n" +
			"  pgbudget journal export | ssh backup 'cat > fleet.export'",
		Flags: journalFlags(),
		Action: withJournal(1, func(c *cli.Context, s source) error {
			name := c.Args().First()
			if c.NArg() == 0 || name == "-" {
				_, err := journal.Export(s.config.Journal, c.App.Writer)
				return err
			}
			file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return &operr.Error{Kind: operr.KindUsage, Subject: name, Err: cause(err),
					Hint: "name a new file in an existing folder"}
			}
			sum, err := journal.Export(s.config.Journal, file)
			if err == nil {
				err = file.Sync()
			}
			if err = errors.Join(err, file.Close()); err != nil {
				_ = os.Remove(name) // it was made just now, and is not whole
				return err
			}
			fmt.Fprintf(said(c), "%s exported to %s\n", summaryText(sum), name)
			return nil
		}),
	}
}

func importCommand() *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "make the config's journal from an export or a mirror",
		ArgsUsage: "FILE",
		Description: "The file under journal: of the config must not exist yet. FILE is an export, a mirror, or the\n" +
			"lines that the command of mirror: was given; - is the standard input. Every line is checked\n" +
			"first.\n\n" +
			"Examples:\n" +
			"  pgbudget journal import fleet.export\n" +
			"  ssh backup cat fleet.jsonl | pgbudget journal import -\n" +
			"  pgbudget rollback --dry-run",
		Flags: journalFlags(),
		Action: withJournal(1, func(c *cli.Context, s source) error {
			if c.NArg() == 0 {
				return usage("pgbudget journal import FILE, or - for the standard input", "no file to import")
			}
			name, from := c.Args().First(), io.Reader(os.Stdin)
			if name != "-" {
				file, err := os.Open(name)
				if err != nil {
					return &operr.Error{Kind: operr.KindUsage, Subject: name, Err: cause(err), Hint: "name an export or a mirror"}
				}
				defer file.Close()
				from = file
			}
			sum, err := journal.Import(untilDone{c.Context, from}, name, s.config.Journal)
			if err != nil {
				return err
			}
			if !sum.Ended {
				fmt.Fprintln(stderr, endlessNote(name, sum.Cut))
			}
			fmt.Fprintf(said(c), "%s imported into %s; pgbudget rollback --dry-run shows what would be taken back\n",
				summaryText(sum), s.config.Journal)
			return nil
		}),
	}
}

// untilDone reads until its context ends; a read that never returns is left behind.
type untilDone struct {
	ctx  context.Context
	from io.Reader
}

func (r untilDone) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	buf, got := make([]byte, len(p)), make(chan result, 1)
	go func() {
		n, err := r.from.Read(buf)
		got <- result{n, err}
	}()
	select {
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	case x := <-got:
		return copy(p, buf[:x.n]), x.err
	}
}

// endlessNote is said of an import that is no export. A copy that was cut in transit resembles a journal that a crash
// has cut, and then much may have followed.
func endlessNote(name string, cut bool) string {
	last := ""
	if cut {
		last = "the last line was cut off and left out, and "
	}
	return fmt.Sprintf("note: %s has no end mark, as an export has: %snewer lines may be missing; check that its "+
		"newest event is the newest one known", name, last)
}

// cutNote is said wherever the last line of a journal has no end.
const cutNote = "note: a crash has cut off the last line; the line was left out, and no action had followed from " +
	"the line"

// summaryText says how many events there were.
func summaryText(s journal.Summary) string {
	text := fmt.Sprintf("%d %s", s.Events, plural(int(s.Events), "event"))
	if s.Events > 0 {
		text += ", the newest of " + stamp(s.At)
	}
	return text
}

// newestEvents are the newest events of a journal, the newest last.
func newestEvents(path string, n int) ([]state.Event, error) {
	out := make([]state.Event, n)
	i := n
	for e, err := range journal.Newest(path) {
		if err != nil {
			return nil, err
		}
		if i--; i >= 0 {
			out[i] = e
		}
		if i <= 0 {
			break
		}
	}
	if i >= n {
		return nil, nil
	}
	return out[max(i, 0):], nil
}
