package planner

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"testing"
)

// TestAnEventWithoutItsPartIsRefused takes one part away from each kind of event that needs it.
func TestAnEventWithoutItsPartIsRefused(t *testing.T) {
	step, goal := &Step{Kind: Forward}, &Goal{}
	release := &Act{Verb: Release, Sets: []Set{{"a/1", "db", KeySize, 4, 3}}}
	inHand := Memory{Step: step}
	for _, c := range []struct {
		name  string
		m     Memory
		e     Event
		newer bool
	}{
		{"a run without a goal", Memory{}, Event{Kind: RunBegan}, false},
		{"a plan without a goal", Memory{}, Event{Kind: Replanned}, false},
		{"a step without a step", Memory{}, Event{Kind: StepBegan}, false},
		{"an abort without a step", inHand, Event{Kind: StepAbort}, false},
		{"a cut without a step", inHand, Event{Kind: StepCut}, false},
		{"a cut of no step", Memory{}, Event{Kind: StepCut, Step: step}, false},
		{"an intent without an act", Memory{}, Event{Kind: Intended}, false},
		{"acted without an act", Memory{}, Event{Kind: Acted}, false},
		{"a failure without an act", Memory{}, Event{Kind: Failed, Outcome: Held}, false},
		{"a failure without an outcome", Memory{}, Event{Kind: Failed, Act: release}, false},
		{"an end without an outcome", Memory{}, Event{Kind: RunEnded}, false},
		{"a turn of no switch", Memory{}, Event{Kind: Acted, Act: &Act{Verb: Flip}}, false},
		{"an act without a verb", Memory{}, Event{Kind: Acted, Act: &Act{}}, false},
		{"an undo without a step in hand", Memory{}, Event{Kind: Acted, Act: &Act{Verb: Undo}}, false},
		{"no kind", Memory{}, Event{}, false},
		{"a gap", Memory{}, Event{Seq: 2, Kind: HoldEnded}, false},
		{"a repetition", Memory{Seq: 1}, Event{Seq: 1, Kind: HoldEnded}, false},
		{"a kind of later", Memory{}, Event{Kind: "reindex"}, true},
		{"a verb of later", Memory{}, Event{Kind: Acted, Act: &Act{Verb: "reindex"}}, true},
		{"a step of later", Memory{}, Event{Kind: StepBegan, Step: &Step{Kind: "sideways"}}, true},
		{"an outcome of later", Memory{}, Event{Kind: RunEnded, Outcome: "bored"}, true},
		{"a whole run", Memory{}, Event{Kind: RunBegan, Goal: goal}, false},
	} {
		if c.e.Seq == 0 {
			c.e.Seq = c.m.Seq + 1
		}
		switch err := c.m.Refuses(c.e); {
		case c.name == "a whole run":
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		case err == nil:
			t.Errorf("%s is not refused", c.name)
		case errors.Is(err, ErrNewer) != c.newer:
			t.Errorf("%s: %v; newer: want %v", c.name, err, c.newer)
		}
	}
}

// TestWhatIsNotRefusedIsTaken draws events of any kind with any of their parts, as JSON brings them, and any memory.
func TestWhatIsNotRefusedIsTaken(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	taken := 0
	m := Memory{}
	for range 20000 {
		e := Event{Seq: m.Seq + 1}
		draw(r, &e, 0.5)
		e.Seq = m.Seq + 1
		e.Kind = knownKinds[r.IntN(len(knownKinds))]
		if e.Outcome != "" {
			e.Outcome = knownEnds[r.IntN(len(knownEnds))]
		}
		if e.Step != nil {
			e.Step.Kind = knownSteps[r.IntN(len(knownSteps))]
		}
		if e.Act != nil && r.IntN(10) > 0 {
			e.Act.Verb = knownVerbs[r.IntN(len(knownVerbs))]
		}
		if r.IntN(100) == 0 {
			m = Memory{}
			draw(r, &m, 0.5)
			m.Seq = e.Seq - 1
		}
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		e = Event{}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if m.Refuses(e) == nil {
			m = m.After(e)
			taken++
		}
	}
	if taken < 2000 {
		t.Errorf("only %d events were taken", taken)
	}
}
