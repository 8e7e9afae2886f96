package apply_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestAnAcceptedChangeIsAppliedAndNotTakenForAHalfLoadedFile lets a RELOAD change, besides the size, what the read-back
// compares.
func TestAnAcceptedChangeIsAppliedAndNotTakenForAHalfLoadedFile(t *testing.T) {
	cell := func(f *livetest.Fake, alias, column, value string) {
		rows := f.Tables["SHOW DATABASES"]
		for _, r := range rows {
			if r[0] == alias {
				r[slices.Index(rows[0], column)] = value
			}
		}
	}
	for _, c := range []struct {
		name, old, new, accept string
		reload                 func(f *livetest.Fake)
	}{
		{"a setting", "max_client_conn = 500", "max_client_conn = 501", "max_client_conn",
			func(f *livetest.Fake) { f.Set("max_client_conn", "501") }},
		{"the default size", "[pgbouncer]\n", "[pgbouncer]\ndefault_pool_size = 19\n", "default_pool_size",
			func(f *livetest.Fake) {
				f.Set("default_pool_size", "19")
				f.Mu.Lock()
				defer f.Mu.Unlock()
				cell(f, "auto1", "pool_size", "19")
			}},
		{"a limit", "pool_size=3", "pool_size=3 max_db_connections=9", "d2.max_db_connections", func(f *livetest.Fake) {
			f.Mu.Lock()
			defer f.Mu.Unlock()
			cell(f, "d2", "max_connections", "9")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, s, applier := one(t)
			s.Text = strings.Replace(s.Text, c.old, c.new, 1)
			reloaded := false
			f.Hook(func(command string) {
				if command == "RELOAD" && !reloaded {
					reloaded = true
					c.reload(f)
					f.Mu.Lock()
					defer f.Mu.Unlock()
					cell(f, "d1", "pool_size", "5")
				}
			})
			applier.AcceptPending([]string{c.accept})
			if err := applier.Apply(t.Context(), livetest.Release(1)); err != nil || s.Writes != 1 {
				t.Fatalf("%d writes: %v", s.Writes, err)
			}
			back := livetest.Release(1)
			back.Changes[0].From, back.Changes[0].To = 5, 4
			f.Hook(func(command string) {
				if command == "RELOAD" {
					f.Mu.Lock()
					defer f.Mu.Unlock()
					cell(f, "d1", "pool_size", "4")
				}
			})
			if err := applier.Apply(t.Context(), back); err != nil || s.Writes != 2 {
				t.Errorf("the next one, where nothing waits any more: %d writes, %v", s.Writes, err)
			}
		})
	}
	t.Run("another value than was accepted", func(t *testing.T) {
		_, s, applier := one(t)
		s.Text = strings.Replace(s.Text, "max_client_conn = 500", "max_client_conn = 501", 1)
		applier.AcceptPending([]string{"max_client_conn"})
		if err := applier.Check(t.Context(), livetest.Release(1).Changes); err != nil {
			t.Fatal(err)
		}
		s.Text = strings.Replace(s.Text, "max_client_conn = 501", "max_client_conn = 3", 1)
		if err := applier.Apply(t.Context(), livetest.Release(1)); operr.KindOf(err) != operr.KindDrift || s.Writes > 0 {
			t.Errorf("%d writes, %v", s.Writes, err)
		}
	})
	t.Run("on another process than the one that is changed", func(t *testing.T) {
		_, applier, _, stores := processes(t, 2, func(int) bool { return true })
		stores[1].Text = strings.Replace(stores[1].Text, "max_client_conn = 500", "max_client_conn = 501", 1)
		applier.AcceptPending([]string{"max_client_conn"})
		if err := applier.Check(t.Context(), livetest.Release(1).Changes); err != nil || len(applier.Accepted()) != 1 ||
			!strings.Contains(applier.Accepted()[0], "g/2") {
			t.Errorf("%v, %q", err, applier.Accepted())
		}
	})
	t.Run("something else changed with it", func(t *testing.T) {
		f, s, applier := one(t)
		s.Text = strings.Replace(s.Text, "max_client_conn = 500", "max_client_conn = 501", 1)
		f.Hook(func(command string) {
			if command == "RELOAD" {
				f.Set("max_client_conn", "501")
				f.Set("query_wait_timeout", "3")
				f.Mu.Lock()
				defer f.Mu.Unlock()
				cell(f, "d1", "pool_size", "5")
			}
		})
		applier.AcceptPending([]string{"max_client_conn"})
		if err := applier.Apply(t.Context(), livetest.Release(1)); operr.KindOf(err) != operr.KindDrift {
			t.Errorf("%v", err)
		}
	})
}
