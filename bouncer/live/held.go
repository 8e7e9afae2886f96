package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// ownLock is the number of locks of ours that our own session holds.
var ownLock = "SELECT count(*) FROM pg_catalog.pg_locks l WHERE l.locktype = 'advisory' AND l.objsubid = 1" +
	" AND l.granted AND l.pid = pg_catalog.pg_backend_pid() AND l.classid = " + strconv.FormatInt(lockKey>>32, 10) +
	" AND l.objid = " + strconv.FormatInt(lockKey&0xffffffff, 10)

// LockedNow asks every server, all at once, whether this session holds the lock there that Lock or Relock took. Each
// has its time-out, and as much again where a look is at it. It opens no session: one that is broken held the lock, and
// is lost. It may be asked while a look is taken or an act is done. The error, a operr.Error or several joined, names
// the servers:
//
//	KindBusy         the session that held the lock was lost: another pgbudget may be at work by now
//	KindUnreachable  no answer within the time-out, now or when it was asked before: it is not known who holds it
//	KindUnforeseen   ctx has ended before it is asked, or the server answers something else
func (f *Fleet) LockedNow(ctx context.Context) error {
	return joined(together(len(f.servers), func(i int) error { return f.servers[i].holds(ctx) }))
}

// Relock takes the lock anew, as Lock does, on every server on which it is not held any more: after a restart of
// PostgreSQL the way back needs it. Somebody else may have had it meanwhile, so that what was seen before has to be
// looked at again. Those that it has taken stay taken where another server refuses. It waits for a look that is taken.
// The errors are Lock's:
//
//	KindBusy         another pgbudget holds it, for a second and longer
//	KindUnreachable  no answer within the time-out, or a refused login: the server may not be up yet
func (f *Fleet) Relock(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
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
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return &operr.Error{Kind: operr.KindUnforeseen, Subject: s.subject, Err: err}
	}
	if !s.locked() {
		if s.silent != nil && s.conn == nil {
			return s.silent
		}
		return s.lost()
	}
	ctx, cancel := limited(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	a, err := s.exec(ctx, ownLock)
	p, ok := errors.AsType[plain](err)
	switch {
	case ok && ctx.Err() != nil: // and the session is closed
		s.silent = unreachable(s.subject, p, s.session)
		return s.silent
	case ok && s.conn == nil: // it broke
		return s.lost()
	case ok:
		return unreachable(s.subject, p, s.session)
	}
	n, err := whole(a, 0)
	if err != nil {
		return &operr.Error{Kind: operr.KindUnforeseen, Subject: s.subject, Err: fmt.Errorf("of the lock: %w", err)}
	}
	if n == 0 {
		return s.lost()
	}
	return nil
}

// Guard sets what is asked before each write of a process's files, and again before it is told to read them: an error
// stops the act there, and what is written of that process is put back. Where the error is not of KindBusy, nobody can
// tell whether another is at work: then what grows nothing goes on, so that a server that hangs keeps no pool from
// shrinking. What ends a flush is not asked about: it moves no size. It is set before the hands are used.
func (h *Hands) Guard(ask func(ctx context.Context) error) { h.guard = ask }

// guarded asks the guard of the hands.
func (x hand) guarded(ctx context.Context) error {
	if x.all.guard == nil || x.endsFlush() {
		return nil
	}
	err := x.all.guard(ctx)
	if err == nil || busyAnywhere(err) || slices.ContainsFunc(x.sets, fleet.Set.Grows) {
		return err
	}
	return nil
}

// busyAnywhere reports whether one of the joined errors is of KindBusy.
func busyAnywhere(err error) bool {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return slices.ContainsFunc(several.Unwrap(), busyAnywhere)
	}
	return operr.KindOf(err) == operr.KindBusy
}

// endsFlush reports whether the sets do nothing but give a server_lifetime back.
func (x hand) endsFlush() bool {
	return !slices.ContainsFunc(x.sets, func(s fleet.Set) bool { return s.Key != fleet.KeyLifetime || s.To == 1 })
}
