package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner"
)

// TestDriftKeepsTheWayBack: to take what is there as right gives up the step in hand, so a run that ends with drift
// names that only where there is none.
func TestDriftKeepsTheWayBack(t *testing.T) {
	step := &planner.Step{Kind: planner.Forward, Sets: []planner.Set{{Process: "main/1", Alias: "app", Key: planner.KeySize, From: 10, To: 9}}}
	for name, c := range map[string]struct {
		memory        planner.Memory
		hint          string
		want, without string
	}{
		"nothing in hand":         {planner.Memory{}, "", "pgbudget forget --sizes", "rollback"},
		"a step in hand":          {planner.Memory{Step: step}, "", "pgbudget rollback goes back", "forget"},
		"a step that goes back":   {planner.Memory{Step: step, RollTo: 3}, "", "pgbudget rollback goes on", "forget"},
		"something better to say": {planner.Memory{Step: step}, "reload it", "reload it", "forget"},
	} {
		err := ended(bouncer.Report{Outcome: planner.Drifted, Reason: "somebody", Memory: c.memory, Hint: c.hint}, "pgbudget run")
		got := planner.HintOf(err)
		if planner.KindOf(err) != planner.KindDrift || !strings.Contains(got, c.want) || strings.Contains(got, c.without) {
			t.Errorf("%s: %v; next: %q; want %q and no %q", name, err, got, c.want, c.without)
		}
	}
}

// TestAJournalThatFailsLeavesAWayOn names the step in hand, and what goes on with it; the exit code stays.
func TestAJournalThatFailsLeavesAWayOn(t *testing.T) {
	step := &planner.Step{Kind: planner.Forward, Sets: []planner.Set{{Process: "main/1", Alias: "app", Key: planner.KeySize, From: 10, To: 9}}}
	mirror := fmt.Errorf("the journal: %w", &planner.Error{Kind: planner.KindUnreachable, Err: errors.New("broken pipe"), Hint: "mend the mirror"})
	full := errors.New("no space left on device")
	for name, c := range map[string]struct {
		err    error
		memory planner.Memory
		says   string
		next   string
		exit   int
	}{
		"a mirror, with a step in hand": {mirror, planner.Memory{Step: step}, "broken pipe; the step in hand, main/app 10 → 9, is kept",
			"mend the mirror; then pgbudget run goes on, pgbudget rollback goes back", exitUnreachable},
		"a mirror, on the way back": {mirror, planner.Memory{Step: step, RollTo: 3}, "by the next pgbudget run",
			"mend the mirror; then pgbudget rollback goes on", exitUnreachable},
		"a mirror, between two steps": {mirror, planner.Memory{}, "broken pipe", "mend the mirror", exitUnreachable},
		"a full disk": {full, planner.Memory{Step: step}, "no space left on device; the step in hand, main/app 10 → 9",
			"pgbudget run goes on, pgbudget rollback goes back", exitUnforeseen},
	} {
		err := errors.Join(unfinished(c.err, c.memory, "pgbudget run"), leftFlushed(nil))
		if got := exitCode(t.Context(), err); got != c.exit || !strings.Contains(err.Error(), c.says) || planner.HintOf(err) != c.next {
			t.Errorf("%s: %v, next: %q, exit code %d; want %q, next: %q, %d", name, err, planner.HintOf(err), got, c.says, c.next, c.exit)
		}
	}
}
