package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestJourneyTellsWhatIsWaitedForAndHowLong moves the bar of a terminal by looks, and prints events above it.
func TestJourneyTellsWhatIsWaitedForAndHowLong(t *testing.T) {
	var out bytes.Buffer
	j := &journey{w: &out, bar: newJourneyBar(&out)}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	step := state.Step{Kind: state.Forward, Sets: []fleet.Set{{Process: "ci/1", Alias: "app", Key: fleet.KeySize, From: 5, To: 8}}}
	s := control.Situation{Now: now, Policy: state.DefaultPolicy(), Memory: state.Memory{Seq: 3, Step: &step, SettledAt: now.Add(-5 * time.Minute)}}
	j.seen(s, state.Act{Verb: state.Wait})
	j.event(state.Event{At: now, Kind: state.HoldBegan, Reason: "cpu 0.9 > 0.85"})
	j.event(state.Event{At: now, Kind: state.Intended})
	s.Now = now.Add(time.Second)
	j.seen(s, state.Act{Verb: state.Wait, Held: true, Reason: "cpu 0.9 > 0.85"})
	j.end()
	for _, want := range []string{"soaking ci/app 5 → 8; 0 steps to come, about 10m0s", "\n", "03:04:05Z  hold     cpu 0.9 > 0.85\n", "held: cpu 0.9 > 0.85; 0 steps to come, about 9m59s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, out.String())
		}
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines in %q", n, out.String())
	}
}
