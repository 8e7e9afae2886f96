package allocate

import (
	"cmp"
	"slices"
)

// nest orders rows so that every row comes before the rows that contain it,
// and says whether they are nested: any two contain one another or share
// nothing. It leaves the innermost row of every item in owner, which has one
// element per item, and the row around every row in outer; -1 is none.
func (s *solver) nest(rows []int, owner []int32) (inner []int, nested bool) {
	inner = slices.Clone(rows)
	slices.SortStableFunc(inner, func(a, b int) int {
		return cmp.Compare(len(s.rows[a].terms), len(s.rows[b].terms))
	})
	for _, r := range inner {
		for _, t := range s.rows[r].terms {
			owner[t.Item] = -1
		}
	}
	// From the largest in: a row must lie inside one smallest row so far.
	for j := len(inner) - 1; j >= 0; j-- {
		terms := s.rows[inner[j]].terms
		parent := owner[terms[0].Item]
		for _, t := range terms {
			if owner[t.Item] != parent {
				return inner, false
			}
			owner[t.Item] = int32(inner[j])
		}
		s.outer[inner[j]] = parent
	}
	return inner, true
}

// fillNested solves nested rows of equal coefficients: it cuts each row's items
// back to the best units that the row holds, the innermost row first. What an
// inner row drops no outer row would take, because all its items count alike in
// every row around it (greedy on a laminar polymatroid, Federgruen and
// Groenevelt 1986).
func (s *solver) fillNested(inner []int) {
	for _, r := range inner {
		for _, t := range s.rows[r].terms {
			s.items[t.Item].k = 0
		}
		s.fill(s.rows[r])
		for _, t := range s.rows[r].terms {
			l := &s.items[t.Item]
			l.limit(l.k)
		}
	}
}
