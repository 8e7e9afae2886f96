package state

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
)

// TestWhatIsNotRefusedIsTaken draws events of any kind with any of their parts, as JSON brings them, and any state.
func TestWhatIsNotRefusedIsTaken(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	taken, drawn := 0, 20000
	if testing.Short() {
		drawn = 4000
	}
	m := JournalState{}
	for range drawn {
		e := Event{Seq: m.Seq + 1}
		Draw(r, &e, 0.5)
		e.Seq = m.Seq + 1
		e.Kind = knownKinds[r.IntN(len(knownKinds))]
		if e.Outcome != "" {
			e.Outcome = knownEnds[r.IntN(len(knownEnds))]
		}
		if e.Step != nil {
			e.Step.Kind = knownSteps[r.IntN(len(knownSteps))]
		}
		if e.Action != nil && r.IntN(10) > 0 {
			e.Action.Kind = knownActions[r.IntN(len(knownActions))]
		}
		if r.IntN(100) == 0 {
			m = JournalState{}
			Draw(r, &m, 0.5)
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
	if taken < drawn/10 {
		t.Errorf("only %d events were taken", taken)
	}
}
