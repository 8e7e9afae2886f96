package batch

import (
	"context"
	"errors"
	"time"
)

// errHorizon ends a sleep that would last beyond the horizon.
var errHorizon = errors.New("the horizon is over")

// pacer is a world whose sleeper takes the timeline's samples meanwhile, each step of the horizon one, and ends with
// errHorizon where the horizon does. Time that passes inside of samples and actions is caught up with at the next
// sleep.
type pacer struct {
	world
	begin, horizon time.Duration
	taken          int
	sample         func()
	steps          *counter
}

// due is when sample k is to be taken.
func (p *pacer) due(k int) time.Duration {
	return p.begin + p.horizon/Steps*time.Duration(k) + p.horizon%Steps*time.Duration(k)/Steps
}

// left is what is left of the horizon.
func (p *pacer) left() time.Duration { return p.due(Steps) - p.At() }

// Sleep passes d of virtual time.
func (p *pacer) Sleep(ctx context.Context, d time.Duration) error {
	until := p.At() + d
	for p.taken < Steps && p.due(p.taken+1) <= max(until, p.At()) {
		if err := p.world.Sleep(ctx, p.due(p.taken+1)-p.At()); err != nil {
			return err
		}
		p.taken++
		p.sample()
		p.steps.reach(p.taken)
	}
	if p.taken == Steps {
		return errHorizon
	}
	return p.world.Sleep(ctx, until-p.At())
}
