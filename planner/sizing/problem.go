package sizing

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/pgbudget/pgbudget/planner/words"

	"github.com/pgbudget/pgbudget/planner/allocate"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// serverProblem is one server's integer problem and the map back from its items to pools.
type serverProblem struct {
	server     budget.FleetServer
	pools      []budget.FleetPool // ours to size, sorted; item i is pools[i]
	floors     []floor
	curves     []PoolCurve // what waits in each, without what best effort adds
	reserve    []int       // item of the pool's reserve, -1 where the reserve is fixed
	problem    allocate.Problem
	constConns int // connections of the budget row that no item changes
	bestEffort bool
	listed     []listedPool // of each pool; without uses where a curve and terms describe it
	terms      [][]rowTerm  // of each item, by row: problem.Rows transposed
	leastGain  float64
	// share of the objective, 0..1, that a resize must save
	deadbandShare float64
}

// floor is a pool's smallest size and the promise behind it.
type floor struct {
	size int
	by   string
	kept kept
}

// newServerProblem writes the promise as rows: the budget, and the limits over several pools. What PgBouncer limits in
// one pool alone is no row: it stands in what the pool takes of the budget and in what its clients wait, at every size.
// Connections that no size of ours changes are taken off the budget first. busyConns is how many connections a CPU that
// cannot carry the load may keep busy, of a best-effort plan; negative: any number.
func newServerProblem(f budget.Fleet, s budget.FleetServer, bestEffort bool, busyConns int) (serverProblem, error) {
	sp := serverProblem{server: s, bestEffort: bestEffort, leastGain: f.LeastGain, deadbandShare: f.Deadband}
	sp.problem.MinGain = f.LeastGain
	b := allocate.Row{Name: fmt.Sprintf("budget of %s", s.Name), Terms: make([]allocate.Term, 0, len(f.Pools))}
	sp.pools, sp.floors, sp.curves = make([]budget.FleetPool, 0, len(f.Pools)), make([]floor, 0, len(f.Pools)),
		make([]PoolCurve, 0, len(f.Pools))
	sp.listed, sp.problem.Items = make([]listedPool, 0, len(f.Pools)), make([]allocate.Item, 0, len(f.Pools))
	for _, p := range f.Pools {
		if !p.On(s.Name) {
			continue
		}
		if p.Frozen.Any() {
			sp.constConns += p.CountedConns()
			continue
		}
		fl, by, err := Floor(p)
		if err != nil {
			return serverProblem{}, err
		}
		i := len(sp.pools)
		sp.pools = append(sp.pools, p)
		item := allocate.Item{ID: p.ID, Lo: fl, Hi: math.MaxInt32, Min: p.Rules.Min}
		curve := CurveOf(p)
		sp.curves = append(sp.curves, curve)
		if bestEffort {
			curve.floor, item.Lo = fl, p.Rules.Min
		}
		item.Cost = curve
		if p.Rules.Max > 0 {
			item.Hi = p.Rules.Max
		}
		sp.floors = append(sp.floors, floor{fl, by, keptBy(p, item.Hi)})
		item.Lo = max(item.Lo, min(sp.floors[i].kept.least(p), item.Hi))
		sp.problem.Items = append(sp.problem.Items, item)
		listed := listedPool{}
		if item.Lo <= item.Hi {
			listed.on = bends(p, s, item)
		}
		sp.listed = append(sp.listed, listed)
		if listed.on {
			sp.use(0, i, p.PlannedConns)
			continue
		}
		coef := p.UnitConns(item.Lo, p.LeastReserve())
		sp.constConns += p.PlannedConns(item.Lo, p.LeastReserve()) - coef*item.Lo
		if p.ReserveFree {
			sp.constConns -= p.ReserveAt(item.Lo, p.Reserve.Min) * p.Reserve.Min
		}
		b.Terms = append(b.Terms, allocate.Term{Item: i, Coef: coef})
	}
	sp.addReserves(&b)
	b.Cap = s.BudgetConns - sp.constConns
	sp.problem.Rows = append(sp.problem.Rows, b)
	sp.addCaps()
	if busyConns >= 0 {
		sp.addBusyCap(busyConns)
	}
	sp.terms = make([][]rowTerm, len(sp.problem.Items))
	for r, row := range sp.problem.Rows {
		for _, t := range row.Terms {
			sp.terms[t.Item] = append(sp.terms[t.Item], rowTerm{r, t.Coef})
		}
	}
	sp.list()
	return sp, nil
}

// rowTerm is what one of an item takes of a row.
type rowTerm struct{ row, coef int }

// coef is what one of an item takes of a row; 0: nothing.
func (sp serverProblem) coef(row, item int) int {
	sum := 0
	for _, t := range sp.terms[item] {
		if t.row == row {
			sum += t.coef
		}
	}
	return sum
}

