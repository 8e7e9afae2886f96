// Package prom asks a Prometheus server two kinds of question: "what is this signal now?" and "what did each pool and
// each server go through over the last days?". The first answer is one number with its own sample time, or the reason
// why there is none; the second is a load.History. Nothing is ever made up in between: a series that is absent is an
// error and not 0, a minute for which one PgBouncer's numbers are missing is left out and not summed without it, a
// minute in which a pool was full is left out and counted, because it shows the pool's size and not its load.
//
// # Which exporters are understood
//
// The PgBouncer exporter of prometheus-community, in both dialects: up to 0.10 its counters are called
// pgbouncer_stats_…, from 0.11 on pgbouncer_stats_totals_…. Which one it is gets asked, not configured; a fleet
// that was upgraded within the lookback is read through both names. Other exporters are recognised only to say why
// they cannot be used (see dialect.go).
//
// # A pool's load in one minute
//
//	Σ over processes  rate(server_in_transaction_seconds_total) − rate(client_wait_seconds_total),  at least 0
//
// in Erlangs. The difference is needed because PgBouncer's total_xact_time starts when a query arrives and so
// includes its time in the queue (PgBouncer src/client.c:1596). Transactions are booked when they end, waits when they
// end in an assignment, so a single minute may be off by what straddles its two ends; over many it evens out. In
// session pooling neither counter tells how long a connection is held, and the mean of sv_active stands in: "at least".
//
// The pool of a * is the sum over all databases but those that have a line of their own. Of one that nobody used there
// is a note and no load.
//
// # What is left out
//
//   - a minute in which a process that Prometheus knows as a target gave no full minute of samples, or none;
//   - a minute in which a process's counters started again (restart, KILL, an expired automatic database);
//   - a minute with a value that is not a finite number;
//   - a minute in which the pool was full at every scrape, counted as censored: at its size, at max_db_connections, or
//     with clients waiting and every connection in use while none was on its way, as a limit of its user, its role or
//     its database in PostgreSQL makes it.
//
// A process that answered and simply has no row for the alias, as PgBouncer has none for a database not used since its
// start, carried nothing: that is a measured 0. History reports only histograms; Survey also says how many minutes
// were left out for each reason.
//
// # What it cannot see
//
// A pool that is left without any connection, because others hold all that a limit allows, looks like one that is
// paused or whose server is away. It counts as full where PoolSpec.Shares says that there is such a limit now.
//
// PgBouncer and PostgreSQL are not scraped at the same instant: direct connections found by subtraction are off by what
// the pools opened or closed between the two scrapes (see direct.go).
package prom
