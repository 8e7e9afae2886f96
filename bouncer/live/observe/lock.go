package observe

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// lockKey is the advisory lock that every pgbudget takes on every server whose connections it moves. chosen: the eight
// bytes of "pgbudget", in the key space of one bigint, because no other application uses that number.
const lockKey int64 = 0x7067627564676574

// Lock takes the lock on every server, in the session that is kept. The error is of KindBusy where another pgbudget
// holds it, and says which backend that is. The lock ends with the session; see Locked.
func (f *Fleet) Lock(ctx context.Context) error {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	for _, s := range f.servers {
		if err := s.lock(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Unlocked is for whoever only samples: it refuses, as Lock does, where another pgbudget holds the lock on a server,
// and takes none. Nobody is kept from it by a sample.
func (f *Fleet) Unlocked(ctx context.Context) error {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	for _, s := range f.servers {
		if err := s.unlocked(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) unlocked(ctx context.Context) error {
	for try := range lockTries {
		if err := pauseBefore(ctx, try); err != nil {
			return err
		}
		if other, err := s.other(ctx); err != nil || other == 0 {
			return err
		}
	}
	return s.busy(ctx)
}

// other is the lowest process id of another session that holds the lock; 0: none does.
func (s *server) other(ctx context.Context) (pid int, err error) {
	err = s.ask(ctx, func(ctx context.Context) error {
		a, err := s.Exec(ctx, otherLock)
		if err == nil {
			pid, err = whole(a, 0)
		}
		return err
	})
	return pid, err
}

// pauseBefore waits for lockPause before each try but the first.
func pauseBefore(ctx context.Context, try int) error {
	if try == 0 {
		return nil
	}
	return clock.Wall{}.Sleep(ctx, lockPause)
}

// unlock gives the lock back, if it is ours, and waits for the answer: a session that only ends is still there for a
// moment, and whoever comes next would be told that another is at work. It is no fault if nobody answers: then the
// session ends.
func (s *server) unlock() {
	if !s.locked() {
		return
	}
	_ = s.ask(context.Background(), func(ctx context.Context) error {
		_, err := s.Exec(ctx, fmt.Sprintf("SELECT pg_catalog.pg_advisory_unlock(%d)", lockKey))
		return err
	})
}

// busy is the error for a lock that another pgbudget holds.
func (s *server) busy(ctx context.Context) error {
	pid, who := s.lockedBy(ctx)
	hint := fmt.Sprintf("pgbudget status on its host shows its step; wait for its end, or stop it; if its host was "+
		"lost, PostgreSQL ends its session after %d s", int(lostAfter.Seconds()))
	if pid != "" { // an older pgbudget, or a proxy that keeps its connection
		hint += fmt.Sprintf("; one that stays is ended by SELECT pg_terminate_backend(%s)", pid)
	}
	return &operr.Error{Kind: operr.KindBusy, Subject: s.Subject, Hint: hint,
		Err: errors.New("another pgbudget holds the lock" + who)}
}

// lock takes the advisory lock, and then asks whether another session holds it: PostgreSQL keeps such locks per
// database, and two DSNs may name two databases of one server. Whoever takes it first and asks afterwards cannot miss
// the other; one that sees another gives it back. Where both have, the one with the lower process id tries again, and
// the other samples until it is gone: a session whose pgbudget was killed holds the lock until its server has seen
// that.
func (s *server) lock(ctx context.Context) error {
	if s.locked() { // it is ours
		return nil
	}
	other := 0
	for try := range lockTries {
		err := pauseBefore(ctx, try)
		if err != nil {
			return err
		}
		if other != 0 && other < s.pid {
			if other, err = s.other(ctx); err != nil {
				return err
			}
			if other != 0 {
				continue
			}
		}
		got := false
		if got, other, err = s.lockOnce(ctx); err != nil {
			return err
		}
		if got {
			s.lockedIn.Store(s.Open.Load())
			return nil
		}
	}
	return s.busy(ctx)
}

// How long a lock that another session holds is asked for.
const (
	// lockPause is the time in which a session that saw another gives its lock back. chosen: 100 ms because that is a few
	// round trips.
	lockPause = 100 * time.Millisecond
	// lockTries is how often the lock is asked for. chosen: 10 because within a second a busy server sees that a client
	// has gone.
	lockTries = 10
)

// otherLocks is the condition on pg_locks, joined with pg_stat_activity, for the lock in whichever database, ours
// apart.
var otherLocks = "l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND l.pid <> pg_catalog.pg_backend_pid() " +
	"AND l.classid = " +
	strconv.FormatInt(lockKey>>32, 10) + " AND l.objid = " + strconv.FormatInt(lockKey&0xffffffff, 10)

// otherLock is the lowest process id of another session that holds the lock; 0: none does.
var otherLock = "SELECT coalesce(min(l.pid), 0) FROM pg_catalog.pg_locks l WHERE " + otherLocks

// lockOnce takes the lock and keeps it where no other session has it; other is the one with the lowest process id that
// has.
func (s *server) lockOnce(ctx context.Context) (got bool, other int, err error) {
	err = s.ask(ctx, func(ctx context.Context) error {
		a, err := s.Exec(ctx, fmt.Sprintf("SELECT pg_catalog.pg_try_advisory_lock(%d)", lockKey))
		if err != nil {
			return err
		}
		mine := len(a.Rows) == 1 && string(a.Rows[0][0]) == "t"
		if a, err = s.Exec(ctx, otherLock); err != nil {
			return err
		}
		if other, err = whole(a, 0); err != nil {
			return err
		}
		if got = mine && other == 0; got || !mine {
			return nil
		}
		_, err = s.Exec(ctx, fmt.Sprintf("SELECT pg_catalog.pg_advisory_unlock(%d)", lockKey))
		return err
	})
	return got, other, err
}

// lockedBy names the backend that has the lock: by its process id and in words; empty where it
// cannot be told.
func (s *server) lockedBy(ctx context.Context) (pid, text string) {
	_ = s.ask(ctx, func(ctx context.Context) error { // it only explains
		a, err := s.Exec(ctx,
			`SELECT a.pid, a.usename, a.client_addr, a.backend_start::timestamp(0) FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
			WHERE `+otherLocks+` ORDER BY a.pid`)
		if err == nil && len(a.Rows) > 0 {
			r := a.Rows[0]
			pid, text = string(r[0]), fmt.Sprintf(": backend %s of %s from %s, since %s UTC or its server's zone", r[0], r[1],
				orLocal(r[2]), r[3])
		}
		return err
	})
	return pid, text
}

func orLocal(addr []byte) string {
	if addr == nil {
		return "a local socket"
	}
	return string(addr)
}
