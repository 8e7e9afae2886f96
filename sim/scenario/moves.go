package scenario

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// DefaultRunWindow is how long the controller takes samples before it plans. chosen: because `pgbudget plan`
// takes as long.
const DefaultRunWindow = budget.DefaultWindow

// Moves is what the controller does in a run of the scenario.
type Moves struct {
	At         time.Duration     // from the start; the samples of Window are before it
	Window     time.Duration     // how long samples are taken before the plan
	To         []sizing.GoalPool // empty: what a plan finds, and the traffic of shifts moves, too
	Shifts     []shift.Shift
	Steps      int // at most so many; 0: until the goal is reached
	Declared   budget.Declared
	Policy     state.Policy
	Windows    []control.Window
	Thresholds []control.Threshold
}

// controller checks run:.
func (k *checker) controller() {
	r := k.f.Run
	if r == nil {
		return
	}
	k.within("run.window", r.Window, 5*time.Second, maxHorizon)
	k.given("run.at", r.At.Set)
	resolved := Scenario{Written: *k.f}
	resolved.resolve()
	if first := resolved.Warmup + cmp.Or(r.Window.D, DefaultRunWindow); r.At.OK() && r.At.D < first {
		k.Fault("run.at", "is %s, want at least %s: the warm-up, and the window of samples before the plan", r.At.D,
			first)
	}
	k.within("run.at", r.At, 0, maxHorizon)
	k.late("run.at", r.At)
	for _, id := range slices.Sorted(maps.Keys(r.To)) {
		k.newSize("run.to."+quoted(id), id, r.To[id])
	}
	k.Int("run.steps", r.Steps, 1, 1e6)
}

// moves returns what the controller does; nil where there is no run:.
func (s *Scenario) moves() *Moves {
	r := s.Written.Run
	if r == nil {
		return nil
	}
	c := s.Config()
	m := &Moves{At: r.At.D, Window: cmp.Or(r.Window.D, DefaultRunWindow), Steps: r.Steps.N, Declared: s.declared(c),
		Policy:  c.MovingPolicy(),
		Windows: c.Windows(), Thresholds: c.Thresholds()}
	for _, x := range s.Written.AllShifts() {
		if len(r.To) > 0 { // sizes alone
			break
		}
		shift := x.Planned()
		shift.ByHand = false // the world's switch is the controller's
		m.Shifts = append(m.Shifts, shift)
	}
	for _, id := range slices.Sorted(maps.Keys(r.To)) {
		p, _ := s.Written.pool(id)
		m.To = append(m.To, sizing.GoalPool{Pool: id, Server: s.Written.only(p.Server), Size: r.To[id].N,
			Reserve: p.ReserveSize.N, MeanWait: fleet.Unknown()})
	}
	return m
}

// declared is what the scenario declares to the planner. What the world shows is not declared: the planner is to find
// it in samples, as it does live.
func (s *Scenario) declared(c *config.Config) budget.Declared {
	d := c.Declared()
	for i := range d.Pools {
		p := &d.Pools[i]
		p.Size, p.ReserveConns, p.MaxDBConns, p.LinePools, p.Load = nil, nil, nil, 0, nil
	}
	for i := range d.Servers {
		d.Servers[i].MaxConns, d.Servers[i].SuperuserReservedConns, d.Servers[i].ReservedConns,
			d.Servers[i].DirectConns = nil, nil, nil, nil
	}
	return d
}
