package live

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// Ages of a console's connection. From 1.23 on a PgBouncer that is told to end (SIGTERM) stops listening and waits for
// all of its clients, and a console's session is one of them. Chosen: renewAge holds up such an end for less than
// systemd's shortest patience, at a login in 5 s; askedAge spares a command that follows another a login of its own.
const (
	renewAge = 5 * time.Second // for looks
	askedAge = time.Second     // for a command that changes something
)

// renewing renews the console's connection, whether anybody looks or not, until ctx ends.
func (c *console) renewing(ctx context.Context) {
	for (Clock{}).Sleep(ctx, renewAge) == nil {
		c.renew(ctx, renewAge/2) // who has just connected anew has no need
	}
}

// renew puts a new connection in the place of one that has reached an age, where both lead to one process. The old one
// is closed, and the next pass connects anew, where nobody listens any more, or another process does. It is kept where
// the login fails otherwise: a full console must not lock out those who want to relieve it. It is kept, too, where
// processes share the port (so_reuseport): the new connection may lead to another of them, and the old one may listen
// still. No pass is cut short.
func (c *console) renew(ctx context.Context, age time.Duration) {
	c.mu.Lock()
	old, callers := c.conn, c.callers
	due := old != nil && Clock{}.Now().Sub(c.since) >= age
	c.mu.Unlock()
	if !due {
		return
	}
	fresh := &console{session: c.another(), id: c.id, group: c.group, appName: c.appName, first: c.first}
	fresh.greet = fresh.meet
	err := fresh.within(ctx, func(context.Context) error { return nil })
	defer fresh.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != old { // it broke meanwhile, or somebody else has renewed it
		return
	}
	another := operr.KindOf(err) == operr.KindDrift || operr.KindOf(err) == operr.KindUsage
	switch {
	case err == nil && (meets(callers, fresh.callers) || len(callers) == 0): // none are shown: the identity alone speaks
		c.conn, fresh.conn = fresh.conn, c.conn // the old one is closed with fresh
		c.callers, c.since = fresh.callers, fresh.since
	case (err == nil || another) && !c.shared:
		c.closeNow()
	case fresh.refused:
		c.left = true
		c.closeNow()
	}
}

// listens reports whether somebody listened when the session was last connected, or tried to be.
func (s *session) listens() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.refused
}

// another is a session to the same address, without a connection yet.
func (s *session) another() *session {
	config := s.config.Copy()
	config.DialFunc = s.dial
	return newSession(s.subject, address{config: config, label: s.label}, s.timeout)
}

// meets reports whether two lists of callers have one in common: then both are of one process; see callers.
func meets(a, b []string) bool {
	return slices.ContainsFunc(a, func(c string) bool { return slices.Contains(b, c) })
}

// nobodyListens reports whether a dial was refused: a port without a listener, or a socket that is gone or was left
// behind.
func nobodyListens(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist)
}
