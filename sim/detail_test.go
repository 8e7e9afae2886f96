package sim

import (
	"math"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// The facts below are finer than those of mechanics_test.go: what happens when two things happen at once.

func TestOverlappingLossesOfOneHostAreOneLoss(t *testing.T) {
	w := threeHosts(t, Fault{Kind: HostLost, Process: "main/1", From: 10 * second, For: 10 * second},
		Fault{Kind: HostLost, Process: "main/1", From: 15 * second, For: 25 * second},
		Fault{Kind: Pile, Process: "main/2", From: 12 * second, For: 5 * second}, Fault{Kind: Pile, Process: "main/2",
			From: 14 * second, For: 10 * second})
	p, q := w.process("main/1"), w.process("main/2")
	watched(t, w, 22*second)
	if p.up || q.reachable() {
		t.Error("the first relief ends what another fault still does")
	}
	watched(t, w, 12*second)
	if p.up || !q.reachable() {
		t.Errorf("up %v, reachable %v", p.up, q.reachable())
	}
	watched(t, w, 8*second)
	x := p.aliases[0].xacts
	watched(t, w, 8*second)
	if !p.up || x == 0 || p.aliases[0].xacts < x {
		t.Errorf("up %v, counters %d then %d", p.up, x, p.aliases[0].xacts)
	}
}

// RECONNECT cuts a login in flight, and that counts as one that failed: no login for server_login_retry
// (tag_pool_dirty, disconnect_server).
func TestReconnectDuringALoginFreezesThePool(t *testing.T) {
	w := poolOf(t, 5, all(looping(10, 20*time.Millisecond), func(s *Spec) { s.Servers[0].LoginLatency = second }))
	watched(t, w, 2500*time.Millisecond) // two are open, the third logs in
	want(t, w, "connections", conns(w), 3)
	do(t, w, Action{Kind: Reconnect})
	watched(t, w, 10*second)
	want(t, w, "connections", conns(w), 0)
	watched(t, w, 10*second)
	want(t, w, "connections", conns(w), 5)
}

// A failed login sends waiters away from 1.22 on when the pool has nothing left; before, only clients of a pool that
// never had a server (kill_pool_logins).
func TestAFailedLoginSendsWaitersAwayFrom122On(t *testing.T) {
	refused := map[string]int64{}
	for _, version := range []string{"1.18", "1.24"} {
		w := poolOf(t, 2, all(func(s *Spec) {
			s.Groups[0].Version = version
			s.Servers[0].MaxConns = 10
			s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 4,
				Think: Law{Kind: Fixed, Mean: 60 * second}}, Hold: Law{Kind: Fixed, Mean: 2 * second}})
		}, settings(func(s *Settings) { s.ServerIdleTimeout = 5 * second })))
		watched(t, w, 100*second)
		want(t, w, version+": connections", conns(w), 0) // served once, idle for long
		w.servers[0].addDirect(7)
		watched(t, w, 30*second)
		refused[version] = w.Results().Total.Refused
	}
	if refused["1.24"] <= refused["1.18"] { // both refuse who comes later (check_fast_fail)
		t.Errorf("refused %v", refused)
	}
}

// A waiter under max_db_connections gets the connection that a sibling leaves idle at once, not at the next tick.
func TestRoomUnderACapIsTakenAtOnce(t *testing.T) {
	w := poolOf(t, 2, func(s *Spec) {
		s.Pools[0].MaxDBConns, s.Pools[0].Users = 2, []UserShare{{"a", 1}, {"b", 1}}
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Open: &OpenSpec{PerSec: 5},
			Hold: Law{Kind: Fixed, Mean: 100 * time.Millisecond}})
	})
	watched(t, w, 5*time.Minute)
	r := w.Results().Total
	if r.Waited < 100 || r.Wait.Quantile(0.9) > 150*time.Millisecond {
		t.Errorf("%d waited, 90 %% at most %v", r.Waited, r.Wait.Quantile(0.9))
	}
}

func TestALoginWithoutASlotTakesNothing(t *testing.T) {
	w := poolOf(t, 20, all(looping(40, 20*time.Millisecond), func(s *Spec) {
		s.Servers[0].MaxConns, s.Servers[0].SuperuserReservedConns, s.Servers[0].DirectConns = 40, 0, 40
		s.Servers[0].Roles = []LimitSpec{{"app", 3}}
		s.Loads[0].Closed.Think = Law{Mean: 100 * time.Millisecond}
	}))
	watched(t, w, 60*second)
	w.servers[0].dropDirect(40)
	watched(t, w, 60*second)
	if n := conns(w); n > 3 {
		t.Errorf("%d connections of a role that may have 3", n)
	}
	if n := w.pools[0].role.conns; n < 0 || n > 4 {
		t.Errorf("the role counts %d", n)
	}
}

