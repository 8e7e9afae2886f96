package observe

import (
	"context"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Bounds of a sample.
const (
	// sampleGap is the least time between two samples of PostgreSQL. chosen: 50 ms because an idle backend whose client
	// has gone ends within a few.
	sampleGap = 50 * time.Millisecond
	// idleTxAge is how long a backend must have been idle in a transaction to be named. chosen: 1 s because a release is
	// judged by the same time: somebody causes a longer wait.
	idleTxAge = time.Second
)

// Observe takes one sample of the whole fleet, in the order that the package's text describes. Every console and every
// server has its time-out in each pass; one that hangs costs its own. The errors are Open's, and KindDrift when a
// console or a server answers as another than before.
func (f *Fleet) Observe(ctx context.Context) (fleet.Observation, error) {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	begin := clock.Wall{}.Now()
	l := sampling{fleet: f, observation: fleet.Observation{At: begin}, shots: make([][]shot, len(f.servers))}
	if err := l.take(ctx); err != nil {
		return fleet.Observation{}, err
	}
	f.settle(ctx, l.observation.Processes)
	l.observation.Took = clock.Wall{}.Now().Sub(begin)
	return l.observation, nil
}

// sampling is one sample in the making.
type sampling struct {
	fleet       *Fleet
	observation fleet.Observation
	passes      [][]admin.Link        // per pass over the consoles
	names       map[hostName][]string // the addresses that hosts of lines are
	links       linkIndex
	shots       [][]shot        // per server, its samples, oldest first
	owners      [][]fleet.Owner // per server, of the sample that is counted
	shotAt      time.Time       // when the newest sample of the servers had ended
}

func (l *sampling) take(ctx context.Context) error {
	if err := l.consoles(ctx); err != nil {
		return err
	}
	if err := l.facts(ctx); err != nil {
		return err
	}
	opened := l.opened()
	if len(l.fleet.servers) > 0 {
		if err := l.sort(ctx); err != nil {
			return err
		}
	}
	for i, s := range l.fleet.servers {
		if s.Opens != opened[i] { // a failover may have put another machine behind the address
			return admin.Fail(operr.KindUnreachable, s.Subject, "run the command again",
				"the session was lost during the sample: part of the sample may be another server's")
		}
	}
	e := evidenceOf(l.passes, l.links, l.fleet.servers, l.shots)
	e.names = l.names
	l.fleet.prover.settle(l.observation.Processes, e, l.fleet.ends())
	for i, s := range l.fleet.servers {
		counted := l.shots[i][shotCounted]
		o := &l.observation.Servers[i]
		o.Backends = count(l.owners[i], counted, s.pid, hiddenLogins(counted, l.loginsOn(s.name)))
		takeFromLimits(o, counted, l.owners[i], slices.DeleteFunc(slices.Clone(s.senders), func(b backend) bool {
			_, pooled := l.links.of(b)
			return pooled
		}))
		o.IdleInTransaction = l.pinning(s, counted)
		s.tracker.remember(l.links, counted, l.owners[i])
	}
	return nil
}

// opened counts how often each server's session was opened.
func (l *sampling) opened() []int {
	var n []int
	for _, s := range l.fleet.servers {
		n = append(n, s.Opens)
	}
	return n
}

// consoles is the first pass.
func (l *sampling) consoles(ctx context.Context) error {
	consoles := l.fleet.Consoles
	pictures := make([]admin.Picture, len(consoles))
	errs := admin.Together(len(consoles), func(i int) (err error) {
		pictures[i], err = consoles[i].Sample(ctx)
		return err
	})
	if err := admin.Joined(errs); err != nil {
		return err
	}
	var pass []admin.Link
	l.names = map[hostName][]string{}
	for _, p := range pictures {
		l.observation.Processes = append(l.observation.Processes, p.Process)
		for name, addresses := range p.Names {
			l.names[hostName{p.Process.ID, name}] = addresses
		}
		pass = append(pass, p.Links...)
	}
	l.enter(pass)
	return nil
}

// consolesAgain is every later pass.
func (l *sampling) consolesAgain(ctx context.Context) error {
	consoles := l.fleet.Consoles
	parts := make([][]admin.Link, len(consoles))
	errs := admin.Together(len(consoles), func(i int) (err error) { parts[i], err = consoles[i].Servers(ctx); return err })
	if err := admin.Joined(errs); err != nil {
		return err
	}
	var pass []admin.Link
	for _, p := range parts {
		pass = append(pass, p...)
	}
	l.enter(pass)
	return nil
}

func (l *sampling) enter(pass []admin.Link) {
	databases := map[aliasName]string{}
	for _, p := range l.observation.Processes {
		for _, a := range p.Aliases {
			databases[aliasName{p.ID, a.Name}] = a.Database
		}
	}
	for i := range pass {
		pass[i].Database = databases[aliasName{pass[i].Process.ID, pass[i].Alias}]
	}
	l.passes = append(l.passes, pass)
	l.links.add(pass)
}

// facts asks the servers what they are, and is the first sample of their backends.
func (l *sampling) facts(ctx context.Context) error {
	servers := l.fleet.servers
	l.observation.Servers = make([]fleet.Server, len(servers))
	errs := admin.Together(len(servers), func(i int) (err error) {
		l.observation.Servers[i],
			err = servers[i].facts(ctx)
		return err
	})
	if err := admin.Joined(errs); err != nil {
		return err
	}
	return l.shoot(ctx)
}

// shoot lists the backends of every server.
func (l *sampling) shoot(ctx context.Context) error {
	servers := l.fleet.servers
	errs := admin.Together(len(servers), func(i int) error {
		now, err := servers[i].shoot(ctx)
		l.shots[i] = append(l.shots[i], now)
		return err
	})
	l.shotAt = clock.Wall{}.Now()
	return admin.Joined(errs)
}

// sort samples on until it is clear whose every backend is.
func (l *sampling) sort(ctx context.Context) error {
	for {
		if err := l.consolesAgain(ctx); err != nil {
			return err
		}
		if len(l.passes) > shotAfter && !l.judge() { // the third pass alone may have told
			return nil
		}
		if err := (clock.Wall{}).Sleep(ctx, sampleGap-clock.Wall{}.Now().Sub(l.shotAt)); err != nil {
			return err
		}
		if err := l.shoot(ctx); err != nil {
			return err
		}
		if !l.judge() {
			return nil
		}
	}
}

// judge says whose every backend is by what has been seen so far, and whether some are unclear yet.
func (l *sampling) judge() (unclear bool) {
	l.owners = make([][]fleet.Owner, len(l.fleet.servers))
	l.links.claim(l.shots)
	for i, s := range l.fleet.servers {
		s.tracker.learnLinks(l.links, l.shots[i])
		l.teach(&s.tracker, s)
		l.owners[i] = s.tracker.judge(l.links, l.shots[i], s.pid)
		for _, owner := range l.owners[i] {
			unclear = unclear || owner == fleet.OwnerUnclear
		}
	}
	return unclear
}

// teach enters what the consoles know of bouncers' hosts and pools, so that a server whose pools are empty knows
// whose orphans it may hold. Pools known to lead to another server are not entered.
func (l *sampling) teach(t *tracker, s *server) {
	server := s.name
	end, ok := s.End()
	local := ok && end.IsLoopback()
	for i, p := range l.observation.Processes {
		// A console reached over loopback (a tunnel, or this very machine) tells nothing of the address that the server
		// sees, unless the server is reached so, too.
		if at, ok := l.fleet.Consoles[i].End(); ok && (!at.IsLoopback() || local) {
			t.learnHost(at)
		}
		for _, a := range p.Aliases {
			if known, ok := l.fleet.prover.proved[aliasName{p.ID, a.Name}]; ok && !slices.Contains(known.servers, server) &&
				known.line == originOf(p.ID, a) {
				continue
			}
			for _, g := range a.Pools {
				t.learnPool(poolIdentity{g.User, a.Database})
			}
		}
	}
}

// loginsOn returns the links of the pass before the counted sample that may be on a server: those whose alias leads
// there, and those whose alias leads nobody knows where.
func (l *sampling) loginsOn(server string) []admin.Link {
	leads := map[aliasName]bool{}
	for _, p := range l.observation.Processes {
		for _, a := range p.Aliases {
			leads[aliasName{p.ID, a.Name}] = a.Server == server || slices.Contains(a.AlsoOn, server) ||
				a.Proof == fleet.ProofNone
		}
	}
	var on []admin.Link
	for _, k := range l.passes[shotCounted] {
		if leads[aliasName{k.Process.ID, k.Alias}] {
			on = append(on, k)
		}
	}
	return on
}

// pinning names the backends that are idle in a transaction, in the order of process ids.
func (l *sampling) pinning(s *server, counted shot) []fleet.IdleInTransaction {
	var pinning []fleet.IdleInTransaction
	for _, b := range counted {
		if b.idleInTx <= idleTxAge || b.pid == s.pid {
			continue
		}
		h := fleet.IdleInTransaction{PID: b.pid, User: b.user, Database: b.database, Application: b.app, Age: b.idleInTx}
		if k, ok := l.links.of(b); ok {
			h.Pool = k.Process.Group + "/" + k.Alias
		}
		pinning = append(pinning, h)
	}
	return pinning
}
