package observe

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// tracker tells whose the backends of one server are. Within a sample it compares the passes over the consoles with the
// samples of PostgreSQL; from sample to sample it remembers of every backend whether it was listed and what it ran. It
// does no IO: its rows are handed to it.
//
// What the memory is for:
//
//   - listed at the sample before, unlisted now and still there: closing. At the next sample it is an orphan, if it
//     still works, or direct.
//   - unlisted at both samples, and another query now than then: someone is there to ask it. It is direct from then on,
//     however long its next query runs, because an orphan never begins one.
//   - an address that a listed backend ever came from, and the address at which a console answers, is a bouncer's
//     host; a role and database that a pool ever had stay a pool's. So orphans are known as such also when their pool
//     has no connection left, which is just when there are orphans.
//
// The zero value remembers nothing.
type tracker struct {
	before map[backendName]remembered
	hosts  map[netip.Addr]bool // the not valid Addr stands for Unix sockets
	pools  map[poolIdentity]bool
	ours   map[backendName]bool // of our own sessions, those that were lost among them
}

// backendName names a backend for good: process ids come again, with another start.
type backendName struct {
	pid     int
	started int64
}

func (b backend) name() backendName { return backendName{b.pid, b.started} }

// remembered is what the sample before knew of a backend.
type remembered struct {
	owner      fleet.Owner // unclear when the sample ended before that was known
	working    bool
	queryStart int64
	attended   bool // began a query while it was listed by nobody
}

// unlisted says whether it was certain then that no bouncer owned the backend.
func (m remembered) unlisted() bool {
	return m.owner != fleet.OwnerPool && m.owner != fleet.OwnerUnclear
}

// poolIdentity is the role and the database with which a pool logs in.
type poolIdentity struct{ user, database string }

// learnHost enters an address of a bouncer.
func (t *tracker) learnHost(a netip.Addr) {
	if t.hosts == nil {
		t.hosts = map[netip.Addr]bool{}
	}
	t.hosts[a] = true
}

// learnPool enters a pool's role and database.
func (t *tracker) learnPool(p poolIdentity) {
	if t.pools == nil {
		t.pools = map[poolIdentity]bool{}
	}
	t.pools[p] = true
}

// learnLinks enters the hosts and pools of the backends that are listed.
func (t *tracker) learnLinks(links linkIndex, shots []shot) {
	for _, s := range shots {
		for _, b := range s {
			if _, ok := links.of(b); ok {
				t.learnHost(b.end.Addr())
				t.learnPool(poolIdentity{b.user, b.database})
			}
		}
	}
}

// The samples of PostgreSQL within one Observe; see the package's text. A pass over the consoles lies between any two.
const (
	shotBefore  = iota // what was there before
	shotCounted        // what is counted
	shotAfter          // only when something was new in the one that is counted
)

// judge says whose each backend of the counted sample is, in its order. Shots are the two or three samples of this
// Observe, and links is all that the passes so far listed. Our own session is direct; one that was lost, and whose
// backend has not noticed yet, is leaving, and no peak of direct connections.
//
// A backend that nobody lists, and that was not there before, is unclear until the third sample. If it is still there,
// no bouncer owned it at the pass in between. If it has gone, it was short-lived: it was the pool's when it came from a
// bouncer's host with a pool's role and database, which is what a pool in turnover looks like, and direct otherwise.
func (t *tracker) judge(links linkIndex, shots []shot, own int) []fleet.Owner {
	owners := make([]fleet.Owner, len(shots[shotCounted]))
	for i, b := range shots[shotCounted] {
		if b.pid == own {
			if t.ours == nil {
				t.ours = map[backendName]bool{}
			}
			t.ours[b.name()] = true
			owners[i] = fleet.OwnerDirect
			continue
		}
		if t.ours[b.name()] {
			owners[i] = fleet.OwnerClosing
			continue
		}
		s := t.sampleOf(links, shots, b)
		owners[i] = fleet.Classify(s)
		if owners[i] == fleet.OwnerUnclear && len(shots) > shotAfter {
			owners[i] = fleet.OwnerDirect
			if s.BouncerHost && s.PoolIdentity {
				owners[i] = fleet.OwnerPool
			}
		}
	}
	return owners
}

func (t *tracker) sampleOf(links linkIndex, shots []shot, b backend) fleet.BackendSample {
	_, listed := links.of(b)
	before, known := t.before[b.name()]
	other, again := find(shots[shotBefore], b)
	if !again && len(shots) > shotAfter {
		other, again = find(shots[shotAfter], b)
	}
	s := fleet.BackendSample{
		Listed:       listed,
		ListedBefore: known && before.owner == fleet.OwnerPool,
		UnlistedTwo:  !listed && (again || known && before.unlisted()),
		BouncerHost:  t.hosts[b.end.Addr()] && (b.socket || b.end.IsValid()),
		PoolIdentity: t.pools[poolIdentity{b.user, b.database}],
	}
	switch {
	case t.attended(listed, b):
	case again:
		s.Working = b.working && other.working && b.queryStart == other.queryStart
	case known:
		s.Working = b.working && before.working && b.queryStart == before.queryStart
	}
	return s
}

// attended says whether somebody is known to be at the other end of an unlisted backend.
func (t *tracker) attended(listed bool, b backend) bool {
	before, known := t.before[b.name()]
	return !listed && known && (before.attended || before.unlisted() && before.queryStart != b.queryStart)
}

// find returns the sample of a backend in another sample.
func find(s shot, b backend) (backend, bool) {
	i, ok := slices.BinarySearchFunc(s, b, func(e, b backend) int { return cmp.Compare(e.pid, b.pid) })
	if !ok || s[i].name() != b.name() {
		return backend{}, false
	}
	return s[i], true
}

// remember ends an Observe: what the counted sample showed, and judge said of it, is the sample before from now on.
func (t *tracker) remember(links linkIndex, counted shot, owners []fleet.Owner) {
	next := make(map[backendName]remembered, len(counted))
	for i, b := range counted {
		_, listed := links.of(b)
		next[b.name()] = remembered{owner: owners[i], working: b.working, queryStart: b.queryStart,
			attended: t.attended(listed, b)}
	}
	t.before = next
}

// count adds up owners. One still unclear would be counted as direct: it holds a slot, and nobody lists it. Logins in
// flight that the counted sample does not show are on top.
func count(owners []fleet.Owner, counted shot, own int, logins int) fleet.BackendCounts {
	c := fleet.BackendCounts{LoginConns: logins, PoolConns: logins}
	for i, owner := range owners {
		switch owner {
		case fleet.OwnerPool:
			c.PoolConns++
		case fleet.OwnerClosing:
			c.ClosingConns++
		case fleet.OwnerOrphan:
			c.OrphanConns++
		default:
			c.DirectConns++
		}
		if counted[i].pid == own {
			c.OwnConns++
		}
	}
	return c
}

// hiddenLogins counts the logins that may hold a slot which the counted sample does not show: a backend appears in
// pg_stat_activity only once it is past authentication, and counts against max_connections before.
func hiddenLogins(counted shot, pass []admin.Link) int {
	shown := map[netip.AddrPort]bool{}
	for _, b := range counted {
		shown[b.end] = b.end.IsValid()
	}
	n := 0
	for _, l := range pass {
		if l.Login() && !shown[l.End] {
			n++
		}
	}
	return n
}
