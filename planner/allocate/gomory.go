package allocate

import (
	"cmp"
	"math"
	"slices"
)

// Limits of the cuts of one round. Chosen by trial on crossing rows.
const (
	multiples = 6    // a line of the tableau is tried times 1, 2, …
	nearWhole = 0.02 // lines nearer to a whole number make no cut
	tilted    = 0.8  // cosine of two cuts above which the worse is not kept
	spread    = 1e5  // largest coefficient of a cut over its smallest
	maxBlur   = 1e-9 // rounding of a line beyond which it makes no cut
	// slack is the share of a cut's terms by which its cap is raised, so that
	// rounding in its coefficients cuts no answer off. Chosen: three orders above
	// the rounding of a sum of a few thousand terms.
	slack = 1e-10
)

// section is a cut before it is a line of the board.
type section struct {
	coef []float64
	cap  float64
}

// multipliers returns by how much of every line the tableau's line is a sum.
func (b *board) multipliers(line int) []float64 {
	n := len(b.item)
	u := make([]float64, len(b.line))
	for p, v := range b.non {
		if int(v) >= n {
			u[int(v)-n] = b.t[line][p]
		}
	}
	if v := int(b.basic[line]); v >= n {
		u[v-n] = 1
	}
	return u
}

// total returns the sum of the lines times u, that of their caps, and the size of
// the terms.
func (b *board) total(u []float64) (coef []float64, cap, size float64) {
	coef = make([]float64, len(b.item))
	for r, f := range u {
		if f == 0 {
			continue
		}
		cap += f * b.cap[r]
		size += math.Abs(f * b.cap[r])
		for c, a := range b.line[r] {
			coef[c] += f * a
			size += math.Abs(f * a)
		}
		b.m.work += len(coef)
	}
	return coef, cap, size
}

// help wakes the columns that can bring a line's variable nearer to its bounds.
// It also says whether the sum of the lines by the multipliers of that one shows
// that the box has no answer (Farkas 1902).
func (b *board) help(line int, fall bool) (woken, impossible bool) {
	u := b.multipliers(line)
	if fall {
		for r := range u {
			u[r] = -u[r]
		}
	}
	for r := range u {
		u[r] = max(0, u[r])
	}
	coef, cap, size := b.total(u)
	least := 0.0
	for c, a := range coef {
		if b.state[c] == taken || (b.state[c] == undecided && a < 0) {
			least += a
		}
		if b.asleep[c] && b.state[c] == undecided && (a < -pivotable && !b.high[c] || a > pivotable && b.high[c]) {
			b.wake(c)
			woken = true
		}
	}
	return woken, least > cap+slack*size
}

// plan is a cut that was not yet worked out: a multiple of a line of the tableau.
type plan struct {
	u    []float64 // see multipliers
	k    float64
	gain float64 // see step
}

// sections returns cuts through the present relaxation, those that bring the
// bound down most first: the mixed integer cuts of Gomory (1960), one for each
// line of the tableau, which is taken as often as that cuts deepest
// (Cornuéjols, Li and Vandenbussche 2003, "K-cuts").
func (b *board) sections(most int) []section {
	n := len(b.item)
	var list []plan
	b.width = make([]float64, len(b.non))
	coef := make([]float64, len(b.non))
	for r, v := range b.basic {
		if f := b.x[r] - math.Floor(b.x[r]); int(v) >= n+b.rows || f < nearWhole || f > 1-nearWhole {
			continue
		}
		u := b.multipliers(r)
		whole := 0.0
		for l, w := range u {
			whole += w * b.room[l]
		}
		for p, v := range b.non {
			if int(v) >= n {
				coef[p] = u[int(v)-n]
				continue
			}
			a := 0.0
			for l, w := range u {
				if w != 0 {
					a += w * b.line[l][v]
				}
			}
			if b.up[p] {
				whole -= a
				a = -a
			}
			coef[p] = a
		}
		b.m.work += len(b.non) * len(u)
		best := plan{u: u}
		for k := 1.0; k <= multiples; k++ {
			f := k*whole - math.Floor(k*whole)
			if f < nearWhole || f > 1-nearWhole {
				continue
			}
			if g := b.step(coef, k, f); g > best.gain {
				best.k, best.gain = k, g
			}
		}
		if best.gain > 0 {
			list = append(list, best)
		}
	}
	slices.SortStableFunc(list, func(a, z plan) int { return cmp.Compare(z.gain, a.gain) })
	var kept []section
	for _, p := range list {
		if len(kept) == most {
			break
		}
		s, ok := b.section(p.u, p.k)
		if ok && !slices.ContainsFunc(kept, func(o section) bool { return b.alike(s.coef, o.coef) }) {
			kept = append(kept, s)
		}
	}
	return kept
}

