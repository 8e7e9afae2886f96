package sim

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// rig is a random fleet with a policy and a goal, and a watch over the promise.
type rig struct {
	t      testing.TB
	w      *World
	goal   sizing.Goal
	policy state.Policy
	rules  []control.Threshold
	loads  []load.Load
	before load.Evidence

	traffic []bouncer.Traffic
	rulesOf []budget.DeclaredPool

	events  []state.Event      // the journal
	folded  state.JournalState // what they come to, as read from lines
	dieAt   int                // the event at which the program dies, from 1; 0: it lives
	torn    int                // of the action that it dies in: so many processes have been told
	dead    bool
	hand    *rand.Rand // somebody who makes each change in a time of their own; nil: nobody is asked
	asked   []fleet.SettingChange
	due     time.Duration // when all of it will have been made
	strays  []stray       // requests that were called off, and are made all the same
	strayed int           // how many were
	heedful bool          // whoever is asked closes what is called off
	sampled []int         // direct and orphaned backends of each server at the newest sample
	broken  []string
	claims  []int
}

var errDead = errors.New("the program is dead")

// Record is the journal: it keeps events in memory, and dies when it is told to.
func (x *rig) Record(e state.Event) (state.Event, error) {
	if x.dieAt > 0 && len(x.events)+1 == x.dieAt {
		x.dead = true
	}
	if x.dead {
		return e, errDead
	}
	if err := x.readable(e); err != nil {
		x.t.Errorf("event %d, %s, could not be read again from a journal: %v", e.Seq, e.Kind, err)
	}
	x.events = append(x.events, e)
	return e, nil
}

// readable reports why an event would not come back from a journal's line, or the state after it not from a snapshot.
func (x *rig) readable(e state.Event) error {
	if n := len(x.events); n == 0 || x.folded.Seq != x.events[n-1].Seq {
		x.folded = bouncer.Replay(x.events)
	}
	line, err := json.Marshal(e)
	var back state.Event
	if err == nil {
		err = json.Unmarshal(line, &back)
	}
	if err == nil {
		err = x.folded.Refuses(back)
	}
	if err != nil {
		return err
	}
	if x.folded = x.folded.After(back); e.Seq%16 != 0 {
		return nil
	}
	was, err := json.Marshal(x.folded)
	var journalState state.JournalState
	if err == nil {
		err = json.Unmarshal(was, &journalState)
	}
	if is, _ := json.Marshal(journalState); err == nil && string(is) != string(was) {
		err = fmt.Errorf("a snapshot becomes\n%s\nfrom\n%s", is, was)
	}
	return err
}

// Apply passes an action on; where the program dies in it, only a part.
func (x *rig) Apply(ctx context.Context, act state.Action) error {
	if x.dieAt > 0 && len(x.events)+1 == x.dieAt && x.torn > 0 {
		act.Changes = act.Changes[:min(x.torn, len(act.Changes))]
	}
	if x.hand != nil {
		return x.byHand(ctx, act)
	}
	return x.w.Apply(ctx, act)
}

// Observe takes a sample, and remembers what was known then.
func (x *rig) Observe(ctx context.Context) (fleet.Observation, error) {
	x.stray(ctx)
	o, err := x.w.Observe(ctx)
	x.sampled = x.sampled[:0]
	for _, s := range x.w.servers {
		x.sampled = append(x.sampled, s.direct+s.orphans)
	}
	return o, err
}

// watch checks after every event: no line grows while the worst case is over the budget, as far as it could be known at
// the sample before.
func (x *rig) watch() {
	for i, s := range x.w.servers {
		granted := x.w.granted(s)
		if i < len(x.sampled) && granted > x.claims[i] {
			if worst := s.claims + min(s.direct+s.orphans, x.sampled[i]); worst > s.spec.Budget {
				x.broken = append(x.broken, fmt.Sprintf("%v: the lines of %s grow from %d to %d, and its worst case is %d of %d",
					x.w.At(), s.spec.Name, x.claims[i], granted, worst, s.spec.Budget))
			}
		}
		x.claims[i] = granted
	}
}

// granted is what the lines of a server's pools allow. A pool that renews an old connection may have one more for a
// moment, of itself.
func (w *World) granted(s *server) int {
	sum := 0
	for _, a := range w.aliases {
		if a.srv == s {
			sum += len(a.pools) * (a.size + a.reserveCounts())
		}
	}
	return sum
}

func (x *rig) rebalancer() bouncer.Rebalancer {
	r := bouncer.Rebalancer{Clock: x.w, Fleet: x, Applier: x, Signals: x.w, Journal: x, Declared: x.declared(),
		Loads: x.loads, Evidence: x.before,
		Policy: x.policy, Thresholds: x.rules, Traffic: x.traffic, Replans: len(x.traffic) > 0}
	if x.hand != nil {
		r.Hand = &bouncer.Hand{Within: time.Hour, CallOff: x.calledOff}
	}
	return r
}

