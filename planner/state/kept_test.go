package state_test

import (
	"encoding/json"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestAJournalStateIsTheSameAfterJSON fills every part of a state, or some.
func TestAJournalStateIsTheSameAfterJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 300 {
		var m, got state.JournalState
		plannertest.Draw(r, &m, []float64{1, 0.9, 0.5, 0.1, 0}[i%5])
		line, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got, plannertest.SameFloat, samePrinted); diff != "" {
			t.Fatalf("state after JSON (-want +got):\n%s", diff)
		}
	}
	// of what was there and is gone
	empty := state.JournalState{SettingsWritten: state.SettingsWritten{Past: []state.Past{}},
		Learned: state.Learned{Soaks: []learn.SoakResult{}}}
	line, _ := json.Marshal(empty)
	var got state.JournalState
	if err := json.Unmarshal(line, &got); err != nil || got.Past == nil || got.Soaks == nil {
		t.Errorf("%s became %+v (%v)", line, got, err)
	}
}

// samePrinted compares reasons that output keeps as sentences: of what is read back nothing else is left.
var samePrinted = cmp.Comparer(func(a, b verdict.Printed) bool {
	return a.Text() == b.Text() || !a.Any() && !b.Any()
})

// TestAJournalStateOfAnotherShapeHasAnotherVersion fails where a field of JournalState, or of what it holds, changes:
// snapshots of before are then not to be read as those of now.
func TestAJournalStateOfAnotherShapeHasAnotherVersion(t *testing.T) {
	const version, shape = 14, 0x7c9891b // change both together
	var b strings.Builder
	plannertest.ShapeOf(&b, reflect.TypeFor[state.JournalState](), map[reflect.Type]bool{})
	if got := crc32.ChecksumIEEE([]byte(b.String())); state.JournalStateVersion != version || got != shape {
		t.Errorf("version %d has the shape %#x, want %d and %#x: raise JournalStateVersion, and change both here",
			state.JournalStateVersion,
			got, version, shape)
	}
}
