package planner

import (
	"encoding/json"
	"testing"
)

// TestAStepOfTrafficAloneHasAnEmptyListOfSets: whoever reads a journal goes over the list.
func TestAStepOfTrafficAloneHasAnEmptyListOfSets(t *testing.T) {
	for _, step := range []Step{{Kind: Forward, Turn: &Turn{Shift: "main/app:ci/app", To: 5}}, {Kind: Forward, Turn: &Turn{Shift: "main/app:ci/app", To: 5}, Sets: []Set{}}} {
		text, err := json.Marshal(Event{Kind: StepBegan, Step: &step})
		const want = `{"seq":0,"at":"0001-01-01T00:00:00Z","kind":"step","step":{"kind":"step","sets":[],"turn":{"shift":"main/app:ci/app","from_percent":0,"to_percent":5}}}`
		if err != nil || string(text) != want {
			t.Errorf("got  %s (%v)\nwant %s", text, err, want)
		}
	}
}
