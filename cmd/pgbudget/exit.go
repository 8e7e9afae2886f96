package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// The exit codes. They are part of the interface.
const (
	exitDone        = 0
	exitUnforeseen  = 1
	exitUsage       = 2
	exitInfeasible  = 3
	exitEvidence    = 4
	exitHeld        = 5
	exitAborted     = 6
	exitDrift       = 7
	exitUnreachable = 8
	exitUnmet       = 9
	exitPending     = 10
	exitFound       = 11
	exitInterrupted = 130
)

// exitTable is the one table from the kinds of errors to exit codes. README.md and the manual page show it.
var exitTable = []struct {
	code  int
	kinds []operr.Kind
	means string
}{
	{exitDone, []operr.Kind{operr.KindDone}, "done, or nothing to do"},
	{exitUnforeseen, []operr.Kind{operr.KindUnforeseen}, "unforeseen"},
	{exitUsage, []operr.Kind{operr.KindUsage}, "wrong usage or config; nothing was touched"},
	{exitInfeasible, []operr.Kind{operr.KindInfeasible}, "no sizes keep every promise (the certificate is printed). " +
		"Also: `--best-effort`, a saved plan that broke, a `--path` that is barred, be it at one end of its fraction " +
		"alone"},
	{exitEvidence, []operr.Kind{operr.KindEvidence}, "not enough evidence or rights"},
	{exitHeld, []operr.Kind{operr.KindHeld, operr.KindBusy}, "held, or another pgbudget is at work: safe, run again"},
	{exitAborted, []operr.Kind{operr.KindAborted},
		"aborted: the step was taken back, of a run so many in a row as `policy.aborts` says; safe"},
	{exitDrift, []operr.Kind{operr.KindDrift},
		"a server's answer or a size is not the expected one; a person must check"},
	{exitUnreachable, []operr.Kind{operr.KindUnreachable},
		"a console, server or Prometheus did not answer, or refused the login"},
	{exitUnmet, []operr.Kind{operr.KindUnmet}, "a simulation's expectation failed"},
	{exitPending, []operr.Kind{operr.KindPending}, "the plan changes a size (`--detailed-exitcode` only)"},
	{exitFound, []operr.Kind{operr.KindFound}, "`check` or `diff` has found something"},
	{exitInterrupted, []operr.Kind{operr.KindInterrupted}, "interrupted, between two actions"},
}

// errPending says that a plan would change something; only --detailed-exitcode makes it an exit code.
var errPending = &operr.Error{Kind: operr.KindPending, Err: errors.New("the plan changes sizes")}

// errBestEffort says that the printed plan breaks a promise.
var errBestEffort = &operr.Error{Kind: operr.KindInfeasible,
	Err: errors.New("no sizes keep every promise; the printed plan is the least bad one")}

// errRan says that a run has come to its end, done: a signal that came meanwhile changes nothing of it.
var errRan = &operr.Error{Kind: operr.KindDone, Err: errors.New("done")}

// held is the error of what may not go on now, with the hint what to type.
func held(hint, format string, args ...any) error {
	return &operr.Error{Kind: operr.KindHeld, Err: fmt.Errorf("held: "+format, args...), Hint: hint}
}

// exitCode is the only place where an error becomes a number.
func exitCode(ctx context.Context, err error) int {
	kind := operr.KindOf(err)
	if err == nil {
		kind = operr.KindDone
	}
	if interrupted(ctx, err) {
		kind = operr.KindInterrupted
	}
	for _, x := range exitTable {
		if slices.Contains(x.kinds, kind) {
			return x.code
		}
	}
	return exitUnforeseen
}

// interrupted reports whether a signal has ended the command: it had no error, or only that of being ended.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled))
}

// errorText is what stands on stderr: the error, and below it what to do next.
func errorText(err error) string {
	silent := []operr.Kind{operr.KindPending, operr.KindFound, operr.KindDone} // the exit code says it all
	if err == nil || slices.Contains(silent, operr.KindOf(err)) {
		return ""
	}
	text := "pgbudget: " + strings.ReplaceAll(err.Error(), "\n", "\npgbudget: ")
	if hint := cmp.Or(allowed(err), operr.HintOf(err)); hint != "" {
		text += "\nnext: " + hint
	}
	return text
}

// usage makes an error of usage with the hint what to type instead.
func usage(hint, format string, args ...any) error {
	return &operr.Error{Kind: operr.KindUsage, Err: fmt.Errorf(format, args...), Hint: hint}
}
