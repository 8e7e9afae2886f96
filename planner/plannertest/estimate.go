package plannertest

import (
	"math"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// World is a tiny synthetic pool: it counts as PgBouncer does, from a load that the test sets.
type World struct {
	At                time.Time
	Size              int
	Version           string
	Mode              string
	Users             []string
	Timeout           time.Duration
	Xacts             int64
	Xact              time.Duration
	Wait              time.Duration
	Active            int
	Waiting           int
	Clients           int
	MaxWait           time.Duration
	IdleInTransaction []fleet.IdleInTransaction
	Login             int
	Share             []float64 // per user, of active and waiting
	Backends          fleet.BackendCounts
	Pending           time.Duration // waits counted for transactions that are still open
	Assigned          int64
	Counts            bool // PgBouncer 1.23 and later count assignments
}

// Queue sets the queue's head, and counts what PgBouncer counts early: the waits of the transactions that are open.
func (w *World) Queue(waiting int, maxWait time.Duration) {
	w.Xacts += int64(waiting - w.Waiting) // counted as they come
	w.Waiting, w.MaxWait = waiting, maxWait
	pending := time.Duration(w.Active) * maxWait
	w.Wait += pending - w.Pending
	w.Pending = pending
}

// Sample is the pool as a sample shows it.
func (w *World) Sample() fleet.Observation {
	a := fleet.Alias{Name: "app", Database: "app", SizeConns: w.Size, PoolMode: w.Mode, Server: "main",
		Proof:    fleet.ProofBackends,
		Counters: fleet.Counters{Xacts: w.Xacts, Assignments: -1, XactTime: w.Xact, WaitTime: w.Wait}}
	if w.Counts {
		a.Counters.Assignments = w.Assigned
	}
	users, share := w.Users, w.Share
	if users == nil {
		users, share = []string{"app1"}, []float64{1}
	}
	for i, u := range users {
		g := fleet.PoolGauges{User: u, ServersActive: int(float64(w.Active) * share[i]),
			ClientsWaiting: int(float64(w.Waiting) * share[i]),
			ServersIdle:    max(0, w.Size-w.Active), ServersLogin: w.Login, MaxWait: w.MaxWait}
		g.ClientsActive = w.Clients
		a.Pools = append(a.Pools, g)
	}
	return fleet.Observation{At: w.At,
		Servers: []fleet.Server{{Name: "main", MaxConns: 100, SuperuserReservedConns: 3,
			IdleInTransaction: w.IdleInTransaction,
			Backends:          w.Backends}},
		Processes: []fleet.Process{{ID: "main/1", Group: "main", Version: w.Version,
			Settings: fleet.Settings{QueryWaitTimeout: w.Timeout}, Aliases: []fleet.Alias{a}}}}
}

// Run lets dt pass: n transactions end, each having held its server for hold and waited for waited.
func (w *World) Run(dt time.Duration, n int64, hold, waited time.Duration) {
	w.At = w.At.Add(dt)
	w.Xacts += n
	w.Assigned += n
	w.Wait += time.Duration(n) * waited
	w.Xact += time.Duration(n) * (hold + waited) // total_xact_time includes the queueing
}

// EvidenceOf adds samples up, the oldest first.
func EvidenceOf(t *testing.T, samples ...fleet.Observation) load.Evidence {
	t.Helper()
	var e load.Evidence
	for _, o := range samples {
		var err error
		if e, err = e.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// EstimateOne is the one load that samples tell.
func EstimateOne(t *testing.T, samples ...fleet.Observation) load.Load {
	t.Helper()
	loads, err := load.Estimate(EvidenceOf(t, samples...))
	if err != nil {
		t.Fatal(err)
	}
	if len(loads) != 1 {
		t.Fatalf("%d loads, want 1", len(loads))
	}
	return loads[0]
}

// Near fails where a figure is farther from what is wanted than a ratio of it, 0..1.
func Near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if math.Abs(got-want) > relative*math.Abs(want) {
		t.Errorf("%s = %g, want %g within %g %%", what, got, want, 100*relative)
	}
}
