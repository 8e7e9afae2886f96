// Package planner decides pool sizes. It is the pure core of pgbudget: values in, values out, no IO, no clock, no
// goroutine, no randomness.
//
// The verbs follow the work of an operator, in this order:
//
//	observe   an Observation is one whole picture of the fleet (observation.go); Classify says whose a backend is
//	estimate  Evidence folds Observations and history; Estimate turns it into a Load per pool (evidence.go, estimate.go)
//	plan      Model joins what was declared with what was seen into a Fleet, Solve finds the sizes (model.go, solve.go)
//	step      Waypoint chooses the next small step, Next the one act that is due (waypoint.go, next.go); Memory is what
//	          the journal knows and a fleet cannot show (memory.go, event.go)
//	shift     traffic on its way together with the sizes: PathOf finds the way, or why there is none (shift.go, path.go,
//	          blocked.go), a step turns the switch once its sizes stand (shiftstep.go, turn.go, switch.go), Learn and Judge
//	          say from each soak what has moved (learn.go, moved.go, point.go, base.go)
//	verify    Promise checks what an act may come to, Gate the signals, Trail the waiting (promise.go, gate.go, trail.go)
//
// The promise that every part of this package keeps, for every server and every state a plan passes through:
//
//	Σ over processes and (alias, user) pools of max(pool_size + reserve_pool_size, connections seen), capped where
//	PgBouncer caps it, + direct + leaving + orphans + superuser_reserved + reserved + declared + headroom
//	  <= max_connections
//
// Units: counts end in Conns or Clients, rates in PerSec, load is in Erlangs (arrivals per second × mean time that a
// transaction holds a server connection), ratios run from 0 to 1, and times are time.Duration. Slices are sorted by
// their ids, so that equal inputs print equal bytes.
package planner
