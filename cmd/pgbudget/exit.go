package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// The exit codes. They are part of the interface: README.md lists them.
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
	exitInterrupted = 130
)

// errPending says that a plan would change something; only --detailed-exitcode turns it into an exit code.
var errPending = errors.New("changes are pending")

// errBestEffort says that the printed plan breaks a promise.
var errBestEffort = errors.New("no sizes keep every promise; the printed plan is the least bad one")

// errUnmet says that a simulation ran to its end and an expectation of its scenario failed.
var errUnmet = errors.New("failed")

// errRan says that a run has come to its end, done: a signal that came meanwhile changes nothing of it.
var errRan = errors.New("done")

// exitCode is the only place where an error becomes a number.
func exitCode(ctx context.Context, err error) int {
	switch {
	case errors.Is(err, errRan):
		return exitDone
	case interrupted(ctx, err):
		return exitInterrupted
	case err == nil:
		return exitDone
	case errors.Is(err, errPending):
		return exitPending
	case errors.Is(err, errBestEffort):
		return exitInfeasible
	case errors.Is(err, errUnmet):
		return exitUnmet
	case errors.Is(err, errHeld), errors.Is(err, errRefused):
		return exitHeld
	case errors.Is(err, errAborted):
		return exitAborted
	case errors.Is(err, errStopped):
		return exitInterrupted
	}
	switch operr.KindOf(err) {
	case operr.KindUsage:
		return exitUsage
	case operr.KindInfeasible:
		return exitInfeasible
	case operr.KindEvidence:
		return exitEvidence
	case operr.KindDrift:
		return exitDrift
	case operr.KindBusy:
		return exitHeld
	case operr.KindUnreachable:
		return exitUnreachable
	default:
		return exitUnforeseen
	}
}

// errorText is what stands on stderr: the error, and below it what to do next.
func errorText(err error) string {
	if err == nil || errors.Is(err, errPending) || errors.Is(err, errRan) {
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