func (x *rig) declared() budget.Declared {
	d := budget.Declared{SizeAll: true, Pools: x.rulesOf, Deadband: budget.DefaultDeadband,
		LeastGain: budget.DefaultLeastGain}
	for _, s := range x.w.spec.Servers {
		head := s.MaxConns - s.SuperuserReservedConns - s.Budget
		d.Servers = append(d.Servers, budget.DeclaredServer{Name: s.Name, HeadroomConns: &head,
			CPUHeadroom: budget.DefaultCPUHeadroom, DirectCount: budget.CountHighest})
	}
	return d
}

// randomFleet draws one server, two to four pools in two or three groups, loads of 20 to 70 % of what the pools carry.
func randomFleet(r *rand.Rand) Spec {
	spec := Spec{Servers: []ServerSpec{{Name: "pg", MaxConns: 500, SuperuserReservedConns: 3, Cores: 64,
		DirectConns: r.IntN(6)}}}
	total := 0
	for g := range 2 + r.IntN(2) {
		group := GroupSpec{Name: string(rune('a' + g)), Processes: 1 + r.IntN(3), Version: []string{"1.18",
			"1.24"}[r.IntN(2)]}
		spec.Groups = append(spec.Groups, group)
		for p := range 1 + r.IntN(2) {
			pool := PoolSpec{ID: fmt.Sprintf("%s/db%d", group.Name, p), Server: "pg", SizeConns: 3 + r.IntN(25)}
			if r.IntN(4) == 0 {
				pool.ReserveConns = 1 + r.IntN(3)
			}
			if r.IntN(2) == 0 {
				pool.Users = []UserShare{{"app1", 0.7}, {"app2", 0.3}}
			}
			users := max(1, len(pool.Users))
			total += users * group.Processes * (pool.SizeConns + pool.ReserveConns)
			hold := time.Duration(20+r.IntN(180)) * time.Millisecond
			erlangs := (0.2 + 0.5*r.Float64()) * float64(pool.SizeConns*users*group.Processes)
			spec.Pools = append(spec.Pools, pool)
			spec.Loads = append(spec.Loads, LoadSpec{Pool: pool.ID, Hold: Law{Mean: hold}, CPU: 0.1,
				Open: &OpenSpec{PerSec: erlangs / hold.Seconds()}})
			if r.IntN(4) == 0 { // some transactions stay open for long: they pin what a release wants
				spec.Loads = append(spec.Loads, LoadSpec{Name: pool.ID + " reports", Pool: pool.ID,
					Hold: Law{Mean: 15 * time.Second}, Open: &OpenSpec{PerSec: 0.01 * float64(pool.SizeConns)}})
			}
		}
	}
	s := &spec.Servers[0]
	s.Budget = total + s.DirectConns + r.IntN(40)
	s.MaxConns = s.Budget + s.SuperuserReservedConns + 25
	spec.Signals = []SignalSpec{{Name: "cpu", Server: "pg", Builtin: "cpu", Interval: time.Second}}
	return spec
}

// newRig makes a fleet from a seed, measures its loads for a minute, and plans.
func newRig(t testing.TB, seed uint64) *rig {
	t.Helper()
	return newRigWith(t, seed, func(*Spec) {})
}

// newRigWith is newRig with a fleet that is changed before it is made.
func newRigWith(t testing.TB, seed uint64, change func(*Spec)) *rig {
	t.Helper()
	return newRigOn(t, seed, change, func(*World) {})
}

// newRigOn is newRigWith with a world that is changed before its first event.
func newRigOn(t testing.TB, seed uint64, change func(*Spec), begin func(*World)) *rig {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 4))
	x := &rig{t: t, claims: make([]int, 1)}
	spec := randomFleet(r)
	spec.Faults = randomFaults(r, spec)
	change(&spec)
	w, err := New(spec, seed)
	if err != nil {
		t.Fatal(err)
	}
	x.w = w
	begin(w)
	x.policy = state.Policy{Percent: []float64{1, 2, 5, 10, 30}[r.IntN(5)],
		Soak: time.Duration(5+r.IntN(25)) * time.Second, DrainFor: 20 * time.Second,
		HoldFor: time.Minute, Every: time.Second, SoakEvery: 2 * time.Second, MaxWait: time.Second, Stale: 10 * time.Second}
	x.rules = []control.Threshold{{Name: "cpu", Server: "pg", Hold: 0.85, Resume: 0.8, Abort: 0.95}}
	if err := w.Sleep(t.Context(), 5*time.Second); err != nil {
		t.Fatal(err)
	}
	x.measure(5*time.Second, time.Minute)
	fleet, err := budget.Model(w.Now(), x.declared(), x.before, x.loads)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := sizing.Solve(fleet, sizing.Options{})
	if err != nil {
		return nil
	}
	x.goal = sizing.GoalOf(plan)
	for i, s := range w.servers {
		x.claims[i] = w.granted(s)
	}
	w.after = x.watch
	return x
}

