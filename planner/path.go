package planner

import (
	"fmt"
	"slices"
	"time"
)

// Shift is traffic that moves from a pool to another, by a switch that says 0 to 100 percent.
type Shift struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Fraction Range  `json:"fraction"`      // of From's load at 0 %, the part that has moved at 100 %, 0..1: what is sure, believed, and possible
	At       int    `json:"at_percent"`    // what the switch says now: the fleet's loads are those of now
	Until    int    `json:"until_percent"` // where it goes; not below At
}

// Path is the way of a shift, jump by jump.
type Path struct {
	Shift Shift  `json:"shift"`
	Jumps []Jump `json:"jumps"`
}

// Jump is one turn of the switch, with the sizes that it needs before: they serve every percentage from X to To.
type Jump struct {
	X    int  `json:"from_percent"`
	To   int  `json:"to_percent"`
	Plan Plan `json:"plan"` // from the sizes that the jump before has left
}

// PathOf returns the way from Shift.At to Shift.Until with the fewest jumps of at most `most` percentage points: each goes as
// far as one set of sizes serves everything in between, which no other choice can better, as a set that serves an interval
// serves every part of it (so the furthest jump from further on ends no earlier). The receiving pool is sized for the upper
// end of the fraction, the giving one for the lower.
//
// The error is of KindInfeasible where some percentage cannot be passed, says which, and whether no sizes serve it at rest, or
// none serve a step from it; of KindUsage where the shift makes no sense.
func PathOf(f Fleet, s Shift, most int) (Path, error) {
	out := Path{Shift: s}
	if err := s.check(f, most); err != nil {
		return out, err
	}
	for x := s.At; x < s.Until; {
		jump, err := s.furthest(f, x, min(x+most, s.Until))
		if err != nil {
			return out, err
		}
		out.Jumps = append(out.Jumps, jump)
		x, f = jump.To, f.after(jump.Plan)
	}
	return out, nil
}

func (s Shift) check(f Fleet, most int) error {
	wrong := func(format string, args ...any) error {
		return &Error{Kind: KindUsage, Subject: "shift", Err: fmt.Errorf(format, args...), Hint: "--path main/app:ci/app --fraction 35%, two pools that pgbudget plan shows"}
	}
	from, ok := f.pool(s.From)
	to, also := f.pool(s.To)
	switch {
	case !ok || !also:
		return wrong("there is no pool %s or no pool %s", s.From, s.To)
	case s.From == s.To || from.Server != to.Server:
		return wrong("%s and %s are not two pools of one server", s.From, s.To)
	case s.At < 0 || s.Until > 100 || s.At > s.Until || most < 1:
		return wrong("from %d to %d percent in jumps of %d", s.At, s.Until, most)
	case !(s.Fraction.Lower >= 0 && s.Fraction.Lower <= s.Fraction.Target && s.Fraction.Target <= s.Fraction.Upper && s.Fraction.Upper <= 1):
		return wrong("a fraction of %g (%g to %g), want 0 to 1", s.Fraction.Target, s.Fraction.Lower, s.Fraction.Upper)
	case s.Fraction.Upper*float64(s.At) >= 100:
		return wrong("all of %s has moved at %d %%: nothing tells its load", s.From, s.At)
	}
	return nil
}

// furthest finds the furthest jump from x.
func (s Shift) furthest(f Fleet, x, limit int) (Jump, error) {
	rest, err := s.serving(f, x, x)
	if err != nil {
		return Jump{}, s.blocked(x, "no sizes serve it at rest", err)
	}
	best := Jump{x, x, rest}
	lo, hi := x, limit // serving is monotone: what serves an interval serves each part of it
	for lo < hi {
		mid := (lo + hi + 1) / 2
		plan, err := s.serving(f, x, mid)
		switch {
		case err == nil:
			best, lo = Jump{x, mid, plan}, mid
		case KindOf(err) != KindInfeasible:
			return Jump{}, err
		default:
			hi = mid - 1
		}
	}
	if best.To == x && x < s.Until {
		_, err := s.serving(f, x, x+1)
		return Jump{}, s.blocked(x, "sizes serve it at rest, and none serve a step from it", err)
	}
	return best, nil
}

