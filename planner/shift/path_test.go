package shift_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/plannertest/race"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// needAt is what the two pools need at a percentage, whatever of its range the fraction is: as a whole, at either end
// and in the middle, where transactions hold as those do that are there then.
func needAt(f budget.Fleet, s shift.Shift, z int) (need [2]int) {
	for _, phi := range []load.Range{s.Fraction, {Lower: s.Fraction.Lower, Target: s.Fraction.Lower,
		Upper: s.Fraction.Lower}, {Lower: s.Fraction.Upper, Target: s.Fraction.Upper, Upper: s.Fraction.Upper},
		{Lower: s.Fraction.Target, Target: s.Fraction.Target, Upper: s.Fraction.Target}} {
		s.Fraction = phi
		for i, p := range s.Loaded(f, z).Pools {
			size, _, _ := sizing.Floor(p)
			need[i] = max(need[i], size)
		}
	}
	return need
}

// fewest is the least number of jumps by breadth-first search over every pair of sizes and every percentage; -1: there
// is no way. Each percentage in between is observed by itself.
func fewest(f budget.Fleet, s shift.Shift, most int) int {
	const largest = 24
	need := map[int][2]int{}
	for z := min(s.At, s.Until); z <= max(s.At, s.Until); z++ {
		need[z] = needAt(f, s, z)
	}
	budget := f.Servers[0].BudgetConns
	type state struct{ a, b, x int }
	fits := func(a, b int) bool { return a*f.Pools[0].Sized()+b*f.Pools[1].Sized() <= budget }
	var now []state
	for a := need[s.At][0]; a <= largest; a++ {
		for b := need[s.At][1]; b <= largest && fits(a, b); b++ {
			now = append(now, state{a, b, s.At})
		}
	}
	seen := map[state]bool{}
	for jumps := 0; len(now) > 0; jumps++ {
		ends := map[int]bool{}
		for _, st := range now {
			if st.x == s.Until {
				return jumps
			}
			on := 1
			if s.Until < s.At {
				on = -1
			}
			for d := 1; d <= most && st.x+on*(d-1) != s.Until; d++ {
				y := st.x + on*d
				if st.a < need[y][0] || st.b < need[y][1] {
					break
				}
				ends[y] = true // sizes may be changed there for nothing, to whatever serves it
			}
		}
		now = now[:0]
		for x := range ends {
			for a := need[x][0]; a <= largest; a++ {
				for b := need[x][1]; b <= largest && fits(a, b); b++ {
					if st := (state{a, b, x}); !seen[st] {
						seen[st] = true
						now = append(now, st)
					}
				}
			}
		}
	}
	return -1
}

// peakAtRest is the most that any percentage of the way needs by itself: just enough to stand anywhere, perhaps not to
// move.
func peakAtRest(f budget.Fleet, s shift.Shift) (conns int) {
	for z := min(s.At, s.Until); z <= max(s.At, s.Until); z++ {
		need := needAt(f, s, z)
		conns = max(conns, need[0]*f.Pools[0].Sized()+need[1]*f.Pools[1].Sized())
	}
	return conns
}

// TestAPathHasTheFewestJumps compares it with a search over all states on random instances, with and without a way.
func TestAPathHasTheFewestJumps(t *testing.T) {
	found, many := 0, 0
	blocked := map[shift.BlockedKind]int{}
	seeds := 3000
	switch {
	case race.On:
		seeds = 300
	case testing.Short():
		seeds = 500
	}
	for seed := range uint64(seeds) {
		f, s, most := plannertest.RandomShift(rand.New(rand.NewPCG(seed, 9)))
		if seed%2 == 0 {
			f.Servers[0].BudgetConns = peakAtRest(f, s)
		}
		path, err := shift.PathOf(f, s, most)
		want := fewest(f, s, most)
		switch {
		case err != nil && (want >= 0 || operr.KindOf(err) != operr.KindInfeasible):
			t.Fatalf("seed %d: %v, and there is a way of %d jumps", seed, err, want)
		case err != nil:
			blocked[path.Blocked.Kind]++
			certified(t, seed, f, s, *path.Blocked)
			continue
		case len(path.Jumps) != want:
			t.Fatalf("seed %d: %d jumps, and %d do", seed, len(path.Jumps), want)
		}
		found++
		if want > 1 {
			many++
		}
		x := s.At
		for _, j := range path.Jumps {
			if length := max(j.To-j.X, j.X-j.To); j.X != x || length < 1 || length > most || (j.To > x) != (s.Until > x) {
				t.Fatalf("seed %d: a jump from %d to %d at %d", seed, j.X, j.To, x)
			}
			// the sizes serve every percentage between, for both ends of the fraction
			for z := min(x, j.To); z <= max(x, j.To); z++ {
				for i, floor := range needAt(f, s, z) {
					if p := j.Plan.Pools[i]; p.ToSize < floor {
						t.Fatalf("seed %d: %s has %d for %d to %d, and needs %d at %d", seed, p.ID, p.ToSize, x, j.To, floor, z)
					}
				}
			}
			if spare := j.Plan.Servers[0].SpareConns; spare < 0 {
				t.Fatalf("seed %d: %d over the budget", seed, -spare)
			}
			x = j.To
		}
	}
	t.Logf("%d ways, %d of them of several jumps, and those that are blocked: %v", found, many, blocked)
	if found < seeds/5 || blocked[shift.Structural] < seeds/10 || blocked[shift.Transient] < seeds/200 || many < seeds/10 {
		t.Error("the instances show too little")
	}
}

