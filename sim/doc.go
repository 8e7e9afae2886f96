// Package sim is a fleet of PgBouncers before PostgreSQL servers, computed in virtual time behind the same ports as the
// live one: what the planner and the controller see of it is what they see of real consoles and servers.
//
//	spec.go     Spec: the world before its first event
//	world.go    World: the ports, and the loop over events
//	calendar.go the pending events, in fixed slots
//	pool.go     one (alias, user) pool of one PgBouncer process, mechanism by mechanism
//	server.go   PostgreSQL: slots, logins, backends that outlive their connection
//	cpu.go      processor sharing with contention
//	load.go     who asks for what, and when
//	fault.go    what goes wrong; act.go what is changed on purpose
//	show.go     the world as an Observation; signal.go as a scraper sees it
//	results.go  what a run gave
//
// A World is deterministic: equal Spec and seed give equal events on one architecture, however busy the machine is.
// Every random stream is drawn from the seed and its own name, so that one more pool does not reshuffle the others.
package sim
