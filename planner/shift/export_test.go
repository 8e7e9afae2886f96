package shift

import "github.com/pgbudget/pgbudget/planner/budget"

// Pair is pair, for tests from outside.
func (s Shift) Pair(f budget.Fleet, x int) (from, to budget.FleetPool) { return s.pair(f, x) }
