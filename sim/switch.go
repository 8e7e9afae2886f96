package sim

import (
	"context"
	"errors"
	"math"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// trafficSwitch is one of a world's switches.
type trafficSwitch struct {
	world *World
	shift int
}

var _ bouncer.Switch = trafficSwitch{}

// Switch returns the switch of a shift, counted from 0 as the spec has them.
func (w *World) Switch(shift int) bouncer.Switch { return trafficSwitch{w, shift} }

// Get returns what the switch says. It takes no time.
func (s trafficSwitch) Get(context.Context) (int, bool, error) {
	x := s.world.shares[s.shift]
	if x != math.Trunc(x) {
		return 0, false, &operr.Error{Kind: operr.KindUsage, Subject: "shift",
			Err: errors.New("its share is no whole percentage")}
	}
	return int(x), true, nil
}

// Set sets the switch. It takes as long as an action on a process does.
func (s trafficSwitch) Set(ctx context.Context, percent int) error {
	s.world.setSwitch(s.shift, float64(percent))
	return s.world.Sleep(ctx, ApplyLatency)
}
