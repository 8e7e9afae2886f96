package apply_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/operr"
)

func TestAFileThatItsStoreKnowsToBeManagedIsNotWritten(t *testing.T) {
	fleet, _, _, stores := processes(t, 1, func(int) bool { return true })
	applier := apply.New(fleet, []observe.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini",
		Store: livetest.Kept{Memory: stores[0]}}})
	for name, err := range map[string]error{
		"checked":       applier.Check(t.Context(), livetest.Release(1).Changes),
		"applied":       applier.Apply(t.Context(), livetest.Release(1)),
		"nothing to do": applier.CheckFiles(t.Context()),
	} {
		if operr.KindOf(err) != operr.KindUsage ||
			!strings.Contains(err.Error(), "/etc/pgbouncer.ini: kept by a ConfigMap") || stores[0].Writes > 0 {
			t.Errorf("%s: %d writes, %v", name, stores[0].Writes, err)
		}
	}
	// its keeper has put another size back
	stores[0].Text = strings.Replace(stores[0].Text, "pool_size=6", "pool_size=7", 1)
	if err := applier.CheckFiles(t.Context()); operr.KindOf(err) != operr.KindUsage {
		t.Errorf("a size was put back: %v", err)
	}
	edits, err := apply.New(fleet, []observe.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini",
		Store: livetest.Kept{Memory: &livetest.Memory{Text: livetest.Lines}}}}).Edits(t.Context(),
		livetest.Release(1).Changes)
	if err != nil || len(edits) != 1 {
		t.Errorf("shown: %v, %v", edits, err)
	}
}

func TestAStepWithNothingToDoReadsEveryFile(t *testing.T) {
	_, applier, _, stores := processes(t, 3, func(int) bool { return true })
	if err := applier.CheckFiles(t.Context()); err != nil {
		t.Errorf("files that say what is in force: %v", err)
	}
	stores[2].Text = strings.Replace(stores[2].Text, "pool_size=6", "pool_size=7", 1)
	err := applier.CheckFiles(t.Context())
	if operr.KindOf(err) != operr.KindDrift || !strings.Contains(err.Error(), "pool_size of d1 is 7 there and 6 in g/3") {
		t.Errorf("a file that was put back: %v", err)
	}
	for i, s := range stores {
		if s.Writes > 0 {
			t.Errorf("process %d was written", i+1)
		}
	}
}
