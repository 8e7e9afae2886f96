package admin

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Ages of a console's connection. From 1.23 on a PgBouncer that is told to end (SIGTERM) stops listening and waits for
// all of its clients, and a console's session is one of them. Source: NEWS of 1.23.0.
const (
	// renewAge is for samples. chosen: 5 s because a session that is kept longer delays such an end beyond what a person
	// at systemctl stop waits for; more often would log in at every sample.
	renewAge = 5 * time.Second
	// askedAge is for a command that changes something. chosen: 1 s because a command that follows another needs no login
	// of its own.
	askedAge = time.Second
	// viaAge is renewAge where a command leads to the console. chosen: 30 s because each login is one of ssh or kubectl,
	// too, and systemd waits 90 s for an end (TimeoutStopSec).
	viaAge = 30 * time.Second
)

// renewAge is how old a session's connection becomes before it is renewed.
func (s *Session) renewAge() time.Duration {
	if s.via != "" {
		return viaAge
	}
	return renewAge
}

// Renewing renews the console's connection, whether samples are taken or not, until ctx ends.
func (c *Console) Renewing(ctx context.Context) {
	for (clock.Wall{}).Sleep(ctx, c.renewAge()) == nil {
		c.renew(ctx, c.renewAge()/2) // who has just connected anew has no need
	}
}

// renew puts a new connection in the place of one that has reached an age, where both lead to one process. The old one
// is closed, and the next pass connects anew, where nobody listens any more, or another process does. It is kept where
// the login fails otherwise: a full console must not lock out those who want to relieve it. It is kept, too, where
// processes share the port (so_reuseport): the new connection may lead to another of them, and the old one may listen
// still. No pass is cut short.
func (c *Console) renew(ctx context.Context, age time.Duration) {
	c.Mu.Lock()
	old, callers := c.Conn, c.callers
	due := old != nil && clock.Wall{}.Now().Sub(c.since) >= age
	c.Mu.Unlock()
	if !due {
		return
	}
	fresh := &Console{Session: c.another(), ID: c.ID, Group: c.Group, appName: c.appName, First: c.First}
	fresh.Greet = fresh.meet
	err := fresh.Within(ctx, func(context.Context) error { return nil })
	defer fresh.Close()
	c.Mu.Lock()
	defer c.Mu.Unlock()
	if c.Conn != old { // it broke meanwhile, or somebody else has renewed it
		return
	}
	another := operr.KindOf(err) == operr.KindDrift || operr.KindOf(err) == operr.KindUsage
	switch {
	case err == nil && (meets(callers, fresh.callers) || len(callers) == 0): // none are shown: the identity alone speaks
		c.Conn, fresh.Conn = fresh.Conn, c.Conn // the old one is closed with fresh
		c.callers, c.since = fresh.callers, fresh.since
	case (err == nil || another) && !c.shared:
		c.closeNow()
	case fresh.refused:
		c.left = true
		c.closeNow()
	}
}

// listens reports whether somebody listened when the session was last connected, or tried to be.
func (s *Session) listens() bool {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	return !s.refused
}

// another is a session to the same address, without a connection yet.
func (s *Session) another() *Session {
	config := s.Config.Copy()
	config.DialFunc = s.dial
	return NewSession(s.Subject, Address{config: config, Label: s.label, source: s.source, via: s.via}, s.Timeout)
}

// meets reports whether two lists of callers have one in common: then both are of one process; see callers.
func meets(a, b []string) bool {
	return slices.ContainsFunc(a, func(c string) bool { return slices.Contains(b, c) })
}

// nobodyListens reports whether a dial was refused: a port without a listener, a socket that is gone or was left
// behind, or a command that ended before anything answered. The last may have another reason, as a link that is down;
// then the old connection is of no use either.
func nobodyListens(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, command.ErrNoAnswer)
}
