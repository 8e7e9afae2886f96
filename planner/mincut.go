package planner

// flowNet is a network whose edges carry whole numbers; it says how much can flow from node 0 to node 1, and which
// nodes lie on the near side of the tightest cut.
type flowNet struct {
	to, left []int   // per edge: where it leads, what it still carries; edge e^1 goes back
	out      [][]int // per node: its edges
}

func newFlowNet(nodes int) *flowNet { return &flowNet{out: make([][]int, nodes)} }

func (n *flowNet) edge(from, to, conns int) {
	n.out[from] = append(n.out[from], len(n.to))
	n.out[to] = append(n.out[to], len(n.to)+1)
	n.to, n.left = append(n.to, to, from), append(n.left, conns, 0)
}

// fill sends as much as it can along shortest paths (Edmonds and Karp 1972) and returns which nodes can be reached from
// node 0 then: the near side of the smallest cut.
func (n *flowNet) fill() (near []bool) {
	for {
		by := make([]int, len(n.out)) // edge by which a node was reached, +1
		queue := []int{0}
		near = make([]bool, len(n.out))
		near[0] = true
		for len(queue) > 0 && !near[1] {
			v := queue[0]
			queue = queue[1:]
			for _, e := range n.out[v] {
				if w := n.to[e]; n.left[e] > 0 && !near[w] {
					near[w], by[w] = true, e+1
					queue = append(queue, w)
				}
			}
		}
		if !near[1] {
			return near
		}
		most := Unlimited
		for v := 1; v != 0; v = n.to[(by[v]-1)^1] {
			most = min(most, n.left[by[v]-1])
		}
		for v := 1; v != 0; v = n.to[(by[v]-1)^1] {
			n.left[by[v]-1] -= most
			n.left[(by[v]-1)^1] += most
		}
	}
}
