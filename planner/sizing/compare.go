package sizing

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/words"
)

// Saved is a plan with the inputs it was made from.
type Saved struct {
	Fleet budget.Fleet `json:"fleet"` // as Solve was given it
	Plan  Plan         `json:"plan"`  // what Solve made of it
}

// Check refuses what no plan of its fleet can be: the file that it was read from may have been edited. The error names
// the pool, the field and its value.
func (s Saved) Check() error {
	seen := map[string]bool{}
	for _, p := range s.Plan.Pools {
		switch {
		case seen[p.ID]:
			return fmt.Errorf("pool %s is listed twice", p.ID)
		case !slices.ContainsFunc(s.Fleet.Pools, func(q budget.FleetPool) bool { return q.ID == p.ID }):
			return fmt.Errorf("pool %s is planned, and is not in its fleet", p.ID)
		case !p.Frozen.Any() && (p.ToSize < 1 || p.ToSize > math.MaxInt32):
			return fmt.Errorf("to_size of %s is %d, want 1 to %d", p.ID, p.ToSize, math.MaxInt32)
		case !p.Frozen.Any() && (p.ReserveSize < 0 || p.ReserveSize > math.MaxInt32):
			return fmt.Errorf("reserve_size of %s is %d, want 0 to %d", p.ID, p.ReserveSize, math.MaxInt32)
		}
		seen[p.ID] = true
	}
	return nil
}

// Review says what became of a saved plan.
type Review struct {
	Moved []string `json:"moved"` // inputs that differ, with both numbers
	// promises that the saved sizes no longer keep, and pools that they say nothing of
	Broken []string `json:"broken"`
	// waiting clients that the saved sizes cost over the new plan's; null when unknown (or infinite)
	Excess  fleet.Float `json:"excess"`
	Code    ReviewCode  `json:"code"`    // whether the saved plan still holds
	Verdict string      `json:"verdict"` // Code as one sentence, with its numbers
}

// ReviewCode says whether a saved plan still holds.
type ReviewCode string

// What a Review can find.
const (
	ReviewBroken     ReviewCode = "broken"      // its sizes no longer keep every promise
	ReviewOtherLoads ReviewCode = "other loads" // no input left its interval, and today's loads give other sizes
	ReviewOtherSizes ReviewCode = "other sizes" // no input changed, and this pgbudget chooses other sizes
	ReviewUnchanged  ReviewCode = "unchanged"   // no input changed, and the plan holds
	ReviewStillBest  ReviewCode = "still best"  // inputs changed, and its sizes are the best all the same
	ReviewOutdated   ReviewCode = "outdated"    // its sizes keep every promise, and today's plan saves waiting clients
)

// Changes reports whether the plan changes any size or reserve.
func (p Plan) Changes() bool {
	return slices.ContainsFunc(p.Pools, func(x PlanPool) bool {
		return !x.Frozen.Any() && (x.FromSize == nil || *x.FromSize != x.ToSize || x.ReserveSize != x.ReserveFrom)
	})
}

