package sizing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/allocate"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/words"
)

// WaitModelErlang and WaitModelAllenCunneen name the wait model of a plan.
const (
	WaitModelErlang       = "M/M/c (Erlang C)"
	WaitModelAllenCunneen = "G/G/c (Allen-Cunneen on Erlang C)"
)

// Options are what a user may ask of Solve besides the fleet's own rules.
type Options struct {
	BestEffort bool // where no sizes keep every promise, propose the least bad ones, marked so
}

// Solve finds the sizes that minimise the weighted number of waiting clients within every server's promise. Servers
// share nothing, so each is solved by itself.
//
// When no sizes keep every promise the error is of KindInfeasible and the Plan carries the certificate; with BestEffort
// the Plan is the least bad one and the certificate stands beside it, without an error.
func Solve(f budget.Fleet, opt Options) (Plan, error) {
	f = f.Linked()
	plan := Plan{Version: PlanVersion, At: f.At, WaitModel: waitModel(f), Warnings: append([]string{}, f.Warnings...),
		Servers: []PlanServer{}, Pools: []PlanPool{}}
	for _, p := range f.Pools {
		plan.Warnings = append(plan.Warnings, p.Load.Notes...)
		plan.Warnings = append(plan.Warnings, ownSizes(p)...)
	}
	for _, s := range f.Servers {
		if err := plan.addServer(f, s, opt); err != nil {
			if operr.KindOf(err) == operr.KindInfeasible { // what is there of a plan is no plan: only the certificate counts
				plan.Servers, plan.Pools = []PlanServer{}, []PlanPool{}
				plan.Objective, plan.Now, plan.Gap = fleet.Unknown(), fleet.Unknown(), fleet.Unknown()
				return plan, err
			}
			return Plan{}, err
		}
	}
	slices.SortFunc(plan.Pools, func(a, b PlanPool) int { return cmp.Compare(a.ID, b.ID) })
	for i := range plan.Servers {
		s := &plan.Servers[i]
		plan.recount(f, s)
		for _, r := range plan.atMost(f, s.Name, s.PlannedConns) {
			s.AtMost = append(s.AtMost, r.Text())
		}
		if len(s.AtMost) > 0 {
			plan.Warnings = append(plan.Warnings, atMostNote(s.Name, s.AtMost))
		}
	}
	return plan, nil
}

func waitModel(f budget.Fleet) string {
	for _, p := range f.Pools {
		if load.ScvFactor(p.Load) != 1 {
			return WaitModelAllenCunneen
		}
	}
	return WaitModelErlang
}

// addServer solves one server and appends its side of the plan.
func (plan *Plan) addServer(f budget.Fleet, s budget.FleetServer, opt Options) error {
	cpu := PredictCPU(s, f.Pools)
	sp, err := newServerProblem(f, s, false, -1)
	if err != nil {
		return err
	}
	sol, err := allocate.Solve(sp.problem)
	cert := cmp.Or(sp.breached(), certificate(sp, err, cpu))
	if err != nil && cert == nil {
		return fmt.Errorf("solving %s: %w", s.Name, err)
	}
	if cert != nil {
		if f.Doubtful(s.Name) {
			cert.doubt()
		}
		cert.yields(s)
		if plan.Infeasible == nil {
			plan.Infeasible = cert
		}
		if !opt.BestEffort {
			return &operr.Error{Kind: operr.KindInfeasible, Subject: "server " + s.Name, Err: errors.New(cert.Text),
				Hint: cert.hint()}
		}
		plan.BestEffort = true
		plan.Warnings = append(plan.Warnings, "best effort: "+cert.Text)
		busy, capped := cpu.carries(sp.pools)
		if !capped {
			busy = -1
		}
		if sp, err = newServerProblem(f, s, true, busy); err != nil {
			return err
		}
		if sol, err = allocate.Solve(sp.problem); err != nil {
			return &operr.Error{Kind: operr.KindInfeasible, Subject: "server " + s.Name,
				Err:  fmt.Errorf("%s; and not even the least sizes (min:, or 1) fit", cert.Text),
				Hint: cert.cureText()}
		}
	}
	kept := map[int]bool{}
	if !sp.bestEffort {
		sol, kept = sp.deadband(sol, f.Deadband)
	}
	if err := plan.appendServer(f, sp, sol, cpu); err != nil {
		return err
	}
	for i := range sp.pools {
		plan.appendPool(sp, sol, i, kept[i])
	}
	for _, p := range f.Pools {
		if p.Server == s.Name && p.Frozen.Any() {
			plan.appendFrozen(p)
		}
	}
	return nil
}

