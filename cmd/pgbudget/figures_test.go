package main

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner"
)

// TestFiguresHaveNoExponent: loads, rates, waits and signals of a thousandth of a millionth up to thousands of millions.
func TestFiguresHaveNoExponent(t *testing.T) {
	exponent := regexp.MustCompile(`\de[+-]\d`)
	for _, x := range []float64{0, 1e-9, 1e-5, 7.5e-5, 0.001, 0.5, 99.99, 999.9, 1234, 12345.678, 1e6, 16777217, 1e9} {
		e := planner.Range{Lower: x, Target: x, Upper: x}
		load := planner.Load{Pool: "main/app", Erlangs: e, PerSec: x, MeanHold: time.Duration(min(x, 1e9)), MeanWaitSeen: planner.Float(x), Xacts: int64(x)}
		point := planner.Point{X: 5, From: planner.Measure{Erlangs: x}, To: planner.Measure{Erlangs: x}, Expected: &planner.Range{Lower: x, Upper: x}}
		plan := planner.Plan{Objective: planner.Float(x), Now: planner.Float(x), Gap: planner.Float(x),
			Servers: []planner.PlanServer{{Name: "pg", Price: planner.PlanPrice{OneMore: &planner.OneMore{Saves: x}, OneFewer: &planner.OneFewer{Costs: x}},
				CPU: planner.PlanCPU{Now: planner.Float(x), Predicted: planner.Float(x), Growth: planner.Float(x), Ceiling: planner.Float(x)}}},
			Pools: []planner.PlanPool{{ID: "main/app", Load: e, Wait: planner.PlanWait{P99: planner.Float(x), P99Now: planner.Float(x), MeanSeen: planner.Float(x)}}}}
		var b strings.Builder
		o, ten := output{w: &b, format: "table"}, 10
		fmt.Fprintln(&b, pointText(point))
		o.traffic(trafficStatus{Shift: "main/app:ci/app", X: &ten, Belief: planner.Belief{Fraction: e}, Points: []planner.Point{point}})
		for _, err := range []error{o.plan(plan), o.loads(planner.Evidence{}, []planner.Load{load}),
			o.observation(planner.Observation{Signals: []planner.Signal{{Name: "lag", Server: "pg", Value: planner.Float(x)}}})} {
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
