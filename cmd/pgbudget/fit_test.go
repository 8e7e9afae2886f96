package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestColumnsThatDoNotFitAreLeftOut, the one that tells least first, and named; without a terminal none is.
func TestColumnsThatDoNotFitAreLeftOut(t *testing.T) {
	rows := [][]string{{"POOL", "SIZE", "WAIT", "WHY"}, {"main/gitlab", "75 → 64", "0 ms", "price"}}
	for _, c := range []struct {
		width int
		left  []string
	}{{0, nil}, {33, nil}, {32, []string{"WHY"}}, {25, []string{"WAIT", "WHY"}}, {5, []string{"WAIT", "WHY"}}} {
		fit, left := fitted(rows, c.width, []int{3, 2})
		if !slices.Equal(left, c.left) || len(fit[1]) != 4-len(left) {
			t.Errorf("%d columns: %v is left out, want %v: %v", c.width, left, c.left, fit)
		}
	}
}

// watchedStatus is the state of a run in a soak, with a long history of its pools.
func watchedStatus() status {
	at := time.Date(2026, 11, 30, 0, 34, 13, 0, time.UTC)
	pool := func(id string, size, goal, active int, wait time.Duration) poolSample {
		p := poolSample{Pool: id, Size: size, Goal: goal, Conns: size * 4, Worst: size * 4, Waiting: active % 3}
		for i := range 200 {
			p.Past = append(p.Past, point{At: at, Active: active * i / 200, Wait: wait * time.Duration(i) / 200})
		}
		return p
	}
	return status{At: at, Running: true, Number: 3, began: at.Add(-time.Hour),
		Step: &state.Step{Kind: state.Forward, Traffic: &shift.TrafficChange{Shift: "main/app:ci/app", From: 5, To: 10},
			Changes: []fleet.SettingChange{{Process: "ci/1", Alias: "app", Key: fleet.KeySize, From: 5, To: 12}}},
		Taken: []state.Past{{Number: 2, Until: at.Add(time.Hour), Step: *oneLine(4, 5)}},
		Look: &sample{At: at, Doing: "soaking", SoakLeft: 12 * time.Minute,
			Servers: []serverSample{{Name: "pg", WorstConns: 441, BudgetConns: 450, SpareConns: 9},
				{Name: "a-server-with-a-long-name", WorstConns: 12, BudgetConns: 10, SpareConns: -2}},
			Signals: []control.SignalNow{{Name: "cpu", Server: "pg", Value: 0.61, Hold: 0.85, Abort: 0.95},
				{Name: "lag", Server: "pg", Value: fleet.Unknown(), Hold: 30, Abort: fleet.Unknown(), Held: true,
					Why: "no answer"}},
			Pools: []poolSample{pool("main/gitlabhq_production", 64, 60, 150, 0), pool("ci/app\x1b[31m", 12, 28, 40,
				700*time.Millisecond), pool("sidekiq/gitlabhq_production_with_a_very_long_name_that_does_not_end", 3, 0, 1,
				20*time.Millisecond)}}}
}

// TestTheScreenFitsEveryTerminal: no line is wider, what a name brings is no escape, and what is to be seen is.
func TestTheScreenFitsEveryTerminal(t *testing.T) {
	for width := 1; width <= 220; width++ {
		lines := output{}.screen(watchedStatus(), width)
		for _, line := range lines {
			if w := runewidth.StringWidth(line); w > width || strings.ContainsRune(line, '\x1b') {
				t.Fatalf("%d columns: %d in %q", width, w, line)
			}
		}
	}
	text := strings.Join(output{}.screen(watchedStatus(), 140), "\n")
	for _, want := range []string{"step 3: soaking, 12m0s left", "ci/app 5 → 12",
		"provisional until 2026-11-30 01:34:13 UTC",
		"worst case 441 of 450, spare 9", "2 OVER", "cpu 0.61   hold above 0.85, abort above 0.95",
		"lag not known: no answer   held, hold above 30", "12 → 28", "64 → 60", "█", "▅", "696 ms", "WAITING"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the screen:\n%s", want, text)
		}
	}
}

// TestAScreenThatIsTooLowSaysHowMuchIsLeftOut in its last row, and one that is high enough does not.
func TestAScreenThatIsTooLowSaysHowMuchIsLeftOut(t *testing.T) {
	lines := output{}.screen(watchedStatus(), 80)
	for rows := 1; rows < len(lines)+3; rows++ {
		got := fitHeight(lines, rows, 80)
		if rows >= len(lines) {
			if !slices.Equal(got, lines) {
				t.Errorf("%d rows hold %d lines:\n%s", rows, len(lines), strings.Join(got, "\n"))
			}
			continue
		}
		want := fmt.Sprintf("… %d lines more, of a terminal of %d rows", len(lines)-rows+1, rows+1)
		if len(got) != rows || got[rows-1] != want || !slices.Equal(got[:rows-1], lines[:rows-1]) {
			t.Errorf("%d rows:\n%s\nwant %q at the end", rows, strings.Join(got, "\n"), want)
		}
	}
}

// TestAPictureOfNumbersShowsTheSmallest: what is above 0 is never drawn as nothing, and 0 always is.
func TestAPictureOfNumbersShowsTheSmallest(t *testing.T) {
	if got := sparkline([]float64{0, 1, 500, 1000, 0.001}, 7, 0); got != "   ▁▄█▁" {
		t.Errorf("%q", got)
	}
	if got := sparkline([]float64{5}, 3, 10); got != "  ▄" {
		t.Errorf("against a least height: %q", got)
	}
	if got := sparkline(nil, 3, 0); got != "   " {
		t.Errorf("of nothing: %q", got)
	}
}