// Compare judges a saved plan by today's facts: what moved, which promises its sizes now break, and how much more
// waiting they mean than the plan of today.
func Compare(saved Saved, now budget.Fleet, plan Plan) Review {
	r := Review{Moved: []string{}, Broken: []string{}}
	now = now.Linked() // what the saved sizes cost under today's limits
	r.compareLimits(saved.Fleet, now)
	for _, s := range now.Servers {
		i := slices.IndexFunc(saved.Fleet.Servers, func(o budget.FleetServer) bool { return o.Name == s.Name })
		if i < 0 {
			r.Moved = append(r.Moved, "server "+s.Name+" is new")
			continue
		}
		r.compareServer(saved.Fleet.Servers[i], s)
	}
	for _, s := range saved.Fleet.Servers {
		if !slices.ContainsFunc(now.Servers, func(n budget.FleetServer) bool { return n.Name == s.Name }) {
			r.Moved = append(r.Moved, "server "+s.Name+" is gone")
		}
	}
	for _, p := range saved.Fleet.Pools {
		if !slices.ContainsFunc(now.Pools, func(n budget.FleetPool) bool { return n.ID == p.ID }) {
			r.Moved = append(r.Moved, "pool "+p.ID+" is gone")
		}
	}
	planned := map[string]int{}
	var excess float64
	for _, p := range now.Pools {
		size, reserve, ok := saved.Plan.sizeOf(p.ID)
		given := ok && !saved.Plan.frozen(p.ID)
		if !given || p.Frozen.Any() {
			for _, server := range p.Servers() {
				planned[server] += p.CountedConns()
			}
			r.compareLeft(p, plan, size, ok, given)
			continue
		}
		for _, server := range p.Servers() {
			planned[server] += p.PlannedConns(size, reserve)
		}
		r.comparePool(saved.Fleet, p, size)
		excess += CurveOf(p).Cost(size)
	}
	for _, s := range now.Servers {
		r.compareBounds(saved.Plan, now, s)
		if planned[s.Name] > s.BudgetConns {
			r.Broken = append(r.Broken, fmt.Sprintf("its sizes may open %s on %s, the budget is %d now",
				words.Count(planned[s.Name], "connection"), s.Name, s.BudgetConns))
		}
	}
	// what may not be costs nothing that could be compared
	if r.Excess = fleet.Float(excess) - plan.Objective; len(r.Broken) > 0 {
		r.Excess = fleet.Unknown()
	}
	r.Code, r.Verdict = r.judged(saved, now, plan)
	return r
}

// compareLeft names a pool of which the saved plan or today's says nothing: neither size can be judged by the other.
// known is whether the saved plan has it, given whether it gives it a size.
func (r *Review) compareLeft(p budget.FleetPool, plan Plan, size int, known, given bool) {
	today, _, planned := plan.sizeOf(p.ID)
	planned = planned && !p.Frozen.Any()
	switch {
	case !known:
		r.Moved = append(r.Moved, "pool "+p.ID+" is new")
	case planned && !given:
		r.Moved = append(r.Moved, "pool "+p.ID+" was left alone when the plan was made")
	case given && size == p.LargestSize():
		r.Moved = append(r.Moved, fmt.Sprintf("pool %s is left alone now: %s", p.ID, p.Frozen.Text()))
	case given:
		r.Broken = append(r.Broken, fmt.Sprintf("%s stays at %d now (%s), the plan gives it %d", p.ID, p.LargestSize(),
			p.Frozen.Text(), size))
	}
	if planned && !given {
		r.Broken = append(r.Broken, fmt.Sprintf("%s: the saved plan gives it no size, today's gives it %d", p.ID, today))
	}
}

// frozen reports whether a plan leaves a pool alone.
func (p Plan) frozen(id string) bool {
	i := p.indexOf(id)
	return i >= 0 && p.Pools[i].Frozen.Any()
}

// compareLimits names the limits over connections that are other than they were.
func (r *Review) compareLimits(was, is budget.Fleet) {
	in := func(f budget.Fleet, l fleet.Limit) bool {
		return slices.ContainsFunc(f.AllLimits(), func(o fleet.Limit) bool {
			return o.ID() == l.ID() && o.Conns == l.Conns && o.Direct == l.Direct && o.Workers == l.Workers
		})
	}
	for _, l := range is.AllLimits() {
		if !in(was, l) {
			r.Moved = append(r.Moved, "limit "+l.Text()+" is new")
		}
	}
	for _, l := range was.AllLimits() {
		if !in(is, l) {
			r.Moved = append(r.Moved, "limit "+l.Text()+" is gone")
		}
	}
}

