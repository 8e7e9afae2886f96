package main

import (
	"math"

	"github.com/pgbudget/pgbudget/planner/sizing"
)

// waitsText is the p99 of waiting now, and as planned.
func waitsText(x sizing.PlanPool) string {
	if x.ByChoice {
		return "by choice"
	}
	return change(waitNow(x), seconds(x.Wait.P99))
}

// waitsReported is the same with what it is.
func waitsReported(x sizing.PlanPool) string {
	if x.ByChoice {
		return waitsText(x)
	}
	return waitsText(x) + " p99 (model)"
}

func waitNow(x sizing.PlanPool) string {
	if x.FromSize == nil {
		return "?"
	}
	if math.IsInf(float64(x.Wait.P99Now), 1) {
		return "full"
	}
	return seconds(x.Wait.P99Now)
}
