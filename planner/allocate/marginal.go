package allocate

// marginals fills the use and the marginals of every row at sol.N.
func (s *solver) marginals(p Problem, sol *Solution) {
	sol.RowUse = make([]int, len(p.Rows))
	sol.Marginals = make([]Marginal, len(p.Rows))
	for r, row := range p.Rows {
		for _, t := range row.Terms {
			sol.RowUse[r] += t.Coef * sol.N[t.Item]
		}
	}
	for i, o := range sol.Options {
		if o < 0 {
			continue
		}
		for j, r := range p.Items[i].List.Rows {
			sol.RowUse[r] += p.Items[i].List.Options[o].Uses[j]
		}
	}
	// How many rows keep the next unit of each item out.
	shut := make([]int32, len(s.items))
	for r, row := range p.Rows {
		for _, t := range row.Terms {
			if t.Coef > row.Cap-sol.RowUse[r] {
				shut[t.Item]++
			}
		}
	}
	for r, row := range p.Rows {
		sol.Marginals[r] = s.marginalsOf(row, row.Cap-sol.RowUse[r], shut)
	}
}

// marginalsOf returns those of a row that has spare connections left.
func (s *solver) marginalsOf(row Row, spare int, shut []int32) Marginal {
	m := Marginal{OneMore{Item: -1}, OneFewer{Item: -1}}
	more, fewer := 0.0, 0.0 // the best rates so far
	for _, t := range row.Terms {
		if t.Coef <= spare {
			continue // its next unit is not kept out here, and losing one costs spare only
		}
		l := &s.items[t.Item]
		if shut[t.Item] == 1 {
			if g := l.peek(l.k); g != none {
				rate := g / float64(t.Coef)
				if m.OneMore.Item < 0 || rate > more || (rate == more && t.Item < m.OneMore.Item) {
					more = rate
					m.OneMore = OneMore{t.Item, t.Coef, t.Coef - spare, g}
				}
			}
		}
		if l.k > 0 {
			g := l.gains[l.k-1]
			rate := g / float64(t.Coef)
			if m.OneFewer.Item < 0 || rate < fewer || (rate == fewer && t.Item < m.OneFewer.Item) {
				fewer = rate
				m.OneFewer = OneFewer{t.Item, t.Coef, g}
			}
		}
	}
	return m
}
