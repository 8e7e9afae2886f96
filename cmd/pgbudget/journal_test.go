package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// movedTwice is the config of a journal with a mirror, and a file of what its command was given: two steps were taken,
// the second with traffic, and a third is in hand.
func movedTwice(t *testing.T) (c *config.Config, given string) {
	t.Helper()
	dir := t.TempDir()
	given = filepath.Join(dir, "given")
	text := fmt.Sprintf("journal: %s\nmirror: [sh, -c, 'cat >> \"$0\"', %s]\nservers: [{name: pg, dsn: host=x}]\n",
		filepath.Join(dir, "fleet.jsonl"), given)
	c, err := config.Parse("fleet.yaml", []byte(text), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	j, err := mirrorOf(c).Begin(c.Journal)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	at := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	record := func(e state.Event) {
		at = at.Add(time.Minute)
		e.At = at
		if _, err := j.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	record(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{},
		Switches: []state.Switch{{Shift: "main/app:ci/app"}}})
	for i, from := range []int{40, 36, 32} {
		step := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
			Key: fleet.KeySize, From: from, To: from - 4}}}
		if i == 1 {
			step.Traffic = &shift.TrafficChange{Shift: "main/app:ci/app", From: 0, To: 5}
		}
		record(state.Event{Kind: state.StepBegan, Step: &step})
		act := state.Action{Kind: state.Release, Changes: step.Changes}
		record(state.Event{Kind: state.Intended, Action: &act})
		if i < 2 {
			record(state.Event{Kind: state.Acted, Action: &act})
			record(state.Event{Kind: state.StepEnded})
		}
	}
	return c, given
}

// TestAHostThatIsLostIsRolledBackFromElsewhere compares what rollback goes by, and where it goes, before and after.
func TestAHostThatIsLostIsRolledBackFromElsewhere(t *testing.T) {
	c, given := movedTwice(t)
	fleet := budget.Fleet{}
	want, err := journalStateOf(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range want.Past {
		for _, x := range p.Step.Changes {
			fleet.Pools = append(fleet.Pools, budget.FleetPool{ID: x.Pool(), Sizes: []budget.Size{{Process: x.Process}}})
		}
	}
	slices.SortFunc(fleet.Pools, func(a, b budget.FleetPool) int { return strings.Compare(a.ID, b.ID) })
	way := func(m state.JournalState) (out []control.RollbackTo) {
		for _, to := range []int64{0, m.Past[0].Seq, m.Past[1].Seq} {
			w, any := control.Rollback(m, fleet, to)
			for i := range w.Goal.Pools {
				w.Goal.Pools[i].MeanWait = 0 // it is not known, and NaN is not equal to itself
			}
			if !any {
				t.Errorf("there is no way back to %d", to)
			}
			out = append(out, w)
		}
		return out
	}
	if len(want.Past) != 2 || want.Step == nil || len(way(want)[1].Traffic) != 1 || way(want)[1].Goal.Pools[0].Size != 40 {
		t.Fatalf("the story is another one: %+v", way(want))
	}
	var export bytes.Buffer
	if _, err := journal.Export(c.Journal, &export); err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile(given)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"an export": export.Bytes(), "what the mirror was given": lines} {
		if err := os.Remove(c.Journal); err != nil {
			t.Fatal(err)
		}
		if _, err := journal.Import(bytes.NewReader(data), name, c.Journal); err != nil {
			t.Fatal(err)
		}
		got, err := journalStateOf(c)
		if err != nil || !reflect.DeepEqual(way(got), way(want)) || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v; the way back is %+v, want %+v", name, err, way(got), way(want))
		}
	}
}

// TestTheNewestEventsAreShown with the newest last, however many there are.
func TestTheNewestEventsAreShown(t *testing.T) {
	c, _ := movedTwice(t)
	all, err := journal.Read(c.Journal)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 5, len(all), len(all) + 5} {
		got, err := newestEvents(c.Journal, n)
		want := all[len(all)-min(n, len(all)):]
		if err != nil || len(got) != len(want) || got[0].Seq != want[0].Seq || got[len(got)-1].Seq != want[len(want)-1].Seq {
			t.Errorf("%d of %d: got %d (%v)", n, len(all), len(got), err)
		}
	}
}
