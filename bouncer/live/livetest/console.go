package livetest

import (
	"errors"
	"time"
)

// Generous is a time-out that no test means to reach.
const Generous = time.Minute

// Brief is a time-out that a test means to reach.
const Brief = 300 * time.Millisecond

// Chain returns err and everything that it wraps.
func Chain(err error) []error {
	all := []error{err}
	if one := errors.Unwrap(err); one != nil {
		all = append(all, Chain(one)...)
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			all = append(all, Chain(e)...)
		}
	}
	return all
}
