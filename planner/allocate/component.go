package allocate

// components groups the given rows by the items they share, directly or through
// other rows. free are the items in none of them.
func (s *solver) components(rows []int) (groups [][]int, free []int32) {
	root := make([]int32, len(rows))
	first := make([]int32, len(s.items)) // place in rows + 1 of the row that met the item first
	for j := range rows {
		root[j] = int32(j)
	}
	find := func(j int32) int32 {
		for root[j] != j {
			root[j] = root[root[j]]
			j = root[j]
		}
		return j
	}
	for j, r := range rows {
		for _, t := range s.rows[r].terms {
			if first[t.Item] == 0 {
				first[t.Item] = int32(j + 1)
				continue
			}
			a, b := find(first[t.Item]-1), find(int32(j))
			root[max(a, b)] = min(a, b)
		}
	}
	for i := range s.items {
		if first[i] == 0 {
			free = append(free, int32(i))
		}
	}
	place := make([]int, len(rows))
	for j, r := range rows {
		top := find(int32(j))
		if top == int32(j) {
			place[j] = len(groups)
			groups = append(groups, nil)
		}
		groups[place[top]] = append(groups[place[top]], r)
	}
	return groups, free
}

// component solves the items of connected rows by the cheapest method that
// proves its answer.
func (s *solver) component(rows []int) (gap float64, method Method) {
	if gap, method, ok := s.exact(rows); ok {
		return gap, method
	}
	if s.relaxed(rows) {
		return 0, Relaxed
	}
	return s.general(rows)
}

// exact solves connected rows if their shape has an exact method.
func (s *solver) exact(rows []int) (gap float64, method Method, ok bool) {
	equal := true
	for _, r := range rows {
		equal = equal && s.rows[r].equal
	}
	switch {
	case len(rows) == 1 && equal:
		s.fill(s.rows[rows[0]])
		return 0, Nested, true
	case len(rows) == 1:
		return s.knapsack(s.rows[rows[0]]), Knapsack, true
	case !equal:
		return 0, "", false
	}
	if inner, nested := s.nest(rows, s.owner()); nested {
		s.fillNested(inner)
		return 0, Nested, true
	}
	if owner0, owner1, two := s.families(rows); two {
		return s.flow(rows, owner0, owner1), Flow, true
	}
	return 0, "", false
}

// owner returns scratch with one element per item.
func (s *solver) owner() []int32 {
	if s.owners == nil {
		s.owners = make([]int32, len(s.items))
	}
	return s.owners
}

// all returns 0, 1, …, n-1.
func all(n int) []int {
	m := make([]int, n)
	for i := range m {
		m[i] = i
	}
	return m
}
