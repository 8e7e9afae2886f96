package sim

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// limitedFleet is a random fleet with limits across pools: max_db_connections, max_user_connections and a role's
// CONNECTION LIMIT, forced users, reserves. limited says whether there is any.
func limitedFleet(r *rand.Rand) (spec Spec, limited bool) {
	spec = randomFleet(r)
	for i := range spec.Pools {
		p := &spec.Pools[i]
		switch r.IntN(8) {
		case 0:
			p.MaxDBConns, limited = max(2, p.SizeConns+r.IntN(p.SizeConns+1)), true
		case 1:
			p.Users, p.ForceUser = []UserShare{{"pooler", 1}}, true
		}
	}
	for i := range spec.Groups {
		spec.Groups[i].Settings.MaxClientConns = 1 << 20 // a queue that is cut short never waits for a reserve
		if r.IntN(8) == 0 {
			spec.Groups[i].Settings.MaxUserConns, limited = 10+r.IntN(30), true
		}
	}
	return spec, limited
}

// TestAFloodOpensWhatTheLedgerSays takes random fleets to their plans, and then drives every pool to all that it may
// open at once. PostgreSQL refuses no login. Beside backends that are ending, their connection closed, it has never
// more than the ledger's worst case, and where no limit stands across pools as many; with those that are ending it
// stays within the headroom that a plan keeps by default. Only a limit across pools can bring it there: PgBouncer
// evicts an idle connection of one user for another's at once, and the backend ends a moment later (objects.c:
// evict_connection, evict_user_connection).
func TestAFloodOpensWhatTheLedgerSays(t *testing.T) {
	flooded, equal, beyond := 0, 0, 0
	for seed := range fleets(20, 3, 1000) {
		r := rand.New(rand.NewPCG(seed, 11))
		spec, limited := limitedFleet(r)
		w, err := New(spec, seed)
		if err != nil {
			t.Fatal(err)
		}
		x := &rig{t: t, w: w, claims: make([]int, 1), policy: state.Policy{Percent: 20, Soak: 3 * time.Second,
			DrainFor: 20 * time.Second,
			HoldFor:  30 * time.Second, Every: time.Second, SoakEvery: time.Second, MaxWait: time.Second,
			Stale:  10 * time.Second,
			Aborts: 2}}
		if err := w.Sleep(t.Context(), 5*time.Second); err != nil {
			t.Fatal(err)
		}
		x.measure(5*time.Second, 30*time.Second)
		plan, ok := x.planned()
		if !ok {
			continue
		}
		x.goal = sizing.GoalOf(plan)
		if _, err := x.rebalancer().Run(t.Context(), x.goal, state.JournalState{}); err != nil {
			t.Fatal(err)
		}
		for i := range w.loads {
			w.loads[i].surge = 60
			w.refactor(&w.loads[i])
		}
		s, most, slots := w.servers[0], 0, 0
		refused := s.tally.loginsRefused
		w.after = func() {
			most = max(most, s.backends-(s.leaving-s.orphans))
			slots = max(slots, s.backends)
		}
		if err := w.Sleep(t.Context(), 9*time.Second); err != nil { // reserve_pool_timeout is 5 s
			t.Fatal(err)
		}
		fleet, ok := x.modelled()
		if !ok {
			continue
		}
		worst := s.spec.Budget - fleet.SpareConns("pg") // direct connections are in it
		if s.tally.loginsRefused > refused {
			t.Errorf("seed %d: %d logins were refused", seed, s.tally.loginsRefused-refused)
		}
		if most > worst || !limited && most != worst {
			t.Errorf("seed %d: %d backends at most, the ledger says %d (limits across pools: %v)", seed, most, worst, limited)
		}
		headroom := max(budget.DefaultHeadroomLeast, int(math.Ceil(budget.DefaultHeadroomShare*float64(s.spec.MaxConns))))
		if slots > worst+headroom || !limited && slots > worst {
			t.Errorf("seed %d: %d slots at most, the ledger says %d and a headroom of %d (limits across pools: %v)", seed, slots,
				worst, headroom, limited)
		}
		beyond = max(beyond, slots-worst)
		if flooded++; most == worst {
			equal++
		}
	}
	t.Logf("%d fleets flooded, %d up to their worst case; with backends that were ending at most %d slots beyond it",
		flooded, equal, beyond)
	if flooded < 2 {
		t.Errorf("only %d fleets were flooded", flooded)
	}
}

// modelled is the fleet as a sample shows it.
func (x *rig) modelled() (budget.Fleet, bool) {
	x.t.Helper()
	o, err := x.w.Observe(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	e, err := x.before.Add(o)
	if err != nil {
		x.t.Fatal(err)
	}
	fleet, err := budget.Model(x.w.Now(), x.declared(), e, x.loads)
	if err != nil {
		x.t.Log(err)
	}
	return fleet, err == nil
}

// planned is the plan for the loads that were measured; false: there is none.
func (x *rig) planned() (sizing.Plan, bool) {
	fleet, ok := x.modelled()
	if !ok {
		return sizing.Plan{}, false
	}
	plan, err := sizing.Solve(fleet, sizing.Options{})
	return plan, err == nil
}
