// Command pgbudget plans the pool sizes of PgBouncers that share PostgreSQL servers.
//
// This package holds one file per command, the rendering of results and the one table from kinds of errors to exit
// codes. It parses flags, calls the packages and prints results; every decision is made in planner.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	external "github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/planner/operr"
)

func main() {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // under nohup, a terminal that is gone is meant to end nothing
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	go endIdle(ctx)
	err := run(ctx)
	code := exitCode(ctx, err)
	if code == exitInterrupted && operr.KindOf(err) != operr.KindInterrupted {
		fmt.Fprintln(stderr, nothingMoved)
	} else if text := errorText(err); text != "" {
		fmt.Fprintln(stderr, text)
	}
	stop()
	os.Exit(code) //nolint:gocritic // stop has run
}

// nothingMoved is the last word of a command that a signal has ended before it changed anything.
const nothingMoved = "pgbudget: interrupted; nothing was changed"

// patience is how long a command that moves nothing has to end by itself after a signal. chosen: a console that is
// asked no more is left in less; what takes longer waits for a pipe.
const patience = 2 * time.Second

// phase is what a signal may do: end the program while it is idle; once it is moving, only its run ends itself.
var phase atomic.Int32

const (
	idle int32 = iota
	moving
	ending
)

// endIdle ends a command that waits where no context reaches it, at a pipe that nobody fills, some time after a signal.
func endIdle(ctx context.Context) {
	<-ctx.Done()
	time.Sleep(patience)
	if phase.CompareAndSwap(idle, ending) {
		fmt.Fprintln(stderr, nothingMoved)
		os.Exit(exitInterrupted)
	}
}

// beginMoving says that from now on a signal ends nothing but the run; the error is that one has ended it already.
func beginMoving() error {
	if phase.CompareAndSwap(idle, moving) || phase.Load() == moving {
		return nil
	}
	return context.Canceled
}

// run runs the command. A panic is a defect and says so, with the exit code of the unforeseen: a trace alone would exit
// with the code of wrong usage.
func run(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a defect of pgbudget: %v; where a fleet was being moved, pgbudget status shows how far\n%s", p,
				debug.Stack())
		}
	}()
	// who reads no further has what was wanted
	app := newApp()
	pasted = typedAgain(os.Args[1:], app.Commands, os.Getenv).in
	err = app.RunContext(ctx, os.Args)
	if word, is := helpTopic(err); is {
		return usage("pgbudget COMMAND --help; DSNs are written whole: --postgres 'host=HOST port=PORT'",
			"-h is help here, and takes no %q", word)
	}
	if err == nil && stdout.err != nil && !errors.Is(stdout.err, syscall.EPIPE) {
		return fmt.Errorf("the result could not be written: %w", cause(stdout.err))
	}
	return err
}

// helpTopic is the word behind a -h, which the flag package takes for a topic.
func helpTopic(err error) (word string, is bool) {
	if err == nil {
		return "", false
	}
	word, is = strings.CutPrefix(err.Error(), "No help topic for '")
	return strings.TrimSuffix(word, "'"), is
}

// newApp builds the command tree. The cli package's own habits that would lie to a script are switched off: it exits by
// itself, exits 3 for an unknown command and 1 for wrong usage, splits list flags at commas, and ignores what follows
// an argument.
func newApp() *cli.App {
	app := &cli.App{
		Name:                      "pgbudget",
		Usage:                     "plan PgBouncer pool sizes within one PostgreSQL's max_connections and CPU",
		Version:                   builtOf(buildInfo()),
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		Writer:                    stdout,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              usageError,
		Commands: []*cli.Command{
			observeCommand(), recordCommand(), estimateCommand(), planCommand(), checkCommand(), stepCommand(), runCommand(),
			statusCommand(), explainCommand(), historyCommand(), diffCommand(), pauseCommand(), resumeCommand(),
			setCommand(), abortCommand(), watchCommand(),
			rollbackCommand(), acceptCommand(),
			journalCommand(), initCommand(), simulateCommand(),
			completionCommand(), manCommand(),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				if command := c.App.Command(c.Args().Get(1)); c.Args().First() == "help" && command != nil {
					return usage("did you mean pgbudget "+command.Name+" --help?", "unknown command \"help\"")
				}
				return unknownCommand(c.App.Commands, "pgbudget", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
		CustomAppHelpTemplate: "",
	}
	for _, c := range app.Commands {
		for _, x := range append(c.Subcommands, c) {
			x.OnUsageError = usageError
			x.HideHelpCommand = true
		}
	}
	return app
}

// outlivePipes lets a write to a pipe or terminal that nobody reads any more fail, instead of ending the program: what
// is being moved is not to be left halfway for a line of text. Commands that it starts have the signal as usual.
func outlivePipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// noArguments refuses left-over arguments, of which a flag after an argument is one.
func noArguments(c *cli.Context, allowed int) error {
	if c.NArg() <= allowed {
		return nil
	}
	rest := c.Args().Slice()[allowed:]
	if first := c.Args().First(); allowed == 0 && !strings.HasPrefix(first, "-") && !strings.Contains(first, "=") {
		rest = rest[:1] // what stands behind it is not what is wrong
	}
	for _, a := range rest {
		if strings.HasPrefix(a, "-") {
			name, _, _ := strings.Cut(a, "=")
			return usage(fmt.Sprintf("flags go first: %s [flags]%s", c.Command.HelpName, argHint(allowed)),
				"%q stands after an argument and would have no effect", name)
		}
	}
	if strings.Contains(rest[0], "=") { // part of a DSN that lost its quotes: it may hold a password
		name, _, _ := strings.Cut(rest[0], "=")
		return usage("put the whole DSN into quotes", "left-over argument %s=…", name)
	}
	takes := fmt.Sprintf("%s takes %d %s besides its flags", c.Command.HelpName, allowed, plural(allowed, "argument"))
	if allowed == 0 {
		takes = c.Command.HelpName + " takes no argument besides its flags"
	}
	if n, err := strconv.Atoi(rest[0]); err == nil && slices.ContainsFunc(c.Command.Flags,
		func(f cli.Flag) bool { return f.Names()[0] == "to" }) {
		takes = fmt.Sprintf("did you mean --to %d? ", n) + takes
	}
	if flag := flagOf(c.Command, rest[0]); flag != "" {
		takes = fmt.Sprintf("did you mean %s %s? ", flag, external.Line(rest[0])) + takes
	}
	return usage(takes, "left-over argument %q", rest[0])
}

// flagOf is the flag of a command that takes a file of this name; empty: it has none.
func flagOf(c *cli.Command, file string) string {
	name := map[string]string{".jsonl": "from", ".yaml": "config", ".yml": "config"}[filepath.Ext(file)]
	if name == "" || !slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return f.Names()[0] == name }) {
		return ""
	}
	return "--" + name
}

func argHint(allowed int) string {
	if allowed == 0 {
		return ""
	}
	return " FILE"
}
