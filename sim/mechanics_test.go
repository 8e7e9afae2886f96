package sim

import (
	"testing"
	"time"
)

// A full pool opens one connection after the other, a login each, and never more than pool_size (9).
func TestGrowthIsOneLoginAtATime(t *testing.T) {
	w := poolOf(t, 2, looping(20, 20*time.Millisecond))
	watched(t, w, second)
	want(t, w, "connections", conns(w), 2)
	do(t, w, Action{Kind: SetSize, Conns: 10})
	begin := w.At()
	for conns(w) < 10 || w.pools[0].login >= 0 {
		watched(t, w, time.Millisecond)
	}
	if took := w.At() - begin; took < 40*time.Millisecond || took > 42*time.Millisecond {
		t.Errorf("8 logins of 5 ms took %v", took)
	}
	watched(t, w, second)
	want(t, w, "connections", conns(w), 10)
}

// An idle pool closes all that is too much at the next tick, within 333 ms (2).
func TestAnIdlePoolShrinksAtTheNextTick(t *testing.T) {
	w := poolOf(t, 10, idleAfterBurst)
	watched(t, w, time.Hour+2*second)
	want(t, w, "connections", conns(w), 10)
	do(t, w, Action{Kind: SetSize, Conns: 4})
	want(t, w, "connections before the tick", conns(w), 10)
	watched(t, w, 334*time.Millisecond)
	want(t, w, "connections after it", conns(w), 4)
}

// idleAfterBurst opens ten connections after an hour and leaves them alone for another.
func idleAfterBurst(s *Spec) {
	s.Loads = append(s.Loads, LoadSpec{Name: "burst", Pool: "main/app", Closed: &ClosedSpec{Clients: 10,
		Think: Law{Kind: Fixed, Mean: time.Hour}}, Hold: Law{Kind: Fixed, Mean: second / 2}})
}

// The target of a shrink is pool_size + reserve_pool_size (3).
func TestTheShrinkTargetIncludesTheReserve(t *testing.T) {
	w := poolOf(t, 10, all(idleAfterBurst, func(s *Spec) { s.Pools[0].ReserveConns = 2 }))
	watched(t, w, time.Hour+2*second)
	do(t, w, Action{Kind: SetSize, Conns: 1})
	watched(t, w, second)
	want(t, w, "connections", conns(w), 3)
}

// A pool with waiting clients does not shrink: a released connection goes to the next waiter whatever the size says
// (1).
func TestAPoolWithWaitersNeverShrinks(t *testing.T) {
	w := poolOf(t, 10, looping(20, 20*time.Millisecond))
	watched(t, w, second)
	do(t, w, Action{Kind: SetSize, Conns: 4})
	watched(t, w, 60*second)
	want(t, w, "connections", conns(w), 10)
	w.Sleep(t.Context(), 50*time.Minute)
	want(t, w, "connections", conns(w), 10)
}

// A pool near full creeps: what idles at a tick goes, and then there are waiters (1).
func TestANearFullPoolCreeps(t *testing.T) {
	w := poolOf(t, 10, looping(8, 20*time.Millisecond))
	watched(t, w, second)
	do(t, w, Action{Kind: SetSize, Conns: 4})
	watched(t, w, 4*second)
	if n := conns(w); n < 5 || n > 8 {
		t.Errorf("%d connections, want it to have crept to 5 to 8", n)
	}
}

// Open transactions pin their connections; each goes at the tick after its end (4).
func TestAnOpenTransactionKeepsItsConnection(t *testing.T) {
	w := poolOf(t, 5, func(s *Spec) {
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 5,
			Think: Law{Kind: Fixed, Mean: time.Hour}}, Hold: Law{Kind: Fixed, Mean: 10 * second}})
	})
	watched(t, w, time.Hour+second)
	want(t, w, "connections", conns(w), 5)
	do(t, w, Action{Kind: SetSize, Conns: 2})
	watched(t, w, 8*second)
	want(t, w, "connections", conns(w), 5)
	watched(t, w, 3*second)
	want(t, w, "connections", conns(w), 2)
}

