package planner

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// randomShift draws two pools before one server, at some percentage, with a budget that may or may not do.
func randomShift(r *rand.Rand) (Fleet, Shift, int) {
	s := Shift{From: "a/db", To: "b/db", At: r.IntN(3) * 10, Until: 60 + r.IntN(5)*10}
	if s.LoadsAt = s.At; r.IntN(4) == 0 { // and back again, measured at either end
		if s.At, s.Until = s.Until, s.At; r.IntN(2) == 0 {
			s.LoadsAt = s.At
		}
	}
	phi := 0.2 + 0.6*r.Float64()
	s.Fraction = Range{max(0, phi-0.1*r.Float64()), phi, min(1, phi+0.1*r.Float64())}
	f := Fleet{Deadband: DefaultDeadband, LeastGain: DefaultLeastGain}
	floors := 0
	for i, group := range []string{"a", "b"} {
		p := FleetPool{ID: group + "/db", Group: group, Alias: "db", Server: "pg", Rules: Rules{Min: 1, Weight: 1, Utilization: 0.9, MaxWaitMean: 10 * time.Millisecond, MaxWaitP99: 100 * time.Millisecond, Count: CountWorst}}
		processes := 1 + r.IntN(2)
		for k := range processes {
			id := fmt.Sprintf("%s/%d", group, k+1)
			p.Sizes = append(p.Sizes, Size{id, 30, 0})
			p.Copies = append(p.Copies, Copy{Process: id, User: "u", Share: 1 / float64(processes)})
		}
		hold := []time.Duration{time.Millisecond, 20 * time.Millisecond, 500 * time.Millisecond}[r.IntN(3)] // what comes may hold for longer, or shorter, than what is there
		load := []float64{2 + 8*r.Float64(), 0.1 + r.Float64()}[i]
		p.Load = Load{Pool: p.ID, Erlangs: Range{0.95 * load, load, 1.05 * load}, MeanHold: hold, PerSec: load / hold.Seconds(), Xacts: 1e6, ArrivalSCV: 1, HoldSCV: 1, Method: MethodCounters}
		p.tally()
		f.Pools = append(f.Pools, p)
	}
	f.Servers = []FleetServer{{Name: "pg", MaxConns: 200, CPU: CPUFacts{Now: Unknown()}}}
	for _, p := range s.Loaded(f, (s.At+s.Until)/2).Pools {
		size, _, _ := Floor(p)
		floors += size * p.sized()
	}
	f.Servers[0].BudgetConns = floors + r.IntN(6) - 1
	return f, s, []int{5, 20, 100}[r.IntN(3)]
}

// needAt is what the two pools need at a percentage, whatever of its range the fraction is: as a whole, at either end and in
// the middle, where transactions hold as those do that are there then.
func needAt(f Fleet, s Shift, z int) (need [2]int) {
	for _, phi := range []Range{s.Fraction, {s.Fraction.Lower, s.Fraction.Lower, s.Fraction.Lower}, {s.Fraction.Upper, s.Fraction.Upper, s.Fraction.Upper},
		{s.Fraction.Target, s.Fraction.Target, s.Fraction.Target}} {
		s.Fraction = phi
		for i, p := range s.Loaded(f, z).Pools {
			size, _, _ := Floor(p)
			need[i] = max(need[i], size)
		}
	}
	return need
}

