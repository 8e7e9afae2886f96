package control

import (
	"slices"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestOnlyWhatIsBackIsCalledDone: a line that is not there yet keeps a rollback from its end, and one that is gone
// does not.
func TestOnlyWhatIsBackIsCalledDone(t *testing.T) {
	raised := state.Step{Kind: state.Equalise, Changes: slices.Concat(Wrote(fleet.KeySize, 4, 6, "main/2"),
		Wrote(fleet.KeyReserve, 1, 2,
			"main/2"))}
	for _, c := range []struct {
		name    string
		size    int
		reserve int
		gone    []string
		done    bool
	}{{"as before", 4, 1, nil, true}, {"another size", 5, 1, nil, false}, {"another reserve", 4, 2, nil, false},
		{"gone", 6, 2, []string{"main/2"}, true}} {
		u := UnevenMain(60, 6, c.size, 6)
		u.Lines[ReserveLine("main/2")] = c.reserve
		s := u.State(t, Taken(raised), sizing.Goal{}, state.DefaultPolicy())
		rollback, _ := Rollback(s.Journal, s.Fleet, 10)
		s.Goal, s.Target, s.Journal.RollTo = rollback.Goal, rollback.Goal, rollback.To
		u.Gone = c.gone
		s.Sample = u.Sample(Noon)
		a := s.begin()
		if done := a.Kind == state.Stop && a.Outcome == state.Done; done != c.done {
			t.Errorf("%s: %s %s %q", c.name, a.Kind, a.Outcome, a.Reason.Text())
		}
		if why := s.notBack(); (!why.Any()) != c.done {
			t.Errorf("%s: %q is not back", c.name, why.Text())
		}
	}
}

// TestALineThatMayNotShrinkStaysWhereItIs: a release that was undone in this run is not tried again, of size or
// reserve, and the run says why it ends.
func TestALineThatMayNotShrinkStaysWhereItIs(t *testing.T) {
	raised := state.Step{Kind: state.Equalise, Changes: slices.Concat(Wrote(fleet.KeySize, 4, 6, "main/2"),
		Wrote(fleet.KeyReserve, 1, 2,
			"main/2"))}
	for _, key := range []fleet.Key{fleet.KeySize, fleet.KeyReserve} {
		u := UnevenMain(60, 6, 6, 6)
		u.Lines[ReserveLine("main/1")], u.Lines[ReserveLine("main/2")] = 2, 2
		s := u.State(t, Taken(raised), sizing.Goal{}, state.DefaultPolicy())
		rollback, _ := Rollback(s.Journal, s.Fleet, 10)
		s.Journal.RollTo, s.Journal.Refused = rollback.To, []state.Refusal{{Pool: "main/app", Key: key, Least: 9,
			Reason: verdict.Of(verdict.ClientWaits, "main/app")}}
		for {
			s = u.State(t, s.Journal, rollback.Goal, state.DefaultPolicy())
			a := s.begin()
			if a.Kind != state.BeginStep {
				if a.Kind != state.Stop || a.Outcome != state.Held || !a.Reason.Is(verdict.ClientWaits) {
					t.Errorf("%s: %s %s %q", key, a.Kind, a.Outcome, a.Reason.Text())
				}
				break
			}
			if slices.ContainsFunc(a.Step.Changes, func(x fleet.SettingChange) bool { return x.Key == key }) {
				t.Fatalf("%s: %v, which was refused", key, a.Step.Changes)
			}
			u.Write(a.Step.Changes)
		}
		want := map[fleet.Key][2]int{fleet.KeySize: {6, 1}, fleet.KeyReserve: {4, 2}}[key]
		if got := [2]int{u.Lines[SizeLine("main/2")], u.Lines[ReserveLine("main/2")]}; got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
}
