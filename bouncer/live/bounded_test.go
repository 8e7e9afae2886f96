package live_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live"
	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// careful is a store that tries, and keeps what it writes over.
type careful struct {
	*memory
	refuse error // of a try
	tries  int
	broken bool // it cannot be written a second time
	kept   bool
}

func (c *careful) Try(context.Context, string, []byte) error { c.tries++; return c.refuse }

func (c *careful) Write(ctx context.Context, path string, old, data []byte) error {
	if c.broken && c.writes > 0 {
		return errors.New("it is broken")
	}
	c.kept = true
	return c.memory.Write(ctx, path, old, data)
}

func (c *careful) Settled(string) error { c.kept = false; return nil }

func (c *careful) Saved(string) string {
	if !c.kept {
		return ""
	}
	return "/kept/pgbouncer.ini"
}

// carefully gives the processes careful stores.
func carefully(fleet *live.Fleet, stores []*memory) (*live.Hands, []*careful) {
	var configs []live.Config
	var out []*careful
	for i, s := range stores {
		out = append(out, &careful{memory: s})
		configs = append(configs, live.Config{Process: fmt.Sprintf("g/%d", i+1), Path: "/etc/pgbouncer.ini", Store: out[i]})
	}
	return fleet.Hands(configs), out
}

// undo is release back, of what it has done and of what it has not.
func undo(n int) state.Act {
	act := release(n)
	for i := range act.Sets {
		act.Sets[i].From, act.Sets[i].To = 5, 6
	}
	return act
}

func TestNothingBeginsWhereOneFileCannotBeReplaced(t *testing.T) {
	fleet, _, _, stores := processes(t, 3, func(int) bool { return true })
	hands, trying := carefully(fleet, stores)
	trying[2].refuse = &operr.Error{Kind: operr.KindUsage, Err: errors.New("it is a mount of its own")}
	for what, err := range map[string]error{"checked": hands.Check(t.Context(), release(3).Sets), "applied": hands.Apply(t.Context(), release(3))} {
		if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "a mount of its own") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i, s := range trying {
		if s.writes > 0 || s.tries != 2 {
			t.Errorf("process %d: tried %d times, written %d times", i+1, s.tries, s.writes)
		}
	}
}

// TestTheWayBackNeedsNoWriteToAFileThatSaysItAlready takes back an act that has reached the first of three processes. The others'
// files cannot be written, and need not be.
func TestTheWayBackNeedsNoWriteToAFileThatSaysItAlready(t *testing.T) {
	fleet, _, _, stores := processes(t, 3, func(int) bool { return true })
	hands, trying := carefully(fleet, stores)
	if err := hands.Apply(t.Context(), release(1)); err != nil {
		t.Fatal(err)
	}
	for _, s := range trying[1:] {
		s.refuse = errors.New("it is a mount of its own")
	}
	if err := errors.Join(hands.Check(t.Context(), undo(3).Sets), hands.Apply(t.Context(), undo(3))); err != nil {
		t.Error(err)
	}
	for i, s := range trying {
		if !strings.Contains(s.text, "pool_size=6 ") || i > 0 && s.tries+s.writes > 0 {
			t.Errorf("process %d: tried %d times, written %d times: %s", i+1, s.tries, s.writes, s.text)
		}
	}
}

// TestOldBytesAreKeptUntilTheProcessHasTheNewOnes looks at each RELOAD, and at the ends that an act can have.
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
			var trying []*careful
			keptThen := false
			fleet, _, fakes, stores := processes(t, 1, func(int) bool {
				keptThen = keptThen || trying[0].kept
				return c.takes
			})
			if c.dies {
				fakes[0].hook(func(command string) {
					if command == "RELOAD" {
						keptThen = trying[0].kept
						fakes[0].mu.Lock()
						delete(fakes[0].tables, "SHOW DATABASES")
						fakes[0].mu.Unlock()
					}
				})
			}
			var hands *live.Hands
			hands, trying = carefully(fleet, stores)
			trying[0].broken = c.broken
			err := hands.Apply(t.Context(), release(1))
			if (err == nil) != c.takes || !keptThen || trying[0].kept != c.kept {
				t.Errorf("kept at the RELOAD %v, after it %v: %v", keptThen, trying[0].kept, err)
			}
			if c.broken && !strings.Contains(operr.HintOf(err), "the old /etc/pgbouncer.ini is in /kept/pgbouncer.ini") {
				t.Errorf("next: %s", operr.HintOf(err))
			}
		})
	}
}

// TestAnActThatIsCancelledIsSeenToItsEnd has a process that does not take its sets, and is cancelled before that is known.
func TestAnActThatIsCancelledIsSeenToItsEnd(t *testing.T) {
	for _, takes := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		_, hands, _, stores := processes(t, 1, func(int) bool { cancel(); return takes })
		err := hands.Apply(ctx, release(1))
		want := map[bool]string{true: "pool_size=5 ", false: "pool_size=6 "}[takes]
		if (err == nil) != takes || !strings.Contains(stores[0].text, want) {
			t.Errorf("takes %v: %v, %s", takes, err, stores[0].text)
		}
	}
}

// TestAnActThatWasCutShortIsSettledByTheNext begins where a run has died between the write and the end of the act.
func TestAnActThatWasCutShortIsSettledByTheNext(t *testing.T) {
	for _, reloaded := range []bool{false, true} {
		fleet, _, _, stores := processes(t, 1, func(int) bool { return true })
		hands, trying := carefully(fleet, stores)
		if reloaded {
			if err := hands.Apply(t.Context(), release(1)); err != nil {
				t.Fatal(err)
			}
		}
		stores[0].text = strings.Replace(lines, "pool_size=6", "pool_size=5", 1)
		trying[0].kept = true
		if err := hands.Apply(t.Context(), release(1)); err != nil || trying[0].kept {
			t.Errorf("reloaded %v: kept %v (%v)", reloaded, trying[0].kept, err)
		}
	}
}

// TestAFileOfThisHostIsKeptBesideTheJournal moves two processes that include one file, for real but for the processes.
func TestAFileOfThisHostIsKeptBesideTheJournal(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(path, []byte(lines), 0o640); err != nil {
		t.Fatal(err)
	}
	keep := store.Beside(filepath.Join(dir, "journal.jsonl"))
	file := store.File{Keep: keep}
	seen := []string{}
	var stores []*memory
	fleet, _, _, stores := processes(t, 2, func(i int) bool {
		old, _ := os.ReadFile(file.Saved(path))
		now, _ := os.ReadFile(path)
		seen = append(seen, fmt.Sprint(i, string(old) == lines, strings.Contains(string(now), "pool_size=5 ")))
		stores[i].mu.Lock()
		stores[i].text = string(now)
		stores[i].mu.Unlock()
		return true
	})
	hands := fleet.Hands([]live.Config{{Process: "g/1", Path: path, Store: file}, {Process: "g/2", Path: path, Store: file}})
	if err := hands.Apply(t.Context(), release(2)); err != nil {
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
