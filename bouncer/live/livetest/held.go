package livetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// ErrLost is what a guard says of a lock that is lost, and errSilent of a server that does not answer.
var (
	ErrLost   = &operr.Error{Kind: operr.KindBusy, Err: errors.New("the session that held the lock was lost")}
	ErrSilent = &operr.Error{Kind: operr.KindUnreachable, Err: errors.New("no answer within 5s")}
)

// Guard counts how often it is asked, and answers from then on with an error.
type Guard struct {
	Mu    sync.Mutex
	Asked int
	From  int
	Err   error
}

func (g *Guard) Ask(context.Context) error {
	g.Mu.Lock()
	defer g.Mu.Unlock()
	if g.Asked++; g.Asked < g.From {
		return nil
	}
	return g.Err
}

func Growth(n int) state.Action {
	act := state.Action{Kind: state.Grant}
	for i := range n {
		process := fmt.Sprintf("g/%d", i+1)
		act.Changes = append(act.Changes, fleet.SettingChange{Process: process, Alias: "d1", Key: fleet.KeySize, From: 6,
			To: 7})
	}
	return act
}
