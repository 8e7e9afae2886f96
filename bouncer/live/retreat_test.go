package live_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// slow is a store whose writes wait.
type slow struct {
	*memory
	writing chan struct{} // it has come to a write
	goOn    chan struct{}
}

func (s *slow) Write(ctx context.Context, path string, old, data []byte) error {
	s.writing <- struct{}{}
	<-s.goOn
	return s.memory.Write(ctx, path, old, data)
}

// grant is release(n) the other way round, from 6 to 7.
func grant(n int) state.Act {
	act := release(n)
	act.Verb = state.Grant
	for i := range act.Sets {
		act.Sets[i].To = 7
	}
	return act
}

// retreat takes grant(n) back.
func retreat(n int) state.Act {
	act := grant(n)
	act.Verb = state.Retreat
	for i := range act.Sets {
		act.Sets[i] = act.Sets[i].Back()
	}
	return act
}

// TestARetreatWaitsForTheOneProcessThatIsBeingChanged has a grant to two processes that hangs in the write of the second's file.
// The first goes back at once, the second once its write has ended.
func TestARetreatWaitsForTheOneProcessThatIsBeingChanged(t *testing.T) {
	told := make(chan int, 100)
	fleet, _, _, stores := processes(t, 2, func(i int) bool { told <- i; return true })
	second := &slow{stores[1], make(chan struct{}), make(chan struct{})}
	hands := fleet.Hands([]live.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini", Store: stores[0]}, {Process: "g/2", Path: "/etc/pgbouncer.ini", Store: second}})
	ctx, giveUp := context.WithCancel(t.Context())
	granted, back := make(chan error, 1), make(chan error, 1)
	go func() { granted <- hands.Apply(ctx, grant(2)) }()
	if first := <-told; first != 0 {
		t.Fatalf("process %d is the canary", first+1)
	}
	<-second.writing
	giveUp()
	go func() { back <- hands.Apply(context.Background(), retreat(2)) }()
	select {
	case i := <-told:
		if i != 0 || !strings.Contains(text(stores[0]), "pool_size=6 ") {
			t.Errorf("process %d: %s", i+1, text(stores[0]))
		}
	case <-time.After(generous):
		t.Fatal("nothing goes back while the second is being written")
	}
	select {
	case err := <-back:
		t.Fatalf("the second went back before its write had ended: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(second.goOn)
	go func() {
		for range second.writing {
		}
	}()
	if err := <-granted; err != nil {
		t.Errorf("what was begun with is not at its end: %v", err)
	}
	if err := <-back; err != nil {
		t.Error(err)
	}
	for i, s := range stores {
		if !strings.Contains(text(s), "pool_size=6 ") || s.writes != 2 {
			t.Errorf("process %d: %d writes: %s", i+1, s.writes, text(s))
		}
	}
}

func text(m *memory) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text
}

// TestNothingIsBegunWithOnceAnActIsGivenUp: its context ends while the canary takes its sets.
func TestNothingIsBegunWithOnceAnActIsGivenUp(t *testing.T) {
	ctx, giveUp := context.WithCancel(t.Context())
	_, hands, _, stores := processes(t, 3, func(int) bool { giveUp(); return true })
	if err := hands.Apply(ctx, grant(3)); err == nil {
		t.Error("it was done")
	}
	for i, want := range []string{"pool_size=7 ", "pool_size=6 ", "pool_size=6 "} {
		if !strings.Contains(text(stores[i]), want) {
			t.Errorf("process %d: %s", i+1, text(stores[i]))
		}
	}
}

// TestALookThatHangsKeepsNoProcessFromGoingBack but the one that does not answer.
func TestALookThatHangsKeepsNoProcessFromGoingBack(t *testing.T) {
	fleet, hands, fakes, stores := processes(t, 3, func(int) bool { return true })
	if err := hands.Apply(t.Context(), grant(3)); err != nil {
		t.Fatal(err)
	}
	hangs, goOn := make(chan struct{}, 100), make(chan struct{})
	taking := fakes[1].asked
	fakes[1].hook(func(command string) {
		if command == "SHOW POOLS" {
			hangs <- struct{}{}
			<-goOn
		}
		taking(command)
	})
	looked := make(chan error, 1)
	go func() { _, err := fleet.Observe(context.Background()); looked <- err }()
	<-hangs
	back := make(chan error, 1)
	go func() { back <- hands.Apply(context.Background(), retreat(3)) }()
	for begun := time.Now(); !strings.Contains(text(stores[0]), "pool_size=6 ") || !strings.Contains(text(stores[2]), "pool_size=6 "); time.Sleep(time.Millisecond) {
		if time.Since(begun) > generous/2 {
			t.Fatal("a process that answers waits for the one that does not")
		}
	}
	select {
	case err := <-looked:
		t.Errorf("the look had ended: %v", err)
	case err := <-back:
		t.Errorf("the act had ended: %v", err)
	default:
	}
	if !strings.Contains(text(stores[1]), "pool_size=7 ") {
		t.Errorf("process 2: %s", text(stores[1]))
	}
	close(goOn)
	<-looked
	if err := <-back; err != nil || !strings.Contains(text(stores[1]), "pool_size=6 ") {
		t.Errorf("%v: %s", err, text(stores[1]))
	}
}

// TestWhatAnActBeforeHasWrittenIsTakenOnlyWhereNobodyKnowsItsFate: an edit that puts a size of ours back is somebody's.
func TestWhatAnActBeforeHasWrittenIsTakenOnlyWhereNobodyKnowsItsFate(t *testing.T) {
	other := state.Act{Verb: state.Release, Sets: []fleet.Set{{Process: "g/1", Alias: "d2", Key: fleet.KeySize, From: 3, To: 2}}}
	reloads := 0
	_, hands, _, stores := processes(t, 1, func(int) bool { reloads++; return true })
	if err := hands.Apply(t.Context(), release(1)); err != nil {
		t.Fatal(err)
	}
	stores[0].mu.Lock()
	stores[0].text = strings.Replace(stores[0].text, "pool_size=5 ", "pool_size=6 ", 1)
	stores[0].mu.Unlock()
	if err := hands.Apply(t.Context(), other); operr.KindOf(err) != operr.KindDrift || !strings.Contains(text(stores[0]), "pool_size=3\n") || reloads != 1 {
		t.Errorf("%d RELOADs, %v: %s", reloads, err, text(stores[0]))
	}

	_, hands, _, stores = processes(t, 1, func(int) bool { return true })
	stores[0].text = strings.Replace(stores[0].text, "pool_size=3\n", "pool_size=4\n", 1)
	if err := hands.Apply(t.Context(), release(1)); operr.KindOf(err) != operr.KindDrift {
		t.Errorf("somebody's edit of d2 waits: %v", err)
	}
	hands.Told([]fleet.Set{{Process: "g/1", Alias: "d2", Key: fleet.KeySize, From: 3, To: 4}})
	if err := hands.Apply(t.Context(), release(1)); err != nil || !strings.Contains(text(stores[0]), "pool_size=5 ") {
		t.Errorf("%v: %s", err, text(stores[0]))
	}
}
