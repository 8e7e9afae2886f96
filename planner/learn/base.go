package learn

import (
	"time"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
)

// Base is the loads of a shift's pools as a run took them, with what the switch said then. History is about times when it said
// something else: runs that come after a turn go by the base.
type Base struct {
	Shift string    `json:"shift"` // its id
	X     int       `json:"x_percent"`
	At    time.Time `json:"at"`
	From  load.Load `json:"from"`
	To    load.Load `json:"to"`
}

// BaseFor is how long after the newest turn a base is gone by. chosen: the default lookback; history is all of later times then.
const BaseFor = 7 * 24 * time.Hour

// BaseOf takes the loads of a shift's pools.
func BaseOf(s shift.Shift, x int, at time.Time, loads []load.Load) Base {
	b := Base{Shift: s.ID(), X: x, At: at}
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