func TestTheSwitchDoesNotFlowBackWhenItsTargetIsGone(t *testing.T) {
	s := rich()
	s.Script, s.Faults, s.Shifts[0].Percent, s.Shifts[0].Fraction = nil, nil, 100, 1
	s.Faults = []Fault{{Kind: HostLost, Process: "ci/1", From: 10 * second}, {Kind: HostLost, Process: "ci/2",
		From: 10 * second}}
	w, err := New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	watched(t, w, 11*second)
	before := w.Results()
	watched(t, w, 10*second)
	r := w.Results()
	main := func(r Results) PoolResults { return r.Pools[1] }
	if served, lost := main(r).Done-main(before).Done, main(r).Refused-main(before).Refused; served > lost/20 {
		t.Errorf("main serves %d, %d are lost", served, lost)
	}
}

func TestASessionThatRunsNothingIsNoOrphan(t *testing.T) {
	w := poolOf(t, 5, func(s *Spec) {
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 5,
			Think: Law{Kind: Fixed, Mean: second}}, Hold: Law{Kind: Fixed, Mean: time.Hour}, Idle: 1})
		s.Faults = []Fault{{Kind: HostLost, Process: "main/1", From: 10 * second}}
	})
	watched(t, w, 11*second)
	want(t, w, "orphans", int(w.Results().Servers[0].Orphans), 0)
	want(t, w, "backends", w.servers[0].backends, 0)
}

// Who has moved to another host stays there: the one that comes back is empty until clients reconnect to it.
func TestClosedClientsDoNotRushBack(t *testing.T) {
	s := threeHosts(t).spec
	s.Loads = []LoadSpec{{Pool: "main/app", Closed: &ClosedSpec{Clients: 90, Think: Law{Mean: 200 * time.Millisecond}},
		Hold: Law{Mean: 20 * time.Millisecond}}}
	s.Faults = []Fault{{Kind: HostLost, Process: "main/1", From: 10 * second, For: 10 * second}}
	w, err := New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	watched(t, w, 9*second)
	if w.pools[0].closed != 30 || w.pools[1].closed != 30 {
		t.Errorf("%d and %d clients", w.pools[0].closed, w.pools[1].closed)
	}
	watched(t, w, 20*second)
	if p := w.pools[0]; p.closed != 0 || p.alias.xacts != 0 || w.pools[1].closed < 43 || w.pools[1].closed > 47 {
		t.Errorf("%d clients are back, %d transactions; the sibling has %d", p.closed, p.alias.xacts, w.pools[1].closed)
	}
}

// What max_client_conn refuses is refused at its login: no counter of transactions knows of it.
func TestRefusedLoginsAreInNoCounter(t *testing.T) {
	w := poolOf(t, 2, all(func(s *Spec) {
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Open: &OpenSpec{PerSec: 500},
			Hold: Law{Mean: 20 * time.Millisecond}})
	}, settings(func(s *Settings) { s.MaxClientConns = 4 })))
	watched(t, w, 20*second)
	r := w.Results().Total
	if x := w.aliases[0].xacts; r.Refused < 1000 || x != r.Arrivals-r.Refused {
		t.Errorf("%d transactions counted, %d came and %d were refused", x, r.Arrivals, r.Refused)
	}
}

// A forced user has credentials of its own in each alias: from 1.23 on its connections count against one limit, and
// still none is evicted for another alias (evict_user_connection).
func TestAForcedUserEvictsOnlyFromItsOwnAlias(t *testing.T) {
	w := poolOf(t, 4, func(s *Spec) {
		s.Groups[0].Settings.MaxUserConns = 4
		s.Pools[0].ForceUser, s.Pools[0].Users = true, []UserShare{{"app", 1}}
		other := s.Pools[0]
		other.ID = "main/other"
		s.Pools = append(s.Pools, other)
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 4,
			Think: Law{Kind: Fixed, Mean: time.Hour}}, Hold: Law{Kind: Fixed, Mean: second}})
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/other", Closed: &ClosedSpec{Clients: 1,
			Think: Law{Kind: Fixed, Mean: time.Hour + 10*second}}, Hold: Law{Kind: Fixed, Mean: second}})
	})
	watched(t, w, time.Hour+60*second)
	want(t, w, "connections of the other alias", w.pools[1].count, 0)
	want(t, w, "its waiters", w.pools[1].queue.n, 1)
}

