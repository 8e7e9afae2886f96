package allocate

import (
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// clashOf returns the Infeasible of p, nil when p is feasible.
func clashOf(t *testing.T, p Problem) *Infeasible {
	t.Helper()
	_, err := Solve(p)
	var clash *Infeasible
	if err != nil && !errors.As(err, &clash) {
		t.Fatalf("Solve: %v, want an *Infeasible", err)
	}
	return clash
}

// tighten lowers caps below what the floors need, draws Mins, and now and then
// puts a floor above its ceiling.
func tighten(rng *rand.Rand, p Problem) Problem {
	for i := range p.Items {
		it := &p.Items[i]
		it.Lo += rng.IntN(6)
		it.Hi = it.Lo + rng.IntN(4)
		it.Min = rng.IntN(it.Lo + 2)
		if rng.IntN(12) == 0 {
			it.Hi = it.Lo - 1 - rng.IntN(2)
		}
		it.Cost = randomCurve(rng, it.Lo, it.Hi, 1)
	}
	for r := range p.Rows {
		need := 0
		for _, t := range p.Rows[r].Terms {
			need += t.Coef * p.Items[t.Item].Lo
		}
		p.Rows[r].Cap = need - rng.IntN(need+3) + rng.IntN(5)
	}
	return p
}

func TestRaisingEveryClashByItsShortIsJustEnough(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 30))
	clashes := 0
	for range 6000 {
		p := tighten(rng, drawMixed(rng))
		clash := clashOf(t, p)
		if best, _ := brute(p); (clash == nil) != (best < 1e300) {
			t.Fatalf("infeasible = %v, brute force found %v\n%+v", clash, best, p)
		}
		if clash == nil {
			continue
		}
		clashes += len(clash.Clashes)
		raise := func(i, less int) {
			c := clash.Clashes[i]
			if c.Row >= 0 {
				p.Rows[c.Row].Cap += c.Short - less
			} else {
				p.Items[c.Items[0]].Hi += c.Short - less
			}
		}
		for i := range clash.Clashes {
			raise(i, 0)
		}
		if again := clashOf(t, p); again != nil {
			t.Fatalf("after raising all of %v still %v", clash, again)
		}
		for i := range clash.Clashes {
			raise(i, 2*clash.Clashes[i].Short-(clash.Clashes[i].Short-1)) // back, all but one
			if clashOf(t, p) == nil {
				t.Fatalf("clash %d of %v: one less is enough, too", i, clash)
			}
			raise(i, 0)
			raise(i, 1)
		}
	}
	if clashes < 5000 {
		t.Errorf("%d clashes were checked, want at least 5000", clashes)
	}
}

func TestAClashNamesTheFewestFloorsThatBreakTheRow(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 30))
	for range 6000 {
		p := tighten(rng, drawMixed(rng))
		clash := clashOf(t, p)
		if clash == nil {
			continue
		}
		for _, c := range clash.Clashes {
			if c.Row < 0 {
				continue
			}
			row := p.Rows[c.Row]
			use := func(set uint) (sum int) { // floors for the set, Min (or nothing) for the others
				for j, term := range row.Terms {
					it := p.Items[term.Item]
					bare := min(it.Lo, it.Min)
					if it.Min == 0 {
						bare = min(it.Lo, 1)
					}
					size := bare
					switch in := set>>j&1 == 1; {
					case in && !c.Bare:
						size = it.Lo
					case !in && c.Bare:
						size = 0
					}
					sum += term.Coef * size
				}
				return sum
			}
			var named uint
			for j, term := range row.Terms {
				if slices.Contains(c.Items, term.Item) {
					named |= 1 << j
				}
			}
			if use(named) <= row.Cap {
				t.Fatalf("%v use only %d of %d\n%+v", c.Items, use(named), row.Cap, p)
			}
			for set := range uint(1) << len(row.Terms) {
				if bits.OnesCount(set) < len(c.Items) && use(set) > row.Cap {
					t.Fatalf("%b breaks row %q with fewer items than %v\n%+v", set, row.Name, c.Items, p)
				}
			}
		}
	}
}

func TestAnInfeasibleReadsAsASentence(t *testing.T) {
	p := Problem{
		Items: []Item{
			{ID: "main", Lo: 20, Hi: 90, Cost: Table{Costs: []float64{0}}},
			{ID: "ci", Lo: 5, Hi: 4, Cost: Table{Costs: []float64{0}}},
			{ID: "web", Lo: 1, Hi: 9, Cost: Table{Costs: []float64{0}}},
		},
		Rows: []Row{{Name: "budget", Cap: 30, Terms: []Term{{0, 3}, {1, 2}, {2, 1}}}},
	}
	got := clashOf(t, p)
	want := &Infeasible{Clashes: []Clash{
		{Row: 0, Name: "budget", Items: []int{0}, Need: 71, Cap: 30, Short: 41},
		{Row: -1, Name: "ci", Items: []int{1}, Need: 5, Cap: 4, Short: 1},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	const text = "allocate: infeasible: budget needs 71 of 30 (41 short, 1 items clash); ci needs 5 and may have 4 (1 " +
		"short)"
	if fmt.Sprint(got) != text {
		t.Errorf("got  %v\nwant %v", got, text)
	}
}
