package apply_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestARELOADOfARealSuccessorIsItsOwn: the old one would take the size, and end with it.
func TestARELOADOfARealSuccessorIsItsOwn(t *testing.T) {
	t.Parallel()
	l, targets := livetest.Waits(t)
	p := l.Processes[0]
	f := livetest.Open(t, targets)
	first := livetest.Observed(t, f).Processes[0].Started
	livetest.Succeeded(t, l)
	time.Sleep(time.Second) // the connection is older than the command needs it to be
	applier := apply.New(f, []observe.Config{{Process: "new/1", Path: p.IniPath, Store: livetest.Rewritten{}}})
	set := fleet.SettingChange{Process: "new/1", Alias: "app", Key: fleet.KeySize, From: 6, To: 5}
	if err := applier.Apply(t.Context(), state.Action{Kind: state.Release,
		Changes: []fleet.SettingChange{set}}); err != nil {
		t.Fatal(err)
	}
	if livetest.Observed(t, f).Processes[0].Started == first {
		t.Error("the RELOAD went to the old process")
	}
	rows, err := p.Show(t.Context(), "DATABASES")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row["name"] == "app" && row["pool_size"] != "5" {
			t.Errorf("the successor has pool_size %s, want 5", row["pool_size"])
		}
	}
}