// measure takes samples of the fleet for a while, and estimates its loads.
func (x *rig) measure(every, window time.Duration) {
	x.t.Helper()
	err := bouncer.Watch(x.t.Context(), x.w, x.w, every, window, func(o fleet.Observation) error {
		var err error
		x.before, err = x.before.Add(o)
		return err
	})
	if err == nil {
		x.loads, err = load.Estimate(x.before)
	}
	if err != nil {
		x.t.Fatal(err)
	}
}

// randomFaults draws up to two of what the world may do meanwhile.
func randomFaults(r *rand.Rand, spec Spec) []Fault {
	var out []Fault
	proc := fmt.Sprintf("%s/%d", spec.Groups[0].Name, 1)
	all := []Fault{
		{Kind: Autovacuum, Server: "pg", Cores: 56},
		{Kind: DirectConns, Server: "pg", Conns: 1 + r.IntN(20)},
		{Kind: Surge, Pool: spec.Pools[0].ID, Times: 1.3},
		{Kind: SlowPlan, Pool: spec.Pools[0].ID, Times: 2},
		{Kind: LostScrape},
		{Kind: Silent, Process: proc},
		{Kind: SilentReload, Process: proc},
	}
	for range r.IntN(3) {
		f := all[r.IntN(len(all))]
		f.From = 66*time.Second + time.Duration(r.IntN(60))*time.Second
		f.For = time.Duration(5+r.IntN(40)) * time.Second
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Fault) int { return cmp.Compare(a.From, b.From) })
	return out
}

// bound is the longest that a run may take by its policy: every step may soak, drain, go back, and be held for as long
// as a run may be held.
func (x *rig) bound() time.Duration {
	steps := 1
	for _, e := range x.events {
		if e.Kind == state.StepBegan || e.Kind == state.StepAbort {
			steps++
		}
	}
	p := x.policy
	return time.Duration(steps) * (p.Soak + 2*p.DrainFor + p.HoldFor + 10*time.Second)
}

// arrived checks that a run that calls itself done is where the plan is, and that one that does not says why.
func (x *rig) arrived(seed uint64, report bouncer.Report) {
	x.t.Helper()
	if report.Outcome != state.Done {
		if report.Reason.Text() == "" {
			x.t.Errorf("seed %d: %s without a reason", seed, report.Outcome)
		}
		return
	}
	for _, a := range x.w.aliases {
		if g, ok := x.goal.Pool(a.spec.ID); ok && (a.size != g.Size || a.reserve != g.Reserve) {
			x.t.Errorf("seed %d: %s in %s has %d + %d, the plan %d + %d", seed, g.Pool, a.proc.id, a.size, a.reserve, g.Size,
				g.Reserve)
		}
	}
}

// audit reads the journal: one step at a time, each within the policy's share of the budget, and every action intended
// before it is done.
func (x *rig) audit(seed uint64) {
	x.t.Helper()
	var m state.JournalState
	unit := 0
	for _, p := range x.w.spec.Pools {
		unit = max(unit, len(x.w.linePools[p.ID]))
	}
	most := max(unit, int(x.policy.Percent/100*float64(x.w.spec.Servers[0].Budget)))
	for _, e := range x.events {
		switch e.Kind {
		case state.StepBegan:
			if m.Step != nil {
				x.t.Errorf("seed %d: event %d begins a step in the middle of another", seed, e.Seq)
			}
			granted := 0
			for _, s := range e.Step.Changes {
				users := len(x.w.process(s.Process).alias(s.Alias).pools)
				granted += users * max(0, s.To-s.From)
			}
			if granted > most {
				x.t.Errorf("seed %d: step at event %d grants %d connections, %d at most", seed, e.Seq, granted, most)
			}
		case state.Acted, state.Failed:
			if m.Intent == nil || m.Intent.Kind != e.Action.Kind {
				x.t.Errorf("seed %d: event %d tells of an action that nobody intended", seed, e.Seq)
			}
		}
		m = m.After(e)
	}
}

// few says that a test runs too few fleets for what some of them must show: under the race detector, and with -short.
func few() bool { return raced || testing.Short() }

// fleets is how many fleets a test runs: so many in CI, fewer where there are few, more in a soak.
func fleets(ci, race, soaked uint64) uint64 {
	switch {
	case few():
		return race
	case os.Getenv("PGBUDGET_SOAK") != "":
		return soaked
	default:
		return ci
	}
}

// versions are the generations of PgBouncer that behave differently; under -short the newer one alone.
func versions() []string {
	all := []string{"1.18", "1.24"}
	if testing.Short() {
		return all[1:]
	}
	return all
}

func (x *rig) sizes() []int {
	var out []int
	for _, a := range x.w.aliases {
		out = append(out, a.size, a.reserve)
	}
	return out
}
