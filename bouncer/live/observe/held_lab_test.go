package observe_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// locksmith is a server, and what opens fleets of it.
func locksmith(t *testing.T) (*lab.Server, func(timeout time.Duration) *observe.Fleet) {
	t.Helper()
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "main"}}})
	s := l.Server("main")
	return s, func(timeout time.Duration) *observe.Fleet {
		main := admin.ServerTarget{Name: "main", Place: admin.Place{DSN: s.DSN(lab.Monitor, "")}}
		return livetest.Open(t, admin.Targets{Timeout: timeout, Servers: []admin.ServerTarget{main}})
	}
}

// TestALostLockIsNoticedByAsking, and taken anew where it is free.
func TestALostLockIsNoticedByAsking(t *testing.T) {
	t.Parallel()
	s, fleet := locksmith(t)
	f := fleet(livetest.Generous)
	livetest.WantKind(t, "before it is taken", f.LockedNow(t.Context()), operr.KindBusy, false)
	if err := f.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	livetest.WantKind(t, "held", f.LockedNow(t.Context()), 0, true)
	livetest.WantKind(t, "held, anew", f.Relock(t.Context()), 0, true)
	livetest.Ended(t, s)
	livetest.WantKind(t, "the session has ended, and nobody has asked", f.Locked(), 0, true)
	livetest.WantKind(t, "the session has ended", f.LockedNow(t.Context()), operr.KindBusy, false)
	livetest.WantKind(t, "and is lost for those who do not ask", f.Locked(), operr.KindBusy, false)
	livetest.Observed(t, f)
	livetest.WantKind(t, "a sample opens another session", f.LockedNow(t.Context()), operr.KindBusy, false)
	other := fleet(livetest.Generous)
	if err := other.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	livetest.WantKind(t, "another has it", f.Relock(t.Context()), operr.KindBusy, false)
	livetest.WantKind(t, "another has it yet", f.LockedNow(t.Context()), operr.KindBusy, false)
	livetest.WantKind(t, "the other", other.LockedNow(t.Context()), 0, true)
	other.Close()
	livetest.WantKind(t, "it is free", f.Relock(t.Context()), 0, true)
	livetest.WantKind(t, "it is ours again", f.LockedNow(t.Context()), 0, true)
	livetest.WantKind(t, "for those who do not ask, too", f.Locked(), 0, true)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	livetest.WantKind(t, "nobody waits for the answer", f.LockedNow(gone), operr.KindUnforeseen, false)
	livetest.WantKind(t, "which costs no lock", f.LockedNow(t.Context()), 0, true)
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	livetest.WantKind(t, "PostgreSQL was restarted", f.LockedNow(t.Context()), operr.KindBusy, false)
	livetest.WantKind(t, "and nobody else has it", f.Relock(t.Context()), 0, true)
	livetest.WantKind(t, "it is ours once more", f.LockedNow(t.Context()), 0, true)
}

// TestTheLockOfAServerThatHangsIsNotKnown: another may not have it either.
func TestTheLockOfAServerThatHangsIsNotKnown(t *testing.T) {
	t.Parallel()
	s, fleet := locksmith(t)
	f := fleet(time.Second)
	if err := f.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, err := s.Query(t.Context(), "SELECT pid::text AS pid FROM pg_locks WHERE locktype = 'advisory'")
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	pid := s.Pid()
	stop := func(sig syscall.Signal) {
		for _, p := range []int{livetest.Atoi(t, rows[0]["pid"]), pid} {
			_ = syscall.Kill(p, sig) // a session that was closed ends
		}
	}
	stop(syscall.SIGSTOP)
	t.Cleanup(func() { stop(syscall.SIGCONT) })
	begin := time.Now()
	for range 2 { // the first closes the session
		livetest.WantKind(t, "it hangs", f.LockedNow(t.Context()), operr.KindUnreachable, false)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	livetest.WantKind(t, "it hangs, anew", f.Relock(t.Context()), operr.KindUnreachable, false)
	stop(syscall.SIGCONT)
	labtest.Eventually(t, func() error { return f.Relock(t.Context()) })
	livetest.WantKind(t, "it answers again", f.LockedNow(t.Context()), 0, true)
}

// TestTheLockIsAskedAfterBesideSamples, for the detector of races: a sample opens sessions, a question never does.
func TestTheLockIsAskedAfterBesideSamples(t *testing.T) {
	t.Parallel()
	s, fleet := locksmith(t)
	f := fleet(livetest.Generous)
	if err := f.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		for range 20 {
			_, _ = f.Observe(t.Context())
		}
	}()
	for i := 0; ; i++ {
		select {
		case <-over:
			return
		default:
		}
		if err := f.LockedNow(t.Context()); err != nil && operr.KindOf(err) != operr.KindBusy {
			t.Error(err)
		}
		if i == 20 {
			livetest.Ended(t, s)
		}
	}
}
