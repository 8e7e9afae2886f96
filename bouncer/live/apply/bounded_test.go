package apply_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// carefully gives the processes careful stores.
func carefully(f *observe.Fleet, stores []*livetest.Memory) (*apply.Applier, []*livetest.Careful) {
	var configs []observe.Config
	var out []*livetest.Careful
	for i, s := range stores {
		out = append(out, &livetest.Careful{Memory: s})
		configs = append(configs, observe.Config{Process: fmt.Sprintf("g/%d", i+1), Path: "/etc/pgbouncer.ini",
			Store: out[i]})
	}
	return apply.New(f, configs), out
}

func TestNothingBeginsWhereOneFileCannotBeReplaced(t *testing.T) {
	f, _, _, stores := processes(t, 3, func(int) bool { return true })
	applier, trying := carefully(f, stores)
	trying[2].Refuse = &operr.Error{Kind: operr.KindUsage, Err: errors.New("the file is a mount of its own")}
	for what, err := range map[string]error{"checked": applier.Check(t.Context(), livetest.Release(3).Changes),
		"applied": applier.Apply(t.Context(), livetest.Release(3))} {
		if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "a mount of its own") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i, s := range trying {
		if s.Writes > 0 || s.Tries != 2 {
			t.Errorf("process %d: tried %d times, written %d times", i+1, s.Tries, s.Writes)
		}
	}
}

// TestAnUndoNeedsNoWriteToAFileThatSaysItAlready takes back an action that has reached the first of three
// processes. The others' files cannot be written, and need not be.
func TestAnUndoNeedsNoWriteToAFileThatSaysItAlready(t *testing.T) {
	f, _, _, stores := processes(t, 3, func(int) bool { return true })
	applier, trying := carefully(f, stores)
	if err := applier.Apply(t.Context(), livetest.Release(1)); err != nil {
		t.Fatal(err)
	}
	for _, s := range trying[1:] {
		s.Refuse = errors.New("the file is a mount of its own")
	}
	if err := errors.Join(applier.Check(t.Context(), livetest.Undo(3).Changes), applier.Apply(t.Context(),
		livetest.Undo(3))); err != nil {
		t.Error(err)
	}
	for i, s := range trying {
		if !strings.Contains(s.Text, "pool_size=6 ") || i > 0 && s.Tries+s.Writes > 0 {
			t.Errorf("process %d: tried %d times, written %d times: %s", i+1, s.Tries, s.Writes, s.Text)
		}
	}
}

// TestOldBytesAreKeptUntilTheProcessHasTheNewOnes checks each RELOAD, and at the ends that an action can have.
func TestOldBytesAreKeptUntilTheProcessHasTheNewOnes(t *testing.T) {
	for name, c := range map[string]struct {
		takes, dies, broken bool
		kept                bool
	}{
		"taken":                       {takes: true},
		"not taken, and put back":     {},
		"not taken, and not put back": {broken: true, kept: true},
		"the console answers no more": {dies: true, kept: true},
	} {
		t.Run(name, func(t *testing.T) {
			var trying []*livetest.Careful
			keptThen := false
			f, _, fakes, stores := processes(t, 1, func(int) bool {
				keptThen = keptThen || trying[0].Kept
				return c.takes
			})
			if c.dies {
				fakes[0].Hook(func(command string) {
					if command == "RELOAD" {
						keptThen = trying[0].Kept
						fakes[0].Mu.Lock()
						delete(fakes[0].Tables, "SHOW DATABASES")
						fakes[0].Mu.Unlock()
					}
				})
			}
			var applier *apply.Applier
			applier, trying = carefully(f, stores)
			trying[0].Broken = c.broken
			err := applier.Apply(t.Context(), livetest.Release(1))
			if (err == nil) != c.takes || !keptThen || trying[0].Kept != c.kept {
				t.Errorf("kept at the RELOAD %v, after it %v: %v", keptThen, trying[0].Kept, err)
			}
			if c.broken && !strings.Contains(operr.HintOf(err), "the old /etc/pgbouncer.ini is in /kept/pgbouncer.ini") {
				t.Errorf("next: %s", operr.HintOf(err))
			}
		})
	}
}

// TestACancelledActionIsCompleted has a process that does not take its sets, and is cancelled before that is
// known.
func TestACancelledActionIsCompleted(t *testing.T) {
	for _, takes := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		_, applier, _, stores := processes(t, 1, func(int) bool { cancel(); return takes })
		err := applier.Apply(ctx, livetest.Release(1))
		want := map[bool]string{true: "pool_size=5 ", false: "pool_size=6 "}[takes]
		if (err == nil) != takes || !strings.Contains(stores[0].Text, want) {
			t.Errorf("takes %v: %v, %s", takes, err, stores[0].Text)
		}
	}
}

