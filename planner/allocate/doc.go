// Package allocate chooses integer pool sizes.
//
// Every pool has a cost that falls as the pool grows, each further unit saving
// no more than the one before; a pool of which that is not known is listed, size
// by size. Every server, role and database has a cap that
// a weighted sum of sizes must respect. Solve spends the caps where they save
// most, says how far from the best possible answer it can be (a gap of 0 is a
// proof), and tells what one more and one fewer unit is worth at every cap. When the floors
// alone do not fit, the answer is an Infeasible: the smallest set of pools that
// clash, and the connections that are missing.
//
// # How it decides
//
// Caps that tie items together split the problem into components, solved one
// by one, each by the cheapest method that proves its answer:
//
//	free      no cap binds: every unit that saves anything is taken
//	nested    caps that weigh their items equally and contain one another or
//	          nothing: best gain first, the innermost caps cut first
//	knapsack  one cap, unequal weights: best gain per connection first, then an
//	          exact search over the few units near the break price
//	flow      equal weights, two nested families that cross: improving cycles
//	          in a convex network flow until none is left
//	layered   nested caps that weigh items alike but unequally: the knapsack
//	          search cap by cap, the innermost first, their states joined
//	relaxed   some of the caps were solved exactly and the answer happens to
//	          respect the others
//	branched  anything else, closed by branch and cut: the linear relaxation,
//	          brought near to whole units by cuts, and split where it is not whole
//	bounded   anything else, not closed: the best found, with its gap. Rows too
//	          large to be split as a whole are searched a few rows at a time
//
// The package is pure: no clock, no goroutine, no input or output. The same
// Problem gives the same Solution, bit for bit; ties go to the lower item
// index.
package allocate
