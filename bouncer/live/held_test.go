package live_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pgbudget/pgbudget/planner"
)

// errLost is what a guard says of a lock that is lost, and errSilent of a server that does not answer.
var (
	errLost   = &planner.Error{Kind: planner.KindBusy, Err: errors.New("the session that held the lock was lost")}
	errSilent = &planner.Error{Kind: planner.KindUnreachable, Err: errors.New("no answer within 5s")}
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

func growth(n int) planner.Act {
	act := planner.Act{Verb: planner.Grant}
	for i := range n {
		process := fmt.Sprintf("g/%d", i+1)
		act.Sets = append(act.Sets, planner.Set{Process: process, Alias: "d1", Key: planner.KeySize, From: 6, To: 7})
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
		verb     planner.Verb
		from, to int
	}{{planner.Flush, 3600, 1}, {planner.Restore, 1, 3600}} {
		_, hands, fakes, stores := processes(t, 1, func(int) bool { return true })
		if c.verb == planner.Restore {
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
		set := planner.Set{Process: "g/1", Alias: "d1", Key: planner.KeyLifetime, From: c.from, To: c.to}
		err := hands.Apply(t.Context(), planner.Act{Verb: c.verb, Sets: []planner.Set{set}})
		if asked := c.verb == planner.Flush; asked != (g.asked > 0) || asked && planner.KindOf(err) != planner.KindBusy {
			t.Errorf("%s: asked %d times, %v", c.verb, g.asked, err)
		}
		if c.verb == planner.Restore && stores[0].writes == 0 {
			t.Error("nothing was given back: this test tests nothing")
		}
	}
}
