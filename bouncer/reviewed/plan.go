package reviewed

import (
	"fmt"
	"slices"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// Plan is a saved plan with what the fleet was when it was made. One that was made without consoles, or from a
// recording, has no files: it can be read and compared, and no step moves to it.
type Plan struct {
	sizing.Saved
	Environment string         `json:"environment,omitempty"` // of the config
	Servers     []state.Origin `json:"servers,omitempty"`     // which PostgreSQL each server is
	Files       []File         `json:"files,omitempty"`       // of every process, in the order of the config, and of loading
	Percent     float64        `json:"percent,omitempty"`     // of each server's budget: the steps move so much at most
	Steps       []Step         `json:"steps,omitempty"`       // in order, as they were foreseen
}

// Step is one step of the path to a plan's sizes.
type Step struct {
	Step  state.Step `json:"step"`
	Worst []Worst    `json:"worst_conns"`
}

// Worst is the worst case of a server, in connections: before a step, the most during it, and after it.
type Worst struct {
	Server string `json:"server"`
	Before int    `json:"before"` // connections, as the others
	Most   int    `json:"most"`   // connections
	After  int    `json:"after"`  // connections
	Budget int    `json:"budget"` // connections
}

// Actionable says why no step can be taken to the plan; nil: one can.
func (p Plan) Actionable() error {
	switch {
	case len(p.Files) == 0:
		return fmt.Errorf("the plan holds no hash of a file: it was made without the config that steps need")
	case p.Plan.BestEffort:
		return fmt.Errorf("the plan breaks promises (--best-effort): no step is taken to it")
	}
	return nil
}

// Has reports whether a step is one of the plan's: the same traffic change, and the same values of the same lines,
// wherever they stand now.
func (p Plan) Has(step state.Step) bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool {
		return sameTraffic(s.Step.Traffic, step.Traffic) && leadsTo(s.Step.Changes, step.Changes)
	})
}

func sameTraffic(a, b *shift.TrafficChange) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// leadsTo reports whether changes come to values that are planned: what stands there already is no change.
func leadsTo(planned, changes []fleet.SettingChange) bool {
	for _, x := range changes {
		if !slices.ContainsFunc(planned, func(y fleet.SettingChange) bool { return x.Same(y) && x.To == y.To }) {
			return false
		}
	}
	return true
}
