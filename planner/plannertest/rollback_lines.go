package plannertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
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
func (u *UnevenFleet) State(t testing.TB, m state.JournalState, goal sizing.Goal,
	policy state.Policy) control.State {
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
	return control.State{Samples: control.Samples{Now: Noon, Fleet: f, Before: f, Sample: o},
		TrafficNow: control.TrafficNow{AsMeasured: f}, Journal: m, RunGoal: control.RunGoal{Goal: goal, Target: goal},
		Policy: policy}
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

// SizeLine is the size of main/app, or ci/app, in a process.
func SizeLine(process string) fleet.SettingChange {
	return fleet.SettingChange{Process: process, Alias: "app", Key: fleet.KeySize}
}
