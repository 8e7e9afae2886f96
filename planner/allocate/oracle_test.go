package allocate

import (
	"math"
	"math/rand/v2"
	"slices"
)

// steps is a curve given by its gains: gains[k] is saved by the step from
// from+k to from+k+1, and base remains in the end.
type stepsCurve struct {
	from  int
	gains []float64
	base  float64
}

func (c stepsCurve) Cost(n int) float64 {
	cost := c.base
	for k := len(c.gains) - 1; k >= max(0, n-c.from); k-- {
		cost += c.gains[k]
	}
	return cost
}

func (c stepsCurve) Gains(n int, dst []float64) {
	for k := range dst {
		dst[k] = 0
		if j := n + k - c.from; j < len(c.gains) {
			dst[k] = c.gains[j]
		}
	}
}

// brute returns the least objective of p over all sizes, by trying them all.
// Costs must not be negative.
func brute(p Problem) (best float64, at []int) {
	best = math.Inf(1)
	left := make([]int, len(p.Rows))
	for r, row := range p.Rows {
		left[r] = row.Cap
	}
	uses := make([][]Term, len(p.Items)) // Term.Item is the row here
	for r, row := range p.Rows {
		for _, t := range row.Terms {
			uses[t.Item] = append(uses[t.Item], Term{r, t.Coef})
		}
	}
	n := make([]int, len(p.Items))
	var try func(i int, cost float64)
	try = func(i int, cost float64) {
		if cost >= best {
			return
		}
		if i == len(p.Items) {
			if slices.ContainsFunc(left, func(v int) bool { return v < 0 }) {
				return
			}
			best = cost
			at = append(at[:0], n...)
			return
		}
		it := p.Items[i]
		for _, u := range uses[i] {
			left[u.Item] -= u.Coef * it.Lo
		}
		v := it.Lo
	sizes:
		for ; v <= it.Hi; v++ {
			for _, u := range uses[i] {
				if left[u.Item] < 0 {
					break sizes
				}
			}
			n[i] = v
			try(i+1, cost+it.Cost.Cost(v))
			for _, u := range uses[i] {
				left[u.Item] -= u.Coef
			}
		}
		for _, u := range uses[i] {
			left[u.Item] += u.Coef * v
		}
	}
	try(0, 0)
	return best, at
}

// fits says whether n satisfies the bounds and rows of p.
func fits(p Problem, n []int) bool {
	for i, it := range p.Items {
		if n[i] < it.Lo || n[i] > it.Hi {
			return false
		}
	}
	for _, row := range p.Rows {
		use := 0
		for _, t := range row.Terms {
			use += t.Coef * n[t.Item]
		}
		if use > row.Cap {
			return false
		}
	}
	return true
}

// worth returns the objective of p at n.
func worth(p Problem, n []int) float64 {
	total := 0.0
	for i, it := range p.Items {
		total += it.Cost.Cost(n[i])
	}
	return total
}

// close9 says whether a and b agree to 1e-9, relative to the larger.
func close9(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) }

// randomCurve draws one of five shapes: smooth, tied, linear, flat-ended, and
// gains that fall over many orders of magnitude.
func randomCurve(rng *rand.Rand, lo, hi, coef int) stepsCurve {
	c := stepsCurve{from: lo, gains: make([]float64, max(0, hi-lo))}
	shape := rng.IntN(5)
	g := 10 * rng.Float64()
	for k := range c.gains {
		switch shape {
		case 0:
			g *= 0.3 + 0.7*rng.Float64()
		case 1:
			g = float64(max(0, 12-k*rng.IntN(3)-rng.IntN(2)))
		case 2:
			g = float64(coef)
		case 3:
			if k > 0 && rng.IntN(3) == 0 {
				g = 0
			}
		case 4:
			if k == 0 {
				g = math.Pow(10, 15*rng.Float64())
			} else {
				g *= math.Pow(10, -40*rng.Float64())
			}
		}
		if k > 0 {
			g = min(g, c.gains[k-1])
		}
		c.gains[k] = g
	}
	if rng.IntN(2) == 0 {
		c.base = rng.Float64()
	}
	return c
}

// randomItems draws n items of a few sizes each.
func randomItems(rng *rand.Rand, n, span int, coef func(i int) int) []Item {
	items := make([]Item, n)
	for i := range items {
		lo := rng.IntN(3)
		hi := lo + rng.IntN(span+1)
		items[i] = Item{ID: string(rune('a' + i)), Lo: lo, Hi: hi, Cost: randomCurve(rng, lo, hi, coef(i))}
	}
	return items
}

// rowOver returns a row over the given items whose cap lies between what their
// floors need and three quarters of the path to what their ceilings need.
func rowOver(rng *rand.Rand, name string, items []Item, members []int, coef func(i int) int) Row {
	row := Row{Name: name}
	low, high := 0, 0
	for _, i := range members {
		row.Terms = append(row.Terms, Term{i, coef(i)})
		low += coef(i) * items[i].Lo
		high += coef(i) * items[i].Hi
	}
	row.Cap = low + rng.IntN((high-low)*3/4+1)
	return row
}

// split deals 0, 1, …, n-1 into at most parts groups.
func split(rng *rand.Rand, n, parts int) [][]int {
	groups := make([][]int, parts)
	for i := range n {
		g := rng.IntN(parts)
		groups[g] = append(groups[g], i)
	}
	return groups
}

func one(int) int { return 1 }
