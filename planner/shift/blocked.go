package shift

import (
	"fmt"
	"math"
	"strings"

	"github.com/pgbudget/pgbudget/planner/words"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// BlockedKind says what a percentage that cannot be passed lacks.
type BlockedKind string

// The kinds.
const (
	// no sizes serve it, or some percentage still to come, at rest: no smaller step helps
	Structural BlockedKind = "structural"
	Transient  BlockedKind = "transient" // sizes serve each percentage at rest, and none serve this one and the next, too
)

// Blocked is the certificate that a shift has no path past a percentage.
type Blocked struct {
	X          int         `json:"x_percent"` // 0..100: the last percentage that the shift can reach
	Kind       BlockedKind `json:"kind"`
	Server     string      `json:"server"`
	Constraint string      `json:"constraint"`    // what is short there, as sizing.Infeasible names it
	ShortConns int         `json:"short_conns"`   // there; 0 where it is no matter of connections
	Worst      int         `json:"worst_percent"` // 0..100: the percentage of the rest of the path at which most is short
	// connections short at rest at Worst; 0: nowhere short at rest
	WorstShort int `json:"worst_short_conns"`
	// what Worst needs at rest: connections, or a share of the CPU 0..1; unknown: nothing is short
	WorstNeed fleet.Float `json:"worst_need"`
	WorstCap  fleet.Float `json:"worst_cap"`            // what is there of it
	WorstText string      `json:"worst_text,omitempty"` // the certificate at Worst, a sentence; empty where it is Text
	// the part of today's loads with which the whole path is free; unknown: none is
	QuieterBy fleet.Float `json:"quieter_by"`
	Text      string      `json:"text"` // the certificate at X, a sentence with both numbers

	max *sizing.MaxClash // the pool whose own max: blocks the path, if that is all; nil: something else does
}

// blocked makes the certificate of a jump from x to y that no sizes serve.
func (r *route) blocked(x, y int, plan sizing.Plan, err error) *Blocked {
	if operr.KindOf(err) != operr.KindInfeasible || plan.Infeasible == nil {
		return nil
	}
	b := &Blocked{X: x, Kind: Transient, Server: plan.Infeasible.Server, Constraint: plan.Infeasible.Constraint,
		ShortConns: plan.Infeasible.ShortConns,
		Worst:      x, WorstNeed: fleet.Unknown(), WorstCap: fleet.Unknown(), QuieterBy: fleet.Unknown(),
		Text: plan.Infeasible.Text}
	if x == y {
		b.Kind = Structural
	}
	b.max = plan.Infeasible.Max
	bare := *r
	bare.fleet.Deadband = 0
	for z := x; ; z = r.onward(z, 1) { // each planned by itself: of equals the last, where the switch shall stay
		plan, err := bare.serving(z, z)
		if i := plan.Infeasible; err != nil && i != nil && i.ShortConns >= b.WorstShort {
			b.Kind, b.Worst, b.WorstShort, b.WorstNeed, b.WorstCap, b.WorstText = Structural, z, i.ShortConns, i.Need, i.Cap,
				i.Text
		}
		if z == r.shift.Until {
			break
		}
	}
	b.QuieterBy = r.quieter()
	return b
}

// quieter is the largest part of the loads, in whole percent, with which the path from At to Until is free.
func (r *route) quieter() fleet.Float {
	free := func(percent int) bool {
		f := r.fleet
		f.Deadband = 0
		f.Pools = append([]budget.FleetPool(nil), f.Pools...)
		for i := range f.Pools {
			l, part := &f.Pools[i].Load, float64(percent)/100
			l.Erlangs = load.Range{Lower: l.Erlangs.Lower * part, Target: l.Erlangs.Target * part, Upper: l.Erlangs.Upper * part}
			l.PerSec *= part
		}
		q := NewRoute(f, r.shift)
		for x := r.shift.At; x != r.shift.Until; {
			jump, err := q.farther(x, q.shift.Until)
			if err != nil || jump.To == x {
				return false
			}
			x, q.fleet = jump.To, after(q.fleet, jump.Plan)
		}
		return true
	}
	lo, hi := 0, 100 // free at lo, or unknown there; not free at hi
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; free(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return fleet.Unknown()
	}
	return fleet.Float(float64(lo) / 100)
}

// Cures says what would free the path, the smallest first.
func (b Blocked) Cures() string {
	var cures []string
	short := max(b.ShortConns, b.WorstShort)
	switch {
	case b.max != nil:
		cures = append(cures, fmt.Sprintf("raise max: of %s to %d at least", b.max.Pool, b.max.Need))
	case b.Kind == Structural && short > 0:
		cures = append(cures,
			fmt.Sprintf("no smaller step helps: %s more (max_connections, headroom, other pools), for as long as the switch is "+
				"around %d %%", words.Count(short, "connection"), b.Worst))
	case short > 0:
		cures = append(cures, fmt.Sprintf("%s more for as long as the step takes, a reserve or a headroom that is lent",
			words.Count(short, "connection")))
	}
	if q := float64(b.QuieterBy); !math.IsNaN(q) {
		cures = append(cures, fmt.Sprintf("a quieter hour, with %.0f %% of these loads", 100*q))
	}
	if b.Constraint == sizing.ConstraintCPU && short == 0 {
		cures = append(cures, fmt.Sprintf("more CPU on %s, queries that cost less, or a smaller headroom: {cpu: …} there",
			b.Server))
	} else {
		cures = append(cures, "smaller promises (utilization:, max_wait:) of the two pools")
	}
	return strings.Join(cures, "; ")
}
