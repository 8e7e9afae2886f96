package allocate

import (
	"math"
	"slices"
)

// Limits of the search by windows. Chosen like those of the branch and cut.
const (
	windowShare   = 7  // times the work of a branch and bound: all windows of a large box
	windowsMost   = 60 // windows of one search
	windowsStill  = 20 // windows in a row that may find nothing
	windowSteps   = 10 // a step is so many parts of the rows,
	windowWide    = 3  // a window is so many steps wide,
	windowWiden   = 5  // one wider after so many that found nothing,
	windowNext    = 2  // and the next begins so many on
	windowColumns = 6  // columns per row that a window leaves open
	windowVisits  = 30 // nodes of one window
	windowLeast   = 6  // a box with no more columns per row needs no windows
)

// windows searches the box of the root with all items held at the best sizes but
// those of some rows, and then of others (large neighbourhood search, Shaw 1998).
// It ends when windows find nothing any more, or when the mesh has done that much
// work. The open nodes stay as they are. It says whether there were any windows.
func (a *crossing) windows(work int) bool {
	b, t := a.b, a.t
	if len(a.open) == 0 || b.rows < 2 || len(a.near) <= windowLeast*b.rows {
		return false
	}
	step := max(1, b.rows/windowSteps)
	widest := b.widest() // its items are in other rows too
	chosen := make([]bool, b.rows)
	for i, still := 0, 0; i < windowsMost && still < windowsStill && t.m.work < work; i++ {
		clear(chosen)
		for r := range (windowWide + still/windowWiden) * step {
			chosen[(i*windowNext*step+r)%b.rows] = true
		}
		chosen[widest] = false
		was := t.gained
		in := a.window(chosen)
		part := &crossing{t: t, b: b.part(in), offset: a.offset, awake: a.awake, eager: a.eager}
		part.open = nodes{{in: in, bound: math.Inf(1)}}
		part.search(windowVisits, work)
		a.visits += part.visits
		if still++; t.gained > was {
			still = 0
		}
	}
	return true
}

// window returns the box of the root with the items of the chosen rows open where
// they lose least at its prices, and all others at the best sizes.
func (a *crossing) window(chosen []bool) box {
	b, t := a.b, a.t
	free := make([]bool, len(a.whole.lo))
	for j := range free {
		for _, u := range t.m.use(j) {
			free[j] = free[j] || chosen[u.Item]
		}
	}
	b.enter(a.whole)
	in := box{slices.Clone(a.whole.lo), slices.Clone(a.whole.hi)}
	copy(b.rest, a.near)
	of := func(c int) bool { return free[b.item[c]] && b.state[c] == undecided }
	b.narrow(in, b.distance(windowColumns*b.rows, of))
	for j, k := range t.best {
		k = min(max(k, a.whole.lo[j]), a.whole.hi[j])
		if !free[j] {
			in.lo[j], in.hi[j] = k, k
			continue
		}
		in.lo[j], in.hi[j] = min(in.lo[j], k), max(in.hi[j], k)
	}
	return in
}

// widest returns the row that has the most columns.
func (b *board) widest() int {
	row, most := 0, -1
	for r := range b.rows {
		n := 0
		for _, a := range b.line[r] {
			if a > 0 {
				n++
			}
		}
		if n > most {
			row, most = r, n
		}
	}
	return row
}
