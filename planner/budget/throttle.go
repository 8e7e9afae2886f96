package budget

import (
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// throttleUse is how much of a pool that is meant to queue the load of a day may take. chosen: 0.95 because the rest
// works off what the day has left waiting: a backlog of an hour in 19.
const throttleUse = 0.95

// throttle puts the load of its busiest day in place of that of its busiest minutes, for a pool that is meant to queue.
// The reason says that the day is not known: then its size is nobody's to choose. A declared load is that of the day.
func (p *FleetPool) throttle() verdict.Reason {
	if !p.Rules.Throttle {
		return verdict.Reason{}
	}
	day := p.Load.DayErlangs
	if p.Load.Method == load.MethodDeclared {
		day = p.Load.Erlangs.Target
	}
	if day <= 0 || p.Load.Held() {
		return verdict.Of(verdict.DayUnknown, "")
	}
	p.Load.Erlangs, p.Load.DayErlangs = load.Range{Lower: day, Target: day, Upper: day}, day
	p.Load.AtLeast, p.Load.ByDay = false, true
	return verdict.Reason{}
}
