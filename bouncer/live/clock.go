package live

import (
	"context"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
)

// Clock is the wall clock.
type Clock struct{}

var _ bouncer.Clock = Clock{}

// Now returns the present time.
func (Clock) Now() time.Time { return time.Now() }

// Sleep waits for d, or until ctx ends and then returns its error.
func (Clock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// limited bounds one pass over one console or server.
func limited(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}
