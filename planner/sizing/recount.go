package sizing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/verdict"
	"github.com/pgbudget/pgbudget/planner/words"
)

// atMost says why what a plan counts on a server may be more than can be open then; nothing: it is exact.
func (plan Plan) atMost(f budget.Fleet, server string, planned int) []verdict.Reason {
	reasons := f.AtMost(server)
	if !f.SharesUsers() && !f.SizesInDoubt(server) && !staysOpen(f, plan, server) {
		return reasons // the planned sizes' worst case is what is counted
	}
	after := as(f, plan)
	for _, r := range after.AtMost(server) {
		if !slices.ContainsFunc(reasons, r.Same) {
			reasons = append(reasons, r)
		}
	}
	_, users := f.Retallied(server)
	if pools, then := after.Retallied(server); pools+then < planned+users {
		reasons = append(reasons, verdict.Of(verdict.FewerWouldDo, "", pools+then, planned+users))
	}
	return reasons
}

// staysOpen reports whether a plan counts something of a server besides what its sizes allow: what stays open beyond
// them, or what a pool was seen to have.
func staysOpen(f budget.Fleet, plan Plan, server string) bool {
	return slices.ContainsFunc(f.Pools, func(p budget.FleetPool) bool {
		if !p.On(server) {
			return false
		}
		size, reserve, ok := plan.sizeOf(p.ID)
		return p.Rules.Count != budget.CountWorst || p.OverConns > 0 || !p.Frozen.Any() && ok &&
			p.StayConns(size, reserve) > 0
	})
}

// as is the fleet once a plan is carried out.
func as(f budget.Fleet, plan Plan) budget.Fleet {
	f.Pools = slices.Clone(f.Pools)
	for i := range f.Pools {
		p := &f.Pools[i]
		size, reserve, ok := plan.sizeOf(p.ID)
		if !ok || p.Frozen.Any() {
			continue
		}
		p.LinePools, p.Sizes = slices.Clone(p.LinePools), slices.Clone(p.Sizes)
		for j, c := range p.LinePools {
			p.LinePools[j].SeenConns = c.Staying(c.Worst(p.SizeIn(c.Process), p.ReserveConns), c.Worst(size, reserve))
		}
		for j, s := range p.Sizes {
			p.Grow(s.Process, size-s.Conns)
			p.Sizes[j].Conns = size
		}
		p.ReserveConns = reserve
		p.Tally()
	}
	return f
}

// recount takes off what a server's planned sizes count above the most that can be open with the users for whom a limit
// binds then: while the sizes were chosen, those of today were counted as a whole. More might fit then, so that nothing
// is proved. What a RELOAD may open besides goes by today's users, so that a process that recycles keeps their count.
func (plan *Plan) recount(f budget.Fleet, s *PlanServer) {
	if !f.SharesUsers() {
		return
	}
	then, users := as(f, *plan).Reshared(s.Name)
	_, today := f.Reshared(s.Name)
	counted, least := s.PlannedConns, 0
	for _, u := range today {
		if !slices.Contains(s.Ledger, u.Line()) {
			return
		}
		counted += u.Conns
	}
	for _, u := range users {
		least += u.Conns
	}
	for _, x := range f.Servers {
		recycles := func(u budget.SharedUser) bool { return slices.Contains(x.Recycling, u.Limit.Process) }
		if x.Name == s.Name && slices.ContainsFunc(slices.Concat(today, users), recycles) {
			return
		}
	}
	for i, p := range f.Pools {
		if !p.On(s.Name) {
			continue
		}
		p.LinePools = slices.Clone(p.LinePools)
		for j := range p.LinePools {
			p.LinePools[j].Shared = then.Pools[i].LinePools[j].Shared
		}
		p.Tally()
		if size, reserve, ours := plan.sizeOf(p.ID); ours && !p.Frozen.Any() {
			least += p.PlannedConns(size, reserve)
		} else {
			least += p.CountedConns()
		}
	}
	saved := counted - least
	if saved <= 0 || saved > s.PlannedConns { // chosen: no line takes more than there is; the count stays a bound
		return
	}
	s.SavedConns, s.PlannedConns, s.SpareConns = saved, s.PlannedConns-saved, s.SpareConns+saved
	s.Gap, plan.Gap = fleet.Unknown(), fleet.Unknown()
	if m := s.Marginal.OneMore; m != nil && m.UnitConns > s.SpareConns {
		m.ShortConns = m.UnitConns - s.SpareConns
	} else {
		s.Marginal.OneMore = nil
	}
	if l := s.Marginal.OneFewer; l != nil && l.UnitConns <= s.SpareConns {
		s.Marginal.OneFewer = nil
	}
	plan.Warnings = append(plan.Warnings,
		fmt.Sprintf("%s: while its sizes were chosen, the limits of users counted as they bind "+
			"today; with these sizes they save %d %s, which a plan gives out once the sizes are there", s.Name, saved,
			words.Plural(saved, "connection", "connections")))
}

// atMostNote says that what a plan counts on a server is a bound.
func atMostNote(server string, reasons []string) string {
	return fmt.Sprintf("the worst case of %s is a bound, not exact: %s", server, strings.Join(reasons, "; "))
}
