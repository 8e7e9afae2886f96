package allocate

import (
	"math"
	"slices"
)

// distance returns how far, by rest, the nearest most of some columns are from
// their price.
func (b *board) distance(most int, of func(c int) bool) float64 {
	var away []float64
	for c, rest := range b.rest {
		if of(c) {
			away = append(away, math.Abs(rest))
		}
	}
	if len(away) <= most {
		return math.Inf(1)
	}
	slices.Sort(away)
	return away[most]
}

// doze puts a column to sleep at 0 or at 1, with what it takes of the lines.
func (b *board) doze(c int32, high bool) {
	b.asleep[c], b.high[c] = true, high
	if !high {
		return
	}
	b.dozing += b.gain[c]
	for r := range b.line {
		b.room[r] -= b.line[r][c]
	}
}

// sleep puts to sleep the columns outside the basis that the box leaves no choice,
// and those furthest from their price, by what bound left in rest, until about
// most are awake.
func (b *board) sleep(most int) {
	n := len(b.item)
	limit := b.distance(most, func(c int) bool { return !b.asleep[c] && b.state[c] == undecided })
	kept := 0
	for p, v := range b.non {
		if int(v) < n && (b.state[v] != undecided || math.Abs(b.rest[v]) > limit && b.up[p] == (b.rest[v] > 0)) {
			b.doze(v, b.up[p])
			if b.up[p] {
				for r := range b.line {
					b.rhs[r] -= b.t[r][p]
				}
			}
			continue
		}
		b.non[kept], b.up[kept], b.d[kept] = v, b.up[p], b.d[p]
		for _, t := range b.t {
			t[kept] = t[p]
		}
		kept++
	}
	b.m.work += kept * len(b.t)
	b.fit(kept)
}

// fit cuts the tableau to a number of places.
func (b *board) fit(places int) {
	b.non, b.up, b.d = b.non[:places], b.up[:places], b.d[:places]
	for r := range b.t {
		b.t[r] = b.t[r][:places]
	}
}

// wake gives a column that is asleep a place in the tableau. settle must follow.
func (b *board) wake(c int) {
	n := len(b.item)
	d := b.gain[c]
	column := make([]float64, len(b.line))
	for p, v := range b.non {
		if int(v) < n {
			continue
		}
		a := b.line[int(v)-n][c]
		if a == 0 {
			continue
		}
		for r, t := range b.t {
			column[r] += a * t[p]
		}
		d += a * b.d[p]
		b.m.work += len(b.t)
	}
	for r, v := range b.basic {
		if int(v) >= n {
			column[r] += b.line[int(v)-n][c]
		}
	}
	for r := range b.t {
		b.t[r] = append(b.t[r], column[r])
		if b.high[c] {
			b.rhs[r] += column[r]
		}
	}
	if b.high[c] {
		b.dozing -= b.gain[c]
		for r := range b.line {
			b.room[r] += b.line[r][c]
		}
	}
	b.non, b.up, b.d = append(b.non, int32(c)), append(b.up, b.high[c]), append(b.d, d)
	b.asleep[c] = false
}

// rouse wakes the columns that stand where their gain less the prices, as bound
// left it, says they should not, and says whether there were any.
func (b *board) rouse() (any bool) {
	for c, rest := range b.rest {
		if b.asleep[c] && b.state[c] == undecided && (rest > 0) != b.high[c] {
			b.wake(c)
			any = true
		}
	}
	if any {
		b.settle()
	}
	return any
}

// shrink drops the columns outside the basis that the box leaves no choice.
func (b *board) shrink() {
	n := len(b.item)
	number := make([]int32, n) // per column: its new number, or -1
	for c := range number {
		if b.asleep[c] && b.state[c] != undecided {
			number[c] = -1
		}
	}
	places := 0
	for p, v := range b.non {
		if int(v) < n && b.state[v] != undecided {
			number[v] = -1
			if b.up[p] {
				for r := range b.line {
					b.room[r] -= b.line[r][v]
					b.rhs[r] -= b.t[r][p]
				}
			}
			continue
		}
		b.non[places], b.up[places], b.d[places] = v, b.up[p], b.d[p]
		for _, t := range b.t {
			t[places] = t[p]
		}
		places++
	}
	b.fit(places)
	kept := int32(0)
	for c := range number {
		if number[c] < 0 {
			if b.state[c] == taken {
				b.gone += b.gain[c]
				if b.asleep[c] {
					b.dozing -= b.gain[c]
				}
				for r := range b.line {
					b.cap[r] -= b.line[r][c]
				}
			}
			continue
		}
		number[c] = kept
		b.item[kept], b.size[kept], b.gain[kept], b.state[kept] = b.item[c], b.size[c], b.gain[c], b.state[c]
		b.asleep[kept], b.high[kept], b.rest[kept] = b.asleep[c], b.high[c], b.rest[c]
		for _, line := range b.line {
			line[kept] = line[c]
		}
		kept++
	}
	b.m.work += int(kept) * len(b.line)
	rename := func(v int32) int32 {
		if int(v) < n {
			return number[v]
		}
		return v - int32(n) + kept
	}
	for p := range b.non {
		b.non[p] = rename(b.non[p])
	}
	for r := range b.basic {
		b.basic[r] = rename(b.basic[r])
		b.line[r] = b.line[r][:kept]
	}
	b.item, b.size, b.gain, b.state = b.item[:kept], b.size[:kept], b.gain[:kept], b.state[:kept]
	b.asleep, b.high, b.rest = b.asleep[:kept], b.high[:kept], b.rest[:kept]
}

// part returns a board of its own of a box within the board's, with the same cuts.
func (b *board) part(in box) *board {
	p := *b
	p.item, p.size, p.gain = slices.Clone(b.item), slices.Clone(b.size), slices.Clone(b.gain)
	p.state, p.asleep, p.high = slices.Clone(b.state), slices.Clone(b.asleep), slices.Clone(b.high)
	p.rest, p.cap, p.room = slices.Clone(b.rest), slices.Clone(b.cap), slices.Clone(b.room)
	p.rhs, p.x, p.d = slices.Clone(b.rhs), slices.Clone(b.x), slices.Clone(b.d)
	p.basic, p.non, p.up = slices.Clone(b.basic), slices.Clone(b.non), slices.Clone(b.up)
	p.line, p.t = make([][]float64, len(b.line)), make([][]float64, len(b.t))
	for r := range b.t {
		p.line[r], p.t[r] = slices.Clone(b.line[r]), slices.Clone(b.t[r])
	}
	p.steps, p.width = nil, nil
	b.m.work += len(b.line) * (len(b.item) + len(b.non))
	p.enter(in)
	p.shrink()
	return &p
}
