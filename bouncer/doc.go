// Package bouncer stands between the pure planner and the world: it says in small ports what a fleet of PgBouncer
// processes must be able to do for it, and holds what is common to every world behind those ports.
//
// Two worlds exist. The live one asks real admin consoles and real PostgreSQL servers and goes by the wall clock
// (package live); the simulated one is computed and goes by a clock of its own. Whoever works through Clock and Fleet
// cannot tell them apart, and that is the point: what was rehearsed is what runs.
//
//	o, err := fleet.Observe(ctx)                                        one look
//	err := bouncer.Watch(ctx, clock, fleet, every, window, each)        one look after the other
package bouncer
