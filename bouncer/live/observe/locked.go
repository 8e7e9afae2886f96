package observe

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// ownLock is the number of locks of ours that our own session holds.
var ownLock = "SELECT count(*) FROM pg_catalog.pg_locks l WHERE l.locktype = 'advisory' AND l.objsubid = 1" +
	" AND l.granted AND l.pid = pg_catalog.pg_backend_pid() AND l.classid = " + strconv.FormatInt(lockKey>>32, 10) +
	" AND l.objid = " + strconv.FormatInt(lockKey&0xffffffff, 10)

// LockedNow asks every server, all at once, whether this session holds the lock there that Lock or Relock took. Each
// has its time-out, and as much again where a sample is at it. It opens no session: one that is broken held the lock,
// and is lost. It may be asked while a sample is taken or an action is done. The error, a operr.Error or several
// joined, names the servers:
//
//	KindBusy         the session that held the lock was lost: another pgbudget may be at work by now
//	KindUnreachable  no answer within the time-out, now or when it was asked before: it is not known who holds it
//	KindUnforeseen   ctx has ended before it is asked, or the server answers something else
func (f *Fleet) LockedNow(ctx context.Context) error {
	return admin.Joined(admin.Together(len(f.servers), func(i int) error { return f.servers[i].holds(ctx) }))
}

// Relock takes the lock anew, as Lock does, on every server on which it is not held any more: after a restart of
// PostgreSQL an undo needs it. Somebody else may have had it meanwhile, so that what was seen before has to be
// sampled again. Those that it has taken stay taken where another server refuses. It waits for a sample that is
// taken. The errors are Lock's:
//
//	KindBusy         another pgbudget holds it, for a second and longer
//	KindUnreachable  no answer within the time-out, or a refused login: the server may not be up yet
func (f *Fleet) Relock(ctx context.Context) error {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	for _, s := range f.servers {
		switch err := s.holds(ctx); {
		case err == nil:
			continue
		case operr.KindOf(err) == operr.KindUnforeseen:
			return err
		}
		s.lockedIn.Store(0)
		if err := s.lock(ctx); err != nil {
			return err
		}
	}
	return nil
}

// holds asks the server whether our session holds the lock. What is asked is not cut short when ctx ends: that would
// close the session, and the lock would be lost.
func (s *server) holds(ctx context.Context) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if err := ctx.Err(); err != nil {
		return &operr.Error{Kind: operr.KindUnforeseen, Subject: s.Subject, Err: err}
	}
	if !s.locked() {
		if s.silent != nil && s.Conn == nil {
			return s.silent
		}
		return s.lost()
	}
	ctx, cancel := admin.Limited(context.WithoutCancel(ctx), s.Timeout)
	defer cancel()
	a, err := s.Exec(ctx, ownLock)
	p, ok := errors.AsType[admin.Plain](err)
	switch {
	case ok && ctx.Err() != nil: // and the session is closed
		s.silent = admin.Unreachable(s.Subject, p, s.Session)
		return s.silent
	case ok && s.Conn == nil: // it broke
		return s.lost()
	case ok:
		return admin.Unreachable(s.Subject, p, s.Session)
	}
	n, err := whole(a, 0)
	if err != nil {
		return &operr.Error{Kind: operr.KindUnforeseen, Subject: s.Subject, Err: fmt.Errorf("of the lock: %w", err)}
	}
	if n == 0 {
		return s.lost()
	}
	return nil
}

// locked reports whether the session that took the lock is the one that is used.
func (s *server) locked() bool {
	in := s.lockedIn.Load()
	return in > 0 && s.Open.Load() == in
}

// lost is the error for a lock that is not ours any more.
func (s *server) lost() error {
	return &operr.Error{Kind: operr.KindBusy, Subject: s.Subject,
		Err:  errors.New("the session that held the lock was lost: another pgbudget may hold the lock now"),
		Hint: "check pgbudget status, then run again: the step in hand is continued"}
}

// Locked reports whether the locks that Lock took are still held: the sessions that took them are still the ones that
// are used. The error is of KindBusy and names the server. It asks nobody, and waits for no sample. A session whose end
// nobody has noticed counts as held; see LockedNow.
func (f *Fleet) Locked() error {
	for _, s := range f.servers {
		if !s.locked() {
			return s.lost()
		}
	}
	return nil
}