// addReserves makes an item of every reserve that the plan may lower.
func (sp *serverProblem) addReserves(budget *allocate.Row) {
	for i, p := range sp.pools {
		sp.reserve = append(sp.reserve, -1)
		if !p.ReserveFree || sp.listed[i].on {
			continue
		}
		item := len(sp.problem.Items)
		sp.reserve[i] = item
		sp.problem.Items = append(sp.problem.Items, allocate.Item{ID: p.ID + " reserve", Lo: p.Reserve.Min, Hi: p.Reserve.Max,
			Min: p.Reserve.Min, Cost: newReserveCurve(p, sp.leastGain)})
		coef := p.ReserveAt(sp.problem.Items[i].Lo, p.Reserve.Min)
		budget.Terms = append(budget.Terms, allocate.Term{Item: item, Coef: coef})
	}
}

func (sp *serverProblem) addCaps() {
	for _, c := range sp.server.Caps {
		row := allocate.Row{Name: c.Name, Cap: c.Conns}
		for _, t := range c.Terms {
			if i, ok := slices.BinarySearchFunc(sp.pools, t.Pool, func(p budget.FleetPool,
				id string) int {
				return cmp.Compare(p.ID, id)
			}); ok {
				sp.addTerms(&row, i, t)
			}
		}
		sp.problem.Rows = append(sp.problem.Rows, row)
	}
}

// addTerms adds pool i's size, and its reserve, to a row that is the next of the problem; a reserve that stays is taken
// off the cap.
func (sp *serverProblem) addTerms(row *allocate.Row, i int, t budget.CapTerm) {
	coef := t.Coef
	if sp.listed[i].on {
		sp.use(len(sp.problem.Rows), i, func(size, reserve int) int {
			conns := coef * (size + reserve)
			for _, maybe := range t.Maybe {
				conns += max(0, maybe-size-reserve)
			}
			return conns
		})
		return
	}
	row.Terms = append(row.Terms, allocate.Term{Item: i, Coef: coef})
	if r := sp.reserve[i]; r >= 0 {
		row.Terms = append(row.Terms, allocate.Term{Item: r, Coef: coef})
	} else {
		row.Cap -= coef * sp.pools[i].ReserveConns
	}
}

// addBusyCap is the best-effort answer to a CPU that cannot carry the load: no more connections than the ceiling keeps
// busy.
func (sp *serverProblem) addBusyCap(conns int) {
	least := 0
	for i, p := range sp.pools {
		least += p.Sized() * sp.problem.Items[i].Lo
	}
	conns = max(conns, least)
	row := allocate.Row{Name: fmt.Sprintf("CPU ceiling of %s: %d busy connections", sp.server.Name, conns), Cap: conns}
	for i, p := range sp.pools {
		if sp.listed[i].on {
			sp.use(len(sp.problem.Rows), i, func(size, _ int) int { return p.Sized() * size })
			continue
		}
		row.Terms = append(row.Terms, allocate.Term{Item: i, Coef: p.Sized()})
	}
	sp.problem.Rows = append(sp.problem.Rows, row)
}

// sizes returns the planned size and reserve of pool i.
func (sp serverProblem) sizes(sol allocate.Solution, i int) (size, reserve int) {
	reserve = sp.pools[i].ReserveConns
	if r := sp.reserve[i]; r >= 0 {
		reserve = sol.N[r]
	}
	if sp.listed[i].on {
		reserve = sp.listed[i].reserves[sol.Options[i]]
	}
	return sol.N[i], reserve
}

// breached is the certificate of a limit that no size of a pool gets around.
func (sp serverProblem) breached() *Infeasible {
	for _, p := range sp.pools {
		b, broken := p.Breached()
		if !broken {
			continue
		}
		text := fmt.Sprintf("%s is %s short: %s needs %d for %.3g Erlangs (%s), %d there, whatever its size", b.Ceiling.Text,
			words.Count(b.Need-b.Conns, "connection"), b.Pool, b.Need, b.Erlangs, b.By, b.Conns)
		out := &Infeasible{Server: sp.server.Name, Constraint: b.Ceiling.Text, Need: fleet.Float(b.Need),
			Cap: fleet.Float(b.Conns), ShortConns: b.Need - b.Conns,
			Clash: []Clash{{Pool: b.Pool, Size: b.Need, Conns: b.Need, Why: b.By}}, Text: text,
			cure: cure{kind: cureLimit, need: b.Need - b.Conns}}
		if b.Ceiling.Above == 0 {
			out.limit = b.Ceiling.Limit
		}
		return out
	}
	return nil
}
