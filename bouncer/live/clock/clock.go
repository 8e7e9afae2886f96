package clock

import (
	"context"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
)

// Wall is the wall clock of this host: time.Now, and sleeps that end with their context.
type Wall struct{}

var _ bouncer.Clock = Wall{}

// Now returns the present time.
func (Wall) Now() time.Time { return time.Now() }

// Sleep waits for d, or until ctx ends and then returns its error.
func (Wall) Sleep(ctx context.Context, d time.Duration) error {
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

// Beside runs long on a goroutine of its own, and tick on the caller's each time that every has passed until long has
// ended.
func Beside(every time.Duration, long, tick func()) {
	done := make(chan struct{})
	go func() { defer close(done); long() }()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			tick()
		}
	}
}
