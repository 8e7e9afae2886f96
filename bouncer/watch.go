package bouncer

import (
	"context"
	"fmt"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Watch samples the fleet at once and then every `every` until `window` is over, and passes each Observation to each.
// A window of 60 s and a sample every 5 s make 13 samples: the first counts, and so does the one at the end, because n
// intervals need n+1 samples. A window of 0 is one sample.
//
// The schedule is absolute: a slow sample does not put off the ones after it, and a sample that would fall into the
// time another still takes is left out. The first error ends the watch and is returned as it is: the fleet's, each's,
// or ctx's. An `every` that is not positive while there is a window to fill is a operr.Error of KindUsage.
func Watch(ctx context.Context, clock Clock, fleet Fleet, every, window time.Duration,
	each func(fleet.Observation) error) error {
	if every <= 0 && window > 0 {
		return &operr.Error{Kind: operr.KindUsage, Subject: "watch",
			Err:  fmt.Errorf("a sample every %v never fills a window of %v", every, window),
			Hint: "give a positive interval"}
	}
	begin := clock.Now()
	for due := time.Duration(0); ; {
		o, err := fleet.Observe(ctx)
		if err != nil {
			return err
		}
		if err := each(o); err != nil {
			return err
		}
		if window <= 0 {
			return nil
		}
		now := clock.Now().Sub(begin)
		due += every
		if late := now - due; late > 0 { // chosen: to leave it out because two samples in a row measure nothing
			due += (late + every - 1) / every * every
		}
		if due > window {
			return nil
		}
		if err := clock.Sleep(ctx, due-now); err != nil {
			return err
		}
	}
}
