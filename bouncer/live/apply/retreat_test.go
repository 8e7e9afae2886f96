package apply_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestARetreatWaitsForTheOneProcessThatIsBeingChanged has a grant to two processes that hangs in the write of the
// second's file. The first goes back at once, the second once its write has ended.
func TestARetreatWaitsForTheOneProcessThatIsBeingChanged(t *testing.T) {
	told := make(chan int, 100)
	fleet, _, _, stores := processes(t, 2, func(i int) bool { told <- i; return true })
	second := &livetest.Slow{Memory: stores[1], Writing: make(chan struct{}), GoOn: make(chan struct{})}
	applier := apply.New(fleet, []observe.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini", Store: stores[0]},
		{Process: "g/2", Path: "/etc/pgbouncer.ini", Store: second}})
	ctx, giveUp := context.WithCancel(t.Context())
	granted, back := make(chan error, 1), make(chan error, 1)
	go func() { granted <- applier.Apply(ctx, livetest.Grant(2)) }()
	if first := <-told; first != 0 {
		t.Fatalf("process %d is the canary", first+1)
	}
	<-second.Writing
	giveUp()
	go func() { back <- applier.Apply(context.Background(), livetest.Retreat(2)) }()
	select {
	case i := <-told:
		if i != 0 || !strings.Contains(livetest.Text(stores[0]), "pool_size=6 ") {
			t.Errorf("process %d: %s", i+1, livetest.Text(stores[0]))
		}
	case <-time.After(livetest.Generous):
		t.Fatalf("waited %v for the first process to go back while the second is being written", livetest.Generous)
	}
	select {
	case err := <-back:
		t.Fatalf("the second went back before its write had ended: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(second.GoOn)
	go func() {
		for range second.Writing {
		}
	}()
	if err := <-granted; err != nil {
		t.Errorf("what was begun with is not at its end: %v", err)
	}
	if err := <-back; err != nil {
		t.Error(err)
	}
	for i, s := range stores {
		if !strings.Contains(livetest.Text(s), "pool_size=6 ") || s.Writes != 2 {
			t.Errorf("process %d: %d writes: %s", i+1, s.Writes, livetest.Text(s))
		}
	}
}

// TestAnActionThatIsGivenUpBeginsWithNoFurtherProcess: its context ends while the canary takes its sets.
func TestAnActionThatIsGivenUpBeginsWithNoFurtherProcess(t *testing.T) {
	ctx, giveUp := context.WithCancel(t.Context())
	_, applier, _, stores := processes(t, 3, func(int) bool { giveUp(); return true })
	if err := applier.Apply(ctx, livetest.Grant(3)); err == nil {
		t.Error("an action whose context ended at the canary was done, want an error")
	}
	for i, want := range []string{"pool_size=7 ", "pool_size=6 ", "pool_size=6 "} {
		if !strings.Contains(livetest.Text(stores[i]), want) {
			t.Errorf("process %d: %s", i+1, livetest.Text(stores[i]))
		}
	}
}

// TestASampleThatHangsKeepsNoProcessFromGoingBack but the one that does not answer.
func TestASampleThatHangsKeepsNoProcessFromGoingBack(t *testing.T) {
	fleet, applier, fakes, stores := processes(t, 3, func(int) bool { return true })
	if err := applier.Apply(t.Context(), livetest.Grant(3)); err != nil {
		t.Fatal(err)
	}
	hangs, goOn := make(chan struct{}, 100), make(chan struct{})
	taking := fakes[1].Asked
	fakes[1].Hook(func(command string) {
		if command == "SHOW POOLS" {
			hangs <- struct{}{}
			<-goOn
		}
		taking(command)
	})
	observed := make(chan error, 1)
	go func() { _, err := fleet.Observe(context.Background()); observed <- err }()
	<-hangs
	back := make(chan error, 1)
	go func() { back <- applier.Apply(context.Background(), livetest.Retreat(3)) }()
	for begun := time.Now(); !strings.Contains(livetest.Text(stores[0]), "pool_size=6 ") ||
		!strings.Contains(livetest.Text(stores[2]), "pool_size=6 "); time.Sleep(time.Millisecond) {
		if time.Since(begun) > livetest.Generous/2 {
			t.Fatal("a process that answers waits for the one that does not")
		}
	}
	select {
	case err := <-observed:
		t.Errorf("the sample had ended: %v", err)
	case err := <-back:
		t.Errorf("the action had ended: %v", err)
	default:
	}
	if !strings.Contains(livetest.Text(stores[1]), "pool_size=7 ") {
		t.Errorf("process 2: %s", livetest.Text(stores[1]))
	}
	close(goOn)
	<-observed
	if err := <-back; err != nil || !strings.Contains(livetest.Text(stores[1]), "pool_size=6 ") {
		t.Errorf("%v: %s", err, livetest.Text(stores[1]))
	}
}

// TestAnEarlierWriteIsTakenOnlyWhereItsFateIsUnknown: an edit that puts a size of ours back is somebody's.
func TestAnEarlierWriteIsTakenOnlyWhereItsFateIsUnknown(t *testing.T) {
	other := state.Action{Kind: state.Release, Changes: []fleet.SettingChange{{Process: "g/1", Alias: "d2",
		Key: fleet.KeySize, From: 3, To: 2}}}
	reloads := 0
	_, applier, _, stores := processes(t, 1, func(int) bool { reloads++; return true })
	if err := applier.Apply(t.Context(), livetest.Release(1)); err != nil {
		t.Fatal(err)
	}
	stores[0].Mu.Lock()
	stores[0].Text = strings.Replace(stores[0].Text, "pool_size=5 ", "pool_size=6 ", 1)
	stores[0].Mu.Unlock()
	if err := applier.Apply(t.Context(), other); operr.KindOf(err) != operr.KindDrift ||
		!strings.Contains(livetest.Text(stores[0]), "pool_size=3\n") || reloads != 1 {
		t.Errorf("%d RELOADs, %v: %s", reloads, err, livetest.Text(stores[0]))
	}

	_, applier, _, stores = processes(t, 1, func(int) bool { return true })
	stores[0].Text = strings.Replace(stores[0].Text, "pool_size=3\n", "pool_size=4\n", 1)
	if err := applier.Apply(t.Context(), livetest.Release(1)); operr.KindOf(err) != operr.KindDrift {
		t.Errorf("somebody's edit of d2 waits: %v", err)
	}
	applier.Told([]fleet.SettingChange{{Process: "g/1", Alias: "d2", Key: fleet.KeySize, From: 3, To: 4}})
	if err := applier.Apply(t.Context(), livetest.Release(1)); err != nil || !strings.Contains(livetest.Text(stores[0]),
		"pool_size=5 ") {
		t.Errorf("%v: %s", err, livetest.Text(stores[0]))
	}
}