// After RECONNECT a saturated pool comes down to its size as its connections are released, one login at a time (7).
func TestReconnectBringsASaturatedPoolDown(t *testing.T) {
	w := poolOf(t, 10, looping(20, 20*time.Millisecond))
	watched(t, w, second)
	do(t, w, Action{Kind: SetSize, Conns: 4})
	do(t, w, Action{Kind: Reconnect})
	most := 0
	for range 1000 {
		watched(t, w, time.Millisecond)
		most = max(most, conns(w))
	}
	want(t, w, "connections", conns(w), 4)
	want(t, w, "most", most, 11)
}

// RECONNECT lets a waiting client open one connection beyond pool_size, which stays while the others are pinned, and a
// second RECONNECT adds none; max_db_connections prevents it (8).
func TestReconnectOvershootsByOne(t *testing.T) {
	pinned := func(s *Spec) {
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 8, Think: Law{Kind: Fixed}},
			Hold: Law{Kind: Fixed, Mean: time.Hour}})
	}
	w := poolOf(t, 3, pinned)
	watched(t, w, second)
	do(t, w, Action{Kind: Reconnect})
	watched(t, w, second)
	want(t, w, "connections", conns(w), 4)
	for range 3 {
		do(t, w, Action{Kind: SetReserve})
		watched(t, w, second)
	}
	want(t, w, "connections", conns(w), 4)
	w = poolOf(t, 3, all(pinned, func(s *Spec) { s.Pools[0].MaxDBConns = 3 }))
	watched(t, w, second)
	do(t, w, Action{Kind: Reconnect})
	watched(t, w, second)
	want(t, w, "connections under max_db_connections", conns(w), 3)
}

// server_lifetime=1 flushes a saturated pool down to its size: connections older than that end at their release,
// lifetime/pool_size apart, and new ones open only up to the size (7).
func TestAShortLifetimeFlushes(t *testing.T) {
	w := poolOf(t, 10, looping(20, 20*time.Millisecond))
	watched(t, w, 5*second)
	do(t, w, Action{Kind: SetSize, Conns: 4})
	do(t, w, Action{Kind: SetLifetime, For: second})
	begin := w.At()
	for conns(w) > 4 {
		watched(t, w, time.Millisecond)
	}
	// Six must go, a quarter of a second apart, the first at once: 1.25 s, and the wait for a release each.
	if took := w.At() - begin; took < 1250*time.Millisecond || took > 1400*time.Millisecond {
		t.Errorf("the flush took %v", took)
	}
	do(t, w, Action{Kind: SetLifetime})
	watched(t, w, 5*second)
	want(t, w, "connections", conns(w), 4)
}

// The reserve opens when the first waiter has waited reserve_pool_timeout, and is not handed back by itself (3, §2).
func TestTheReserveOpensLateAndStays(t *testing.T) {
	w := poolOf(t, 2, all(func(s *Spec) {
		s.Pools[0].ReserveConns = 2
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 6,
			Think: Law{Kind: Fixed, Mean: time.Millisecond}}, Hold: Law{Kind: Fixed, Mean: 20 * second}})
	}, settings(func(s *Settings) { s.ReservePoolTimeout = 3 * second })))
	watched(t, w, 2900*time.Millisecond)
	want(t, w, "connections", conns(w), 2)
	watched(t, w, 600*time.Millisecond)
	want(t, w, "connections", conns(w), 4)
	watched(t, w, time.Minute)
	want(t, w, "connections", conns(w), 4)
}

// Whatever happens to a process makes it check: beside a busy pool the reserve opens on time, in a quiet process at the
// next tick (per_loop_maint).
func TestABusyProcessOpensTheReserveOnTime(t *testing.T) {
	opened := func(busy bool) time.Duration {
		w := poolOf(t, 1, all(func(s *Spec) {
			s.Pools[0].ReserveConns = 1
			s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 2,
				Think: Law{Kind: Fixed, Mean: 10 * time.Millisecond}}, Hold: Law{Kind: Fixed, Mean: time.Hour}})
			if busy {
				s.Pools = append(s.Pools, PoolSpec{ID: "main/other", Server: "pg", SizeConns: 5})
				s.Loads = append(s.Loads, LoadSpec{Pool: "main/other", Open: &OpenSpec{PerSec: 200},
					Hold: Law{Mean: 5 * time.Millisecond}})
			}
		}, settings(func(s *Settings) { s.ReservePoolTimeout = 2 * second })))
		for conns(w) < 2 {
			watched(t, w, time.Millisecond)
		}
		return w.At() - 10*time.Millisecond
	}
	quiet, busy := opened(false), opened(true)
	if busy > 2030*time.Millisecond || quiet < 2050*time.Millisecond || quiet > 2340*time.Millisecond {
		t.Errorf("opened after %v in a quiet process, %v in a busy one", quiet, busy)
	}
}

