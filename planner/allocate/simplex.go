package allocate

import (
	"cmp"
	"math"
	"slices"
)

// tableau is the state of the dual simplex method with bounded columns and long
// steps (Lemke 1954; Maros 2003, "Computational Techniques of the Simplex
// Method", chapter 10). Its variables are the columns that are awake, then the
// spare of every line; each basic one is rhs - Σ t × the others. A column outside
// the basis stands at 0 or at 1, whichever its gain says, so every basis is a
// start for every box, and the method can stop at any pivot with prices that
// bound.
type tableau struct {
	t      [][]float64 // per line: a number per place outside the basis
	rhs    []float64   // per line: its basic variable when all others are 0
	x      []float64   // per line: its basic variable
	d      []float64   // per place: what a unit of its variable gains
	basic  []int32     // per line: its variable
	non    []int32     // per place: its variable
	up     []bool      // per place: its variable stands at 1
	dozing float64     // what the columns that sleep at 1 gain
	steps  []candidate // scratch
	width  []float64   // scratch, per place: see step
	since  int         // pivots since the tableau was made
}

// candidate is a place that may enter the basis, and what it gains for a change
// of 1 in the variable that leaves.
type candidate struct {
	place int
	rate  float64
}

// Tolerances of the dual simplex method. Chosen: coefficients are small integers,
// or cuts scaled to 1.
const (
	feasible  = 1e-9
	pivotable = 1e-8
	fresh     = 120 // pivots after which the tableau is made anew
)

// begin makes the tableau of the basis of all spares and the columns awake.
func (b *board) begin() {
	n, rows := len(b.item), len(b.line)
	b.non, b.d = b.non[:0], b.d[:0]
	for c := range b.item {
		if !b.asleep[c] {
			b.non, b.d = append(b.non, int32(c)), append(b.d, b.gain[c])
		}
	}
	places := len(b.non)
	b.up = make([]bool, places)
	b.t = make([][]float64, rows)
	arena := make([]float64, rows*places)
	for r := range b.t {
		b.t[r] = arena[r*places : (r+1)*places : (r+1)*places]
		for p, c := range b.non {
			b.t[r][p] = b.line[r][c]
		}
	}
	b.rhs = slices.Clone(b.room)
	b.x, b.basic = make([]float64, rows), make([]int32, rows)
	for r := range b.basic {
		b.basic[r] = int32(n + r)
	}
	b.since = 0
	b.m.work += rows * places
}

// remake makes the tableau of the present basis anew, to be rid of rounding.
func (b *board) remake() {
	n := len(b.item)
	enter := make([]bool, n)
	stay := make([]bool, len(b.line)) // per line: its spare is basic
	for _, v := range b.basic {
		if int(v) < n {
			enter[v] = true
		} else {
			stay[int(v)-n] = true
		}
	}
	b.begin()
	for p, v := range b.non {
		if int(v) >= n || !enter[v] {
			continue
		}
		best := -1
		for r := range b.line {
			if !stay[r] && int(b.basic[r]) >= n && (best < 0 || math.Abs(b.t[r][p]) > math.Abs(b.t[best][p])) {
				best = r
			}
		}
		if best >= 0 && math.Abs(b.t[best][p]) > pivotable {
			b.pivot(best, p)
		}
	}
	b.since = 0
	b.settle()
}

// settle puts every variable outside the basis where the box or its gain says,
// and computes the basic ones.
func (b *board) settle() {
	n := int32(len(b.item))
	for p, v := range b.non {
		b.up[p] = v < n && (b.state[v] == taken || (b.state[v] == undecided && b.d[p] > 0))
	}
	for r, t := range b.t {
		x := b.rhs[r]
		for p, up := range b.up {
			if up {
				x -= t[p]
			}
		}
		b.x[r] = x
	}
	b.m.work += len(b.t) * len(b.non)
}

// limits returns the least and most that variable v may be.
func (b *board) limits(v int32) (least, most float64) {
	if int(v) >= len(b.item) {
		return 0, math.Inf(1)
	}
	switch b.state[v] {
	case taken:
		return 1, 1
	case left:
		return 0, 0
	}
	return 0, 1
}

// outcome says how the dual simplex method ended.
type outcome int

const (
	solved outcome = iota
	empty          // the box has no answer
	below          // the bound fell to what was asked for
	spent          // the pivots were spent, or rounding ended it
)

// optimize pivots until the columns awake are at an optimum of the relaxation
// within the box, or are worth no more than limit.
func (b *board) optimize(limit float64, pivots int) outcome {
	for {
		if b.since > fresh {
			b.remake()
		}
		line, fall := b.leaving()
		if line < 0 {
			return solved
		}
		if pivots--; pivots < 0 {
			return spent
		}
		place := b.entrant(line, fall)
		if place < 0 {
			woken, impossible := b.help(line, fall)
			switch {
			case impossible:
				return empty
			case woken:
				b.settle()
			case b.since == 0:
				return spent
			default:
				b.remake()
			}
			continue
		}
		b.exchange(line, place, fall)
		if b.worth() <= limit {
			return below
		}
	}
}

