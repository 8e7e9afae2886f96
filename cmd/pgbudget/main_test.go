package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"pgbudget": main, "note": note})
}

// note records one event more in a config's journal, as a run does that has taken a sample, or begins a step: note [-c
// FILE] [step].
func note() {
	app := cli.NewApp()
	app.Flags = journalFlags()
	app.Action = withJournal(1, func(c *cli.Context, s source) error {
		j, err := mirrorOf(s.config).Open(s.config.Journal)
		if err != nil {
			return err
		}
		defer j.Close()
		event := state.Event{At: time.Now(), Kind: state.Noted, Reason: verdict.Of(verdict.Note, "it has looked"),
			Seen: []state.Seen{{Process: "main/1", Alias: "app", Users: []string{"app"}}}}
		if c.Args().First() == "step" {
			sets := []fleet.SettingChange{{Process: "main/1", Alias: "app", Key: fleet.KeySize, From: 15, To: 14}}
			event = state.Event{At: time.Now(), Kind: state.StepBegan, Step: &state.Step{Kind: state.Forward, Changes: sets}}
		}
		_, err = j.Record(event)
		return err
	})
	if err := app.Run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, errorText(err))
		os.Exit(exitCode(context.Background(), err))
	}
}

// TestEveryScriptEndsAsItIsWritten runs the built command on the scripts under testdata, wrong input above all.
func TestEveryScriptEndsAsItIsWritten(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:  "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs a command and checks its exit code: exits 3 pgbudget plan …
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG ...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		e, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = e.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if args[1] == "pgbudget" {
		pasteable(ts, args[2:])
		if text := manyOfOne.FindString(ts.ReadFile("stdout") + ts.ReadFile("stderr")); text != "" {
			ts.Fatalf("%v says %q", args, text)
		}
	}
}

// manyOfOne is a plural behind a one.
var manyOfOne = regexp.MustCompile(`(^|[^\d.,])1 (more )?(connections|processes|samples|events|steps|lines|` +
	`pools|clients|users|traffic changes)\b`)

// harmless are commands that change nothing, and ask no more than who they are typed for did.
var harmless = []string{"status", "explain", "plan", "step --dry-run", "run --dry-run", "rollback --dry-run"}

// pasteable checks that the commands which a command names say of the facts what its own command line did, and that
// they run.
func pasteable(ts *testscript.TestScript, args []string) {
	for line := range strings.Lines(ts.ReadFile("stderr")) {
		for _, at := range ourCommand.FindAllStringIndex(line, -1) {
			name, rest := strings.TrimPrefix(line[at[0]:at[1]], "pgbudget "), line[at[1]:]
			c := newApp().Command(strings.Fields(name)[0])
			if c == nil || elsewhere.MatchString(rest) {
				continue
			}
			for i, word := range args {
				config := func(f cli.Flag) bool { return f.Names()[0] == "config" }
				takes := strings.HasPrefix(name, "journal ") || slices.ContainsFunc(c.Flags, config)
				typed := (word == "-c" || word == "--config") && i+1 < len(args)
				if typed && takes && !strings.HasPrefix(rest, " --config "+args[i+1]) {
					ts.Fatalf("%v: %q names a command that has no --config %s", args, line, args[i+1])
				}
			}
			flags := wholeCommand.FindString(rest)
			if !slices.Contains(harmless, strings.TrimSpace(name+withoutSource.ReplaceAllString(flags, ""))) {
				continue
			}
			sh := exec.Command("sh", "-c", "pgbudget "+name+flags)
			sh.Dir = ts.MkAbs(".")
			for _, key := range []string{"PATH", "HOME", "PGBUDGET_CONFIG"} {
				sh.Env = append(sh.Env, key+"="+ts.Getenv(key))
			}
			out, _ := sh.CombinedOutput()
			text := string(out)
			lost := strings.Contains(text, "give --config FILE") || strings.Contains(text, "nothing to observe")
			lost = lost && len(typedAgain(args, nil, ts.Getenv).flags) > 0
			if lost || strings.Contains(text, "unknown flag") || strings.Contains(text, "left-over argument") {
				ts.Fatalf("%v names %q, which ends with %s", args, "pgbudget "+name+flags, text)
			}
		}
	}
}

// wholeCommand are the flags that stand behind a command in a sentence, and withoutSource those of where the facts
// are.
var (
	wholeCommand  = regexp.MustCompile(`^( --(config|from|postgres|bouncer) ('[^']*'|[^\s;,]+)| --(dry-run|best-effort|look|sizes))*`)
	withoutSource = regexp.MustCompile(` --(config|from|postgres|bouncer) ('[^']*'|[^\s;,]+)| --best-effort| --look`)
)
