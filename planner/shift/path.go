package shift

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// Path is the path of a shift, jump by jump.
type Path struct {
	Shift Shift `json:"shift"`
	// today's sizes do not serve today's loads: they are changed before anything moves
	Repair  bool     `json:"repair"`
	Jumps   []Jump   `json:"jumps"`             // in order; empty: Until is reached, or Blocked says why nothing can move
	Blocked *Blocked `json:"blocked,omitempty"` // why no jump leads on from the last one; nil: the path reaches Until
}

// Largest are the largest sizes of pools on the path, and those of before, in connections.
func (p Path) Largest(before map[string]int) map[string]int {
	out := maps.Clone(before)
	if out == nil {
		out = map[string]int{}
	}
	for _, j := range p.Jumps {
		for _, x := range j.Plan.Pools {
			out[x.ID] = max(out[x.ID], x.ToSize)
		}
	}
	return out
}

// Jump is one change of the switch, with the sizes that it needs before: they serve every percentage from X to To.
type Jump struct {
	X    int         `json:"from_percent"` // 0..100: what the switch says before
	To   int         `json:"to_percent"`   // 0..100: what it is to say after
	Plan sizing.Plan `json:"plan"`         // from the sizes that the jump before has left
}

// PathOf returns the path from Shift.At to Shift.Until with the fewest jumps of at most `most` percentage points: each
// goes as far as one set of sizes serves everything in between, which no other choice can better, as a set that serves
// an interval serves every part of it (so the furthest jump from further on ends no earlier). Each pool is sized for
// the end of the fraction that leaves, or brings, it most.
//
// The error is of KindInfeasible where some percentage cannot be passed; Path.Blocked then says why. It is of KindUsage
// where the shift makes no sense.
func PathOf(f budget.Fleet, s Shift, most int) (Path, error) {
	out := Path{Shift: s}
	if err := s.Check(f, most); err != nil {
		return out, err
	}
	r := NewRoute(f, s)
	out.Repair = s.At != s.Until && !r.serve(f, s.At)
	for x := s.At; x != s.Until; {
		jump, blocked, err := r.Furthest(x, r.Limit(x, most))
		if blocked != nil {
			out.Blocked = blocked
		}
		if err != nil {
			return out, err
		}
		out.Jumps = append(out.Jumps, jump)
		x, r.fleet = jump.To, after(r.fleet, jump.Plan)
	}
	return out, nil
}

// Passage is PathOf for a fraction that is not certain: where some percentage cannot be passed with all that it may be,
// the path is that of its middle, and tails says where the other ends; a run plans it anew from what it learns. The
// error is PathOf's, of the middle.
func Passage(f budget.Fleet, s Shift, most int) (path Path, tails *Blocked, err error) {
	path, err = PathOf(f, s, most)
	if err == nil || path.Blocked == nil {
		return path, nil, err
	}
	middle, err := PathOf(f, s.Middle(), most)
	middle.Shift = s
	return middle, path.Blocked, err
}

// Middle is the shift with its fraction taken as certain.
func (s Shift) Middle() Shift {
	s.Fraction.Lower, s.Fraction.Upper = s.Fraction.Target, s.Fraction.Target
	return s
}

// route is a shift over a fleet, with the floors that are known already.
type route struct {
	shift  Shift
	fleet  budget.Fleet
	floors map[int][2]int // by percentage: of From, of To
	errs   map[int]error
}

// NewRoute returns the route of a shift over a fleet. It keeps the floors that it has computed: use one for all jumps
// of a path.
func NewRoute(f budget.Fleet, s Shift) *route {
	return &route{s, f, map[int][2]int{}, map[int]error{}}
}

// floor is the smallest sizes of the two pools that keep their promises at z percent, whatever the fraction is. Each
// fraction has a mean hold of its own: what comes at the upper end holds as it does there, not as in the middle.
func (r *route) floor(z int) ([2]int, error) {
	if _, known := r.floors[z]; known {
		return r.floors[z], r.errs[z]
	}
	for _, phi := range ends(r.shift.Fraction) {
		s := r.shift
		s.Fraction = phi
		from, to := s.pair(r.fleet, z)
		a, _, err := sizing.Floor(from)
		b, _, also := sizing.Floor(to)
		x := r.floors[z]
		r.floors[z] = [2]int{max(x[0], a), max(x[1], b)}
		if err == nil {
			err = also
		}
		if err != nil {
			r.errs[z] = err
		}
	}
	return r.floors[z], r.errs[z]
}

