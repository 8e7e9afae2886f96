package main

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// TestFiguresHaveNoExponent: loads, rates, waits and signals of a thousandth of a millionth up to thousands of
// millions.
func TestFiguresHaveNoExponent(t *testing.T) {
	exponent := regexp.MustCompile(`\de[+-]\d`)
	for _, x := range []float64{0, 1e-9, 1e-5, 7.5e-5, 0.001, 0.5, 99.99, 999.9, 1234, 12345.678, 1e6, 16777217, 1e9} {
		e := load.Range{Lower: x, Target: x, Upper: x}
		l := load.Load{Pool: "main/app", Erlangs: e, PerSec: x, MeanHold: time.Duration(min(x, 1e9)),
			MeanWaitSeen: fleet.Float(x), Xacts: int64(x)}
		point := learn.SoakResult{X: 5, From: learn.Measure{Erlangs: x}, To: learn.Measure{Erlangs: x},
			Expected: &load.Range{Lower: x, Upper: x}}
		plan := sizing.Plan{Objective: fleet.Float(x), Now: fleet.Float(x), Gap: fleet.Float(x),
			Servers: []sizing.PlanServer{{Name: "pg", Marginal: sizing.Marginal{OneMore: &sizing.OneMore{Saves: x},
				OneFewer: &sizing.OneFewer{Costs: x}},
				CPU: sizing.PlanCPU{Now: fleet.Float(x), Predicted: fleet.Float(x), Growth: fleet.Float(x),
					Ceiling: fleet.Float(x)}}},
			Pools: []sizing.PlanPool{{ID: "main/app", Load: e, Wait: sizing.PlanWait{P99: fleet.Float(x), P99Now: fleet.Float(x),
				MeanSeen: fleet.Float(x)}}}}
		var b strings.Builder
		o, ten := output{w: &b, format: "table"}, 10
		fmt.Fprintln(&b, pointText(point))
		o.traffic(trafficStatus{Shift: "main/app:ci/app", X: &ten, Estimate: learn.FractionEstimate{Fraction: e},
			Soaks: []learn.SoakResult{point}})
		for _, err := range []error{o.plan(plan), o.loads(load.Evidence{}, []load.Load{l}),
			o.observation(fleet.Observation{Signals: []fleet.Signal{{Name: "lag", Server: "pg", Value: fleet.Float(x)}}})} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, line := range strings.Split(b.String(), "\n") {
			if exponent.MatchString(line) {
				t.Errorf("%v: %s", x, line)
			}
		}
		if most := math.Round(x); x >= 1000 && !strings.Contains(b.String(), fmt.Sprintf("lag of pg: %.0f\n", most)) {
			t.Errorf("a signal of %v reads otherwise in\n%s", x, b.String())
		}
	}
}