// A connection that has just logged in serves, however long its login took (release_server: state != SV_LOGIN).
func TestAFreshConnectionIsNotTooOld(t *testing.T) {
	w := poolOf(t, 2, all(looping(4, 20*time.Millisecond),
		func(s *Spec) { s.Servers[0].LoginLatency = 1500 * time.Millisecond },
		settings(func(s *Settings) { s.ServerLifetime = second })))
	watched(t, w, 20*second)
	if w.Results().Total.Done < 10 {
		t.Errorf("%d served", w.Results().Total.Done)
	}
}

func TestRefusedDirectConnectionsAreCountedOnce(t *testing.T) {
	w := threeHosts(t, Fault{Kind: DirectConns, Server: "pg", Conns: 200, From: 10 * second, For: 60 * second},
		Fault{Kind: DirectConns, Server: "pg", Conns: 1, From: 11 * second, For: second, Every: 2 * second})
	watched(t, w, 60*second)
	if n := w.Results().Servers[0].LoginsRefused; n < 100 || n > 350 {
		t.Errorf("%d refused", n)
	}
	watched(t, w, 20*second)
	if d := w.servers[0].direct; d < 2 || d > 3 {
		t.Errorf("%d direct ones are left", d)
	}
}

func TestASilentConsoleTakesNoOrders(t *testing.T) {
	w := threeHosts(t, Fault{Kind: Silent, Process: "main/2", From: 5 * second, For: 10 * second},
		Fault{Kind: PutBack, Pool: "main/app", Conns: 17, From: 12 * second})
	watched(t, w, 6*second)
	err := w.Do(Action{Kind: SetSize, Pool: "main/app", Conns: 9})
	if operr.KindOf(err) != operr.KindUnreachable || w.aliases[0].size != 9 || w.aliases[1].size != 20 {
		t.Errorf("%v; sizes %d and %d", err, w.aliases[0].size, w.aliases[1].size)
	}
	watched(t, w, 7*second)
	want(t, w, "size after a signal", w.aliases[1].size, 17)
}

func TestTheWorstCaseKnowsLimitsOfUsers(t *testing.T) {
	w := poolOf(t, 50, func(s *Spec) {
		s.Groups[0].Settings.MaxUserConns = 20
		second := s.Pools[0]
		second.ID = "main/other"
		s.Pools = append(s.Pools, second)
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Open: &OpenSpec{PerSec: 100},
			Hold: Law{Mean: 20 * time.Millisecond}})
	})
	watched(t, w, 10*second)
	want(t, w, "worst case", w.servers[0].worst(), 20)
}

// TestExtremesStayNumbers runs worlds whose waits are days, whose holds multiply beyond 2^63 ns, and whose processor
// comes to a standstill.
func TestExtremesStayNumbers(t *testing.T) {
	w := poolOf(t, 1, all(func(s *Spec) {
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 1000,
			Think: Law{Kind: Fixed, Mean: second}}, Hold: Law{Kind: Fixed, Mean: time.Hour}})
	}, settings(func(s *Settings) { s.QueryWaitTimeout, s.ServerLifetime = Disabled, Disabled })))
	if err := w.Sleep(t.Context(), 10*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	r := w.Results().Total
	if math.Abs(r.WaitSum/(240*239/2*3600)-1) > 0.01 || math.Abs(r.BusyErlangs-1) > 0.01 {
		t.Errorf("waits %v, busy %v", r.WaitSum, r.BusyErlangs)
	}
	w = poolOf(t, 2, func(s *Spec) {
		s.Servers[0].Cores, s.Servers[0].Kappa = 1, 1
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Open: &OpenSpec{PerSec: 1}, Hold: Law{Mean: 100 * second},
			CPU: 0.5})
		for range 4 {
			s.Faults = append(s.Faults, Fault{Kind: SlowPlan, Pool: "main/app", Times: 1e6, From: second})
		}
	})
	watched(t, w, 60*second)
	if r := w.Results().Total; r.BusyErlangs < 0 || r.BusyErlangs > 2 || r.Done > 2 {
		t.Errorf("%+v", r)
	}
}

func TestAWorldThatFeedsOnItselfIsStopped(t *testing.T) {
	w := poolOf(t, 1, all(looping(100, 20*time.Millisecond), settings(func(s *Settings) { s.MaxClientConns = 1 })))
	w.spec.MaxEvents = 100_000
	if err := w.Sleep(t.Context(), time.Hour); operr.KindOf(err) != operr.KindUsage || w.events > 200_000 {
		t.Errorf("%v after %d events", err, w.events)
	}
}
