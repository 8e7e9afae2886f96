package allocate

import (
	"math"
	"slices"
)

// board is a mesh within a box as an integer program: a column of 0 or 1 for
// every unit that the box leaves open, a line for every row, and a line for
// every cut found so far. A line says Σ coefficient × column <= cap. Units of an
// item weigh alike and gain ever less, so an answer that skips a unit never
// beats the one that takes it instead.
//
// Columns whose gain is far from their price are asleep: they stand where their
// gain says and have no part in the tableau (see simplex.go) until they are
// woken, so that a pivot costs what the few columns near their price cost.
type board struct {
	m      *mesh
	item   []int32     // per column: its item
	size   []int32     // per column: it takes the item from this many units to one more
	gain   []float64   // per column
	state  []int8      // per column: undecided, taken or left, by the box of the node at hand
	asleep []bool      // per column
	high   []bool      // per column that is asleep: it stands at 1
	rest   []float64   // per column: gain less the prices of its lines, see bound
	line   [][]float64 // per line and column: coefficient
	cap    []float64   // per line
	room   []float64   // per line: cap less what the columns asleep take
	rows   int         // lines of rows; those from here on are cuts
	gone   float64     // what the columns that were dropped as taken gain
	tableau
}

// What the box of a node leaves of a column.
const (
	undecided int8 = iota
	taken
	left
)

// newBoard returns the board of a mesh within a box, with no more than some
// columns awake, those nearest to the rows' shadow prices y. It returns nil when
// the board would be larger than most numbers.
func (m *mesh) newBoard(in box, most, awake int, y []float64) *board {
	b := &board{m: m, rows: len(m.rows), cap: make([]float64, len(m.rows))}
	for r, row := range m.rows {
		b.cap[r] = float64(m.s.rows[row].cap)
	}
	for j := range m.items {
		for _, u := range m.use(j) {
			b.cap[u.Item] -= float64(in.lo[j] * u.Coef)
		}
		for x := in.lo[j]; x < in.hi[j]; x++ {
			g := m.ladder(j).gain(x)
			if g == none {
				break
			}
			b.item, b.size, b.gain = append(b.item, int32(j)), append(b.size, int32(x)), append(b.gain, g)
		}
		if len(b.item)*len(m.rows) > most {
			return nil
		}
	}
	n := len(b.item)
	b.state, b.asleep, b.high, b.rest = make([]int8, n), make([]bool, n), make([]bool, n), make([]float64, n)
	b.room = slices.Clone(b.cap)
	arena := make([]float64, n*len(m.rows))
	b.line = make([][]float64, len(m.rows))
	for r := range b.line {
		b.line[r] = arena[r*n : (r+1)*n : (r+1)*n]
	}
	for c, j := range b.item {
		for _, u := range m.use(int(j)) {
			b.line[u.Item][c] = float64(u.Coef)
		}
	}
	for c, j := range b.item {
		b.rest[c] = b.gain[c] - m.cost(int(j), y)
	}
	limit := b.distance(awake, func(int) bool { return true })
	for c, rest := range b.rest {
		if math.Abs(rest) > limit {
			b.doze(int32(c), rest > 0)
		}
	}
	m.work += n * len(m.rows)
	b.begin()
	return b
}

// enter sets the columns to a box within the board's.
func (b *board) enter(in box) {
	for c, j := range b.item {
		switch x := int(b.size[c]); {
		case x < in.lo[j]:
			b.state[c] = taken
		case x >= in.hi[j]:
			b.state[c] = left
		default:
			b.state[c] = undecided
		}
		if b.asleep[c] && (b.state[c] == taken && !b.high[c] || b.state[c] == left && b.high[c]) {
			b.wake(c)
		}
	}
	b.settle()
}

// bound returns what the columns gain at most, by the Lagrangian at the prices
// of the lines that the tableau stands at, and leaves in rest the gains less the
// prices. Any prices >= 0 bound, so rounding in the tableau falsifies nothing.
func (b *board) bound() float64 {
	n := len(b.item)
	copy(b.rest, b.gain)
	var total sum
	size := 0.0
	for p, v := range b.non {
		y := -b.d[p]
		if int(v) < n || y <= 0 {
			continue
		}
		r := int(v) - n
		total.add(y * b.cap[r])
		size += math.Abs(y * b.cap[r])
		for c, a := range b.line[r] {
			b.rest[c] -= y * a
		}
		b.m.work += n
	}
	for c, rest := range b.rest {
		size += b.gain[c]
		if b.state[c] == taken || (b.state[c] == undecided && rest > 0) {
			total.add(rest)
		}
	}
	return b.gone + total.value() + rounding*float64(len(b.line))*size
}

// narrow cuts from a box the sizes that alone bring the bound down by more than
// spare, by what bound left in rest (reduced cost fixing, see tighten). It says
// false when no size of some item is left.
func (b *board) narrow(in box, spare float64) bool {
	left := true
	for c, rest := range b.rest {
		if b.state[c] != undecided || math.Abs(rest) <= spare {
			continue
		}
		j, x := b.item[c], int(b.size[c])
		if rest < 0 {
			in.hi[j] = min(in.hi[j], x)
		} else {
			in.lo[j] = max(in.lo[j], x+1)
		}
		left = left && in.lo[j] <= in.hi[j]
	}
	return left
}

// choose returns the column to split at, the one whose halves lose most in their
// first pivot (Driebeek 1966), and whether the half that takes it loses less; -1
// when all columns are whole.
func (b *board) choose() (column int, up bool) {
	n := len(b.item)
	column = -1
	most := -1.0
	for r, v := range b.basic {
		if int(v) >= n || b.x[r] < wholeUnit || b.x[r] > 1-wholeUnit {
			continue
		}
		down, rise := math.Inf(1), math.Inf(1)
		for p, w := range b.non {
			if int(w) < n && b.state[w] != undecided {
				continue
			}
			f := b.t[r][p]
			if b.up[p] {
				f = -f
			}
			if f > pivotable {
				down = min(down, math.Abs(b.d[p])/f)
			} else if f < -pivotable {
				rise = min(rise, math.Abs(b.d[p])/-f)
			}
		}
		b.m.work += len(b.non)
		down *= b.x[r]
		rise *= 1 - b.x[r]
		score := min(down, 1e6)*min(rise, 1e6) + 1e-9*min(b.x[r], 1-b.x[r])
		if score > most {
			column, up, most = int(v), rise < down, score
		}
	}
	return column, up
}
