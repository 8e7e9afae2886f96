package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestExitCodesAreThoseOfTheFrontPage: README.md and the program have one table.
func TestExitCodesAreThoseOfTheFrontPage(t *testing.T) {
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	table := "| code | meaning |\n|---|---|\n"
	for _, x := range exitTable {
		table += fmt.Sprintf("| %d | %s |\n", x.code, x.means)
	}
	if !strings.Contains(string(page), "\n"+table+"\n") {
		t.Errorf("README.md does not have\n%s", table)
	}
}

// TestEveryKindHasOneExitCode, and no number two meanings.
func TestEveryKindHasOneExitCode(t *testing.T) {
	rows, codes := map[operr.Kind]int{}, map[int]bool{}
	for _, x := range exitTable {
		if codes[x.code] {
			t.Errorf("%d stands twice", x.code)
		}
		codes[x.code] = true
		for _, k := range x.kinds {
			rows[k]++
		}
	}
	for k := range operr.Kinds {
		if rows[k] != 1 {
			t.Errorf("kind %d of planner/operr/errors.go stands in %d rows of exitTable (exit.go), want one", k, rows[k])
		}
	}
}

func TestASignalEndsWithItsOwnCodeUnlessTheRunWasDone(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	cut := &operr.Error{Kind: operr.KindUnreachable, Err: fmt.Errorf("no answer: %w", context.Canceled)}
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want int
	}{
		{t.Context(), nil, exitDone}, {ended, nil, exitInterrupted},
		{t.Context(), errRan, exitDone}, {ended, errRan, exitDone},
		{t.Context(), cut, exitUnreachable}, {ended, cut, exitInterrupted},
		{ended, held("", "later"), exitHeld}, {t.Context(), errors.New("what"), exitUnforeseen},
		{t.Context(), fmt.Errorf("plan: %w", errPending), exitPending},
		{t.Context(), errors.Join(held("", "x"), cut), exitHeld},
	} {
		if got := exitCode(c.ctx, c.err); got != c.want {
			t.Errorf("%v, ended %v: %d, want %d", c.err, c.ctx.Err() != nil, got, c.want)
		}
	}
}
