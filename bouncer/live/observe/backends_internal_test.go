package observe

import (
	"net/netip"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// from is a backend with the pool's role and database; pid is its port, too.
func from(host netip.Addr, pid int) backend {
	return backend{pid: pid, started: int64(pid) * 1000, end: netip.AddrPortFrom(host, uint16(pid)), user: "app",
		database: "db", idleInTx: -1}
}

// running is b in the query that began at start.
func running(b backend, start int64) backend {
	b.working, b.queryStart = true, start
	return b
}

// listing is the link that owns a backend.
func listing(b backend) admin.Link {
	return admin.Link{Process: Somewhere, Alias: "db", User: b.user, Database: b.database, State: "active", Pid: b.pid,
		End: b.end}
}

// observe runs the tracker through one Observe of the given samples and remembers it. Our own session is pid 1.
func (t *tracker) observe(links []admin.Link, shots ...shot) []fleet.Owner {
	index := linkIndex{}
	index.add(links)
	t.learnLinks(index, shots)
	owners := t.judge(index, shots, 1)
	t.remember(index, shots[shotCounted], owners)
	return owners
}

// knowing is a tracker that knows the bouncer's host and pool.
func knowing() *tracker {
	t := &tracker{}
	t.learnHost(BouncerHost)
	t.learnPool(poolIdentity{"app", "db"})
	return t
}

func TestABackendThatAConsoleListsIsThePools(t *testing.T) {
	b := from(BouncerHost, 100)
	WantOwners(t, new(tracker).observe([]admin.Link{listing(b)}, shot{b}, shot{b}), fleet.OwnerPool)
}

// TestOurOwnSessionThatWasLostIsLeaving: it takes its slot until its backend has noticed, and is nobody's direct
// connection: as one, it would stand in the highest count of them for the rest of a run.
func TestOurOwnSessionThatWasLostIsLeaving(t *testing.T) {
	tracker, lost, other := knowing(), from(OtherHost, 1), from(OtherHost, 2)
	WantOwners(t, tracker.observe(nil, shot{lost}, shot{lost}), fleet.OwnerDirect)
	index := linkIndex{}
	now := shot{lost, other}
	WantOwners(t, tracker.judge(index, []shot{now, now}, other.pid), fleet.OwnerClosing, fleet.OwnerDirect)
	again := lost
	again.started++ // another backend of that process id
	WantOwners(t, tracker.judge(index, []shot{{again, other}, {again, other}}, other.pid), fleet.OwnerDirect,
		fleet.OwnerDirect)
}

func TestProcessIdAddressAndPortMustAllAgree(t *testing.T) {
	b := from(BouncerHost, 100)
	otherPid, otherPort, otherAddr := listing(b), listing(b), listing(b)
	otherPid.Pid = 101
	otherPort.End = netip.AddrPortFrom(BouncerHost, 101)
	otherAddr.End = netip.AddrPortFrom(OtherHost, 100)
	for _, l := range []admin.Link{otherPid, otherPort, otherAddr} {
		WantOwners(t, new(tracker).observe([]admin.Link{l}, shot{b}, shot{b}), fleet.OwnerDirect)
	}
}

func TestALoginIsKnownByItsAddressAlone(t *testing.T) {
	b := from(BouncerHost, 100)
	l := listing(b)
	l.Pid, l.State = 0, "new"
	WantOwners(t, new(tracker).observe([]admin.Link{l}, shot{b}, shot{b}), fleet.OwnerPool)
}

func TestOverAUnixSocketTheProcessIdTells(t *testing.T) {
	b := backend{pid: 100, socket: true, user: "app", database: "db"}
	other := b
	other.pid = 101
	l := admin.Link{Process: Somewhere, Alias: "db", User: "app", Database: "db", State: "idle", Pid: 100}
	WantOwners(t, new(tracker).observe([]admin.Link{l}, shot{b, other}, shot{b, other}), fleet.OwnerPool,
		fleet.OwnerDirect)
	hidden := backend{pid: 100, user: "app"} // neither address nor socket: nothing is known of it
	WantOwners(t, new(tracker).observe([]admin.Link{l}, shot{hidden}, shot{hidden}), fleet.OwnerDirect)
}

func TestABackendOfTheNewestSampleAloneIsUnclear(t *testing.T) {
	b := from(OtherHost, 100)
	WantOwners(t, new(tracker).observe(nil, shot{}, shot{b}), fleet.OwnerUnclear)
}

func TestAThirdSampleTellsTheBackendsThatStay(t *testing.T) {
	b := from(BouncerHost, 100)
	otherRole := b
	otherRole.user = "dba"
	for _, c := range []struct {
		name          string
		counted, then shot
		links         []admin.Link
		want          fleet.Owner
	}{
		{"idle and still there", shot{b}, shot{b}, nil, fleet.OwnerDirect},
		{"still at the same query", shot{running(b, 5)}, shot{running(b, 5)}, nil, fleet.OwnerOrphan},
		{"at another query", shot{running(b, 5)}, shot{running(b, 6)}, nil, fleet.OwnerDirect},
		{"listed by the third pass", shot{b}, shot{b}, []admin.Link{listing(b)}, fleet.OwnerPool},
		{"gone, and it looked like a pool's", shot{b}, shot{}, nil, fleet.OwnerPool},
		{"gone, and no pool's role", shot{otherRole}, shot{}, nil, fleet.OwnerDirect},
		{"gone, and no bouncer's host", shot{from(OtherHost, 100)}, shot{}, nil, fleet.OwnerDirect},
	} {
		t.Run(c.name, func(t *testing.T) {
			WantOwners(t, knowing().observe(c.links, shot{}, c.counted, c.then), c.want)
		})
	}
}

func TestAnUnclearBackendProvesNothingAtTheNextSample(t *testing.T) {
	tr := knowing()
	b := from(BouncerHost, 100)
	WantOwners(t, tr.observe(nil, shot{}, shot{running(b, 5)}), fleet.OwnerUnclear)
	// Its owner may have come after the last pass, begun another query, and vanished.
	WantOwners(t, tr.observe(nil, shot{running(b, 6)}, shot{running(b, 6)}), fleet.OwnerOrphan)
}

func TestAWorkingBackendThatIsLetGoIsClosingAndThenAnOrphan(t *testing.T) {
	tr := new(tracker)
	b := running(from(BouncerHost, 100), 5)
	WantOwners(t, tr.observe([]admin.Link{listing(b)}, shot{b}, shot{b}), fleet.OwnerPool)
	WantOwners(t, tr.observe(nil, shot{b}, shot{b}), fleet.OwnerClosing)
	WantOwners(t, tr.observe(nil, shot{b}, shot{b}), fleet.OwnerOrphan)
	WantOwners(t, tr.observe(nil, shot{b}, shot{b}), fleet.OwnerOrphan)
	WantOwners(t, tr.observe(nil, shot{}, shot{}))
}

func TestAnIdleBackendThatIsLetGoIsDirect(t *testing.T) {
	tr := new(tracker)
	b := from(BouncerHost, 100)
	tr.observe([]admin.Link{listing(b)}, shot{b}, shot{b})
	WantOwners(t, tr.observe(nil, shot{b}, shot{b}), fleet.OwnerClosing)
	WantOwners(t, tr.observe(nil, shot{b}, shot{b}), fleet.OwnerDirect)
}

func TestAnOrphanIsKnownAtTheFirstSampleByHostAndPool(t *testing.T) {
	b := running(from(BouncerHost, 100), 5)
	otherRole := b
	otherRole.user = "dba"
	elsewhere := running(from(OtherHost, 100), 5)
	idle := from(BouncerHost, 100)
	for _, c := range []struct {
		b    backend
		want fleet.Owner
	}{{b, fleet.OwnerOrphan}, {otherRole, fleet.OwnerDirect}, {elsewhere, fleet.OwnerDirect}, {idle, fleet.OwnerDirect}} {
		WantOwners(t, knowing().observe(nil, shot{c.b}, shot{c.b}), c.want)
	}
}

func TestANewQueryBetweenTheTwoSamplesIsNoOrphans(t *testing.T) {
	b := from(BouncerHost, 100)
	WantOwners(t, knowing().observe(nil, shot{running(b, 5)}, shot{running(b, 6)}), fleet.OwnerDirect)
}

func TestABackendThatBeganAQueryUnlistedStaysDirect(t *testing.T) {
	tr := knowing()
	b := from(BouncerHost, 100)
	same := func(start int64) []fleet.Owner {
		return tr.observe(nil, shot{running(b, start)}, shot{running(b, start)})
	}
	WantOwners(t, same(5), fleet.OwnerOrphan) // cannot be told yet
	WantOwners(t, same(6), fleet.OwnerDirect)
	WantOwners(t, same(6), fleet.OwnerDirect)
}

func TestAProcessIdThatCameAgainIsAnotherBackend(t *testing.T) {
	tr := new(tracker)
	b := from(BouncerHost, 100)
	tr.observe([]admin.Link{listing(b)}, shot{b}, shot{b})
	again := b
	again.started++
	WantOwners(t, tr.observe(nil, shot{again}, shot{again}), fleet.OwnerDirect)
}

func TestABackendListedInAnyPassIsThePoolsAndIsClosingAtTheNextSample(t *testing.T) {
	tr := new(tracker)
	b := running(from(BouncerHost, 100), 5)
	index := []admin.Link{listing(b)} // in the first pass only
	WantOwners(t, tr.observe(index, shot{b}, shot{b}), fleet.OwnerPool)
	WantOwners(t, tr.observe(nil, shot{b}, shot{b}), fleet.OwnerClosing)
}

func TestOurOwnSessionIsDirect(t *testing.T) {
	b := running(from(BouncerHost, 1), 5)
	tr := knowing()
	owners := tr.observe(nil, shot{}, shot{b})
	WantOwners(t, owners, fleet.OwnerDirect)
	if got, want := count(owners, shot{b}, 1, 0), (fleet.BackendCounts{DirectConns: 1, OwnConns: 1}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}

func TestCountsAddUpToWhatPostgreSQLShows(t *testing.T) {
	newest := shot{{pid: 1}, {pid: 2}, {pid: 3}, {pid: 4}, {pid: 5}, {pid: 6}}
	owners := []fleet.Owner{fleet.OwnerDirect, fleet.OwnerPool, fleet.OwnerClosing, fleet.OwnerOrphan, fleet.OwnerUnclear,
		fleet.OwnerPool}
	got := count(owners, newest, 1, 3)
	want := fleet.BackendCounts{PoolConns: 5, DirectConns: 2, ClosingConns: 1, OrphanConns: 1, OwnConns: 1, LoginConns: 3}
	if got != want || got.Total() != len(newest) {
		t.Errorf("counts %+v of %d, want %+v of %d", got, got.Total(), want, len(newest))
	}
}

func TestALoginIsHiddenUntilItsBackendShows(t *testing.T) {
	b := from(BouncerHost, 100)
	shown, hidden, done := listing(b), listing(from(BouncerHost, 101)), listing(from(BouncerHost, 102))
	shown.State, hidden.State = "new", "new"
	if got := hiddenLogins(shot{b}, []admin.Link{shown, hidden, done}); got != 1 {
		t.Errorf("%d hidden logins, want 1", got)
	}
}
