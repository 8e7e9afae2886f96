package admin

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// portLogins is how many logins are made to find a second process at a port. The kernel gives each to one of them by
// chance. chosen: 12 because of two processes the same one takes all in one of 4096 cases.
const portLogins = 12

// Alone refuses a console of TCP behind a port that processes share (so_reuseport), where a login leads to another
// process than the first: a RELOAD would reach one of them, and what the others open would be counted as nobody's. The
// note says what cannot be told; empty: nothing.
func (c *Console) Alone(ctx context.Context) (note string, err error) {
	if !c.shared { // or each process has a socket of its own
		return "", nil
	}
	errs := Together(portLogins, func(int) error { return c.meetsItself(ctx) })
	met, silent := 0, error(nil)
	for _, err := range errs {
		e, _ := errors.AsType[*operr.Error](err)
		switch {
		case err == nil:
			met++
		case operr.KindOf(err) == operr.KindDrift:
			return "", Fail(operr.KindUsage, c.Subject, "list every process by itself, through its own unix_socket_dir",
				"several processes listen at its port (so_reuseport is 1): %w", e.Err)
		// and the first was answered
		case operr.KindOf(err) == operr.KindUnreachable && errors.Is(err, context.DeadlineExceeded):
			silent = err
		}
	}
	if silent != nil {
		return "", silent
	}
	return fmt.Sprintf("%s: so_reuseport is 1, so that several processes may listen at its port: "+
		"%d of %d logins met the same one, none another", c.Subject, met, portLogins), nil
}

// meetsItself logs in once more, and refuses, as KindDrift, an answer of another process.
func (c *Console) meetsItself(ctx context.Context) error {
	fresh := &Console{Session: c.another(), ID: c.ID, Group: c.Group, appName: c.appName, First: c.First}
	fresh.Greet = fresh.meet
	defer fresh.Close()
	err := fresh.Ask(ctx, func(context.Context) error { return nil })
	if err == nil && len(c.callers) > 0 && !meets(c.callers, fresh.callers) {
		return Fail(operr.KindDrift, c.Subject, "",
			"a login met another process than the first, and both say the same of themselves: %s", c.First)
	}
	return err
}

// LonePort says that a console is one of those whose processes may share a port, and that no other of them is listed;
// empty: it is not.
func LonePort(c *Console, all []*Console) string {
	if !c.reuse || c.shared || c.First.ListenPort == 0 {
		return ""
	}
	for _, o := range all {
		if o != c && o.reuse && o.First.ListenPort == c.First.ListenPort {
			return ""
		}
	}
	return c.Subject + ": so_reuseport is 1, and no other process of port " + strconv.Itoa(c.First.ListenPort) +
		" is listed: what another one opens is counted as direct"
}
