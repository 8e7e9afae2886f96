package allocate

// Method names how an answer was reached; doc.go explains each. A Solution
// that needed several reports the last of them in the order below.
type Method string

// The methods, from the simplest to the most general. All but Bounded prove
// their answer optimal.
const (
	Free     Method = "free"     // no cap binds: every unit that saves anything is bought
	Nested   Method = "nested"   // caps that weigh their items equally, one within the other or apart
	Knapsack Method = "knapsack" // one cap, unequal weights
	Flow     Method = "flow"     // equal weights, two nested families of caps that cross
	Layered  Method = "layered"  // nested caps that weigh items alike but unequally
	Relaxed  Method = "relaxed"  // some caps were solved exactly, and the answer respects the others
	Branched Method = "branched" // branch and cut, to its end
	Listed   Method = "listed"   // some item has a List
	Bounded  Method = "bounded"  // branch and cut, not to its end: the best found; Gap is the bound
)

// rank orders the methods from the simplest to the most general.
func (m Method) rank() int {
	for i, o := range []Method{Free, Nested, Knapsack, Flow, Layered, Relaxed, Branched, Listed} {
		if m == o {
			return i
		}
	}
	return 8
}

// Solution is the answer to a Problem; the caller owns it.
type Solution struct {
	// N are the sizes, one per item, in units.
	N []int
	// Options are, one per item, the indices of what was chosen from its List,
	// -1 where it has none; nil when no item has one.
	Options []int
	// Objective is the sum of the items' costs at N, in the unit of Curve.Cost.
	Objective float64
	// Gap is at least Objective minus the least objective possible, >= 0.
	// 0 means proved optimal, to the rounding of the gains themselves.
	Gap float64
	// Method is the most general method that any part of the problem needed.
	Method Method
	// RowUse is the use of each row at N, in connections.
	RowUse []int
	// Marginals has one entry per row. Options of a List have no part in them.
	Marginals []Marginal
}

// Marginal is what a little more or less of a row's cap is worth. Sizes are
// integers, so the two differ: the right one is the best unit that the row
// keeps out, the left one the cheapest unit it could lose (Dantzig's
// break item seen from both sides).
type Marginal struct {
	OneMore  OneMore  // the best unit that more of the cap would let in
	OneFewer OneFewer // the cheapest unit that less of the cap would take out
}

// OneMore is the unit with the best gain per connection that this row alone
// keeps out. Item is -1 when the row keeps none out: more of it has no further gain.
type OneMore struct {
	Item int
	// Coef is what the unit uses of the row, in connections.
	Coef int
	// Short is what the row lacks for it: Coef minus the row's spare, > 0.
	Short int
	// Saves is the cost that the unit would save, in the unit of Curve.Cost, > 0.
	Saves float64
}

// OneFewer is the unit with the least loss per connection that would have to
// go if the row lost that unit's connections. Item is -1 when the spare of the
// row covers the loss, or when all items stand on their floors.
type OneFewer struct {
	Item int
	// Coef is what the unit frees in the row, in connections.
	Coef int
	// Costs is what losing the unit costs, in the unit of Curve.Cost, >= 0.
	Costs float64
}