func TestTrafficBeginsToMoveOnlyWhereItsPoolsAreKnownAndMayBeSized(t *testing.T) {
	f, s, _ := plannertest.RandomShift(rand.New(rand.NewPCG(1, 9)))
	if err := s.Begins(f); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(from, to *budget.FleetPool){
		"pools sessions": func(from, _ *budget.FleetPool) { from.Load.Session = true },
		"is full":        func(from, _ *budget.FleetPool) { from.Load.AtLeast = true },
		"no sample":      func(from, _ *budget.FleetPool) { from.Load.Unknown = "no sample" },
		"the size of b/db may not be changed: not listed": func(_,
			to *budget.FleetPool) {
			to.Frozen = "not listed under pools:"
		},
		"the size of a/db may not be changed: not listed": func(from,
			_ *budget.FleetPool) {
			from.Frozen = "not listed under pools:"
		},
	} {
		g := f
		g.Pools = slices.Clone(f.Pools)
		change(&g.Pools[0], &g.Pools[1])
		if err := s.Begins(g); err == nil || !strings.Contains(err.Error(), want) || operr.HintOf(err) == "" {
			t.Errorf("want %s: %v", want, err)
		}
	}
	idle := f
	idle.Pools = slices.Clone(f.Pools)
	idle.Pools[1].Load.Xacts, idle.Pools[1].Load.Method = 0, load.MethodNone
	idle.Pools[1].Frozen, idle.Pools[1].FrozenByLoad = idle.Pools[1].Load.TooLittle(), true
	if err := s.Begins(idle); err != nil { // it has no traffic yet
		t.Error(err)
	}
}

// certified checks a certificate by itself: its kind, and that the connections it calls short are just enough.
func certified(t *testing.T, seed uint64, f budget.Fleet, s shift.Shift, b shift.Blocked) {
	t.Helper()
	fits := func(budget int, zs ...int) bool { // sizes that serve all of them
		var a, c int
		for _, z := range zs {
			need := needAt(f, s, z)
			a, c = max(a, need[0]), max(c, need[1])
		}
		return a*f.Pools[0].Sized()+c*f.Pools[1].Sized() <= budget
	}
	next := b.X + 1
	if s.Until < b.X {
		next = b.X - 1
	}
	conns, zs := f.Servers[0].BudgetConns, []int{b.X}
	want := shift.Structural
	if fits(conns, b.X) {
		want, zs = shift.Transient, []int{b.X, next}
	}
	worst := 0 // connections short at rest, over the rest of the way
	for z := b.X; ; z += next - b.X {
		short := 0
		for !fits(conns+short, z) {
			short++
		}
		if worst = max(worst, short); short > 0 {
			want = shift.Structural
		}
		if z == s.Until {
			break
		}
	}
	if b.WorstShort != worst || worst > 0 && float64(b.WorstNeed-b.WorstCap) != float64(worst) ||
		b.WorstNeed.Known() != (worst > 0) {
		t.Fatalf("seed %d: %+v, want %d short at rest", seed, b, worst)
	}
	if b.Kind != want || fits(conns+b.ShortConns-1, zs...) || !fits(conns+b.ShortConns, zs...) {
		t.Fatalf("seed %d: %+v, want %s", seed, b, want)
	}
	more := f
	more.Servers = []budget.FleetServer{f.Servers[0]}
	more.Servers[0].BudgetConns += max(b.ShortConns, b.WorstShort) + 2*f.Pools[0].Sized() + 2*f.Pools[1].Sized()
	if _, err := shift.PathOf(more, s, 1); err != nil {
		t.Fatalf("seed %d: with all that is short and a unit of each pool for a step there is still no way: %v", seed, err)
	}
	if q := b.QuieterBy; q.Known() {
		quiet := f
		quiet.Pools = slices.Clone(f.Pools)
		for i := range quiet.Pools {
			l := &quiet.Pools[i].Load
			l.Erlangs = load.Range{Lower: l.Erlangs.Lower * float64(q), Target: l.Erlangs.Target * float64(q),
				Upper: l.Erlangs.Upper * float64(q)}
			l.PerSec *= float64(q)
		}
		if _, err := shift.PathOf(quiet, s, 100); err != nil {
			t.Fatalf("seed %d: at %v of the loads: %v", seed, q, err)
		}
	}
}

func TestAShiftThatMakesNoSenseIsRefused(t *testing.T) {
	f, s, _ := plannertest.RandomShift(rand.New(rand.NewPCG(1, 9)))
	for name, change := range map[string]func(*shift.Shift){
		"no such pool":  func(s *shift.Shift) { s.To = "c/db" },
		"the same pool": func(s *shift.Shift) { s.To = s.From },
		"below nothing": func(s *shift.Shift) { s.At = -1 },
		"beyond all":    func(s *shift.Shift) { s.Until = 101 },
		"no fraction":   func(s *shift.Shift) { s.Fraction = load.Range{Lower: 0.5, Target: 0.4, Upper: 0.3} },
	} {
		x := s
		change(&x)
		if _, err := shift.PathOf(f, x, 5); operr.KindOf(err) != operr.KindUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.Until = s.At
	if path, err := shift.PathOf(f, s, 5); err != nil || len(path.Jumps) != 0 {
		t.Errorf("there already: %+v, %v", path, err)
	}
}
