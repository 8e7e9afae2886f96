package state

import (
	"math"
	"time"
)

// Policy says how carefully a fleet is moved. Each field is a key of policy: in the config; DefaultPolicy has the
// values of those that are not set.
type Policy struct {
	// grants of one step, and releases, are at most that share of each server's budget, 0..100
	Percent   float64       `json:"percent"`
	Soak      time.Duration `json:"soak_ns"`       // watching after a step before the next
	DrainFor  time.Duration `json:"drain_for_ns"`  // a release that has not drained by then is undone
	HoldFor   time.Duration `json:"hold_for_ns"`   // a run that is held that long ends
	SwitchFor time.Duration `json:"switch_for_ns"` // a person who is to set a traffic switch is waited for that long
	Every     time.Duration `json:"every_ns"`      // between two samples while acting
	SoakEvery time.Duration `json:"soak_every_ns"` // between two samples of a soak
	MaxWait   time.Duration `json:"max_wait_ns"`   // a head of the queue older than that calls a release wrong
	Stale     time.Duration `json:"stale_ns"`      // a sample older than that is none
	Aborts    int           `json:"aborts"`        // a run ends once so many steps in a row were taken back
	// a step is provisional for so long after its soak, and no other begins; 0: it never is
	ConfirmAfter time.Duration `json:"confirm_after_ns,omitempty"`
	// a step is provisional until the next peak of its pools, as their history has it, and for ConfirmAfter where there is
	// no history
	ConfirmPeak bool `json:"confirm_peak,omitempty"`
	Recycle     bool `json:"recycle,omitempty"` // a RELOAD may recycle every server connection; see Recycles
	// no release that leaves more of a line's connections in use, 0..1; 0: any
	MaxUse float64 `json:"max_use,omitempty"`
}

// Defaults of Policy, each with the reason for its choice.
const (
	DefaultPercent   = 5                // of each server's budget. chosen: a mistake costs a twentieth of it at most
	DefaultSoak      = 15 * time.Minute // chosen: three evaluations of a five-minute rate
	DefaultDrainFor  = 2 * time.Minute  // chosen: longer than web transactions, shorter than anybody would watch
	DefaultHoldFor   = time.Hour        // chosen: a peak of an hour passes by itself, a longer one is for a person
	DefaultEvery     = time.Second      // chosen: three of PgBouncer's 333 ms ticks, so that a drain is seen at once
	DefaultSoakEvery = 5 * time.Second  // chosen: a soak of 15 minutes has 180 samples, and consoles little to do
	DefaultMaxWait   = time.Second      // of the oldest waiter. chosen: a person who waits notices a second
	DefaultStale     = time.Minute      // age of a sample. chosen: four scrapes of 15 s may be late or lost
	// chosen: a step of an eighth that goes back, too, says that no step is small enough
	DefaultAborts = 3
)

// DefaultConfirmAfter is how long a step is provisional that waits for a peak of which no history tells. chosen: every
// day has its peak, and the engineers of the first split waited as long.
const DefaultConfirmAfter = 24 * time.Hour

// DefaultPolicy returns the policy of a config that says nothing.
func DefaultPolicy() Policy {
	return Policy{Percent: DefaultPercent, Soak: DefaultSoak, DrainFor: DefaultDrainFor, HoldFor: DefaultHoldFor,
		SwitchFor: DefaultHoldFor,
		Every:     DefaultEvery, SoakEvery: DefaultSoakEvery, MaxWait: DefaultMaxWait, Stale: DefaultStale,
		Aborts: DefaultAborts}
}

// LeastApart is how far apart two samples must be for both to count as having seen a drain: more than one of
// PgBouncer's 333 ms ticks (janitor.c:28). chosen: half a second, a tick and a half.
const LeastApart = 500 * time.Millisecond

// After is the policy of the next step once so many in a row were taken back: each time half as large.
func (p Policy) After(aborts int) Policy {
	p.Percent = math.Ldexp(p.Percent, -aborts)
	return p
}

// StepConns is what a step may grant, or release, on a server: Percent of its budget, rounded down.
func (p Policy) StepConns(budget int) int { return max(0, int(p.Percent/100*float64(budget)+1e-9)) }

// MostIncrement is how far one step may move a traffic switch: whole percentage points, 1 or more.
func (p Policy) MostIncrement() int { return max(1, int(math.Floor(p.Percent+1e-9))) }
