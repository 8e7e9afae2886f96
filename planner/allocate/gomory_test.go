package allocate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// crossed returns the tree of a problem at its root, or nil when the rows are not
// one component or the root is closed.
func crossed(p Problem) *tree {
	s := newSolver(p)
	s.within = limits{work: maxWork, effort: maxEffort, labels: maxLabels}
	groups, _ := s.components(all(len(s.rows)))
	if len(groups) != 1 {
		return nil
	}
	m := s.newMesh(groups[0])
	m.greedy(m.load)
	t := &tree{m: m, lp: newLinear(m), k: make([]int, len(m.items))}
	t.first = m.sizes()
	t.best = m.sizes()
	t.visit(node{in: m.whole(), bound: math.Inf(1)})
	if len(t.open) == 0 {
		return nil
	}
	return t
}

// answers calls f with all sizes of the box that fit the rows, and what they save
// over the tree's first.
func (t *tree) answers(in box, f func(k []int, saves float64)) {
	k := make([]int, len(in.lo))
	var choose func(j int)
	choose = func(j int) {
		if j == len(k) {
			if t.m.set(k) {
				f(k, t.m.saved(t.first, k))
			}
			return
		}
		for k[j] = in.lo[j]; k[j] <= in.hi[j]; k[j]++ {
			if k[j] > in.lo[j] && t.m.ladder(j).gain(k[j]-1) == none {
				break
			}
			choose(j + 1)
		}
	}
	choose(0)
}

// drawCopies is a budget, and users and databases that cross, all weighing by copies.
func drawCopies(rng *rand.Rand) Problem {
	n := 5 + rng.IntN(3)
	items, m := pools(rng, n, 8)
	p := Problem{Items: items, Rows: []Row{budgetOver(items, m, all(n), 0.4)}}
	for range 2 {
		for _, members := range split(rng, n, 3) {
			p.Rows = append(p.Rows, budgetOver(items, m, members, 0.2+0.4*rng.Float64()))
		}
	}
	return p
}

func TestNoCutCutsOffAnAnswer(t *testing.T) {
	cuts, problems := 0, 0
	for seed := uint64(0); problems < 900; seed++ {
		rng := rand.New(rand.NewPCG(seed, 100))
		tr := crossed(drawCopies(rng))
		if tr == nil {
			continue
		}
		in := tr.m.whole()
		tr.answers(in, func([]int, float64) {}) // reads the ladders to where the boxes end
		for j := range in.hi {
			in.hi[j] = min(in.hi[j], tr.m.ladder(j).top, 5)
		}
		b := tr.m.newBoard(in, math.MaxInt, 1+rng.IntN(20), tr.y)
		offset := tr.m.saved(tr.first, in.lo)
		problems++
		for range 6 {
			b.enter(in)
			for how := b.optimize(math.Inf(-1), 1000); how == solved && b.bound() > 0 && b.rouse(); {
				how = b.optimize(math.Inf(-1), 1000)
			}
			b.purge()
			list := b.sections(len(b.line))
			b.add(list)
			cuts += len(list)
			bound := offset + b.bound()
			tr.answers(in, func(k []int, saves float64) {
				if saves > bound+1e-9 {
					t.Fatalf("seed %d: %v save %v, bounded by %v", seed, k, saves, bound)
				}
				for r, line := range b.line {
					use := 0.0
					for c, a := range line {
						if k[b.item[c]] > int(b.size[c]) {
							use += a
						}
					}
					if use > b.cap[r] {
						t.Fatalf("seed %d: line %d of %d rows cuts off %v: %v > %v", seed, r, b.rows, k, use, b.cap[r])
					}
				}
			})
			if len(list) == 0 {
				break
			}
		}
	}
	if cuts < 1200 {
		t.Errorf("only %d cuts were made", cuts)
	}
}
