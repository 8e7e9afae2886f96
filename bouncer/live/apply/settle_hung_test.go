package apply_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestAStoreThatHangsHoldsUpOneSample: what the file said counts until the process shows other settings, and the read
// that hangs is waited for beside the samples.
func TestAStoreThatHangsHoldsUpOneSample(t *testing.T) {
	t.Parallel()
	f, _, fakes, stores := processes(t, 1, func(int) bool { return true })
	store := &livetest.Hanging{Memory: stores[0], Free: make(chan struct{})}
	f.Know([]observe.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini", Store: store}})
	filed := func() int { return len(livetest.Observed(t, f).Processes[0].Filed) }
	if filed() == 0 {
		t.Fatal("the first sample does not wait for the file")
	}
	store.Hangs.Store(true)
	if filed() == 0 {
		t.Error("the settings are those of before, and nothing is known of the file any more")
	}
	fakes[0].Mu.Lock()
	fakes[0].Tables["SHOW DATABASES"][1][5] = "9"
	fakes[0].Mu.Unlock()
	for n := range 3 {
		begin := time.Now()
		if filed() == 0 {
			t.Error("the lines that were read before are forgotten")
		}
		if took := time.Since(begin); n > 0 && took > 5*time.Second || took > 20*time.Second {
			t.Errorf("sample %d took %v where a store hangs", n+1, took)
		}
	}
	store.Hangs.Store(false)
	close(store.Free)
	stores[0].Mu.Lock()
	stores[0].Text = strings.Replace(stores[0].Text, "d2 = ", "d2 = auth_user=asks ", 1)
	stores[0].Mu.Unlock()
	fakes[0].Mu.Lock()
	fakes[0].Tables["SHOW DATABASES"][1][5] = "8"
	fakes[0].Mu.Unlock()
	labtest.Eventually(t, func() error {
		if lines := livetest.Observed(t, f).Processes[0].Filed; !slices.ContainsFunc(lines,
			func(l fleet.FiledLine) bool { return l.AuthUser == "asks" }) {
			return fmt.Errorf("once it hangs no more: %v", lines)
		}
		return nil
	})
}

// TestAKeyThatTheProcessListsIsTakenFromItsFile: a fork has it, and SHOW CONFIG says so. A step and a sample read such
// a file; one whose key no process lists is refused.
func TestAKeyThatTheProcessListsIsTakenFromItsFile(t *testing.T) {
	for _, lists := range []bool{true, false} {
		fleet, applier, fakes, stores := processes(t, 1, func(int) bool { return true })
		stores[0].Text = strings.Replace(stores[0].Text, "[pgbouncer]\n", "[pgbouncer]\nlane_count = 4\n", 1)
		if lists {
			fakes[0].Mu.Lock()
			fakes[0].Tables["SHOW CONFIG"] = append(fakes[0].Tables["SHOW CONFIG"], []string{"lane_count", "4", "1", "yes"})
			fakes[0].Mu.Unlock()
		}
		fleet.Know([]observe.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini", Store: stores[0]}})
		if filed := livetest.Observed(t, fleet).Processes[0].Filed; (len(filed) > 0) != lists {
			t.Errorf("listed %v: a sample knows %d lines of the file", lists, len(filed))
		}
		err := applier.Apply(t.Context(), livetest.Release(1))
		if (err == nil) != lists || !lists && !strings.Contains(err.Error(), "lane_count") {
			t.Errorf("listed %v: %v", lists, err)
		}
	}
}

// TestAFileOfTwoGroupsIsNotWritten: the other group's pools would follow at their next RELOAD.
func TestAFileOfTwoGroupsIsNotWritten(t *testing.T) {
	own := &livetest.Memory{Text: livetest.Lines}
	for _, c := range []struct {
		store, others bouncer.Store
		other         string
		shared        bool
	}{
		{own, own, "/etc/pgbouncer.ini", true},
		{own, own, "/etc/conf/..//pgbouncer.ini", true},
		{own, own, "/etc/another.ini", false},
		{own, own, "/link/pgbouncer.ini", false},
		{own, &livetest.Memory{Text: livetest.Lines, Writes: 7}, "/etc/pgbouncer.ini", false}, // of another host
		{livetest.Linked{Memory: own}, livetest.Linked{Memory: own}, "/link/pgbouncer.ini", true},
		{livetest.Linked{Memory: own}, livetest.Linked{Memory: &livetest.Memory{Text: livetest.Lines, Writes: 7}},
			"/link/pgbouncer.ini", true},
		{livetest.Linked{Memory: own}, own, "/link/pgbouncer.ini", false},
		{livetest.Linked{Memory: own}, livetest.Linked{Memory: own}, "/link/another.ini", false},
	} {
		fakes := []*livetest.Fake{livetest.NewFake(t, "1.24.1").Become("p1"), livetest.NewFake(t, "1.24.1").Become("p2")}
		targets := admin.Targets{Timeout: livetest.Generous}
		for i, f := range fakes {
			f.Tables["RELOAD"] = [][]string{{"notice"}, {"reloaded"}}
			targets.Groups = append(targets.Groups, admin.GroupTarget{Name: []string{"g", "h"}[i],
				Consoles: admin.At(f.Dsn(""))})
		}
		fleet := livetest.Open(t, targets)
		configs := []observe.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini", Store: c.store},
			{Process: "h/1", Path: c.other, Store: c.others}}
		fleet.Know(configs)
		livetest.Observed(t, fleet)
		applier := apply.New(fleet, configs)
		if err := applier.Check(t.Context(), livetest.Release(1).Changes); err != nil {
			t.Errorf("what may be a way back: %v", err)
		}
		err := applier.CheckShared(t.Context(), livetest.Release(1).Changes)
		shared := err != nil && operr.KindOf(err) == operr.KindUsage &&
			strings.Contains(err.Error(), "h/1, a process of another group, reads this file, too")
		if shared != c.shared || !shared && err != nil {
			t.Errorf("h/1 reads %s: %v, want it shared: %v", c.other, err, c.shared)
		}
	}
}
