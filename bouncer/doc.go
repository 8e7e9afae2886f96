// Package bouncer stands between the pure planner and the world: it says in small ports what a fleet of PgBouncer
// processes must be able to do for it, and holds what is common to every world behind those ports.
//
// Two worlds exist. The live one asks real admin consoles and real PostgreSQL servers and goes by the wall clock
// (package live); the simulated one is computed and goes by a clock of its own. Whoever works through Clock and Fleet
// cannot tell them apart, and that is the point: what was rehearsed is what runs.
//
// The Pipeline leads from a config and samples to a plan, the same for every command: observe, evidence, loads, fleet,
// shifts, plan. A Survey is how far it has come.
//
// The Rebalancer carries the plan out: it samples, asks control.Next for the one thing to do now, writes that into the
// journal, does it, and samples again. It decides nothing.
//
//	o, err := fleet.Observe(ctx)                                        one sample
//	err := bouncer.Watch(ctx, clock, fleet, every, window, each)        one sample after the other
//	survey, err := pipeline.Gather(ctx, clock, fleet, every, window, nil)
//	survey, err = pipeline.Estimate(ctx, survey, bouncer.ToPlan)
//	survey, err = survey.Planned(sizing.Options{})                      the sizes to go to
//	report, err := rebalancer.Run(ctx, goal, bouncer.Replay(events))    steps until the goal, or a reason
package bouncer
