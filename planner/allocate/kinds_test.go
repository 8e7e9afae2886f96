package allocate

import (
	"fmt"
	"math/rand/v2"
)

// kind is a family of random small problems.
type kind struct {
	name string
	// shape is the method that this family exists for; problems that turn out
	// simpler are checked too, and do not count. Empty: every problem counts.
	shape Method
	draw  func(rng *rand.Rand) Problem
}

// pools of the line draws how many connections a unit of each of n items uses.
func linePools(rng *rand.Rand, n int) func(int) int {
	most := []int{2, 3, 8, 16}[rng.IntN(4)]
	m := make([]int, n)
	for i := range m {
		m[i] = 1 + rng.IntN(most)
	}
	return func(i int) int { return m[i] }
}

// drawOneRow is a budget over pools with unequal pools of the line.
func drawOneRow(rng *rand.Rand) Problem {
	n := 1 + rng.IntN(6)
	m := linePools(rng, n)
	items := randomItems(rng, n, 5, m)
	return Problem{Items: items, Rows: []Row{rowOver(rng, "budget", items, all(n), m)}}
}

// drawCeilings adds rows over single items to a budget.
func drawCeilings(rng *rand.Rand) Problem {
	p := drawOneRow(rng)
	for i := range p.Items {
		if rng.IntN(2) == 0 {
			k := 1 + rng.IntN(4)
			p.Rows = append(p.Rows, rowOver(rng, "own", p.Items, []int{i}, func(int) int { return k }))
		}
	}
	return p
}

// drawUsers is a budget with unit pools of the line around the caps of disjoint users.
func drawUsers(rng *rand.Rand) Problem {
	n := 2 + rng.IntN(5)
	items := randomItems(rng, n, 5, one)
	k := 1 + rng.IntN(3)
	p := Problem{Items: items, Rows: []Row{rowOver(rng, "budget", items, all(n), func(int) int { return k })}}
	for u, members := range split(rng, n, 3) {
		p.Rows = append(p.Rows, rowOver(rng, fmt.Sprint("user", u), items, members, one))
		if len(members) > 2 {
			p.Rows = append(p.Rows, rowOver(rng, fmt.Sprint("part", u), items, members[:2], one))
		}
	}
	return p
}

// drawCrossing adds the caps of databases, which cross those of users.
func drawCrossing(rng *rand.Rand) Problem {
	p := drawUsers(rng)
	for d, members := range split(rng, len(p.Items), 2+rng.IntN(2)) {
		p.Rows = append(p.Rows, rowOver(rng, fmt.Sprint("db", d), p.Items, members, one))
	}
	return p
}

// drawServers joins two or three small problems into one.
func drawServers(rng *rand.Rand) Problem {
	var p Problem
	for range 2 + rng.IntN(2) {
		draw := []func(*rand.Rand) Problem{drawOneRow, drawUsers, drawCrossing}[rng.IntN(3)]
		q := draw(rng)
		for len(q.Items) > 3 {
			q = draw(rng)
		}
		for _, row := range q.Rows {
			for j := range row.Terms {
				row.Terms[j].Item += len(p.Items)
			}
			p.Rows = append(p.Rows, row)
		}
		p.Items = append(p.Items, q.Items...)
	}
	rng.Shuffle(len(p.Rows), func(a, b int) { p.Rows[a], p.Rows[b] = p.Rows[b], p.Rows[a] })
	return p
}

// drawMixed is a budget over unequal pools of the line with users' and databases' caps of
// unit or unequal coefficients: the general case.
func drawMixed(rng *rand.Rand) Problem {
	n := 3 + rng.IntN(4)
	m := linePools(rng, n)
	items := randomItems(rng, n, 5, m)
	p := Problem{Items: items, Rows: []Row{rowOver(rng, "budget", items, all(n), m)}}
	for _, parts := range [][][]int{split(rng, n, 2), split(rng, n, 2+rng.IntN(2))} {
		for g, members := range parts {
			coef := one
			if rng.IntN(2) == 0 {
				coef = m
			}
			p.Rows = append(p.Rows, rowOver(rng, fmt.Sprint("group", g), items, members, coef))
		}
	}
	return p
}

// drawNestedCopies is a budget and disjoint roles, all weighing by pools of the line.
func drawNestedLinePools(rng *rand.Rand) Problem {
	n := 3 + rng.IntN(4)
	m := linePools(rng, n)
	items := randomItems(rng, n, 5, m)
	p := Problem{Items: items, Rows: []Row{rowOver(rng, "budget", items, all(n), m)}}
	for g, members := range split(rng, n, 2) {
		p.Rows = append(p.Rows, rowOver(rng, fmt.Sprint("role", g), items, members, m))
	}
	return p
}

var kinds = []kind{
	{"one row with unequal coefficients", Knapsack, drawOneRow},
	{"ceilings by single-item rows", Knapsack, drawCeilings},
	{"nested users with unit coefficients", Nested, drawUsers},
	{"crossing users and databases", Flow, drawCrossing},
	{"several servers", "", drawServers},
	{"budget and roles by pools of the line", Layered, drawNestedLinePools},
	{"some caps decide", Relaxed, drawMixed},
	{"mixed coefficients", Branched, drawMixed},
}
