// Package planner is the map of the pure core of pgbudget: values in, values out, no IO, no clock, no goroutine, no
// randomness. It holds no code itself. Its rooms follow the work of an operator, each importing only those above it:
//
//	operr     an error with its kind, its subject and the next command
//	words     numbers and lists as texts print them
//	verdict   a Reason: a code with a subject and numbers, and its sentence
//	queue     Erlang's formulas
//	allocate  the knapsack of connections
//	observe   fleet: an Observation is one whole picture; Classify says whose a backend is
//	estimate  load: Evidence folds Observations and history; Estimate turns it into a Load per pool
//	plan      budget: Model joins what was declared with what was seen into a Fleet, whose ledger the promise is about
//	          sizing: Solve finds the sizes, or proves that there are none
//	          shift: traffic on its way together with the sizes; PathOf finds the way, or why there is none
//	          learn: Learn and Judge say from each soak what has moved
//	step      state: JournalState is what the journal knows and a fleet cannot show, a fold over Events
//	          steps: Next chooses the next small step
//	          control: Next decides the one action that is due
//	verify    control: Promise checks what an action may come to, SaturationGuard the signals, RecentSamples the waiting
//
// The promise that every room keeps, for every server and every state a plan passes through:
//
//	Σ over processes and (alias, user) pools of max(pool_size + reserve_pool_size, connections seen), capped where
//	PgBouncer caps it, + direct + closing + orphans + superuser_reserved + reserved + declared + headroom
//	  <= max_connections
//
// Units: counts end in Conns or Clients, rates in PerSec, load is in Erlangs (arrivals per second × mean time that a
// transaction holds a server connection), ratios run from 0 to 1, percentages of traffic from 0 to 100,
// and times are time.Duration. A size is in connections of each (process, user) pool of its line.
//
// Names: Pool is group/alias ("main/app"), Process group/number ("main/1"), Alias the name of a [databases] line ("*":
// every database without one). Slices are sorted by these, so that equal inputs print equal bytes.
package planner
