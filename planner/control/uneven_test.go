package control

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// UnevenFleet is a fleet by hand: one server, lines of one user each, as a sample shows them.
type UnevenFleet struct {
	Lines  map[fleet.SettingChange]int // From, To: 0
	Budget int
	Gone   []string // processes that are not there
	Role   int      // the limit of the one user; 0: none
}

// SizeLine is the size of main/app, or ci/app, in a process.
func SizeLine(process string) fleet.SettingChange {
	return fleet.SettingChange{Process: process, Alias: "app", Key: fleet.KeySize}
}

// ReserveLine is the reserve of main/app, or ci/app, in a process.
func ReserveLine(process string) fleet.SettingChange {
	return fleet.SettingChange{Process: process, Alias: "app", Key: fleet.KeyReserve}
}

// UnevenMain is main/app with a size a process.
func UnevenMain(budget int, sizes ...int) *UnevenFleet {
	u := &UnevenFleet{Lines: map[fleet.SettingChange]int{}, Budget: budget}
	for i, n := range sizes {
		u.Lines[SizeLine(fmt.Sprintf("main/%d", i+1))] = n
	}
	return u
}

// Sample is the fleet as a sample shows it.
func (u *UnevenFleet) Sample(at time.Time) fleet.Observation {
	o := fleet.Observation{At: at, Servers: []fleet.Server{{Name: "pg", MaxConns: u.Budget}}}
	if u.Role > 0 {
		o.Servers[0].Roles = []fleet.ConnLimit{{Name: "u", Conns: u.Role}}
	}
	var sizes []fleet.SettingChange
	for x := range u.Lines {
		if x.Key == fleet.KeySize && !slices.Contains(u.Gone, x.Process) {
			sizes = append(sizes, x)
		}
	}
	slices.SortFunc(sizes, fleet.CompareChanges)
	for _, x := range sizes {
		if n := len(o.Processes); n == 0 || o.Processes[n-1].ID != x.Process {
			o.Processes = append(o.Processes, fleet.Process{ID: x.Process, Group: x.Group(), Version: "1.24",
				Settings: fleet.Settings{ReserveTimeout: time.Second}})
		}
		reserve := x
		reserve.Key = fleet.KeyReserve
		p := &o.Processes[len(o.Processes)-1]
		p.Aliases = append(p.Aliases, fleet.Alias{Name: x.Alias, SizeConns: u.Lines[x], ReserveConns: u.Lines[reserve],
			Server:   "pg",
			PoolMode: "transaction", Counters: fleet.Counters{Assignments: -1}, Pools: []fleet.PoolGauges{{User: "u"}}})
	}
	return o
}

// State is what a rollback to before an event finds.
func (u *UnevenFleet) State(t testing.TB, m state.JournalState, goal sizing.Goal, policy state.Policy) State {
	t.Helper()
	o := u.Sample(Noon)
	e, err := load.Evidence{}.Add(o)
	if err != nil {
		t.Fatal(err)
	}
	none := 0
	f, err := budget.Model(o.At, budget.Declared{SizeAll: true,
		Servers: []budget.DeclaredServer{{Name: "pg", HeadroomConns: &none,
			DirectCount: budget.CountHighest}}}, e, nil)
	if err != nil {
		t.Fatal(err)
	}
	return State{Samples: Samples{Now: Noon, Fleet: f, Before: f, Sample: o}, TrafficNow: TrafficNow{AsMeasured: f},
		Journal: m, RunGoal: RunGoal{Goal: goal, Target: goal}, Policy: policy}
}

// Write is what an action leaves.
func (u *UnevenFleet) Write(changes []fleet.SettingChange) {
	for _, x := range changes {
		to := x.To
		x.From, x.To = 0, 0
		u.Lines[x] = to
	}
}