// step returns by how much the first pivot after a cut brings the bound down.
// coef has, per place, by how much the line rises as the place leaves where it
// stands; the cut is that of k times the line, which lacks f to a whole number.
func (b *board) step(coef []float64, k, f float64) float64 {
	n := len(b.item)
	steps := b.steps[:0]
	for p, v := range b.non {
		if int(v) < n && b.state[v] != undecided {
			continue
		}
		w := 0.0
		if int(v) < n+b.rows {
			w = rounded(k*coef[p], f, maxBlur)
		} else {
			w = max(k*coef[p]/f, -k*coef[p]/(1-f))
		}
		if w > maxBlur {
			b.width[p] = w
			steps = append(steps, candidate{p, math.Abs(b.d[p]) / w})
		}
	}
	b.m.work += 4 * len(b.non)
	b.steps = steps
	left, total := 1.0, 0.0
	for i := range steps {
		least := i
		for o := i + 1; o < len(steps); o++ {
			if steps[o].rate < steps[least].rate {
				least = o
			}
		}
		steps[i], steps[least] = steps[least], steps[i]
		s := steps[i]
		w := b.width[s.place]
		if w >= left || int(b.non[s.place]) >= n {
			return total + left*s.rate
		}
		left -= w
		total += w * s.rate
	}
	return total
}

// rounded is what a term of a cut weighs, see section; one within blur of a whole
// number weighs nothing.
func rounded(a, f, blur float64) float64 {
	g := a - math.Floor(a)
	if g < blur || g > 1-blur {
		return 0
	}
	return min(g/f, (1-g)/(1-f))
}

// alike says that two cuts point the same way.
func (b *board) alike(x, z []float64) bool {
	var xx, zz, xz float64
	for c := range x {
		xx += x[c] * x[c]
		zz += z[c] * z[c]
		xz += x[c] * z[c]
	}
	b.m.work += len(x)
	return xz > tilted*math.Sqrt(xx*zz)
}

// section rounds k times the sum of the lines times u to a cut. Counted from where
// the columns outside the basis stand, the sum reads
//
//	Σ a × column + Σ u × spare = a whole number + f
//
// and the columns and the spares of rows are whole, those of cuts are not. With g
// the fraction of its coefficient, a whole one weighs min(g / f, (1-g) / (1-f)),
// any other max(u / f, -u / (1-f)), and in every answer the weights add up to 1
// or more. An error of the sum takes as much, divided by f or 1-f, from that 1.
func (b *board) section(u []float64, k float64) (s section, ok bool) {
	coef, cap, size := b.total(u)
	n := len(coef)
	high := slices.Clone(b.high)
	for c := range high {
		high[c] = high[c] && b.asleep[c]
	}
	for p, v := range b.non {
		if int(v) < n {
			high[v] = b.up[p]
		}
	}
	whole := cap
	for c, a := range coef {
		if high[c] {
			whole -= a
		}
	}
	f := k*whole - math.Floor(k*whole)
	blur := rounding * k * size // what rounding can do to the sum
	if f < nearWhole || f > 1-nearWhole || blur > maxBlur {
		return s, false
	}
	s.coef = coef
	s.cap = -1
	for c, a := range coef {
		if high[c] {
			s.coef[c] = rounded(-k*a, f, blur)
			s.cap += s.coef[c]
		} else {
			s.coef[c] = -rounded(k*a, f, blur)
		}
	}
	b.m.work += 2 * n
	for r, w := range u {
		if r < b.rows {
			w = rounded(k*w, f, 0)
		} else {
			w = max(k*w/f, -k*w/(1-f))
		}
		if w == 0 {
			continue
		}
		s.cap += w * b.cap[r]
		for c, a := range b.line[r] {
			s.coef[c] += w * a
		}
		b.m.work += n
	}
	return b.finish(s, blur/min(f, 1-f))
}

