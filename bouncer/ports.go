package bouncer

import (
	"context"
	"errors"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// This file holds every port: what the controller needs of a world. Each says its contract, its errors, and who
// implements it.

// Clock tells the time of a world and waits in it. live/clock.Wall is the wall clock, sim.World computes its own.
type Clock interface {
	// Now returns the world's present time. It never goes backwards between two calls.
	Now() time.Time
	// Sleep returns nil once d has passed in this world, at once for d <= 0, or ctx's error if that ends first.
	Sleep(ctx context.Context, d time.Duration) error
}

// Fleet is every PgBouncer process and every PostgreSQL server that belong together. live/observe.Fleet asks them,
// sim.World computes them.
type Fleet interface {
	// Observe takes one whole picture, or returns an error: there is no partial picture. The caller owns what is
	// returned; its slices are sorted by id. Errors are operr.Errors, several of them joined: KindUnreachable where one
	// does not answer, KindDrift where an answer is not the expected one, KindEvidence where rights are missing.
	Observe(ctx context.Context) (fleet.Observation, error)
}

// SignalSource reads how saturated a world is, as something that scrapes it now and then knows it. live/signals.Source
// reads the answers of Prometheus and the newest sample, sim.World its own figures.
type SignalSource interface {
	// Read returns every signal with the time of its own sample, or with its own error: one that cannot be read does
	// not hide the others, and an old sample is returned as it is, for the reader to call it stale. The caller owns
	// what is returned. An error is for what keeps all of them from being read: then every threshold holds.
	Read(ctx context.Context) ([]fleet.Signal, error)
}

// HistorySource knows what the fleet was asked to carry before the first sample. The command asks Prometheus; a
// simulated world has none.
type HistorySource interface {
	// History returns the history of a sample's pools and servers; the zero History where none is kept. The error is an
	// operr.Error: KindUnreachable where the source does not answer, KindEvidence where it answers something else.
	History(ctx context.Context, o fleet.Observation) (load.History, error)
}

// Switch reads and sets one traffic switch, in percent of the traffic, 0..100.
type Switch interface {
	// Get returns the percentage that the switch reports, 0 to 100; said is false where the switch cannot be asked. An
	// error means that the switch was asked and gave no percentage: the journal's stands in then, see Readings.
	Get(ctx context.Context) (percent int, said bool, err error)
	// Set returns once the switch has taken the percentage, 0 to 100. A second call with the same percentage changes
	// nothing. A shift that a person makes is not set. After an error the percentage may or may not be in force: ask
	// again.
	Set(ctx context.Context, percent int) error
}

// Applier changes a fleet. live/apply.Applier writes files and reloads processes, sim.World changes itself.
type Applier interface {
	// Apply makes the action's lines what it says in the files and in the running processes, one process first and then
	// the others at once, and returns once every process has been asked and shows the new value; of a Retreat, all at
	// once, each by itself. What it finds done it leaves alone. It does not wait for connections to close. Once its
	// context has ended it begins with no further process, and returns when those that it has begun with are as they
	// should be, or as they were. On an error part of it may have happened; a later sample tells. The error's kind says
	// how a run ends that cannot get past it: KindDrift, KindUnreachable, KindBusy, else held. A Retreat may be applied
	// while another action, whose context has ended, is being: each process is changed by one of them at a time.
	Apply(ctx context.Context, action state.Action) error
}

// ErrPending is Apply's word for an action that a person is to carry out and that is not seen everywhere yet. Nothing
// went wrong: it is applied again after the next sample.
var ErrPending = errors.New("somebody is to carry this out, and has not yet")

// Pending is ErrPending with what is not seen yet.
type Pending string

// Error is what is not seen yet.
func (p Pending) Error() string { return string(p) }

// Is reports that it is ErrPending.
func (p Pending) Is(target error) bool { return target == ErrPending }

// Hand is somebody else who carries actions out.
type Hand struct {
	Within time.Duration // how long each is waited for
	// CallOff says that a request is no longer wanted, because of a reason; closed: nobody makes it any more, as far as
	// whoever was told knows. nil: nobody is told
	CallOff func(ctx context.Context, r state.Request, why verdict.Reason) (closed bool)
}

// Journal keeps what happened. bouncer/journal.Journal appends to a file, bouncer/hook.Journal tells hooks besides; the
// simulator's driver keeps events in memory.
type Journal interface {
	// Record returns once the event is on disk. The journal gives the event its number and changes nothing else of it.
	// An error means that the event is not on disk: nothing may be done then, and the run ends.
	Record(e state.Event) (state.Event, error)
}

// Store reads and writes the configuration files of a process. bouncer/store.File is a file of this host,
// bouncer/store.Command runs the config's commands. live/observe asks a store for more where it can more: whether a
// path is a copy, who manages the file, whether it could be written.
type Store interface {
	// Read returns the whole file. Errors are operr.Errors; one that is not there wraps fs.ErrNotExist.
	Read(ctx context.Context, path string) ([]byte, error)
	// Write replaces a file as a whole where its bytes are still old, and leaves it alone where they are data already.
	// Other bytes are an operr.Error of KindDrift: somebody else has written.
	Write(ctx context.Context, path string, old, data []byte) error
}
