package reviewed

import (
	"crypto/sha256"
	"encoding/json"
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
	ByHand      bool           `json:"by_hand,omitempty"`     // somebody else changes the files: it may have none
	Servers     []state.Origin `json:"servers,omitempty"`     // which PostgreSQL each server is
	Files       []File         `json:"files,omitempty"`       // of every process, in the order of the config, and of loading
	Percent     float64        `json:"percent,omitempty"`     // of each server's budget: the steps move so much at most
	Steps       []Step         `json:"steps,omitempty"`       // in order, as they were foreseen
	// SHA-256 of all of the above as Read reads it, in hexadecimal: a person reviews what pgbudget wrote, and not what
	// somebody has made of it since. It keeps nobody out who wants to write it anew.
	SHA256 string `json:"sha256,omitempty"`

	edited bool
}

// Sealed is the plan with its hash, ready to be written as JSON.
func (p Plan) Sealed() (Plan, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return p, err
	}
	var read Plan // what is written may be read as less: a reason loses its numbers, and keeps its text
	if err = json.Unmarshal(b, &read); err == nil {
		p.SHA256, err = read.sum()
	}
	return p, err
}

// Read reads a plan that was Sealed. The error is that of the JSON; a plan that was edited since is read, and not
// Actionable.
func Read(b []byte) (p Plan, err error) {
	if err = json.Unmarshal(b, &p); err != nil {
		return p, err
	}
	sum, err := p.sum()
	p.edited = sum != p.SHA256
	return p, err
}

func (p Plan) sum() (string, error) {
	p.SHA256 = ""
	b, err := json.Marshal(p)
	return fmt.Sprintf("%x", sha256.Sum256(b)), err
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
	case len(p.Files) == 0 && !p.ByHand:
		return fmt.Errorf("the plan holds no hash of a file: it was made without the config that steps need")
	case p.Plan.BestEffort:
		return fmt.Errorf("the plan breaks promises (--best-effort): no step is taken to it")
	case p.edited:
		return fmt.Errorf("the file was edited since it was written: its content has another SHA-256 than its sha256")
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
