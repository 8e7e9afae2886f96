package plannertest

import (
	"github.com/pgbudget/pgbudget/planner/state"
)

// Record writes an event into the stage's memory.
func (s *Stage) Record(e state.Event) {
	e.Seq, e.At = s.Memory.Seq+1, s.Now
	s.Memory = s.Memory.After(e)
}