// Taken is a journal of steps that ended and stand.
func Taken(steps ...state.Step) (m state.JournalState) {
	for i, s := range steps {
		m.Past = append(m.Past, state.Past{Number: i + 1, Seq: int64(10 * (i + 1)), Step: s})
	}
	return m
}

// Wrote are changes of the lines of processes, all from and to the same value.
func Wrote(key fleet.Key, from, to int, processes ...string) (changes []fleet.SettingChange) {
	for _, p := range processes {
		changes = append(changes, fleet.SettingChange{Process: p, Alias: "app", Key: key, From: from, To: to})
	}
	return changes
}

// DrawnUneven is a fleet whose lines mostly differ, with reserves here and there.
func DrawnUneven(r *rand.Rand) *UnevenFleet {
	u := &UnevenFleet{Lines: map[fleet.SettingChange]int{}}
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
			u.Lines[SizeLine(id)], u.Lines[ReserveLine(id)] = size, reserve
		}
	}
	return u
}

// DrawnStep changes lines of a pool: the sizes of all of them, or of some, to one, and their reserves to one.
func DrawnStep(r *rand.Rand, u *UnevenFleet) state.Step {
	step := state.Step{Kind: state.Forward}
	lines := slices.SortedFunc(maps.Keys(u.Lines), fleet.CompareChanges)
	group, size, reserve, all := lines[r.IntN(len(lines))].Group(), 1+r.IntN(9), r.IntN(9), r.IntN(2) == 0
	for _, x := range lines {
		x.From, x.To = u.Lines[x], size
		if x.Key == fleet.KeyReserve {
			x.To = reserve
		}
		moved := x.Key == fleet.KeyReserve && reserve < 3 || x.Key == fleet.KeySize && (all || r.IntN(2) == 0)
		if x.Group() == group && moved && x.From != x.To {
			step.Changes = append(step.Changes, x)
		}
	}
	return step
}

// Worst is what the ledger counts for a fleet.
func (u *UnevenFleet) Worst(t testing.TB) int {
	return u.State(t, state.JournalState{}, sizing.Goal{}, state.DefaultPolicy()).Fleet.WorstConns("pg")
}

// Checked is a step that keeps the promise once it has drained, moves lines that may be moved, and no more of them than
// its percent, or one.
func (u *UnevenFleet) Checked(t testing.TB, seed uint64, s State, step state.Step,
	written map[fleet.SettingChange]bool) {
	t.Helper()
	var releases, grants []fleet.SettingChange
	released, granted, most := 0, 0, s.Policy.StepConns(u.Budget)
	unit := 0
	for _, x := range step.Changes {
		line := fleet.SettingChange{Process: x.Process, Alias: x.Alias, Key: x.Key, From: 0, To: 0}
		if !written[line] || u.Lines[line] != x.From {
			t.Fatalf("seed %d: %v is written: by a step: %v, at %d", seed, x, written[line], u.Lines[line])
		}
		p, _ := s.Fleet.Pool(x.Pool())
		unit = max(unit, len(p.Sizes))
		if x.To < x.From {
			releases, released = append(releases, x), released+x.From-x.To
		} else {
			grants, granted = append(grants, x), granted+x.To-x.From
		}
	}
	if err := Promise(s.Fleet.With(releases).Drained(), grants); err != nil {
		t.Fatalf("seed %d: %v of %v: %v", seed, step.Changes, u.Lines, err)
	}
	if worst := s.Fleet.With(step.Changes).Drained().WorstConns("pg"); u.Role > 0 && granted > 0 && worst > max(u.Role,
		s.Fleet.WorstConns("pg")) {
		t.Fatalf("seed %d: %d under a role's limit of %d", seed, worst, u.Role)
	}
	over := s.Fleet.SpareConns("pg") < 0
	if step.Kind == state.Forward && (granted > max(most, unit) || released > max(most, unit) && !over) {
		t.Fatalf("seed %d: %d granted and %d released of %d at most", seed, granted, released, most)
	}
}
