package bouncer

import (
	"context"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Clock tells the time of a world and waits in it.
type Clock interface {
	// Now returns the world's present time. It never goes backwards between two calls.
	Now() time.Time
	// Sleep returns nil once d has passed in this world, at once for d <= 0, or ctx's error if that ends first.
	Sleep(ctx context.Context, d time.Duration) error
}

// Fleet is every PgBouncer process and every PostgreSQL server that belong together.
type Fleet interface {
	// Observe takes one whole picture, or returns an error: there is no partial picture. The caller owns what is
	// returned; its slices are sorted by id. Errors are operr.Errors, several of them joined.
	Observe(ctx context.Context) (fleet.Observation, error)
}

// SignalSource reads how saturated a world is, as something that scrapes it now and then knows it.
type SignalSource interface {
	// Read returns every signal with the time of its own sample, or with its own error: one that cannot be read does
	// not hide the others, and an old sample is returned as it is, for the reader to call it stale. The caller owns
	// what is returned. An error is for what keeps all of them from being read.
	Read(ctx context.Context) ([]fleet.Signal, error)
}
