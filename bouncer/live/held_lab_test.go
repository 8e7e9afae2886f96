package live_test

import (
	"context"
	"errors"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// locksmith is a server, and what opens fleets of it.
func locksmith(t *testing.T) (*lab.Server, func(timeout time.Duration) *live.Fleet) {
	t.Helper()
	l := start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "main"}}})
	s := l.Server("main")
	return s, func(timeout time.Duration) *live.Fleet {
		main := live.ServerTarget{Name: "main", DSN: s.DSN(lab.Monitor, "")}
		return open(t, live.Targets{Timeout: timeout, Servers: []live.ServerTarget{main}})
	}
}

// ended ends every session that holds a lock, and waits until it is free.
func ended(t *testing.T, s *lab.Server) {
	t.Helper()
	const all = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
	if _, err := s.Query(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		rows, err := s.Query(t.Context(), "SELECT 1 AS x FROM pg_locks WHERE locktype = 'advisory'")
		if err == nil && len(rows) > 0 {
			err = errors.New("the lock is held yet")
		}
		return err
	})
}

// wantKind fails where an error is of another kind; ok stands for nil.
func wantKind(t *testing.T, what string, err error, want operr.Kind, ok bool) {
	t.Helper()
	if ok != (err == nil) || !ok && operr.KindOf(err) != want {
		t.Errorf("%s: %v, want kind %d, or nothing: %v", what, err, want, ok)
	}
}

// TestALostLockIsNoticedByAsking, and taken anew where it is free.
func TestALostLockIsNoticedByAsking(t *testing.T) {
	t.Parallel()
	s, fleet := locksmith(t)
	f := fleet(generous)
	wantKind(t, "before it is taken", f.LockedNow(t.Context()), operr.KindBusy, false)
	if err := f.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "held", f.LockedNow(t.Context()), 0, true)
	wantKind(t, "held, anew", f.Relock(t.Context()), 0, true)
	ended(t, s)
	wantKind(t, "the session has ended, and nobody has looked", f.Locked(), 0, true)
	wantKind(t, "the session has ended", f.LockedNow(t.Context()), operr.KindBusy, false)
	wantKind(t, "and is lost for those who do not ask", f.Locked(), operr.KindBusy, false)
	observe(t, f)
	wantKind(t, "a look opens another session", f.LockedNow(t.Context()), operr.KindBusy, false)
	other := fleet(generous)
	if err := other.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "another has it", f.Relock(t.Context()), operr.KindBusy, false)
	wantKind(t, "another has it yet", f.LockedNow(t.Context()), operr.KindBusy, false)
	wantKind(t, "the other", other.LockedNow(t.Context()), 0, true)
	other.Close()
	wantKind(t, "it is free", f.Relock(t.Context()), 0, true)
	wantKind(t, "it is ours again", f.LockedNow(t.Context()), 0, true)
	wantKind(t, "for those who do not ask, too", f.Locked(), 0, true)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	wantKind(t, "nobody waits for the answer", f.LockedNow(gone), operr.KindUnforeseen, false)
	wantKind(t, "which costs no lock", f.LockedNow(t.Context()), 0, true)
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "PostgreSQL was restarted", f.LockedNow(t.Context()), operr.KindBusy, false)
	wantKind(t, "and nobody else has it", f.Relock(t.Context()), 0, true)
	wantKind(t, "it is ours once more", f.LockedNow(t.Context()), 0, true)
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
		for _, p := range []int{atoi(t, rows[0]["pid"]), pid} {
			_ = syscall.Kill(p, sig) // a session that was closed ends
		}
	}
	stop(syscall.SIGSTOP)
	t.Cleanup(func() { stop(syscall.SIGCONT) })
	begin := time.Now()
	for range 2 { // the first closes the session
		wantKind(t, "it hangs", f.LockedNow(t.Context()), operr.KindUnreachable, false)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	wantKind(t, "it hangs, anew", f.Relock(t.Context()), operr.KindUnreachable, false)
	stop(syscall.SIGCONT)
	eventually(t, func() error { return f.Relock(t.Context()) })
	wantKind(t, "it answers again", f.LockedNow(t.Context()), 0, true)
}

// TestTheLockIsAskedAfterBesideLooks, for the detector of races: a look opens sessions, a question never does.
func TestTheLockIsAskedAfterBesideLooks(t *testing.T) {
	t.Parallel()
	s, fleet := locksmith(t)
	f := fleet(generous)
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
			ended(t, s)
		}
	}
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
