package config

import (
	"fmt"
	"strings"
	"time"
)

// Bounds beyond which a number is a slip of the hand rather than a fleet.
const (
	// MaxConns is the most connections of a server. Source: PostgreSQL 16, MAX_BACKENDS in postmaster/postmaster.h.
	MaxConns = 262143
	// MaxLinePools is the most pools of one line, processes × users. chosen: 4096 because that is 64 processes with
	// 64 users each; more is a slip.
	MaxLinePools = 4096
	// MaxRate is the most transactions per second of one pool. chosen: 1e7 because no server of today does a tenth of it.
	MaxRate = 1e7
	// MaxHold is the longest time of a transaction, in seconds. chosen: a day because what holds a connection longer is no
	// load, and needs a connection of its own.
	MaxHold = 24 * 3600
	// MaxCores is the most cores of one server. chosen: 4096 because no machine of today has so many.
	MaxCores = 4096
	// MaxSCV is the largest squared coefficient of variation of arrivals or holds. chosen: 1e4 because a standard
	// deviation of a hundred means is more than any measured load has.
	MaxSCV = 1e4
	// maxWeight is the largest weight of a pool. chosen: 1e6 because weights that lie further apart lose the lighter
	// pool's cost in the rounding of a sum.
	maxWeight = 1e6
)

// LeastWait is the least waiting that a pool can be held to. chosen: 100 µs because PgBouncer counts in microseconds,
// and one pass of its event loop makes a client wait for tens of them; below a tenth of a millisecond every release
// would look like a broken promise.
const LeastWait = 100 * time.Microsecond

// Checker collects the faults of what was decoded from a document, each with its place. A path names a value as in
// "pools[2].load.mean_hold"; what was not written is in bounds.
type Checker struct {
	Doc    *Document
	Faults []error // each a *Fault, in the order in which they were found

	Scenario bool // what is checked describes a simulated world, too
}

// Fault adds a fault at the place that path names; format and args are its text, without a place.
func (k *Checker) Fault(path, format string, args ...any) {
	k.Faults = append(k.Faults, k.Note(path, format, args...))
}

// Note returns what Fault would add. The text begins with the path, its quotes left out; words that variables brought
// in are masked.
func (k *Checker) Note(path, format string, args ...any) Fault {
	text := k.Doc.mask(fmt.Sprintf(format, args...))
	return Fault{k.Doc.Where(path), strings.ReplaceAll(path, "'", "") + " " + text}
}

// Int adds a fault unless v is not written, or is a whole number with lo <= v <= hi, in the unit of the key.
func (k *Checker) Int(path string, v Int, lo, hi int) {
	switch {
	case !v.Set:
	case v.written != "":
		k.Fault(path, "is %q, want a whole number, %d to %d%s", v.written, lo, hi, bare(v.written))
	case v.bad != nil:
		k.Fault(path, "%s", v.bad)
	case v.N < lo || v.N > hi:
		k.Fault(path, "is %d, want %d to %d", v.N, lo, hi)
	}
}

// Num adds a fault unless v is not written, or is a number with lo <= v <= hi, in the unit of the key.
func (k *Checker) Num(path string, v Num, lo, hi float64) {
	switch {
	case !v.Set:
	case v.written != "":
		k.Fault(path, "is %q, want %g to %g%s", v.written, lo, hi, bare(v.written))
	case v.bad != nil:
		k.Fault(path, "%s", v.bad)
	case v.F < lo || v.F > hi:
		k.Fault(path, "is %g, want %g to %g", v.F, lo, hi)
	}
}

// Dur wants at most hiSeconds.
func (k *Checker) Dur(path string, v Dur, hiSeconds float64) {
	switch {
	case !v.Set:
	case v.bad != nil:
		k.Fault(path, "%s", v.bad)
	case v.D.Seconds() > hiSeconds:
		k.Fault(path, "is %s, want at most %g s", v.D, hiSeconds)
	}
}

// Wait wants a promise of waiting that a pool can be held to.
func (k *Checker) Wait(path string, v Dur) {
	if v.OK() && (v.D < LeastWait || v.D.Seconds() > MaxHold) {
		k.Fault(path, "is %s, want %s to %g s", v.D, LeastWait, float64(MaxHold))
		return
	}
	k.Dur(path, v, MaxHold)
}

// Share wants a ratio.
func (k *Checker) Share(path string, v Share) {
	if v.Set && v.bad != nil {
		k.Fault(path, "%s", v.bad)
	}
}

// ShareIn wants lo <= v <= hi, of what is a ratio.
func (k *Checker) ShareIn(path string, v Share, lo, hi float64) {
	f, bad := ratio(v.text)
	switch {
	case !v.Set:
	case bad != nil:
		k.Fault(path, "%s", v.bad)
	case f < lo || f > hi:
		k.Fault(path, "%s", outside(v.text, lo, hi))
	}
}

// OneOf wants one of the words allowed, or none.
func (k *Checker) OneOf(path, v string, allowed ...string) {
	for _, a := range allowed {
		if v == a {
			return
		}
	}
	if v != "" {
		k.Fault(path, "is %q, want %s", v, strings.Join(allowed, ", "))
	}
}

// Unique wants a name that is not empty, has no blanks and stands nowhere else; seen maps names to where they stood
// first, and is added to.
func (k *Checker) Unique(path, v string, seen map[string]string) {
	switch {
	case v == "":
		k.Fault(path, "is missing or empty")
	case strings.ContainsAny(v, " \t\n"):
		k.Fault(path, "is %q: a name has no blanks", v)
	case seen[v] != "":
		k.Fault(path, "is %q, which stands at %s already", v, seen[v])
	default:
		seen[v] = k.Doc.Where(path)
	}
}