// finish scales a cut, drops its smallest coefficients and raises its cap by what
// rounding may have taken from it. It says false when the cut is of no use.
func (b *board) finish(s section, blur float64) (section, bool) {
	most := 0.0
	for _, a := range s.coef {
		most = max(most, math.Abs(a))
	}
	if most == 0 || most > spread {
		return s, false
	}
	size := math.Abs(s.cap)
	for c, a := range s.coef {
		size += math.Abs(a)
		if math.Abs(a) < most/spread { // no answer is cut off: the column is 0 or 1
			s.coef[c] = 0
			s.cap += max(0, -a)
		}
	}
	s.cap += slack*size + 4*blur*float64(1+len(s.coef))
	for c := range s.coef {
		s.coef[c] /= most
	}
	s.cap /= most
	return s, true
}

// add makes lines of cuts.
func (b *board) add(list []section) {
	n := len(b.item)
	for _, s := range list {
		t := slices.Clone(s.coef)
		room := s.cap
		for c, a := range s.coef {
			if b.asleep[c] && b.high[c] {
				room -= a
			}
		}
		x, rhs := room, room
		row := make([]float64, len(b.non), len(b.non)+len(b.non)/4)
		for p, v := range b.non {
			if int(v) < n {
				row[p] = t[v]
				if b.up[p] {
					x -= t[v]
				}
			}
		}
		for r, v := range b.basic {
			if int(v) >= n || t[v] == 0 {
				continue
			}
			f := t[v]
			x -= f * b.x[r]
			rhs -= f * b.rhs[r]
			for p, a := range b.t[r] {
				row[p] -= f * a
			}
			b.m.work += n
		}
		b.basic = append(b.basic, int32(n+len(b.line)))
		b.line, b.cap, b.room = append(b.line, s.coef), append(b.cap, s.cap), append(b.room, room)
		b.t, b.x, b.rhs = append(b.t, row), append(b.x, x), append(b.rhs, rhs)
	}
}

// purge drops the cuts that the relaxation leaves loose.
func (b *board) purge() {
	n := len(b.item)
	place := make([]int32, len(b.line)) // per line: its new number, or -1
	for r, v := range b.basic {
		if int(v) >= n+b.rows && b.x[r] > 1e-6 {
			place[int(v)-n] = -1
		}
	}
	next := int32(0)
	for r := range place {
		if place[r] < 0 {
			continue
		}
		place[r] = next
		b.line[next], b.cap[next], b.room[next] = b.line[r], b.cap[r], b.room[r]
		next++
	}
	b.line, b.cap, b.room = b.line[:next], b.cap[:next], b.room[:next]
	kept := 0
	for r, v := range b.basic {
		if int(v) >= n {
			if place[int(v)-n] < 0 {
				continue
			}
			v = int32(n) + place[int(v)-n]
		}
		b.basic[kept], b.t[kept], b.x[kept], b.rhs[kept] = v, b.t[r], b.x[r], b.rhs[r]
		kept++
	}
	b.basic, b.t, b.x, b.rhs = b.basic[:kept], b.t[:kept], b.x[:kept], b.rhs[:kept]
	for p, v := range b.non {
		if int(v) >= n {
			b.non[p] = int32(n) + place[int(v)-n]
		}
	}
}