// query_wait_timeout is observed on ticks: a waiter leaves up to a third of a second late.
func TestWaitersAreSentAwayOnTicks(t *testing.T) {
	w := poolOf(t, 1, all(func(s *Spec) {
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 2,
			Think: Law{Kind: Fixed, Mean: 50 * time.Millisecond}}, Hold: Law{Kind: Fixed, Mean: time.Hour}})
	}, settings(func(s *Settings) { s.QueryWaitTimeout = 2 * second })))
	watched(t, w, 2*second)
	want(t, w, "time-outs", int(w.Results().Total.TimedOut), 0)
	watched(t, w, 400*time.Millisecond)
	want(t, w, "time-outs", int(w.Results().Total.TimedOut), 1)
}

// A lowered max_db_connections closes nothing and only keeps new connections from being opened (6); a higher demand
// evicts idle connections of the alias's other user first.
func TestMaxDBConnectionsEvictsIdleOnes(t *testing.T) {
	w := poolOf(t, 3, func(s *Spec) {
		s.Pools[0].MaxDBConns = 4
		s.Pools[0].Users = []UserShare{{"a", 1}, {"b", 1}}
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 12,
			Think: Law{Mean: 100 * time.Millisecond}}, Hold: Law{Mean: 30 * time.Millisecond}})
	})
	for range 200 {
		watched(t, w, 50*time.Millisecond)
		if n := conns(w); n > 4 {
			t.Fatalf("%d connections of 4", n)
		}
	}
	a, b := w.pools[0].tally.assigned, int64(0)
	if b = w.pools[1].alias.assignments; b == 0 || a < 500 {
		t.Errorf("assigned %d, alias %d: somebody starves", a, b)
	}
}

// max_user_connections counts a forced user once per process from 1.23 on, once per alias before (§2).
func TestAForcedUserIsCountedOncePerProcessFrom123On(t *testing.T) {
	for version, most := range map[string]int{"1.18": 6, "1.24": 4} {
		w := poolOf(t, 3, func(s *Spec) {
			s.Groups[0].Version = version
			s.Groups[0].Settings.MaxUserConns = 4
			s.Pools[0].ForceUser, s.Pools[0].Users = true, []UserShare{{"app", 1}}
			second := s.Pools[0]
			second.ID = "main/app2"
			s.Pools = append(s.Pools, second)
			for _, id := range []string{"main/app", "main/app2"} {
				s.Loads = append(s.Loads, LoadSpec{Pool: id, Closed: &ClosedSpec{Clients: 8, Think: Law{Kind: Fixed}},
					Hold: Law{Mean: 50 * time.Millisecond}})
			}
		})
		watched(t, w, 2*second)
		want(t, w, version+": connections", w.pools[0].count+w.pools[1].count, most)
	}
}

// Beyond K − reserved a login fails, and the pool does not try again for server_login_retry: it freezes for 15 s even
// when slots are free again (§2, §10).
func TestAFullServerFreezesAPoolFor15Seconds(t *testing.T) {
	w := poolOf(t, 30, all(looping(60, 20*time.Millisecond), func(s *Spec) {
		s.Servers[0].MaxConns, s.Servers[0].DirectConns = 20, 2
	}))
	watched(t, w, 2*second)
	want(t, w, "connections", conns(w), 15)
	want(t, w, "refused logins", int(w.Results().Servers[0].LoginsRefused), 1)
	w.servers[0].dropDirect(w.servers[0].direct)
	failed := w.pools[0].lastConnect
	for conns(w) == 15 {
		watched(t, w, 10*time.Millisecond)
	}
	if freeze := w.At() - time.Duration(failed); freeze < 15*second || freeze > 15100*time.Millisecond {
		t.Errorf("frozen for %v", freeze)
	}
	watched(t, w, second)
	want(t, w, "connections", conns(w), 17)
}

