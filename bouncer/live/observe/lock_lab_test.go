package observe_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestTwoNeverHoldTheLockWhateverTheirDSNs races fleets whose DSNs differ in database, address and socket.
func TestTwoNeverHoldTheLockWhateverTheirDSNs(t *testing.T) {
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "main", Databases: []string{"app", "other"}}}})
	s := l.Server("main")
	dsns := []string{s.DSN(lab.Monitor, "app"), s.DSN(lab.Monitor, "other"), s.DSN(lab.Monitor, "postgres"),
		s.DSN(lab.Monitor, "app"),
		fmt.Sprintf("host=127.0.0.1 port=%d dbname=app user=%s password=%s", livetest.Proxy(t, s.Port), lab.Monitor,
			lab.Password(lab.Monitor)),
		fmt.Sprintf("host=%s port=%d dbname=other user=%s password=%s", s.Folder, s.Port, lab.Monitor,
			lab.Password(lab.Monitor))}
	won, rounds := 0, 8
	for round := range rounds {
		errs := make(chan error, len(dsns))
		begin := make(chan bool)
		var fleets []*observe.Fleet
		for _, dsn := range dsns {
			f := livetest.Open(t, admin.Targets{Timeout: livetest.Generous,
				Servers: []admin.ServerTarget{{Name: "main", Place: admin.Place{DSN: dsn}}}})
			fleets = append(fleets, f)
			go func() { <-begin; errs <- f.Lock(t.Context()) }()
		}
		close(begin)
		holders := 0
		for range dsns {
			switch err := <-errs; {
			case err == nil:
				holders++
			case operr.KindOf(err) != operr.KindBusy:
				t.Errorf("round %d: %v, want to hear that it is busy", round, err)
			}
		}
		if holders > 1 {
			t.Errorf("round %d: %d hold the lock, want 1 at most", round, holders)
		}
		won += holders
		for _, f := range fleets {
			f.Close()
		}
		livetest.Wait(t, s, "usename = 'pgbudget'", 0)
	}
	t.Logf("one won in %d of %d rounds", won, rounds)
	if won < rounds {
		t.Errorf("nobody won in %d rounds: each that sees another is to sample until it is gone", rounds-won)
	}
	first := livetest.Open(t, admin.Targets{Timeout: livetest.Generous,
		Servers: []admin.ServerTarget{{Name: "main", Place: admin.Place{DSN: dsns[0]}}}})
	if err := first.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, dsn := range dsns[1:] {
		second := livetest.Open(t, admin.Targets{Timeout: livetest.Generous,
			Servers: []admin.ServerTarget{{Name: "main", Place: admin.Place{DSN: dsn}}}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := second.Lock(ctx); operr.KindOf(err) != operr.KindBusy {
			t.Errorf("%s: %v, want to hear that the lock is held", lab.Bare(dsn), err)
		}
		if err := second.Unlocked(ctx); operr.KindOf(err) != operr.KindBusy {
			t.Errorf("%s: %v, want to see that the lock is held", lab.Bare(dsn), err)
		}
		cancel()
		if err := first.Locked(); err != nil {
			t.Error(err)
		}
	}
}

// TestAnObservationKeepsNobodyFromTheLock has one that samples all the time while others take it one after the other.
func TestAnObservationKeepsNobodyFromTheLock(t *testing.T) {
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "main"}}})
	s := l.Server("main")
	targets := admin.Targets{Timeout: livetest.Generous,
		Servers: []admin.ServerTarget{{Name: "main", Place: admin.Place{DSN: s.DSN(lab.Monitor, "")}}}}
	looker, over := livetest.Open(t, targets), make(chan struct{})
	var sampling sync.WaitGroup
	held := 0
	sampling.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
			}
			if err := looker.Unlocked(context.Background()); operr.KindOf(err) == operr.KindBusy {
				held++
			} else if err != nil {
				t.Error(err)
			}
		}
	})
	for round := range 30 {
		f := livetest.Open(t, targets)
		if err := f.Lock(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(5 * time.Millisecond)
		if round == 29 { // longer than a sample waits for the end of whoever holds it
			time.Sleep(2 * time.Second)
		}
		f.Close()
		livetest.Wait(t, s, "usename = 'pgbudget'", 1)
	}
	close(over)
	sampling.Wait()
	if held == 0 {
		t.Error("it never saw the lock held")
	}
}

// TestTheLockIsFreeAfterAFleetIsClosed reads the server's locks right after a fleet was closed, and takes one whose
// session ends a moment later, as that of a pgbudget that was killed.
func TestTheLockIsFreeAfterAFleetIsClosed(t *testing.T) {
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "main", Databases: []string{"app", "other"}}}})
	s := l.Server("main")
	fleet := func(database string) *observe.Fleet {
		return livetest.Open(t, admin.Targets{Timeout: livetest.Generous,
			Servers: []admin.ServerTarget{{Name: "main", Place: admin.Place{DSN: s.DSN(lab.Monitor, database)}}}})
	}
	held := func() int {
		rows, err := s.Query(t.Context(), "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory'")
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(rows[0]["n"])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 50 {
		f := fleet("app")
		if err := f.Lock(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if n := held(); n > 0 {
			t.Fatalf("%d locks are held once the fleet is closed, want 0", n)
		}
	}
	for _, take := range []func(*observe.Fleet) error{
		func(f *observe.Fleet) error { return f.Lock(t.Context()) },
		func(f *observe.Fleet) error { return f.Unlocked(t.Context()) },
	} {
		dead, err := pgconn.Connect(t.Context(), s.DSN(lab.Monitor, "other"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dead.Exec(t.Context(), "SELECT pg_advisory_lock(x'7067627564676574'::bigint)").ReadAll(); err != nil {
			t.Fatal(err)
		}
		f := fleet("app")
		over := time.AfterFunc(300*time.Millisecond, func() { dead.Close(context.Background()) })
		if err := take(f); err != nil {
			t.Errorf("%v, want the lock once the other session has ended", err)
		}
		over.Stop()
		f.Close()
	}
}
