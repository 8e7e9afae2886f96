package learn

import (
	"time"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
)

// Baseline is the loads of a shift's pools as a run took them, with what the switch said then. History is about times
// when it said something else: runs that come after a traffic change go by the baseline.
type Baseline struct {
	Shift string    `json:"shift"`     // its id
	X     int       `json:"x_percent"` // 0..100
	At    time.Time `json:"at"`        // of the newest sample behind the loads
	From  load.Load `json:"from"`
	To    load.Load `json:"to"`
}

// BaselineFor is how long after the newest traffic change a baseline is used. chosen: the default lookback, because
// history is all of later times then.
const BaselineFor = 7 * 24 * time.Hour

// BaselineOf takes the loads of a shift's pools.
func BaselineOf(s shift.Shift, x int, at time.Time, loads []load.Load) Baseline {
	b := Baseline{Shift: s.ID(), X: x, At: at}
	for _, l := range loads {
		switch l.Pool {
		case s.From:
			b.From = l
		case s.To:
			b.To = l
		}
	}
	return b
}
