package apply_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestALostLockStopsAnActionAtTheNextProcess, before it is written and before it is told to read.
func TestALostLockStopsAnActionAtTheNextProcess(t *testing.T) {
	const before, after = "pool_size=6 ", "pool_size=7 "
	for _, c := range []struct {
		name string
		from int // the question that is answered with the error
		err  error
		want []string // in the files, of three processes
	}{
		{"before the first write", 1, livetest.ErrLost, []string{before, before, before}},
		{"between the first write and its RELOAD", 2, livetest.ErrLost, []string{before, before, before}},
		{"after the canary", 3, livetest.ErrLost, []string{after, before, before}},
		{"nobody can tell", 3, livetest.ErrSilent, []string{after, before, before}},
		{"nobody can tell of one, and another is lost", 3, errors.Join(livetest.ErrSilent, livetest.ErrLost),
			[]string{after, before, before}},
		{"it is held", 100, livetest.ErrLost, []string{after, after, after}},
	} {
		_, applier, fakes, stores := processes(t, 3, func(int) bool { return true })
		g := &livetest.Guard{From: c.from, Err: c.err}
		applier.Guard(g.Ask)
		err := applier.Apply(t.Context(), livetest.Growth(3))
		if fails := c.from < 100; fails != (err != nil) || fails && !strings.Contains(err.Error(), c.err.Error()) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
		for i, s := range stores {
			if !strings.Contains(s.Text, c.want[i]) {
				t.Errorf("%s: process %d has %q in its file, want %s", c.name, i+1, s.Text, c.want[i])
			}
			fakes[i].Mu.Lock()
			for _, row := range fakes[i].Tables["SHOW DATABASES"] {
				if size := "pool_size=" + row[5] + " "; row[0] == "d1" && size != c.want[i] {
					t.Errorf("%s: process %d has %s in force, want %s", c.name, i+1, size, c.want[i])
				}
			}
			fakes[i].Mu.Unlock()
		}
	}
}

// TestAReleaseContinuesWhileTheLockIsNotKnown: a server that hangs is one more reason for it.
func TestAReleaseContinuesWhileTheLockIsNotKnown(t *testing.T) {
	for _, c := range []struct {
		err   error
		fails bool
	}{{livetest.ErrSilent, false}, {livetest.ErrLost, true}, {errors.Join(livetest.ErrSilent, livetest.ErrLost), true}} {
		_, applier, _, stores := processes(t, 2, func(int) bool { return true })
		applier.Guard((&livetest.Guard{Err: c.err}).Ask)
		err := applier.Apply(t.Context(), livetest.Release(2))
		if (err != nil) != c.fails || strings.Contains(stores[1].Text, "pool_size=6 ") != c.fails {
			t.Errorf("%v: %v, and %q in the file", c.err, err, stores[1].Text)
		}
	}
}

// TestARestoreNeedsNoLock: it moves no size, and a flush must not stay.
func TestARestoreNeedsNoLock(t *testing.T) {
	for _, c := range []struct {
		kind     state.ActionKind
		from, to int
	}{{state.Flush, 3600, 1}, {state.Restore, 1, 3600}} {
		_, applier, fakes, stores := processes(t, 1, func(int) bool { return true })
		if c.kind == state.Restore {
			stores[0].Text = strings.Replace(stores[0].Text, "pool_size=6 ", "pool_size=6 server_lifetime=1 ", 1)
			databases := fakes[0].Tables["SHOW DATABASES"]
			for _, row := range databases[1:] {
				if row[0] == "d1" {
					row[slices.Index(databases[0], "server_lifetime")] = "1"
				}
			}
		}
		g := &livetest.Guard{Err: livetest.ErrLost}
		applier.Guard(g.Ask)
		set := fleet.SettingChange{Process: "g/1", Alias: "d1", Key: fleet.KeyLifetime, From: c.from, To: c.to}
		err := applier.Apply(t.Context(), state.Action{Kind: c.kind, Changes: []fleet.SettingChange{set}})
		if asked := c.kind == state.Flush; asked != (g.Asked > 0) || asked && operr.KindOf(err) != operr.KindBusy {
			t.Errorf("%s: asked %d times, %v", c.kind, g.Asked, err)
		}
		if c.kind == state.Restore && stores[0].Writes == 0 {
			t.Error("nothing was given back: this test tests nothing")
		}
	}
}