// appendServer writes the ledger: what is subtracted from max_connections, then a line per pool. It adds the promise up
// once more, from what it prints, and refuses to print a plan that breaks it.
func (plan *Plan) appendServer(f budget.Fleet, sp serverProblem, sol allocate.Solution, cpu cpuPrediction) error {
	s := sp.server
	ps := PlanServer{Name: s.Name, MaxConns: s.MaxConns, BudgetConns: s.BudgetConns,
		Ledger: slices.Clone(s.Lines), RecycleConns: s.RecycleConns, Method: string(sol.Method), Gap: fleet.Float(sol.Gap),
		CPU: cpu.plan(sp, sol)}
	if sp.bestEffort || f.Doubtful(s.Name) {
		// the gap of a best-effort problem, or of one that counts what may not be, says nothing of waiting clients
		ps.Gap = fleet.Unknown()
	}
	if limit, found := sp.untried(sol); found {
		ps.Gap = fleet.Unknown()
		plan.Warnings = append(plan.Warnings, untriedNote(s.Name, limit))
	}
	place := make(map[string]int, len(sp.pools))
	for i, p := range sp.pools {
		place[p.ID] = i
	}
	for _, p := range f.Pools {
		if !p.On(s.Name) {
			continue
		}
		ps.WorstConns += p.CountedConns()
		line := budget.Line{Item: ofPool + p.ID, Conns: p.CountedConns(), Source: "today, frozen: " + p.Frozen.Text(),
			Count: p.Rules.Count}
		if i, ours := place[p.ID]; ours {
			size, reserve := sp.sizes(sol, i)
			line.Conns = p.PlannedConns(size, reserve)
			line.Source = fmt.Sprintf("planned: %s", p.Product(size, reserve))
		}
		ps.Ledger = append(ps.Ledger, line)
		ps.PlannedConns += line.Conns
	}
	ps.SpareConns = ps.BudgetConns - ps.PlannedConns
	if !sp.bestEffort {
		ps.Marginal = sp.marginal(sol, ps.SpareConns)
	}
	plan.Gap += ps.Gap
	plan.Servers = append(plan.Servers, ps)
	plan.Warnings = append(plan.Warnings, cpu.warnings(s)...)
	if ps.SpareConns < 0 {
		return fmt.Errorf("a defect of pgbudget: the plan for %s adds up to %s, the budget is %d; nothing of it can be used",
			s.Name, words.Count(ps.PlannedConns, "connection"), ps.BudgetConns)
	}
	return nil
}

// certificate turns the solver's refusal, or a CPU that cannot carry the load, into the smallest clashing set.
func certificate(sp serverProblem, err error, cpu cpuPrediction) *Infeasible {
	var inf *allocate.Infeasible
	if errors.As(err, &inf) {
		return sp.clash(inf.Clashes[0])
	}
	if err != nil {
		return nil
	}
	return cpu.infeasible(sp)
}

