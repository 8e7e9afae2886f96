package allocate

import (
	"fmt"
	"math"
)

// Solve returns sizes that minimise the total cost of p, and how far from the
// least possible cost they can be. The error is an *Infeasible when no sizes
// fit, or says what is wrong with the form of p or with one of its curves.
//
// Its memory grows with the items, the rows and the units bought; it allocates
// nothing per unit, but where rows of unequal coefficients cross. A thousand pools
// in front of one server take a fraction of a millisecond; with dozens of rows of
// unequal coefficients that cross they can take some seconds.
func Solve(p Problem) (Solution, error) {
	return solve(p, limits{work: maxWork, effort: maxEffort, labels: maxLabels})
}

// limits bound the searches of one solve, in elementary operations: of one
// branch and bound, and of one exact search over swaps; and the labels that one
// over lists keeps.
type limits struct{ work, effort, labels int }

// solve is Solve within the given limits.
func solve(p Problem, within limits) (Solution, error) {
	if err := p.check(); err != nil {
		return Solution{}, err
	}
	if clash := p.certify(); clash != nil {
		return Solution{}, clash
	}
	if listed := p.listed(); len(listed) > 0 {
		return solveListed(p, listed, within)
	}
	s := newSolver(p)
	s.within, s.core.within = within, within.effort
	sol := Solution{Method: Free}
	groups, free := s.components(all(len(s.rows)))
	for _, i := range free {
		s.items[i].takeAll()
	}
	for _, rows := range groups {
		gap, method := s.component(rows)
		sol.Gap += gap
		if method.rank() > sol.Method.rank() {
			sol.Method = method
		}
	}
	sol.N = make([]int, len(s.items))
	var total, lift sum
	for i := range s.items {
		l := &s.items[i]
		if l.bad {
			return Solution{}, fmt.Errorf("allocate: item %d %q: its curve has a gain that is not a finite number, above size "+
				"%d", i, p.Items[i].ID, l.lo+l.own)
		}
		sol.N[i] = l.lo + l.k
		total.add(l.curve.Cost(sol.N[i]))
		lift.add(l.lift)
	}
	sol.Objective = total.value()
	sol.Gap += lift.value()
	if math.IsNaN(sol.Objective) || math.IsInf(sol.Objective, 0) {
		return Solution{}, fmt.Errorf("allocate: the total cost is %v: a curve's Cost is not a finite number", sol.Objective)
	}
	s.marginals(p, &sol)
	return sol, nil
}

// sum adds floats with the rounding of each addition carried along (Neumaier
// 1974), so that the order of items does not show in the total.
type sum struct{ high, low float64 }

func (s *sum) add(x float64) {
	t := s.high + x
	if math.Abs(s.high) >= math.Abs(x) {
		s.low += (s.high - t) + x
	} else {
		s.low += (x - t) + s.high
	}
	s.high = t
}

func (s *sum) value() float64 { return s.high + s.low }