// TestAnInterruptedActionIsSettledByTheNext begins where a run has died between the write and the end of the action.
func TestAnInterruptedActionIsSettledByTheNext(t *testing.T) {
	for _, reloaded := range []bool{false, true} {
		f, _, _, stores := processes(t, 1, func(int) bool { return true })
		applier, trying := carefully(f, stores)
		if reloaded {
			if err := applier.Apply(t.Context(), livetest.Release(1)); err != nil {
				t.Fatal(err)
			}
		}
		stores[0].Text = strings.Replace(livetest.Lines, "pool_size=6", "pool_size=5", 1)
		trying[0].Kept = true
		if err := applier.Apply(t.Context(), livetest.Release(1)); err != nil || trying[0].Kept {
			t.Errorf("reloaded %v: kept %v (%v)", reloaded, trying[0].Kept, err)
		}
	}
}

// TestAFileOfThisHostIsKeptBesideTheJournal moves two processes that include one file, for real but for the processes.
func TestAFileOfThisHostIsKeptBesideTheJournal(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(path, []byte(livetest.Lines), 0o640); err != nil {
		t.Fatal(err)
	}
	keep := store.Beside(filepath.Join(dir, "journal.jsonl"))
	file := store.File{Keep: keep}
	seen := []string{}
	var stores []*livetest.Memory
	f, _, _, stores := processes(t, 2, func(i int) bool {
		old, _ := os.ReadFile(file.Saved(path))
		now, _ := os.ReadFile(path)
		seen = append(seen, fmt.Sprint(i, string(old) == livetest.Lines, strings.Contains(string(now), "pool_size=5 ")))
		stores[i].Mu.Lock()
		stores[i].Text = string(now)
		stores[i].Mu.Unlock()
		return true
	})
	applier := apply.New(f, []observe.Config{{Process: "g/1", Path: path, Store: file},
		{Process: "g/2", Path: path, Store: file}})
	if err := applier.Apply(t.Context(), livetest.Release(2)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"0 true true", "1 false true"}; !slices.Equal(seen, want) {
		t.Errorf("%q, want %q", seen, want)
	}
	left, err := os.ReadDir(keep.Folder)
	all, _ := os.ReadDir(dir)
	if err != nil || len(left) > 0 || len(all) != 2 {
		t.Errorf("left over: %v, %v (%v)", left, all, err)
	}
}

// unkept is a store that cannot keep old bytes once it is full.
type unkept struct {
	*livetest.Memory
	full atomic.Bool
}

func (u *unkept) Write(ctx context.Context, path string, old, data []byte) error {
	if u.full.Load() {
		return errors.New("its old bytes cannot be kept")
	}
	return u.Memory.Write(ctx, path, old, data)
}

func (u *unkept) WriteAnyway(ctx context.Context, path string, old, data []byte) error {
	return u.Memory.Write(ctx, path, old, data)
}

// TestARestoreNeedsNoRoomForOldBytes: a release does, and is refused.
func TestARestoreNeedsNoRoomForOldBytes(t *testing.T) {
	for name, c := range map[string]struct {
		key         fleet.Key
		from, to    int
		takes, full bool // full: before the write; else at the RELOAD
		says, has   string
	}{
		"a release":                   {fleet.KeySize, 6, 5, true, true, "cannot be kept", "pool_size=6 "},
		"a flush":                     {fleet.KeyLifetime, 3600, 1, true, true, "cannot be kept", "pool_size=6 "},
		"the end of a flush":          {fleet.KeyLifetime, 1, 3600, true, true, "", "reserve_pool=2\n"},
		"a release that is not taken": {fleet.KeySize, 6, 5, false, false, "its old file is back", "pool_size=6 "},
	} {
		var lives func(seconds string)
		u := &unkept{}
		u.full.Store(c.full)
		f, _, fakes, stores := processes(t, 1, func(int) bool {
			u.full.Store(true)
			if text, _ := u.Read(t.Context(), ""); !strings.Contains(string(text), "server_lifetime") {
				lives("3600")
			}
			return c.takes
		})
		u.Memory = stores[0]
		lives = func(seconds string) {
			fakes[0].Mu.Lock()
			defer fakes[0].Mu.Unlock()
			databases := fakes[0].Tables["SHOW DATABASES"]
			for _, row := range databases[1:] {
				if row[0] == "d1" {
					row[slices.Index(databases[0], "server_lifetime")] = seconds
				}
			}
		}
		if c.from == 1 {
			stores[0].Text = strings.Replace(stores[0].Text, "reserve_pool=2", "reserve_pool=2 server_lifetime=01", 1)
			lives("1")
		}
		applier := apply.New(f, []observe.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini", Store: u}})
		kind := state.Release
		if c.key == fleet.KeyLifetime {
			kind = map[bool]state.ActionKind{true: state.Flush, false: state.Restore}[c.to == 1]
		}
		set := fleet.SettingChange{Process: "g/1", Alias: "d1", Key: c.key, From: c.from, To: c.to}
		err := applier.Apply(t.Context(), state.Action{Kind: kind, Changes: []fleet.SettingChange{set}})
		wrong := (err == nil) != (c.says == "") || strings.Contains(fmt.Sprint(err), "put back")
		if wrong || !strings.Contains(fmt.Sprint(err), c.says) || !strings.Contains(stores[0].Text, c.has) {
			t.Errorf("%s: %v, and in the file %q", name, err, stores[0].Text)
		}
	}
}