// worth is the gain at the present basis, which bounds the relaxation.
func (b *board) worth() float64 {
	total := b.gone + b.dozing
	n := len(b.item)
	for p, up := range b.up {
		if up {
			total += b.gain[b.non[p]]
		}
	}
	for r, v := range b.basic {
		if int(v) < n {
			total += b.gain[v] * b.x[r]
		}
	}
	return total
}

// leaving returns the line whose basic variable is furthest out of its bounds,
// and whether it must fall; -1 when none is.
func (b *board) leaving() (line int, fall bool) {
	line = -1
	most := feasible
	for r, v := range b.basic {
		lo, hi := b.limits(v)
		if out := lo - b.x[r]; out > most {
			line, fall, most = r, false, out
		} else if out := b.x[r] - hi; out > most {
			line, fall, most = r, true, out
		}
	}
	return line, fall
}

// entrant returns the place that enters the basis when the line's variable leaves
// it. Columns that cost less, and cannot make up for all that the variable is out
// by, move to their other bound. It returns -1 when no place can enter.
func (b *board) entrant(line int, fall bool) int {
	n := int32(len(b.item))
	t := b.t[line]
	steps := b.steps[:0]
	for p, v := range b.non {
		a := t[p]
		if !fall {
			a = -a
		}
		if b.up[p] {
			a = -a
		}
		if a <= pivotable || (v < n && b.state[v] != undecided) {
			continue
		}
		steps = append(steps, candidate{p, math.Abs(b.d[p]) / a})
	}
	b.steps = steps
	b.m.work += 2 * len(t)
	lo, hi := b.limits(b.basic[line])
	out := lo - b.x[line]
	if fall {
		out = b.x[line] - hi
	}
	for at := range steps {
		if at < unsorted {
			b.first(steps[at:], t)
		} else if at == unsorted {
			slices.SortFunc(steps[at:], func(x, z candidate) int { return x.compare(z, t) })
		}
		p := steps[at].place
		if out -= math.Abs(t[p]); out <= feasible || b.non[p] >= n {
			b.turn(steps[:at])
			return p
		}
	}
	return -1
}

// unsorted is how many candidates are found one by one before the rest is sorted.
// Chosen: few pivots pass more.
const unsorted = 3

// compare orders candidates by their rate, those that move the line t most first.
func (x candidate) compare(z candidate, t []float64) int {
	return cmp.Or(cmp.Compare(x.rate, z.rate), cmp.Compare(math.Abs(t[z.place]), math.Abs(t[x.place])),
		cmp.Compare(x.place, z.place))
}

// first moves the first candidate to the front.
func (b *board) first(steps []candidate, t []float64) {
	least := 0
	for i := range steps {
		if steps[i].rate <= steps[least].rate && steps[i].compare(steps[least], t) < 0 {
			least = i
		}
	}
	steps[0], steps[least] = steps[least], steps[0]
}

// turn moves the columns of some places to their other bound.
func (b *board) turn(steps []candidate) {
	for _, s := range steps {
		by := 1.0
		if b.up[s.place] {
			by = -1
		}
		b.up[s.place] = !b.up[s.place]
		for r, t := range b.t {
			b.x[r] -= by * t[s.place]
		}
	}
	b.m.work += len(steps) * len(b.t)
}

// exchange lets the variable of a place enter the basis for that of a line, which
// leaves at the bound that it exceeds.
func (b *board) exchange(line, place int, fall bool) {
	v := b.basic[line]
	lo, hi := b.limits(v)
	at := lo
	if fall {
		at = hi
	}
	by := (b.x[line] - at) / b.t[line][place] // of the entering variable
	for r, t := range b.t {
		b.x[r] -= by * t[place]
	}
	enters := by
	if b.up[place] {
		enters++
	}
	b.pivot(line, place)
	b.x[line] = enters
	b.up[place] = at > 0
	if int(v) >= len(b.item) {
		b.up[place] = false
	}
}

// pivot exchanges the variables of a line and a place.
func (b *board) pivot(line, place int) {
	t := b.t[line]
	f := 1 / t[place]
	for p := range t {
		t[p] *= f
	}
	t[place] = f
	b.rhs[line] *= f
	for r, o := range b.t {
		a := o[place]
		if r == line || a == 0 {
			continue
		}
		o[place] = 0
		o := o[:len(t)]
		for p, v := range t {
			o[p] -= a * v
		}
		b.rhs[r] -= a * b.rhs[line]
	}
	if a := b.d[place]; a != 0 {
		b.d[place] = 0
		for p, v := range t {
			b.d[p] -= a * v
		}
	}
	b.basic[line], b.non[place] = b.non[place], b.basic[line]
	b.since++
	b.m.work += len(b.t) * len(t)
}
