// Package steps chooses the next small step from the sizes that a fleet has to those of a goal: Next releases and
// grants within every budget and limit, so that each state on the path keeps the promise.
package steps