// A pool without any connection sends its clients away when its login fails, and those who come later at once, until a
// login works (kill_pool_logins, check_fast_fail).
func TestAPoolWithoutAnyConnectionRefuses(t *testing.T) {
	w := poolOf(t, 5, all(looping(4, 20*time.Millisecond), func(s *Spec) {
		s.Servers[0].MaxConns, s.Servers[0].DirectConns = 20, 17
		s.Loads[0].Closed.Think = Law{Mean: 100 * time.Millisecond}
	}))
	watched(t, w, 5*second)
	r := w.Results().Total
	if r.Done != 0 || r.Refused < 100 || r.LoginsFailed != 1 {
		t.Errorf("done %d, refused %d, failed logins %d; want none, many, one", r.Done, r.Refused, r.LoginsFailed)
	}
	w.servers[0].dropDirect(w.servers[0].direct)
	watched(t, w, 12*second)
	if w.Results().Total.Done < 10 {
		t.Error("it does not come back")
	}
}

// ALTER ROLE … CONNECTION LIMIT refuses logins as a full server does (§10).
func TestARoleLimitRefusesLogins(t *testing.T) {
	w := poolOf(t, 4, all(looping(8, 20*time.Millisecond), func(s *Spec) { s.Servers[0].Roles = []LimitSpec{{"app", 2}} }))
	watched(t, w, 5*second)
	want(t, w, "connections", conns(w), 2)
	want(t, w, "refused logins", int(w.Results().Servers[0].LoginsRefused), 1)
}

// A client that vanishes in mid-query leaves a backend that works on: the pool opens another, and PostgreSQL has more
// backends than PgBouncer connections (10, §10).
func TestVanishedClientsLeaveOrphans(t *testing.T) {
	w := poolOf(t, 2, func(s *Spec) {
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 2,
			Think: Law{Kind: Fixed, Mean: 100 * time.Millisecond}}, Hold: Law{Kind: Fixed, Mean: 8 * second}, Vanish: 1})
	})
	w.Sleep(t.Context(), 20*second)
	o, err := w.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	watched(t, w, 20*second)
	o, err = w.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := o.Servers[0].Backends
	if b.OrphanConns+b.ClosingConns == 0 || w.Results().Servers[0].Orphans < 5 || w.servers[0].backends <= 2 {
		t.Errorf("%+v, %d backends", b, w.servers[0].backends)
	}
	if w.Results().Total.Vanished < 5 || w.Results().Total.Done > 0 {
		t.Errorf("%+v", w.Results().Total)
	}
}

// Idle connections end after server_idle_timeout, except min_pool_size of them (§2).
func TestIdleConnectionsEndButForMinPoolSize(t *testing.T) {
	w := poolOf(t, 10, all(idleAfterBurst, func(s *Spec) { s.Pools[0].MinConns = 3 },
		settings(func(s *Settings) { s.ServerIdleTimeout = 30 * second })))
	watched(t, w, time.Hour+2*second)
	want(t, w, "connections", conns(w), 10)
	watched(t, w, 60*second)
	want(t, w, "connections", conns(w), 3)
}

// server_lifetime renews connections of a busy pool one after the other, lifetime/pool_size apart, without losing size.
func TestLifetimeIsPaced(t *testing.T) {
	w := poolOf(t, 10, all(looping(9, 20*time.Millisecond),
		settings(func(s *Settings) { s.ServerLifetime = 60 * second })))
	w.Sleep(t.Context(), 59*second)
	low := 10
	for range 600 {
		w.Sleep(t.Context(), 100*time.Millisecond)
		low = min(low, conns(w))
	}
	if low < 8 {
		t.Errorf("down to %d of 10", low)
	}
	for i := range w.conns {
		if age := w.At() - time.Duration(w.conns[i].opened); w.conns[i].state != connFree && age > 70*second {
			t.Errorf("a connection is %v old", age)
		}
	}
}

