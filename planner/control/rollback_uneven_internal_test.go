package control

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestEveryLineGoesBackToWhatItWas rolls random steps of random fleets back, with a budget that the sizes before just
// fit, in steps of any percent, asked anew now and then: each line that the steps wrote has its value of before, no
// other was written, and each step keeps the promise and its percent.
func TestEveryLineGoesBackToWhatItWas(t *testing.T) {
	uneven, several, seeds := 0, 0, uint64(3000)
	if testing.Short() {
		seeds = 600
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 77))
		u := DrawnUneven(r)
		var m state.JournalState
		states := []map[fleet.SettingChange]int{maps.Clone(u.Lines)}
		for len(m.Past) < 1+r.IntN(5) {
			if step := DrawnStep(r, u); len(step.Changes) > 0 {
				m = m.Stepped(state.Past{Number: len(m.Past) + 1, Seq: int64(10 * (len(m.Past) + 1)), Step: step})
				u.Write(step.Changes)
				states = append(states, maps.Clone(u.Lines))
			}
		}
		first := r.IntN(len(m.Past))
		want := maps.Clone(u.Lines)
		written := map[fleet.SettingChange]bool{}
		for _, p := range m.Past[first:] {
			for _, x := range p.Step.Changes {
				x.From, x.To = 0, 0
				written[x], want[x] = true, states[first][x]
			}
		}
		u.Budget = 10000
		u.Budget = (&UnevenFleet{Lines: want, Budget: 10000}).Worst(t)
		if now := (&UnevenFleet{Lines: u.Lines,
			Budget: 10000}).Worst(t); r.IntN(3) == 0 { // what they just fit is the limit of a role
			u.Role, u.Budget = max(u.Budget, now), max(u.Budget, now)+30
		}
		policy := state.Policy{Percent: []float64{1, 5, 20, 100}[r.IntN(4)]}
		s := u.State(t, m, sizing.Goal{}, policy)
		rollback, any := Rollback(m, s.Fleet, m.Past[first].Seq)
		if !any {
			t.Fatalf("seed %d: nothing to take back", seed)
		}
		if why := Reachable(s.Fleet, rollback.Goal); why.Any() {
			t.Fatalf("seed %d: %v to %v: %s", seed, u.Lines, want, why.Text())
		}
		uneven += b2i(len(rollback.Goal.Lines) > 0)
		m.RollTo = rollback.To
		for n := 0; ; n++ {
			if n == 1000 {
				t.Fatalf("seed %d: no end", seed)
			}
			s = u.State(t, m, rollback.Goal, policy)
			if r.IntN(3) == 0 { // it was interrupted, and is begun again
				rollback, _ = Rollback(m, s.Fleet, 0)
				s.Goal, s.Target = rollback.Goal, rollback.Goal
			}
			if a := s.begin(); a.Kind != state.BeginStep {
				if a.Outcome != state.Done {
					t.Fatalf("seed %d: %s %s %s at %v, to %v", seed, a.Kind, a.Outcome, a.Reason.Text(), u.Lines, want)
				}
				several += b2i(n > 1)
				break
			}
			step, _, _ := s.NextStep()
			u.Checked(t, seed, s, step, written)
			u.Write(step.Changes)
		}
		if !maps.Equal(u.Lines, want) {
			t.Fatalf("seed %d: %v, want %v", seed, u.Lines, want)
		}
	}
	if least := int(seeds / 3); uneven < least || several < least {
		t.Errorf("the instances show too little: %d line by line, %d in several steps", uneven, several)
	}
}
