// Package operr is the one type of error of pgbudget: what kind it is, whom it is about, and the next command. Every
// end of a command has a kind, and the command line has one table from kinds to exit codes. It imports nothing of ours.
package operr

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kind says which family an error, or the end of a command, belongs to; the command line maps it to an exit code.
type Kind int

// The kinds, each with what a user may conclude from it.
const (
	KindUnforeseen  Kind = iota // a defect or the unexpected
	KindUsage                   // wrong usage or config; nothing was touched
	KindInfeasible              // no sizes keep every promise; the text is the certificate
	KindEvidence                // not enough evidence or rights to answer
	KindUnreachable             // a console, server or Prometheus did not answer
	KindDrift                   // what answered is not what it should be; a person must check
	KindBusy                    // another pgbudget is at work; nothing was touched, try again later
	KindHeld                    // a step may not go on now, or nobody agreed to it; safe, run again
	KindAborted                 // the step was taken back; safe
	KindInterrupted             // stopped between two actions; safe
	KindUnmet                   // a simulation ran to its end, and an expectation failed
	KindPending                 // a plan would change something: said by an exit code alone
	KindFound                   // a check has found something; nothing was touched
	KindDone                    // a run came to its end: no fault, whatever a signal said meanwhile
	Kinds                       // how many there are: a new one goes before this line
)

// Error is an error that an operator can act on: what it is about, what went wrong, and what to type next.
type Error struct {
	Kind    Kind   // decides the exit code; the zero value is KindUnforeseen
	Subject string // file, field, console or server the error is about; may be empty
	Err     error  // the cause; never nil
	Hint    string // the next command or edit, a sentence; may be empty
}

// Error returns subject and cause on one line; the hint is printed apart.
func (e *Error) Error() string {
	if e.Subject == "" {
		return e.Err.Error()
	}
	return e.Subject + ": " + e.Err.Error()
}

// Unwrap returns Err, so that errors.Is and errors.As find causes behind an Error.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the family of the first Error in err's chain, KindUnforeseen when there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindUnforeseen
}

// HintOf returns the first hint in err's chain; where the chain comes to several errors that are joined, each hint of
// theirs once, up to maxHints of them. It is empty where err is nil or no Error of the chain has a hint.
func HintOf(err error) string {
	for err != nil {
		if e, is := any(err).(*Error); is && e.Hint != "" {
			return e.Hint
		}
		if several, is := any(err).(interface{ Unwrap() []error }); is {
			return hintsOf(several.Unwrap())
		}
		err = errors.Unwrap(err)
	}
	return ""
}

// maxHints is how many hints of joined errors are told. chosen: 3 because a fleet has a few causes, and one of a
// hundred processes may have as many texts of the same.
const maxHints = 3

func hintsOf(errs []error) string {
	var hints []string
	more := 0
	for _, err := range errs {
		switch hint := HintOf(err); {
		case hint == "" || slices.Contains(hints, hint):
		case len(hints) < maxHints:
			hints = append(hints, hint)
		default:
			more++
		}
	}
	if more > 0 {
		hints = append(hints, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(hints, "; ")
}
