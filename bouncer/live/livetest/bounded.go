package livetest

import (
	"context"
	"errors"

	"github.com/pgbudget/pgbudget/planner/state"
)

// Careful is a store that tries, and keeps what it writes over.
type Careful struct {
	*Memory
	Refuse error // of a try
	Tries  int
	Broken bool // it cannot be written a second time
	Kept   bool
}

func (c *Careful) Try(context.Context, string, []byte) error { c.Tries++; return c.Refuse }

func (c *Careful) Write(ctx context.Context, path string, old, data []byte) error {
	if c.Broken && c.Writes > 0 {
		return errors.New("it is broken")
	}
	c.Kept = true
	return c.Memory.Write(ctx, path, old, data)
}

func (c *Careful) Settled(string) error { c.Kept = false; return nil }

func (c *Careful) Saved(string) string {
	if !c.Kept {
		return ""
	}
	return "/kept/pgbouncer.ini"
}

// Undo is release back, of what it has done and of what it has not.
func Undo(n int) state.Action {
	act := Release(n)
	for i := range act.Changes {
		act.Changes[i].From, act.Changes[i].To = 5, 6
	}
	return act
}
