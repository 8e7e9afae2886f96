package sizing

import (
	"github.com/pgbudget/pgbudget/planner/budget"
)

// kept says why a plan makes a pool no smaller than it is today.
type kept int

const (
	keptNot     kept = iota // it may shrink to what its promises need
	keptSession             // a session may never give its connection back
	keptCount               // it is counted at what was seen of it, and a smaller one was not seen
	keptBound               // of its load only a lower bound is known, which is no ground to shrink on
)

// keptBy is the reason that holds for a pool which may have most at most: where today's size is more, only a count
// keeps it from shrinking below that.
func keptBy(p budget.FleetPool, most int) kept {
	within := p.LargestSize() <= most
	switch {
	case p.Load.Session && within:
		return keptSession
	case p.Rules.Count != budget.CountWorst:
		return keptCount
	case p.Load.AtLeast && within:
		return keptBound
	default:
		return keptNot
	}
}

// least is the size that a pool is kept at; 0: none.
func (k kept) least(p budget.FleetPool) int {
	if k == keptNot {
		return 0
	}
	return p.LargestSize()
}

func (k kept) text() string {
	switch k {
	case keptSession:
		return "sessions: never shrunk"
	case keptCount:
		return "counted at what was seen, so it may not shrink"
	case keptBound:
		return atLeastThat
	default:
		return ""
	}
}

// atLeastThat is what bounds a pool that was full while it was observed.
const atLeastThat = "its load is known as a lower bound alone"

// why is the reason for a least size: a promise, or what keeps the pool from shrinking.
func (f floor) why(least int) string {
	if least > f.size && f.kept != keptNot {
		return f.kept.text()
	}
	return f.by
}
