package livetest

import (
	"context"

	"github.com/pgbudget/pgbudget/planner/state"
)

// Slow is a store whose writes wait.
type Slow struct {
	*Memory
	Writing chan struct{} // it has come to a write
	GoOn    chan struct{}
}

func (s *Slow) Write(ctx context.Context, path string, old, data []byte) error {
	s.Writing <- struct{}{}
	<-s.GoOn
	return s.Memory.Write(ctx, path, old, data)
}

// Grant is release(n) the other way round, from 6 to 7.
func Grant(n int) state.Action {
	act := Release(n)
	act.Kind = state.Grant
	for i := range act.Changes {
		act.Changes[i].To = 7
	}
	return act
}

// Retreat takes grant(n) back.
func Retreat(n int) state.Action {
	act := Grant(n)
	act.Kind = state.Retreat
	for i := range act.Changes {
		act.Changes[i] = act.Changes[i].Back()
	}
	return act
}

func Text(m *Memory) string {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.Text
}
