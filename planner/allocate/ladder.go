package allocate

import "math"

// none is the gain of a unit that cannot be bought. Gains that can be bought
// exceed MinGain >= 0.
const none = -1

// noise is the relative rise of a gain over the one before it that counts as
// rounding. Chosen: two orders above the error of an Erlang gain in doubles.
const noise = 1e-12

// ladder is the state of one item: the gains of its units above Lo, read from
// its curve as they are needed, and how many of them are taken.
type ladder struct {
	curve Curve
	// gains[j] is the gain of unit j, which takes the item from lo+j to
	// lo+j+1. Non-increasing, all above floor.
	gains []float64
	lo    int
	k     int // units taken
	top   int // units the caps allow, <= own
	own   int // units that Hi and floor allow; falls when the floor is met
	floor float64
	step  int // length of the next batch
	// lift sums by how much gains rose where they should not: the cost of
	// having read the curve as convex.
	lift float64
	bad  bool // the curve returned a gain that is not a finite number
}

// gain returns the gain of unit j within the caps, or none.
func (l *ladder) gain(j int) float64 {
	if j >= l.top {
		return none
	}
	if j < len(l.gains) {
		return l.gains[j]
	}
	return l.read(j)
}

// peek returns the gain of unit j within Hi, whatever the caps say, or none.
func (l *ladder) peek(j int) float64 {
	if j < len(l.gains) {
		return l.gains[j]
	}
	return l.read(j)
}

// next returns the gain of the first unit not taken, or none.
func (l *ladder) next() float64 { return l.gain(l.k) }

// last returns the gain of the last unit taken, or none.
func (l *ladder) last() float64 {
	if l.k == 0 {
		return none
	}
	return l.gains[l.k-1]
}

// limit lowers the number of units that the caps allow.
func (l *ladder) limit(units int) { l.top = min(l.top, units) }

// read extends gains until unit j is in it, in batches that double.
func (l *ladder) read(j int) float64 {
	for j >= len(l.gains) {
		from := len(l.gains)
		if from >= l.own {
			return none
		}
		n := min(max(l.step, j+1-from), l.own-from)
		l.step = 2 * n
		l.gains = grow(l.gains, n)
		l.curve.Gains(l.lo+from, l.gains[from:])
		l.accept(from)
	}
	if j >= l.top && j >= l.own {
		return none
	}
	return l.gains[j]
}

// accept makes the gains from index from on non-increasing, notes what that
// changed, and cuts the ladder at the first unit without a further gain.
func (l *ladder) accept(from int) {
	last := math.MaxFloat64
	if from > 0 {
		last = l.gains[from-1]
	}
	for j := from; j < len(l.gains); j++ {
		g := l.gains[j]
		if !(g <= last) {
			if math.IsNaN(g) || math.IsInf(g, 0) {
				l.bad = true
				l.cut(j)
				return
			}
			if g-last > noise*g {
				l.lift += g - last
			}
			g = last
			l.gains[j] = g
		}
		if g <= l.floor {
			l.bad = l.bad || math.IsInf(g, -1)
			l.cut(j)
			return
		}
		last = g
	}
}

// cut ends the ladder before unit j.
func (l *ladder) cut(j int) {
	l.gains = l.gains[:j]
	l.own = j
	l.top = min(l.top, j)
}

// grow returns s with n more elements, its capacity doubled when it is short.
func grow(s []float64, n int) []float64 {
	if len(s)+n <= cap(s) {
		return s[:len(s)+n]
	}
	t := make([]float64, len(s)+n, max(2*cap(s), len(s)+n))
	copy(t, s)
	return t
}
