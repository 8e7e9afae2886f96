package allocate

// Curve is the cost of one item as a function of its size. Costs must be
// convex and non-increasing in the size: the gains must not rise. A gain that
// does rise above the one before it, by more than rounding, is taken for as
// much as that one, and the Gap of the Solution is widened by the difference;
// rises further up than Solve read are not seen. Solve reads
// gains in growing batches, so that a curve with a recursion behind it (Erlang
// B) starts it a few times per solve and not once per unit.
//
// A Curve is a value: Solve keeps it no longer than the call and calls its
// methods from one goroutine only.
type Curve interface {
	// Cost returns the cost at size n, in the caller's unit (weighted waiting
	// clients, for pools). It is asked for sizes Lo <= n <= Hi only.
	Cost(n int) float64
	// Gains sets dst[k] = Cost(n+k) - Cost(n+k+1) for every k: what the
	// k+1-th unit on top of n saves. Curves that can should compute it without
	// the cancellation of that difference. It is asked up to Hi only.
	Gains(n int, dst []float64)
}

// Table is a Curve given point by point: Costs[k] is the cost at size From+k.
// Beyond its last point the cost stays what it is there.
type Table struct {
	From  int       // the size of Costs[0], in units
	Costs []float64 // of each size from From on, >= 0, in the unit of the objective
}

var _ Curve = Table{}

// Cost returns the tabled cost at size n, in the unit of Costs; n is clamped into the table. A table without Costs
// panics.
func (t Table) Cost(n int) float64 {
	return t.Costs[min(max(n-t.From, 0), len(t.Costs)-1)]
}

// Gains sets dst[k] = Cost(n+k) − Cost(n+k+1), in the unit of Costs. The caller keeps dst.
func (t Table) Gains(n int, dst []float64) {
	for k := range dst {
		dst[k] = t.Cost(n+k) - t.Cost(n+k+1)
	}
}
