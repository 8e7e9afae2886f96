package allocate

import (
	"math"
	"strings"
	"testing"
)

func TestMistakesOfFormAreNamed(t *testing.T) {
	flat := Table{Costs: []float64{1, 0}}
	fine := Item{ID: "web", Lo: 0, Hi: 1, Cost: flat}
	for _, c := range []struct {
		name string
		p    Problem
		want string
	}{
		{"no curve", Problem{Items: []Item{{ID: "web"}}}, `item 0 "web" has no cost curve`},
		{"negative floor", Problem{Items: []Item{{ID: "web", Lo: -1, Hi: 3, Cost: flat}}}, "Lo is -1"},
		{"huge floor", Problem{Items: []Item{{ID: "web", Lo: MaxSize + 1, Hi: math.MaxInt, Cost: flat}}}, "Lo is 67108865"},
		{"negative threshold", Problem{MinGain: -1}, "MinGain is -1"},
		{"no threshold", Problem{MinGain: math.NaN()}, "MinGain is NaN"},
		{"infinite threshold", Problem{MinGain: math.Inf(1)}, "MinGain is +Inf"},
		{"no such item", Problem{Rows: []Row{{Name: "r", Terms: []Term{{0, 1}}}}}, `row "r" names item 0 of 0`},
		{"twice", Problem{Items: []Item{fine}, Rows: []Row{{Name: "r", Terms: []Term{{0, 1}, {0, 2}}}}}, "twice"},
		{"negative coefficient", Problem{Items: []Item{fine}, Rows: []Row{{Name: "r", Terms: []Term{{0, -1}}}}},
			"Coef is -1"},
		{"huge coefficient", Problem{Items: []Item{fine}, Rows: []Row{{Name: "r", Terms: []Term{{0, MaxCoef + 1}}}}},
			"Coef is 32769"},
		{"huge cap", Problem{Rows: []Row{{Name: "r", Cap: math.MaxInt}}}, "out of range"},
		{"gain that is no number", Problem{Items: []Item{{ID: "web", Hi: 3, Cost: Table{Costs: []float64{3, math.NaN()}}}}},
			"not a finite number, above size 0"},
		{"infinite gain", Problem{Items: []Item{{ID: "web", Hi: 3, Cost: Table{Costs: []float64{math.Inf(1), 2}}}}},
			"not a finite number"},
		{"gain of minus infinity", Problem{Items: []Item{{ID: "web", Hi: 3, Cost: Table{Costs: []float64{2, math.Inf(1)}}}}},
			"not a finite number"},
		{"infinite cost", Problem{Items: []Item{{ID: "web", Cost: Table{Costs: []float64{math.Inf(1)}}}}},
			"Cost is not a finite number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Solve(c.p)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	_, err := Solve(Problem{Items: []Item{{ID: "a"}, {ID: "b"}}, MinGain: -1})
	if got := strings.Count(err.Error(), "\n"); got != 2 {
		t.Errorf("got %d line breaks, want 2 in:\n%v", got, err)
	}
}

func TestAProblemMayBeEmpty(t *testing.T) {
	for _, p := range []Problem{{}, {Rows: []Row{{Name: "r"}}}} {
		sol, err := Solve(p)
		if err != nil || len(sol.N) != 0 || sol.Objective != 0 || sol.Gap != 0 || sol.Method != Free {
			t.Errorf("got %+v, %v; want nothing, free", sol, err)
		}
	}
}

func TestItemsWithoutACapTakeWhatHelps(t *testing.T) {
	p := Problem{Items: []Item{
		{ID: "a", Lo: 1, Hi: math.MaxInt, Cost: stepsCurve{from: 1, gains: []float64{3, 2, 1e-300}}},
		{ID: "b", Lo: 0, Hi: 1, Cost: stepsCurve{gains: []float64{3, 2}}},
		{ID: "c", Lo: 7, Hi: 7, Cost: stepsCurve{gains: []float64{3, 2}}},
	}, Rows: []Row{{Name: "nothing", Cap: 0, Terms: []Term{{0, 0}}}}}
	sol, err := Solve(p)
	if err != nil || sol.N[0] != 4 || sol.N[1] != 1 || sol.N[2] != 7 {
		t.Errorf("got %v, %v; want [4 1 7]", sol.N, err)
	}
}

func TestUnitsAtOrBelowMinGainStayUnspent(t *testing.T) {
	p := Problem{
		Items: []Item{
			{ID: "a", Lo: 0, Hi: 9, Cost: stepsCurve{gains: []float64{30, 10, 9.9}}},
			{ID: "b", Lo: 0, Hi: 9, Cost: stepsCurve{gains: []float64{3, 1.1, 1}}},
		},
		Rows:    []Row{{Name: "budget", Cap: 1000, Terms: []Term{{0, 10}, {1, 1}}}},
		MinGain: 1,
	}
	sol, err := Solve(p)
	if err != nil || sol.N[0] != 1 || sol.N[1] != 2 || sol.RowUse[0] != 12 || sol.Gap != 0 {
		t.Errorf("got %v, use %v, gap %v, %v; want [1 2], 12, 0", sol.N, sol.RowUse, sol.Gap, err)
	}
}