// ends are a range as a whole and, taken as certain, its ends and its middle.
func ends(x load.Range) []load.Range {
	out := []load.Range{x}
	for _, v := range []float64{x.Lower, x.Target, x.Upper} {
		if y := (load.Range{Lower: v, Target: v, Upper: v}); !slices.Contains(out, y) {
			out = append(out, y)
		}
	}
	return out
}

// Limit is as far as a jump from x may go.
func (r *route) Limit(x, most int) int {
	if r.shift.Until < x {
		return max(x-most, r.shift.Until)
	}
	return min(x+most, r.shift.Until)
}

// onward is the percentage d points from x on the path.
func (r *route) onward(x, d int) int {
	if r.shift.Until < x {
		return x - d
	}
	return x + d
}

// Furthest finds the furthest jump from x; where there is none, why.
func (r *route) Furthest(x, limit int) (Jump, *Blocked, error) {
	best, err := r.farther(x, limit)
	if err != nil {
		plan, err := r.serving(x, x)
		return Jump{}, r.blocked(x, x, plan, err), r.wrap(x, "no sizes serve it at rest", err)
	}
	if best.To == x && limit != x {
		next := r.onward(x, 1)
		plan, err := r.serving(x, next)
		b, why := r.blocked(x, next, plan, err), "sizes serve it at rest, and none serve a step from it"
		if b != nil && b.Kind == Structural {
			why += fmt.Sprintf(", nor %d %% at rest (%s)", b.Worst, b.WorstText)
		}
		return Jump{}, b, r.wrap(x, why, err)
	}
	return best, nil, nil
}

// farther is the furthest jump from x, which may be none; an error says that not even x is served.
func (r *route) farther(x, limit int) (Jump, error) {
	if plan, err := r.serving(x, limit); err == nil {
		return Jump{x, limit, plan}, nil
	}
	far := x
	if err := r.serves(x, x); err != nil {
		return Jump{}, err
	}
	// serving is monotone: what serves an interval serves each part of it
	for lo, hi := 0, max(limit-x, x-limit)-1; lo < hi; {
		mid := (lo + hi + 1) / 2
		err := r.serves(x, r.onward(x, mid))
		switch {
		case err == nil:
			far, lo = r.onward(x, mid), mid
		case operr.KindOf(err) != operr.KindInfeasible:
			return Jump{}, err
		default:
			hi = mid - 1
		}
	}
	plan, err := r.serving(x, far)
	return Jump{x, far, plan}, err
}

func (r *route) wrap(x int, why string, err error) error {
	if operr.KindOf(err) != operr.KindInfeasible {
		return err
	}
	return &operr.Error{Kind: operr.KindInfeasible, Subject: fmt.Sprintf("the shift at %d %%", x),
		Err: fmt.Errorf("%s: %w", why, err),
		Hint: "lower the promises, free connections elsewhere, or choose a quieter hour; pgbudget plan --path lists what " +
			"would suffice"}
}

// serves says why no sizes serve everything from x to y; nil: some do, whether or not they are worth a change.
func (r *route) serves(x, y int) error {
	bare := *r
	bare.fleet.Deadband = 0
	_, err := bare.serving(x, y)
	return err
}

// serving plans the sizes with which the switch may stand anywhere from x to y: the promises of every percentage
// between hold; the rest is spent for the far end.
func (r *route) serving(x, y int) (sizing.Plan, error) {
	at := r.shift.Loaded(r.fleet, y)
	for z := min(x, y); z <= max(x, y); z++ { // each by itself: nothing is assumed of how the need goes in between
		floors, err := r.floor(z)
		if err != nil {
			return sizing.Plan{}, err
		}
		for i, id := range []string{r.shift.From, r.shift.To} {
			if j, found := at.Place(id); found {
				at.Pools[j].Rules.Shift = max(at.Pools[j].Rules.Shift, floors[i])
			}
		}
	}
	return sizing.Solve(at, sizing.Options{})
}

// serve reports whether the sizes of a fleet keep the promises of both pools at z percent.
func (r *route) serve(f budget.Fleet, z int) bool {
	floors, err := r.floor(z)
	if err != nil {
		return false
	}
	for i, id := range []string{r.shift.From, r.shift.To} {
		p, _ := f.Pool(id)
		for _, s := range p.Sizes {
			if s.Conns < floors[i] {
				return false
			}
		}
	}
	return true
}

// Reach is the furthest percentage up to limit that the sizes of a fleet serve, with everything from x on; x where they
// serve none, not even x.
func (r *route) Reach(f budget.Fleet, x, limit int) int {
	y := x
	for z := x; r.serve(f, z); z = r.onward(z, 1) {
		if y = z; z == limit {
			break
		}
	}
	return y
}
