package live_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// errLost is what a guard says of a lock that is lost, and errSilent of a server that does not answer.
var (
	errLost   = &operr.Error{Kind: operr.KindBusy, Err: errors.New("the session that held the lock was lost")}
	errSilent = &operr.Error{Kind: operr.KindUnreachable, Err: errors.New("no answer within 5s")}
)

// guard counts how often it is asked, and answers from then on with an error.
type guard struct {
	mu    sync.Mutex
	asked int
	from  int
	err   error
}

func (g *guard) ask(context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asked++; g.asked < g.from {
		return nil
	}
	return g.err
}

func growth(n int) state.Act {
	act := state.Act{Verb: state.Grant}
	for i := range n {
		process := fmt.Sprintf("g/%d", i+1)
		act.Sets = append(act.Sets, fleet.Set{Process: process, Alias: "d1", Key: fleet.KeySize, From: 6, To: 7})
	}
	return act
}

// TestALostLockStopsAnActAtTheNextProcess, before it is written and before it is told to read.
func TestALostLockStopsAnActAtTheNextProcess(t *testing.T) {
	const before, after = "pool_size=6 ", "pool_size=7 "
	for _, c := range []struct {
		name string
		from int // the question that is answered with the error
		err  error
		want []string // in the files, of three processes
	}{
		{"before the first write", 1, errLost, []string{before, before, before}},
		{"between the first write and its RELOAD", 2, errLost, []string{before, before, before}},
		{"after the canary", 3, errLost, []string{after, before, before}},
		{"nobody can tell", 3, errSilent, []string{after, before, before}},
		{"nobody can tell of one, and another is lost", 3, errors.Join(errSilent, errLost), []string{after, before, before}},
		{"it is held", 100, errLost, []string{after, after, after}},
	} {
		_, hands, fakes, stores := processes(t, 3, func(int) bool { return true })
		g := &guard{from: c.from, err: c.err}
		hands.Guard(g.ask)
		err := hands.Apply(t.Context(), growth(3))
		if fails := c.from < 100; fails != (err != nil) || fails && !strings.Contains(err.Error(), c.err.Error()) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
		for i, s := range stores {
			if !strings.Contains(s.text, c.want[i]) {
				t.Errorf("%s: process %d has %q in its file, want %s", c.name, i+1, s.text, c.want[i])
			}
			fakes[i].mu.Lock()
			for _, row := range fakes[i].tables["SHOW DATABASES"] {
				if size := "pool_size=" + row[5] + " "; row[0] == "d1" && size != c.want[i] {
					t.Errorf("%s: process %d has %s in force, want %s", c.name, i+1, size, c.want[i])
				}
			}
			fakes[i].mu.Unlock()
		}
	}
}

// TestWhatShrinksGoesOnWhereNobodyCanTell: a server that hangs is one more reason for it.
func TestWhatShrinksGoesOnWhereNobodyCanTell(t *testing.T) {
	for _, c := range []struct {
		err   error
		fails bool
	}{{errSilent, false}, {errLost, true}, {errors.Join(errSilent, errLost), true}} {
		_, hands, _, stores := processes(t, 2, func(int) bool { return true })
		hands.Guard((&guard{err: c.err}).ask)
		err := hands.Apply(t.Context(), release(2))
		if (err != nil) != c.fails || strings.Contains(stores[1].text, "pool_size=6 ") != c.fails {
			t.Errorf("%v: %v, and %q in the file", c.err, err, stores[1].text)
		}
	}
}

// TestWhatEndsAFlushIsNotAskedAbout: it moves no size, and a flush must not stay.
func TestWhatEndsAFlushIsNotAskedAbout(t *testing.T) {
	for _, c := range []struct {
		verb     state.Verb
		from, to int
	}{{state.Flush, 3600, 1}, {state.Restore, 1, 3600}} {
		_, hands, fakes, stores := processes(t, 1, func(int) bool { return true })
		if c.verb == state.Restore {
			stores[0].text = strings.Replace(stores[0].text, "pool_size=6 ", "pool_size=6 server_lifetime=1 ", 1)
			databases := fakes[0].tables["SHOW DATABASES"]
			for _, row := range databases[1:] {
				if row[0] == "d1" {
					row[slices.Index(databases[0], "server_lifetime")] = "1"
				}
			}
		}
		g := &guard{err: errLost}
		hands.Guard(g.ask)
		set := fleet.Set{Process: "g/1", Alias: "d1", Key: fleet.KeyLifetime, From: c.from, To: c.to}
		err := hands.Apply(t.Context(), state.Act{Verb: c.verb, Sets: []fleet.Set{set}})
		if asked := c.verb == state.Flush; asked != (g.asked > 0) || asked && operr.KindOf(err) != operr.KindBusy {
			t.Errorf("%s: asked %d times, %v", c.verb, g.asked, err)
		}
		if c.verb == state.Restore && stores[0].writes == 0 {
			t.Error("nothing was given back: this test tests nothing")
		}
	}
}
