package allocate

import (
	"cmp"
	"slices"
)

// relaxed tries to solve connected rows by solving some of them exactly: first
// a few that cover every item, then those too that the answer breaks. An
// optimum over fewer rows that respects them all is an optimum over all. It
// says whether that worked; if not, the items are on their floors again.
func (s *solver) relaxed(rows []int) bool {
	active, rest := s.cover(rows)
	var tops []int
	s.each(rows, func(l *ladder) { tops = append(tops, l.top) })
	restore := func() {
		j := 0
		s.each(rows, func(l *ladder) {
			l.top = min(tops[j], l.own)
			j++
		})
	}
	for {
		groups, _ := s.components(active)
		solved := true
		for _, g := range groups {
			gap, _, ok := s.exact(g)
			if solved = ok && gap == 0; !solved {
				break
			}
		}
		restore()
		kept := len(rest)
		if solved {
			rest = slices.DeleteFunc(rest, func(r int) bool {
				broken := s.broken(s.rows[r])
				if broken {
					active = append(active, r)
				}
				return broken
			})
			if len(rest) == kept {
				return true
			}
			slices.Sort(active)
		}
		s.each(rows, func(l *ladder) { l.k = 0 })
		if !solved {
			return false
		}
	}
}

// cover returns the largest rows that together hold every item, and the rest.
func (s *solver) cover(rows []int) (active, rest []int) {
	order := slices.Clone(rows)
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(len(s.rows[b].terms), len(s.rows[a].terms))
	})
	seen := make([]bool, len(s.items))
	for _, r := range order {
		fresh := false
		for _, t := range s.rows[r].terms {
			fresh = fresh || !seen[t.Item]
			seen[t.Item] = true
		}
		if fresh {
			active = append(active, r)
		} else {
			rest = append(rest, r)
		}
	}
	slices.Sort(active)
	return active, rest
}

// each calls f once for every item of the rows, in a fixed order.
func (s *solver) each(rows []int, f func(*ladder)) {
	seen := make([]bool, len(s.items))
	for _, r := range rows {
		for _, t := range s.rows[r].terms {
			if !seen[t.Item] {
				seen[t.Item] = true
				f(&s.items[t.Item])
			}
		}
	}
}

// broken says that what is taken exceeds r.
func (s *solver) broken(r row) bool {
	left := r.cap
	for _, t := range r.terms {
		left -= t.Coef * s.items[t.Item].k
	}
	return left < 0
}
