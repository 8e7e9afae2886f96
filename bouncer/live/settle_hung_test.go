package live_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// hanging is a store whose reads hang while it says so.
type hanging struct {
	*memory
	hangs atomic.Bool
	free  chan struct{}
}

func (h *hanging) Read(ctx context.Context, path string) ([]byte, error) {
	if h.hangs.Load() {
		select {
		case <-h.free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return h.memory.Read(ctx, path)
}

// TestAStoreThatHangsHoldsUpOneLook: what the file said counts until the process shows other settings, and the read that hangs is
// waited for beside the looks.
func TestAStoreThatHangsHoldsUpOneLook(t *testing.T) {
	t.Parallel()
	f, _, fakes, stores := processes(t, 1, func(int) bool { return true })
	store := &hanging{memory: stores[0], free: make(chan struct{})}
	f.Know([]live.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini", Store: store}})
	filed := func() int { return len(observe(t, f).Processes[0].Filed) }
	if filed() == 0 {
		t.Fatal("the first look does not wait for the file")
	}
	store.hangs.Store(true)
	if filed() == 0 {
		t.Error("the settings are those of before, and nothing is known of the file any more")
	}
	fakes[0].mu.Lock()
	fakes[0].tables["SHOW DATABASES"][1][5] = "9"
	fakes[0].mu.Unlock()
	for look := range 3 {
		begin := time.Now()
		if filed() == 0 {
			t.Error("the lines that were read before are forgotten")
		}
		if took := time.Since(begin); look > 0 && took > 5*time.Second || took > 20*time.Second {
			t.Errorf("look %d took %v where a store hangs", look+1, took)
		}
	}
	store.hangs.Store(false)
	close(store.free)
	stores[0].mu.Lock()
	stores[0].text = strings.Replace(stores[0].text, "d2 = ", "d2 = auth_user=asks ", 1)
	stores[0].mu.Unlock()
	fakes[0].mu.Lock()
	fakes[0].tables["SHOW DATABASES"][1][5] = "8"
	fakes[0].mu.Unlock()
	eventually(t, func() error {
		if lines := observe(t, f).Processes[0].Filed; !slices.ContainsFunc(lines, func(l fleet.FiledLine) bool { return l.AuthUser == "asks" }) {
			return fmt.Errorf("once it hangs no more: %v", lines)
		}
		return nil
	})
}

// TestAKeyThatTheProcessListsIsTakenFromItsFile: a fork has it, and SHOW CONFIG says so. A step and a look read such a file; one
// whose key no process lists is refused.
func TestAKeyThatTheProcessListsIsTakenFromItsFile(t *testing.T) {
	for _, lists := range []bool{true, false} {
		fleet, hands, fakes, stores := processes(t, 1, func(int) bool { return true })
		stores[0].text = strings.Replace(stores[0].text, "[pgbouncer]\n", "[pgbouncer]\nlane_count = 4\n", 1)
		if lists {
			fakes[0].mu.Lock()
			fakes[0].tables["SHOW CONFIG"] = append(fakes[0].tables["SHOW CONFIG"], []string{"lane_count", "4", "1", "yes"})
			fakes[0].mu.Unlock()
		}
		fleet.Know([]live.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini", Store: stores[0]}})
		if filed := observe(t, fleet).Processes[0].Filed; (len(filed) > 0) != lists {
			t.Errorf("listed %v: a look knows %d lines of the file", lists, len(filed))
		}
		err := hands.Apply(t.Context(), release(1))
		if (err == nil) != lists || !lists && !strings.Contains(err.Error(), "lane_count") {
			t.Errorf("listed %v: %v", lists, err)
		}
	}
}

// linked is a store that can tell which paths lead to one file: all that end alike.
type linked struct{ *memory }

func (linked) Same(a, b string) bool { return filepath.Base(a) == filepath.Base(b) }

// TestAFileOfTwoGroupsIsNotWritten: the other group's pools would follow at their next RELOAD.
func TestAFileOfTwoGroupsIsNotWritten(t *testing.T) {
	own := &memory{text: lines}
	for _, c := range []struct {
		store, others live.Store
		other         string
		shared        bool
	}{
		{own, own, "/etc/pgbouncer.ini", true},
		{own, own, "/etc/conf/..//pgbouncer.ini", true},
		{own, own, "/etc/another.ini", false},
		{own, own, "/link/pgbouncer.ini", false},
		{own, &memory{text: lines, writes: 7}, "/etc/pgbouncer.ini", false}, // of another host
		{linked{own}, linked{own}, "/link/pgbouncer.ini", true},
		{linked{own}, linked{&memory{text: lines, writes: 7}}, "/link/pgbouncer.ini", true},
		{linked{own}, own, "/link/pgbouncer.ini", false},
		{linked{own}, linked{own}, "/link/another.ini", false},
	} {
		fakes := []*fake{newFake(t, "1.24.1").become("p1"), newFake(t, "1.24.1").become("p2")}
		targets := live.Targets{Timeout: generous}
		for i, f := range fakes {
			f.tables["RELOAD"] = [][]string{{"notice"}, {"reloaded"}}
			targets.Groups = append(targets.Groups, live.GroupTarget{Name: []string{"g", "h"}[i], Consoles: []string{f.dsn("")}})
		}
		fleet := open(t, targets)
		configs := []live.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini", Store: c.store},
			{Process: "h/1", Path: c.other, Store: c.others}}
		fleet.Know(configs)
		observe(t, fleet)
		hands := fleet.Hands(configs)
		if err := hands.Check(t.Context(), release(1).Sets); err != nil {
			t.Errorf("what may be a way back: %v", err)
		}
		err := hands.CheckShared(t.Context(), release(1).Sets)
		shared := err != nil && operr.KindOf(err) == operr.KindUsage &&
			strings.Contains(err.Error(), "h/1, which is of another group, reads it, too")
		if shared != c.shared || !shared && err != nil {
			t.Errorf("h/1 reads %s: %v, want it shared: %v", c.other, err, c.shared)
		}
	}
}