// compareBounds names what today's plan would be bound by and the saved sizes are not: a pool's max, what it may not
// shrink below, its range of reserves, and every limit over connections besides the budget.
func (r *Review) compareBounds(saved Plan, now budget.Fleet, s budget.FleetServer) {
	sp, err := newServerProblem(now, s, false, -1)
	if err != nil {
		return
	}
	broken := func(format string, args ...any) { r.Broken = append(r.Broken, fmt.Sprintf(format, args...)) }
	use := make([]int, len(sp.problem.Rows))
	for i, p := range sp.pools {
		size, reserve, ok := saved.sizeOf(p.ID)
		if !ok {
			size, reserve = p.LargestSize(), p.ReserveConns
		}
		for row := range use {
			use[row] += sp.takes(row, i, size, reserve)
		}
		it := sp.problem.Items[i]
		switch {
		case !ok:
		case size > it.Hi:
			broken("%s may have %d now (max), the plan gives it %d", p.ID, it.Hi, size)
		case size < it.Lo && size >= sp.floors[i].size:
			broken("%s may not shrink below %d now (%s), the plan gives it %d", p.ID, it.Lo, sp.floors[i].why(it.Lo), size)
		}
		if ok && p.ReserveFree && (reserve < p.Reserve.Min || reserve > p.Reserve.Max) {
			broken("%s may have a reserve of %d to %d now, the plan gives it %d", p.ID, p.Reserve.Min, p.Reserve.Max, reserve)
		}
	}
	for row, conns := range use {
		if limit := sp.problem.Rows[row]; row > 0 && conns > limit.Cap {
			broken("its sizes are over %s by %d", limit.Name, conns-limit.Cap)
		}
	}
}

// sizeOf is what a plan gives a pool.
func (p Plan) sizeOf(id string) (size, reserve int, ok bool) {
	i := p.indexOf(id)
	if i < 0 {
		return 0, 0, false
	}
	return p.Pools[i].ToSize, p.Pools[i].ReserveSize, true
}

// indexOf is where a pool stands in a plan; negative: nowhere. Its pools are sorted by id, but for a saved plan that
// somebody has edited.
func (p Plan) indexOf(id string) int {
	i, found := slices.BinarySearchFunc(p.Pools, id, func(x PlanPool, id string) int { return cmp.Compare(x.ID, id) })
	if !found {
		i = slices.IndexFunc(p.Pools, func(x PlanPool) bool { return x.ID == id })
	}
	return i
}

func (r *Review) compareServer(was, is budget.FleetServer) {
	for _, c := range []struct {
		what    string
		was, is int
	}{{"max_connections", was.MaxConns, is.MaxConns}, {"budget", was.BudgetConns, is.BudgetConns}} {
		if c.was != c.is {
			r.Moved = append(r.Moved, fmt.Sprintf("%s of %s %d → %d", c.what, is.Name, c.was, c.is))
		}
	}
	for _, l := range is.Lines[1:] {
		i := slices.IndexFunc(was.Lines, func(o budget.Line) bool { return o.Item == l.Item })
		switch {
		case i < 0:
			r.Moved = append(r.Moved, fmt.Sprintf("ledger line %s of %s is new: %d", l.Item, is.Name, l.Conns))
		case was.Lines[i].Conns != l.Conns:
			r.Moved = append(r.Moved, fmt.Sprintf("%s of %s %d → %d", l.Item, is.Name, was.Lines[i].Conns, l.Conns))
		}
	}
}

