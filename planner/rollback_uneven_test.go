package planner

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// drawnUneven is a fleet whose lines mostly differ, with reserves here and there.
func drawnUneven(r *rand.Rand) *unevenFleet {
	u := &unevenFleet{lines: map[Set]int{}}
	for g := range 1 + r.IntN(3) {
		even := r.IntN(3) == 0
		size, reserve := 2+r.IntN(8), r.IntN(3)*r.IntN(2)
		for p := range 1 + r.IntN(4) {
			if !even {
				size = 2 + r.IntN(8)
			}
			if !even && r.IntN(4) == 0 {
				reserve = r.IntN(3)
			}
			id := fmt.Sprintf("%c/%d", 'a'+g, p+1)
			u.lines[sizeLine(id)], u.lines[reserveLine(id)] = size, reserve
		}
	}
	return u
}

// drawnStep changes lines of a pool: the sizes of all of them, or of some, to one, and their reserves to one.
func drawnStep(r *rand.Rand, u *unevenFleet) Step {
	step := Step{Kind: Forward}
	lines := slices.SortedFunc(maps.Keys(u.lines), compareSets)
	group, size, reserve, all := lines[r.IntN(len(lines))].Group(), 1+r.IntN(9), r.IntN(9), r.IntN(2) == 0
	for _, x := range lines {
		x.From, x.To = u.lines[x], size
		if x.Key == KeyReserve {
			x.To = reserve
		}
		moved := x.Key == KeyReserve && reserve < 3 || x.Key == KeySize && (all || r.IntN(2) == 0)
		if x.Group() == group && moved && x.From != x.To {
			step.Sets = append(step.Sets, x)
		}
	}
	return step
}

// worst is what the ledger counts for a fleet.
func (u *unevenFleet) worst(t testing.TB) int {
	return u.situation(t, Memory{}, Goal{}, DefaultPolicy()).Fleet.WorstConns("pg")
}

// TestEveryLineGoesBackToWhatItWas rolls random steps of random fleets back, with a budget that the sizes before just
// fit, in steps of any percent, asked anew now and then: each line that the steps wrote has its value of before, no
// other was written, and each step keeps the promise and its percent.
func TestEveryLineGoesBackToWhatItWas(t *testing.T) {
	uneven, several := 0, 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 77))
		u := drawnUneven(r)
		var m Memory
		states := []map[Set]int{maps.Clone(u.lines)}
		for len(m.Past) < 1+r.IntN(5) {
			if step := drawnStep(r, u); len(step.Sets) > 0 {
				m = m.stepped(Past{Number: len(m.Past) + 1, Seq: int64(10 * (len(m.Past) + 1)), Step: step})
				u.write(step.Sets)
				states = append(states, maps.Clone(u.lines))
			}
		}
		first := r.IntN(len(m.Past))
		want := maps.Clone(u.lines)
		written := map[Set]bool{}
		for _, p := range m.Past[first:] {
			for _, x := range p.Step.Sets {
				x.From, x.To = 0, 0
				written[x], want[x] = true, states[first][x]
			}
		}
		u.budget = 10000
		u.budget = (&unevenFleet{lines: want, budget: 10000}).worst(t)
		if now := (&unevenFleet{lines: u.lines,
			budget: 10000}).worst(t); r.IntN(3) == 0 { // what they just fit is the limit of a role
			u.role, u.budget = max(u.budget, now), max(u.budget, now)+30
		}
		policy := Policy{Percent: []float64{1, 5, 20, 100}[r.IntN(4)]}
		s := u.situation(t, m, Goal{}, policy)
		way, any := Rollback(m, s.Fleet, m.Past[first].Seq)
		if !any {
			t.Fatalf("seed %d: nothing to take back", seed)
		}
		if why := Reachable(s.Fleet, way.Goal); why != "" {
			t.Fatalf("seed %d: %v to %v: %s", seed, u.lines, want, why)
		}
		uneven += b2i(len(way.Goal.Lines) > 0)
		m.RollTo = way.To
		for n := 0; ; n++ {
			if n == 1000 {
				t.Fatalf("seed %d: no end", seed)
			}
			s = u.situation(t, m, way.Goal, policy)
			if r.IntN(3) == 0 { // it was interrupted, and is begun again
				way, _ = Rollback(m, s.Fleet, 0)
				s.Goal, s.Target = way.Goal, way.Goal
			}
			if a := s.begin(); a.Verb != Open {
				if a.Outcome != Done {
					t.Fatalf("seed %d: %s %s %s at %v, to %v", seed, a.Verb, a.Outcome, a.Reason, u.lines, want)
				}
				several += b2i(n > 1)
				break
			}
			step, _, _ := s.NextStep()
			u.checked(t, seed, s, step, written)
			u.write(step.Sets)
		}
		if !maps.Equal(u.lines, want) {
			t.Fatalf("seed %d: %v, want %v", seed, u.lines, want)
		}
	}
	if uneven < 1000 || several < 1000 {
		t.Errorf("the instances show too little: %d line by line, %d in several steps", uneven, several)
	}
}

// checked is a step that keeps the promise once it has drained, moves lines that may be moved, and no more of them than
// its percent, or one.
func (u *unevenFleet) checked(t testing.TB, seed uint64, s Situation, step Step, written map[Set]bool) {
	t.Helper()
	var releases, grants []Set
	released, granted, most := 0, 0, s.Policy.StepConns(u.budget)
	unit := 0
	for _, x := range step.Sets {
		line := Set{x.Process, x.Alias, x.Key, 0, 0}
		if !written[line] || u.lines[line] != x.From {
			t.Fatalf("seed %d: %v is written: by a step: %v, at %d", seed, x, written[line], u.lines[line])
		}
		p, _ := s.Fleet.pool(x.Pool())
		unit = max(unit, len(p.Sizes))
		if x.To < x.From {
			releases, released = append(releases, x), released+x.From-x.To
		} else {
			grants, granted = append(grants, x), granted+x.To-x.From
		}
	}
	if err := Promise(s.Fleet.With(releases).Drained(), grants); err != nil {
		t.Fatalf("seed %d: %v of %v: %v", seed, step.Sets, u.lines, err)
	}
	if worst := s.Fleet.With(step.Sets).Drained().WorstConns("pg"); u.role > 0 && granted > 0 && worst > max(u.role,
		s.Fleet.WorstConns("pg")) {
		t.Fatalf("seed %d: %d under a role's limit of %d", seed, worst, u.role)
	}
	over := s.Fleet.SpareConns("pg") < 0
	if step.Kind == Forward && (granted > max(most, unit) || released > max(most, unit) && !over) {
		t.Fatalf("seed %d: %d granted and %d released of %d at most", seed, granted, released, most)
	}
}
