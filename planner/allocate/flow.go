package allocate

import "slices"

// families deals rows of equal coefficients into two nested families, if it
// can. Two rows that share items and do not contain one another cross and must
// part; a two-colouring of "crosses" is what is asked for. owner0 and owner1
// return the innermost row of each item in each family, or -1.
func (s *solver) families(rows []int) (owner0, owner1 []int32, ok bool) {
	n := len(rows)
	if n > maxCrossing {
		return nil, nil, false
	}
	shared := make([]int32, n*n)
	at := make([][]int32, len(s.items)) // the rows that each item was met in
	for j, r := range rows {
		for _, t := range s.rows[r].terms {
			for _, k := range at[t.Item] {
				shared[j*n+int(k)]++
				shared[int(k)*n+j]++
			}
			at[t.Item] = append(at[t.Item], int32(j))
		}
	}
	crosses := func(a, b int) bool {
		c := int(shared[a*n+b])
		return c > 0 && c < len(s.rows[rows[a]].terms) && c < len(s.rows[rows[b]].terms)
	}
	colour := make([]int8, n) // 0 not yet, 1 or 2
	for start := range rows {
		if colour[start] != 0 {
			continue
		}
		colour[start] = 1
		for queue := []int{start}; len(queue) > 0; queue = queue[1:] {
			for b := range rows {
				if !crosses(queue[0], b) {
					continue
				}
				if colour[b] == colour[queue[0]] {
					return nil, nil, false
				}
				if colour[b] == 0 {
					colour[b] = 3 - colour[queue[0]]
					queue = append(queue, b)
				}
			}
		}
	}
	var family [2][]int
	for j, r := range rows {
		family[colour[j]-1] = append(family[colour[j]-1], r)
	}
	owner0, owner1 = make([]int32, len(s.items)), make([]int32, len(s.items))
	for i := range owner0 {
		owner0[i], owner1[i] = -1, -1
	}
	_, nested0 := s.nest(family[0], owner0)
	_, nested1 := s.nest(family[1], owner1)
	return owner0, owner1, nested0 && nested1
}

// maxCrossing is the largest number of rows that families considers; its table
// of shared items is the square of it. Chosen: 64 MB.
const maxCrossing = 4096

// network is a component of equal coefficients and two crossing nested families
// as a circulation (Ahuja, Magnanti and Orlin 1993, chapter 14): the root sends
// units down the rows of one family to the items and up the rows of the other
// back to the root. Node 0 is the root, node 1+j row j of the mesh. Items that
// join the same two rows are parallel arcs, of which only the best one to add
// to and the best one to take from matter.
type network struct {
	m       *mesh
	tail    []int32 // per row: the node its capacity arc leaves
	head    []int32 // per row: the node its capacity arc enters
	bundles []bundle
	dist    []float64
	via     []hop // the last arc of the best walk to each node
}

// bundle is the items between two nodes.
type bundle struct {
	tail, head int32
	items      []int32
	add, out   int32 // the item with the best next and the least last gain, or -1
	gain, loss float64
}

// hop is an arc of the residual network: from a node, over a bundle or, where
// bundle is -1, a row; out when it takes a unit back.
type hop struct {
	from, bundle int32
	out          bool
}

// newNetwork builds the network of a mesh whose rows fall into two families.
func newNetwork(m *mesh, owner0, owner1 []int32) *network {
	n := len(m.rows)
	w := &network{m: m, tail: make([]int32, n), head: make([]int32, n)}
	w.dist, w.via = make([]float64, n+1), make([]hop, n+1)
	node := make(map[int32]int32, n+1) // row of the solver to node; looked up only
	node[-1] = 0
	for j, r := range m.rows {
		node[int32(r)] = int32(j + 1)
	}
	second := make([]bool, n)
	for _, i := range m.items {
		for r := owner1[i]; r >= 0; r = m.s.outer[r] {
			second[node[r]-1] = true
		}
	}
	for j, r := range m.rows {
		w.tail[j], w.head[j] = node[m.s.outer[r]], int32(j+1)
		if second[j] {
			w.tail[j], w.head[j] = w.head[j], w.tail[j]
		}
	}
	order := all(len(m.items))
	ends := func(j int) (int32, int32) { return node[owner0[m.items[j]]], node[owner1[m.items[j]]] }
	slices.SortStableFunc(order, func(a, b int) int {
		at, ah := ends(a)
		bt, bh := ends(b)
		if at != bt {
			return int(at - bt)
		}
		return int(ah - bh)
	})
	for _, j := range order {
		t, h := ends(j)
		if b := len(w.bundles); b == 0 || w.bundles[b-1].tail != t || w.bundles[b-1].head != h {
			w.bundles = append(w.bundles, bundle{tail: t, head: h})
		}
		b := len(w.bundles) - 1
		w.bundles[b].items = append(w.bundles[b].items, int32(j))
	}
	return w
}