func (r *Review) comparePool(was budget.Fleet, p budget.FleetPool, size int) {
	i := slices.IndexFunc(was.Pools, func(o budget.FleetPool) bool { return o.ID == p.ID })
	if i < 0 {
		return
	}
	old := was.Pools[i]
	if a, b := old.Load.Erlangs, p.Load.Erlangs; b.Target < a.Lower || b.Target > a.Upper {
		r.Moved = append(r.Moved, fmt.Sprintf("load of %s %s → %s Erlangs, outside the %s–%s it was planned for",
			p.ID, words.Digits(a.Target), words.Digits(b.Target), words.Digits(a.Lower), words.Digits(a.Upper)))
	}
	if old.Rules != p.Rules {
		r.Moved = append(r.Moved, fmt.Sprintf("the promises or the weight of %s were changed", p.ID))
	}
	if old.Sized() != p.Sized() {
		r.Moved = append(r.Moved, fmt.Sprintf("pools of the line of %s %d → %d", p.ID, old.Sized(), p.Sized()))
	}
	if from, same := p.FromSize(); same && from != old.LargestSize() {
		r.Moved = append(r.Moved, fmt.Sprintf("pool_size of %s is %d, was %d when the plan was made", p.ID, from,
			old.LargestSize()))
	}
	if fl, by, err := Floor(p); err == nil && size < fl {
		r.Broken = append(r.Broken, fmt.Sprintf("%s needs %d now (%s), the plan gives it %d", p.ID, fl, by, size))
	}
	if b, breached := p.Breached(); breached {
		r.Broken = append(r.Broken, fmt.Sprintf("%s needs %d (%s), and %s allows %d", p.ID, b.Need, b.By, b.Ceiling.Text,
			b.Conns))
	}
}

// judged is the code of a review, with its sentence.
func (r *Review) judged(saved Saved, fleet budget.Fleet, now Plan) (ReviewCode, string) {
	others, today, before := otherSizes(saved.Plan, now)
	saves := words.Digits(float64(r.Excess))
	better := float64(r.Excess) > 1e-6*max(1, float64(now.Objective))
	switch {
	case len(r.Broken) > 0:
		return ReviewBroken, "its sizes no longer keep every promise"
	case len(r.Moved) == 0 && better && others > 0 && !sameLoads(saved.Fleet, fleet):
		return ReviewOtherLoads,
			fmt.Sprintf("no input left its interval; today's loads give %s instead of %s, which saves %s waiting clients", today,
				before, saves)
	case len(r.Moved) == 0 && better:
		return ReviewOtherSizes, fmt.Sprintf("no input changed, and today's plan saves %s waiting clients more: this "+
			"pgbudget chooses other sizes for the same inputs", saves)
	case len(r.Moved) == 0:
		return ReviewUnchanged, "no input changed: the saved plan still holds, " + proofWord(now.Gap)
	case float64(r.Excess) <= 1e-9*max(1, float64(now.Objective)):
		return ReviewStillBest, "inputs changed, and the saved sizes are still the best: " + proofWord(now.Gap)
	default:
		return ReviewOutdated, fmt.Sprintf("its sizes keep every promise, but its proof no longer holds: today's plan saves "+
			"%s waiting clients more", saves)
	}
}

// otherSizes counts and names the pools that two plans give different sizes, with those of today and, in the same
// order, those of before.
func otherSizes(saved, now Plan) (n int, today, before string) {
	var names, sizes []string
	for _, p := range now.Pools {
		if size, _, ok := saved.sizeOf(p.ID); ok && !p.Frozen.Any() && !saved.frozen(p.ID) && size != p.ToSize {
			names, sizes = append(names, fmt.Sprintf("%s %d", p.ID, p.ToSize)), append(sizes, fmt.Sprint(size))
		}
	}
	more := ""
	if n = len(names); n > words.MostNamed {
		names, sizes, more = names[:words.MostNamed], sizes[:words.MostNamed],
			fmt.Sprintf(", and other sizes to %d more pools,", n-words.MostNamed)
	}
	return n, strings.Join(names, ", ") + more, strings.Join(sizes, ", ")
}

// sameLoads reports whether the loads of two fleets are the same to the last digit, as they are of what is declared and
// of one recording.
func sameLoads(was, is budget.Fleet) bool {
	return slices.EqualFunc(was.Pools, is.Pools, func(a, b budget.FleetPool) bool {
		return a.ID == b.ID &&
			a.Load.Erlangs == b.Load.Erlangs
	})
}

func proofWord(gap fleet.Float) string {
	if gap == 0 {
		return "proved optimal"
	}
	return "not proved optimal"
}