// An idle connection that was not used for server_check_delay must pass its check before it serves (launch_recheck).
func TestUsedConnectionsAreCheckedFirst(t *testing.T) {
	w := poolOf(t, 1, all(func(s *Spec) {
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 1,
			Think: Law{Kind: Fixed, Mean: time.Minute}}, Hold: Law{Kind: Fixed, Mean: 10 * time.Millisecond}})
	}))
	watched(t, w, 10*time.Minute)
	p := w.Results().Pools[0]
	if p.Assigned < 9 || p.Waited != p.Assigned || p.Wait.Quantile(0.5) < CheckLatency ||
		p.Wait.Quantile(0.5) > 2*CheckLatency {
		t.Errorf("%d assigned, %d waited, median %v", p.Assigned, p.Waited, p.Wait.Quantile(0.5))
	}
}

// The last connection released is the first used again, unless server_round_robin is set: under light load most rest.
func TestIdleConnectionsAreServedLastInFirstOut(t *testing.T) {
	for round, resting := range map[bool]bool{false: true, true: false} {
		w := poolOf(t, 10, all(func(s *Spec) {
			s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Open: &OpenSpec{PerSec: 50},
				Hold: Law{Mean: 10 * time.Millisecond}})
			idleAfterBurst(s)
		}, settings(func(s *Settings) { s.ServerRoundRobin = round })))
		w.Sleep(t.Context(), time.Hour+2*time.Minute)
		if got := len(w.pools[0].used) > 2; got != resting {
			t.Errorf("round robin %v: %d of 10 rest", round, len(w.pools[0].used))
		}
	}
}

// In session pooling a client keeps its connection while it does nothing: nothing is handed back before it leaves (5).
func TestAClientOfSessionPoolingKeepsItsConnection(t *testing.T) {
	w := poolOf(t, 5, func(s *Spec) {
		s.Pools[0].Mode = Session
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 5,
			Think: Law{Kind: Fixed, Mean: second}}, Hold: Law{Kind: Fixed, Mean: time.Hour}, Idle: 1})
	})
	watched(t, w, 2*second)
	do(t, w, Action{Kind: SetSize, Conns: 2})
	do(t, w, Action{Kind: Reconnect})
	watched(t, w, time.Minute)
	want(t, w, "connections", conns(w), 5)
	w.Sleep(t.Context(), time.Hour)
	want(t, w, "connections after the sessions", conns(w), 2)
	if w.aliases[0].xactTime > int64(second) {
		t.Errorf("idle sessions were booked as transactions: %v", time.Duration(w.aliases[0].xactTime))
	}
}

// The query_wait_timeout of a line counts before the process's, as in PgBouncer after 1.25 (janitor.c:448).
func TestTheTimeoutOfALineCountsBeforeTheProcesses(t *testing.T) {
	for line, want := range map[time.Duration]time.Duration{0: 4 * second, 2 * second: 2 * second, Disabled: 0} {
		w := poolOf(t, 1, all(looping(20, 500*time.Millisecond), func(s *Spec) { s.Pools[0].WaitTimeout = line },
			settings(func(s *Settings) { s.QueryWaitTimeout = 4 * second })))
		watched(t, w, 60*second)
		p := w.aliases[0].pools[0]
		waited := p.tally.unmetSum / float64(max(1, p.tally.timedOut))
		if away := p.tally.timedOut > 0; away != (want > 0) || away && (waited < float64(want) ||
			waited > float64(want+second)) {
			t.Errorf("%v on the line: %d sent away after %v, want %v", line, p.tally.timedOut, time.Duration(waited), want)
		}
	}
}

// A cap over two pools is exceeded when both have all that their sizes allow, counted once each time.
func TestACapIsHeldAgainstWhatIsOpen(t *testing.T) {
	for limit, want := range map[int]int64{9: 1, 10: 0, 12: 0} {
		w := poolOf(t, 10, all(looping(30, 20*time.Millisecond), func(s *Spec) {
			s.Caps = []CapSpec{{Pools: []string{s.Pools[0].ID}, Conns: limit}}
		}))
		watched(t, w, 10*second)
		if got := w.Results().Servers[0].CapViolations; got != want {
			t.Errorf("a cap of %d over 10 connections: %d violations, want %d", limit, got, want)
		}
		w.ResetResults()
		if got := w.Results().Servers[0].CapViolations; got != want {
			t.Errorf("a cap of %d that is exceeded from the beginning: %d violations, want %d", limit, got, want)
		}
	}
}
