// Command pgbudget plans the pool sizes of PgBouncers that share PostgreSQL servers.
//
// This package holds one file per command, the rendering of results and the one table from errors to exit codes. It
// takes words in and gives words out; every decision is made in planner.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := newApp().RunContext(ctx, os.Args)
	code := exitCode(ctx, err)
	if code == exitInterrupted {
		fmt.Fprintln(os.Stderr, "pgbudget: interrupted; nothing was changed")
	} else if text := errorText(err); text != "" {
		fmt.Fprintln(os.Stderr, text)
	}
	stop()
	os.Exit(code) //nolint:gocritic // stop has run
}

// newApp builds the command tree. The cli package's own habits that would lie to a script are switched off: it exits by
// itself, exits 3 for an unknown command and 1 for wrong usage, splits list flags at commas, and ignores what follows
// an argument.
func newApp() *cli.App {
	app := &cli.App{
		Name:                      "pgbudget",
		Usage:                     "plan PgBouncer pool sizes within one PostgreSQL's max_connections and CPU",
		Version:                   version(),
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              usageError,
		Commands: []*cli.Command{
			observeCommand(), recordCommand(), estimateCommand(), planCommand(), initCommand(),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("unknown command %q; %s", c.Args().First(), "pgbudget --help lists the commands")
			}
			return cli.ShowAppHelp(c)
		},
		CustomAppHelpTemplate: "",
	}
	for _, c := range app.Commands {
		c.OnUsageError = usageError
		c.HideHelpCommand = true
	}
	return app
}

// usageError words the flag package's complaint as an error of usage.
func usageError(c *cli.Context, err error, _ bool) error {
	name := "pgbudget"
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != "pgbudget" {
		name += " " + c.Command.Name
	}
	return usagef("%s; %s --help shows its flags", strings.TrimPrefix(err.Error(), "flag provided but not defined: "), name)
}

// noArguments refuses left-over arguments, of which a flag after an argument is one.
func noArguments(c *cli.Context, allowed int) error {
	if c.NArg() <= allowed {
		return nil
	}
	rest := c.Args().Slice()[allowed:]
	for _, a := range rest {
		if strings.HasPrefix(a, "-") {
			return usagef("%q stands after an argument and would be ignored; flags go first: pgbudget %s [flags]%s", a, c.Command.Name, argHint(allowed))
		}
	}
	return usagef("left-over argument %q; pgbudget %s takes %d", rest[0], c.Command.Name, allowed)
}

func argHint(allowed int) string {
	if allowed == 0 {
		return ""
	}
	return " FILE"
}

// version is the module's version as the Go toolchain recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled))
}