// fewest is the least number of jumps by breadth-first search over every pair of sizes and every percentage; -1: there is no
// way. Each percentage in between is looked at by itself.
func fewest(f Fleet, s Shift, most int) int {
	const largest = 24
	need := map[int][2]int{}
	for z := min(s.At, s.Until); z <= max(s.At, s.Until); z++ {
		need[z] = needAt(f, s, z)
	}
	budget := f.Servers[0].BudgetConns
	type state struct{ a, b, x int }
	fits := func(a, b int) bool { return a*f.Pools[0].sized()+b*f.Pools[1].sized() <= budget }
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
func peakAtRest(f Fleet, s Shift) (conns int) {
	for z := min(s.At, s.Until); z <= max(s.At, s.Until); z++ {
		need := needAt(f, s, z)
		conns = max(conns, need[0]*f.Pools[0].sized()+need[1]*f.Pools[1].sized())
	}
	return conns
}

// TestAPathHasTheFewestJumps compares it with a search over all states on random instances, with and without a way.
func TestAPathHasTheFewestJumps(t *testing.T) {
	found, many := 0, 0
	blocked := map[BlockedKind]int{}
	seeds := 3000
	if raced {
		seeds = 300
	}
	for seed := range uint64(seeds) {
		f, s, most := randomShift(rand.New(rand.NewPCG(seed, 9)))
		if seed%2 == 0 {
			f.Servers[0].BudgetConns = peakAtRest(f, s)
		}
		path, err := PathOf(f, s, most)
		want := fewest(f, s, most)
		switch {
		case err != nil && (want >= 0 || KindOf(err) != KindInfeasible):
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
			for z := min(x, j.To); z <= max(x, j.To); z++ { // the sizes serve every percentage between, for both ends of the fraction
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
	if found < seeds/5 || blocked[Structural] < seeds/10 || blocked[Transient] < seeds/200 || many < seeds/10 {
		t.Error("the instances show too little")
	}
}

// TestTheWayBackIsSizedForTheMostThatMayCome: whatever the fraction may be, the giving pool is sized for the load that is left of it
// then, and the receiving one for what has come.
func TestTheWayBackIsSizedForTheMostThatMayCome(t *testing.T) {
	f, s, _ := randomShift(rand.New(rand.NewPCG(1, 9)))
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 10))
		whole, own := 1+99*r.Float64(), 10*r.Float64()
		truth, x, z := 0.05+0.95*r.Float64(), r.IntN(101), r.IntN(101)
		if seed%10 == 0 {
			truth, x = 1, 100 // nothing is left to measure
		}
		at := func(x int) (from, to float64) {
			return whole * (1 - truth*float64(x)/100), own + whole*truth*float64(x)/100
		}
		s.LoadsAt, s.Fraction = x, Range{truth * r.Float64(), truth, min(1, truth*(1+r.Float64()))}
		a, b := at(x)
		for i, e := range []float64{a, b} {
			f.Pools[i].Load.Erlangs = Range{e, e, e}
			f.Pools[i].Load.PerSec = e / 0.01
		}
		from, to := s.pair(f, z)
		a, b = at(z)
		for i, e := range []Range{from.Load.Erlangs, to.Load.Erlangs} {
			want := []float64{a, b}[i]
			if e.Lower > want+1e-6 || e.Upper < want-1e-6 || e.Lower < 0 {
				t.Fatalf("seed %d: from %d to %d %%, fraction %v: %v is %v, it will be %v", seed, x, z, s.Fraction, []string{s.From, s.To}[i], e, want)
			}
		}
		if p := from.Load.PerSec + to.Load.PerSec; math.Abs(p-(a+b)/0.01) > 0.2*p { // what has moved is believed to be a part of all
			t.Fatalf("seed %d: %v transactions per second, %v come", seed, p, (a+b)/0.01)
		}
	}
}

func TestTrafficBeginsToMoveOnlyWhereItsPoolsAreKnownAndMayBeSized(t *testing.T) {
	f, s, _ := randomShift(rand.New(rand.NewPCG(1, 9)))
	if err := s.Begins(f); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(from, to *FleetPool){
		"pools sessions": func(from, _ *FleetPool) { from.Load.Session = true },
		"is full":        func(from, _ *FleetPool) { from.Load.AtLeast = true },
		"no look":        func(from, _ *FleetPool) { from.Load.Unknown = "no look" },
		"the size of b/db may not be changed: not listed": func(_, to *FleetPool) { to.Frozen = "not listed under pools:" },
		"the size of a/db may not be changed: not listed": func(from, _ *FleetPool) { from.Frozen = "not listed under pools:" },
	} {
		g := f
		g.Pools = slices.Clone(f.Pools)
		change(&g.Pools[0], &g.Pools[1])
		if err := s.Begins(g); err == nil || !strings.Contains(err.Error(), want) || HintOf(err) == "" {
			t.Errorf("want %s: %v", want, err)
		}
	}
	idle := f
	idle.Pools = slices.Clone(f.Pools)
	idle.Pools[1].Load.Xacts, idle.Pools[1].Load.Method = 0, MethodNone
	idle.Pools[1].Frozen = idle.Pools[1].Load.tooLittle()
	if err := s.Begins(idle); err != nil { // it has no traffic yet
		t.Error(err)
	}
}

// certified checks a certificate by itself: its kind, and that the connections it calls short are just enough.
func certified(t *testing.T, seed uint64, f Fleet, s Shift, b Blocked) {
	t.Helper()
	fits := func(budget int, zs ...int) bool { // sizes that serve all of them
		var a, c int
		for _, z := range zs {
			need := needAt(f, s, z)
			a, c = max(a, need[0]), max(c, need[1])
		}
		return a*f.Pools[0].sized()+c*f.Pools[1].sized() <= budget
	}
	next := b.X + 1
	if s.Until < b.X {
		next = b.X - 1
	}
	budget, zs := f.Servers[0].BudgetConns, []int{b.X}
	want := Structural
	if fits(budget, b.X) {
		want, zs = Transient, []int{b.X, next}
	}
	worst := 0 // connections short at rest, over the rest of the way
	for z := b.X; ; z += next - b.X {
		short := 0
		for !fits(budget+short, z) {
			short++
		}
		if worst = max(worst, short); short > 0 {
			want = Structural
		}
		if z == s.Until {
			break
		}
	}
	if b.WorstShort != worst || worst > 0 && float64(b.WorstNeed-b.WorstCap) != float64(worst) || b.WorstNeed.Known() != (worst > 0) {
		t.Fatalf("seed %d: %+v, want %d short at rest", seed, b, worst)
	}
	if b.Kind != want || fits(budget+b.ShortConns-1, zs...) || !fits(budget+b.ShortConns, zs...) {
		t.Fatalf("seed %d: %+v, want %s", seed, b, want)
	}
	more := f
	more.Servers = []FleetServer{f.Servers[0]}
	more.Servers[0].BudgetConns += max(b.ShortConns, b.WorstShort) + 2*f.Pools[0].sized() + 2*f.Pools[1].sized()
	if _, err := PathOf(more, s, 1); err != nil {
		t.Fatalf("seed %d: with all that is short and a unit of each pool for a step there is still no way: %v", seed, err)
	}
	if q := b.QuieterBy; q.Known() {
		quiet := f
		quiet.Pools = slices.Clone(f.Pools)
		for i := range quiet.Pools {
			l := &quiet.Pools[i].Load
			l.Erlangs = Range{l.Erlangs.Lower * float64(q), l.Erlangs.Target * float64(q), l.Erlangs.Upper * float64(q)}
			l.PerSec *= float64(q)
		}
		if _, err := PathOf(quiet, s, 100); err != nil {
			t.Fatalf("seed %d: at %v of the loads: %v", seed, q, err)
		}
	}
}

func TestAShiftThatMakesNoSenseIsRefused(t *testing.T) {
	f, s, _ := randomShift(rand.New(rand.NewPCG(1, 9)))
	for name, change := range map[string]func(*Shift){
		"no such pool":  func(s *Shift) { s.To = "c/db" },
		"the same pool": func(s *Shift) { s.To = s.From },
		"below nothing": func(s *Shift) { s.At = -1 },
		"beyond all":    func(s *Shift) { s.Until = 101 },
		"no fraction":   func(s *Shift) { s.Fraction = Range{0.5, 0.4, 0.3} },
	} {
		x := s
		change(&x)
		if _, err := PathOf(f, x, 5); KindOf(err) != KindUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.Until = s.At
	if path, err := PathOf(f, s, 5); err != nil || len(path.Jumps) != 0 {
		t.Errorf("there already: %+v, %v", path, err)
	}
}