func (s Shift) blocked(x int, why string, err error) error {
	if KindOf(err) != KindInfeasible {
		return err
	}
	return &Error{Kind: KindInfeasible, Subject: fmt.Sprintf("the shift at %d %%", x), Err: fmt.Errorf("%s: %w", why, err),
		Hint: "smaller promises, connections freed elsewhere, or a quieter hour; pgbudget plan shows the ledger"}
}

// serving plans the sizes with which the switch may stand anywhere from x to y: the promises of every percentage between
// hold; the rest is spent for the far end.
func (s Shift) serving(f Fleet, x, y int) (Plan, error) {
	at := s.loaded(f, y)
	for i := range at.Pools {
		p := &at.Pools[i]
		if p.ID != s.From && p.ID != s.To {
			continue
		}
		for z := x; z < y; z++ { // each by itself: nothing is assumed of how the need goes in between
			near, _ := s.loaded(f, z).pool(p.ID)
			size, _, err := Floor(near)
			if err != nil {
				return Plan{}, err
			}
			p.Rules.Min = max(p.Rules.Min, size)
		}
	}
	return Solve(at, Options{})
}

// loaded is the fleet with the loads that the switch gives at z percent.
func (s Shift) loaded(f Fleet, z int) Fleet {
	f.Pools = slices.Clone(f.Pools)
	from, _ := f.pool(s.From)
	left := func(phi float64, z int) float64 { return 1 - phi*float64(z)/100 }
	moved := func(phi, erlangs float64) float64 { // of what From would carry at 0 %
		return erlangs / left(phi, s.At) * phi * float64(z-s.At) / 100
	}
	phi := s.Fraction
	for i := range f.Pools {
		p := &f.Pools[i]
		e := p.Load.Erlangs
		switch p.ID {
		case s.From:
			e.Lower *= left(phi.Upper, z) / left(phi.Upper, s.At)
			e.Target *= left(phi.Target, z) / left(phi.Target, s.At)
			e.Upper *= left(phi.Lower, z) / left(phi.Lower, s.At)
			p.Load.PerSec *= left(phi.Target, z) / left(phi.Target, s.At)
		case s.To:
			e.Lower += moved(phi.Lower, from.Load.Erlangs.Lower)
			e.Target += moved(phi.Target, from.Load.Erlangs.Target)
			e.Upper += moved(phi.Upper, from.Load.Erlangs.Upper)
			perSec := from.Load.PerSec / left(phi.Target, s.At) * phi.Target * float64(z-s.At) / 100
			if total := p.Load.PerSec + perSec; total > 0 { // what comes has the holds of where it comes from
				hold := (p.Load.PerSec*float64(p.Load.MeanHold) + perSec*float64(from.Load.MeanHold)) / total
				p.Load.MeanHold = time.Duration(hold)
				p.Load.PerSec = total
			}
			p.Load.HoldSCV = max(p.Load.HoldSCV, from.Load.HoldSCV)
			p.Load.ArrivalSCV = max(p.Load.ArrivalSCV, from.Load.ArrivalSCV)
		}
		p.Load.Erlangs = e
	}
	return f
}

// after is the fleet once a plan's sizes are in force and what they release has drained; its loads are as before.
func (f Fleet) after(plan Plan) Fleet {
	var sets []Set
	for _, p := range f.Pools {
		for _, x := range plan.Pools {
			if x.ID != p.ID || x.Frozen != "" {
				continue
			}
			for _, size := range p.Sizes {
				sets = append(sets, Set{size.Process, p.Alias, KeySize, size.Conns, x.ToSize}, Set{size.Process, p.Alias, KeyReserve, p.ReserveConns, x.ReserveSize})
			}
		}
	}
	return f.With(sets).drained()
}
