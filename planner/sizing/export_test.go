package sizing

import "github.com/pgbudget/pgbudget/planner/budget"

// ComparePool is comparePool, for tests from outside.
func (r *Review) ComparePool(was budget.Fleet, p budget.FleetPool, size int) {
	r.comparePool(was, p, size)
}

// Judged is judged, for tests from outside.
func (r *Review) Judged(saved Saved, fleet budget.Fleet, now Plan) string {
	_, sentence := r.judged(saved, fleet, now)
	return sentence
}
