package live_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// kept is a store whose files something else keeps.
type kept struct{ *memory }

// Managed names the file.
func (k kept) Managed(path string) string { return path + ": kept by a ConfigMap" }

func TestAFileThatItsStoreKnowsToBeManagedIsNotWritten(t *testing.T) {
	fleet, _, _, stores := processes(t, 1, func(int) bool { return true })
	hands := fleet.Hands([]live.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini", Store: kept{stores[0]}}})
	for name, err := range map[string]error{
		"checked":       hands.Check(t.Context(), release(1).Sets),
		"applied":       hands.Apply(t.Context(), release(1)),
		"nothing to do": hands.CheckFiles(t.Context()),
	} {
		if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "/etc/pgbouncer.ini: kept by a ConfigMap") || stores[0].writes > 0 {
			t.Errorf("%s: %d writes, %v", name, stores[0].writes, err)
		}
	}
	stores[0].text = strings.Replace(stores[0].text, "pool_size=6", "pool_size=7", 1) // its keeper has put another size back
	if err := hands.CheckFiles(t.Context()); operr.KindOf(err) != operr.KindUsage {
		t.Errorf("a size was put back: %v", err)
	}
	edits, err := fleet.Hands([]live.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini", Store: kept{&memory{text: lines}}}}).Edits(t.Context(), release(1).Sets)
	if err != nil || len(edits) != 1 {
		t.Errorf("shown: %v, %v", edits, err)
	}
}

func TestAStepWithNothingToDoReadsEveryFile(t *testing.T) {
	_, hands, _, stores := processes(t, 3, func(int) bool { return true })
	if err := hands.CheckFiles(t.Context()); err != nil {
		t.Errorf("files that say what is in force: %v", err)
	}
	stores[2].text = strings.Replace(stores[2].text, "pool_size=6", "pool_size=7", 1)
	err := hands.CheckFiles(t.Context())
	if operr.KindOf(err) != operr.KindDrift || !strings.Contains(err.Error(), "pool_size of d1 is 7 there and 6 in g/3") {
		t.Errorf("a file that was put back: %v", err)
	}
	for i, s := range stores {
		if s.writes > 0 {
			t.Errorf("process %d was written", i+1)
		}
	}
}