// clash words one of the solver's clashes.
func (sp serverProblem) clash(c allocate.Clash) *Infeasible {
	out := &Infeasible{Server: sp.server.Name, Constraint: c.Name, Need: fleet.Float(c.Need), Cap: fleet.Float(c.Cap),
		ShortConns: c.Short, bare: c.Bare}
	if k := c.Row - 1; k >= 0 && k < len(sp.server.Caps) { // behind the budget
		out.limit = sp.server.Caps[k].Limit
	}
	// count what no size changes on both sides, as the printed ledger and the cap do
	fixed := sp.fixed(c.Row)
	out.Need, out.Cap = fleet.Float(c.Need+fixed), fleet.Float(c.Cap+fixed)
	if c.Row == 0 {
		out.Cap = fleet.Float(sp.server.BudgetConns)
	}
	text := ""
	for _, item := range c.Items {
		if item >= len(sp.pools) {
			continue
		}
		p, fl := sp.pools[item], sp.floors[item]
		size := sp.problem.Items[item].Lo
		why := fl.why(size)
		if c.Bare {
			size, why = p.Rules.Min, ByMin
		}
		conns := size
		if c.Row >= 0 {
			if takes := sp.takes(c.Row, item, size, p.LeastReserve()); takes > 0 {
				conns = takes
			}
		}
		out.Clash = append(out.Clash, Clash{Pool: p.ID, Size: size, Conns: conns, Why: why})
		if c.Row < 0 {
			text = fmt.Sprintf("%s needs %d (%s)", p.ID, size, why)
		}
	}
	if c.Row < 0 {
		p := sp.pools[c.Items[0]]
		out.ShortConns = c.Short * p.Sized()
		out.Text = fmt.Sprintf("%s, but its max is %d: %d short", text, c.Cap, c.Short)
		out.Max, out.cure = &MaxClash{p.ID, c.Need}, cure{kind: cureMax, of: p.ID, need: c.Need}
		return out
	}
	parts := sp.parts(c.Row)
	out.Text = fmt.Sprintf("%s is %s short: %v needed, %v there; %s", c.Name, words.Count(out.ShortConns, "connection"),
		float64(out.Need), float64(out.Cap), sp.sum(c, parts))
	if c.Bare {
		out.cure = out.leastCure(func(pool string) bool { // what it promises needs more than its min
			i := slices.IndexFunc(sp.pools, func(p budget.FleetPool) bool { return p.ID == pool })
			return sp.floors[i].size > sp.pools[i].Rules.Min
		})
	} else if least := minimums(parts); len(least) > 0 {
		out.cure = cure{kind: cureMin, of: strings.Join(least, ", ")}
	}
	return out
}

// fixed is what no size changes of a row, of the budget or of a declared cap: reserves and pools that are not sized.
func (sp serverProblem) fixed(row int) int {
	switch k := row - 1; { // behind the budget
	case row == 0:
		return sp.constConns
	case k >= 0 && k < len(sp.server.Caps) && sp.server.Caps[k].Limit.Kind == fleet.LimitCap:
		c := sp.server.Caps[k]
		return c.Conns + c.ConstConns - sp.problem.Rows[row].Cap // reserves that stay, too
	}
	return 0
}

// parts are what the smallest sizes of all pools take of a row, the most first.
func (sp serverProblem) parts(row int) (parts []Clash) {
	for i, p := range sp.pools {
		least := sp.problem.Items[i].Lo
		conns := sp.takes(row, i, least, p.LeastReserve())
		if conns == 0 {
			continue
		}
		parts = append(parts, Clash{Pool: p.ID, Size: least, Conns: conns, Why: sp.floors[i].why(least)})
	}
	slices.SortStableFunc(parts, func(a, b Clash) int { return b.Conns - a.Conns })
	return parts
}

// minimums names the pools that take so much because their min: says so, those of which a sum is told.
func minimums(parts []Clash) (pools []string) {
	for _, x := range parts[:min(len(parts), words.MostNamed)] {
		if x.Why == ByMin && x.Size > 1 {
			pools = append(pools, x.Pool)
		}
	}
	return pools
}

// sum words what all floors use of a row, in connections, so that the parts add up to what is needed: those that take
// most, all others of the row, and what no size changes.
func (sp serverProblem) sum(c allocate.Clash, parts []Clash) string {
	rest, others := c.Need, len(parts)-min(len(parts), words.MostNamed)
	var w []string
	for _, x := range parts[:min(len(parts), words.MostNamed)] {
		rest -= x.Conns
		w = append(w, fmt.Sprintf("%s %d (size %d: %s)", x.Pool, x.Conns, x.Size, x.Why))
	}
	if others > 0 && rest > 0 {
		w = append(w, fmt.Sprintf("%s %d", words.Plural(others, "1 more pool", fmt.Sprintf("%d more pools", others)), rest))
	}
	if fixed := sp.fixed(c.Row); fixed > 0 {
		w = append(w, fmt.Sprintf("reserves and pools that the plan may not change %d", fixed))
	}
	return strings.Join(w, " + ")
}

// leastCure is the cure where not even the least sizes fit: no weaker promise alone helps, and a lower min: alone helps
// those pools that promise nothing which needs more.
func (i *Infeasible) leastCure(promises func(pool string) bool) cure {
	var pools []string
	also := false
	for _, c := range i.Clash {
		if c.Why == ByMin && c.Size > 1 && len(pools) < words.MostNamed {
			pools = append(pools, c.Pool)
			also = also || promises(c.Pool)
		}
	}
	if len(pools) == 0 {
		return cure{}
	}
	return cure{kind: cureLeast, of: strings.Join(pools, ", "), also: also}
}
