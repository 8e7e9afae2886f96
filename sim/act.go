package sim

import (
	"fmt"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Do applies an action now, whatever its At says: the file of every process of the pool's group is written, and each
// process is told to RELOAD. A process whose RELOAD fails keeps what it had until one succeeds, and before 1.25 nobody
// is told; later versions answer with an error, which is returned after the other processes have been told.
func (w *World) Do(a Action) error {
	if err := w.spec.checkAct("act", a); err != nil {
		return err
	}
	switch a.Kind {
	case SetShare:
		w.setSwitch(0, a.Percent)
		return nil
	case Reconnect:
		var silent []string
		w.each(a.Pool, func(a *alias) {
			if a.proc.silent > 0 {
				silent = append(silent, a.proc.id)
				return
			}
			w.reconnect(a)
		})
		return w.unheard(a.Pool, silent)
	}
	var failed, silent []string
	w.each(a.Pool, func(x *alias) {
		switch a.Kind {
		case SetSize:
			x.file.size = int64(a.Conns)
		case SetReserve:
			x.file.reserve = int64(a.Conns)
		case SetLifetime:
			x.file.lifetime = int64(a.For)
			if a.For == 0 {
				x.file.lifetime = x.proc.lifetime()
			}
		}
		if x.proc.silent > 0 { // the file is written, and nobody is told
			silent = append(silent, x.proc.id)
			return
		}
		if !w.reload(x.proc) && fleet.VersionAtLeast(x.proc.spec.Version, 1, 25) {
			failed = append(failed, x.proc.id)
		}
	})
	if len(failed) > 0 {
		return &operr.Error{Kind: operr.KindDrift, Subject: a.Pool, Err: fmt.Errorf("RELOAD failed on %v", failed)}
	}
	return w.unheard(a.Pool, silent)
}

// setSwitch sets a traffic switch.
func (w *World) setSwitch(shift int, percent float64) {
	w.shares[shift] = percent
	for i := range w.loads {
		w.retarget(&w.loads[i])
	}
}

// unheard is the error of an action that some consoles did not answer.
func (w *World) unheard(pool string, silent []string) error {
	if len(silent) == 0 {
		return nil
	}
	return &operr.Error{Kind: operr.KindUnreachable, Subject: pool, Err: fmt.Errorf("%v: %w", silent, errNoAnswer)}
}

// each calls f for the alias of a pool in every process.
func (w *World) each(pool string, f func(*alias)) {
	for _, a := range w.aliases {
		if a.spec.ID == pool {
			f(a)
		}
	}
}

// reload makes a process take what its file says; it reports whether it did. New sizes count at once for new logins,
// what is too much closes at ticks.
func (w *World) reload(proc *process) bool {
	if !proc.up || proc.deaf > 0 {
		return false
	}
	for _, a := range proc.aliases {
		a.size, a.reserve, a.lifetime = int(a.file.size), int(a.file.reserve), a.file.lifetime
		for _, p := range a.pools {
			p.ledger()
		}
	}
	for _, p := range proc.pools {
		if p.queue.n > 0 {
			p.activate()
		}
	}
	return true
}

// reconnect flags every connection of an alias and forgets that logins have succeeded, which is what lets a waiting
// client open one more than pool_size (tag_pool_dirty; launch_new_connection). A login in flight is cut, and counts as
// one that failed: the pool logs in no more for server_login_retry.
func (w *World) reconnect(a *alias) {
	if !a.proc.up {
		return
	}
	for _, p := range a.pools {
		p.welcome = false
		if i := p.login; i >= 0 {
			w.close(i)
			p.loginFailed = true
			p.proc.due = min(p.proc.due, p.due())
		}
		for i := range w.conns {
			if c := &w.conns[i]; c.pool == p && c.state >= connLogin && c.state <= connActiveCPU {
				c.close = true
			}
		}
		if p.queue.n > 0 {
			p.activate()
		}
	}
}
