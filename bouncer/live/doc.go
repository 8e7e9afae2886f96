// Package live is the map of what touches a real fleet; it holds no code itself. Its rooms:
//
//	clock    the wall clock
//	admin    sessions to consoles: DSN, identity, SHOW by column name, versions and what each can do
//	observe  one whole picture: it asks the console of every PgBouncer process and every PostgreSQL server, and makes one
//	         fleet.Observation of the answers; it only reads, and holds the locks that keep two operators apart
//	apply    changes lines everywhere: the files, one process first, RELOAD, read back
//	signals  how saturated the fleet is: off the newest sample, and off the answers of Prometheus beside a run
//
// Open connects to all of them and refuses, before anything is measured, what cannot be told apart later: a console
// that is really a PostgreSQL, a PostgreSQL that is really a PgBouncer, two consoles of one process, a role that may
// not see whose the connections are. Observe then takes one sample, and it is a whole picture or an error that names
// every console and server that did not answer. One session to each is kept from sample to sample: a full server must
// not lock out those who want to relieve it. That to a console is renewed every 5 s, also while no sample is taken, by
// a new connection that takes the place of the old one: a PgBouncer that is told to end waits for its clients, and is
// not to wait for us. It does still where its console is reached over a Unix socket, from 1.25 on: there it goes on to
// take logins to its console.
//
// # The order of a sample
//
//	consoles 1     all of SHOW CONFIG, POOLS, STATS, DATABASES, USERS, and SHOW SERVERS last
//	postgres 1     the client backends
//	consoles 2     SHOW SERVERS
//	postgres 2     the client backends, at least 50 ms after postgres 1: these are counted
//	(consoles 3, postgres 3: only when postgres 2 shows backends that are new and that nobody lists)
//
// Each step asks everybody at once and ends when the last has answered. A backend belongs to a pool when any of the
// console passes lists it by process id, address and port; behind a proxy, which changes addresses, by process id,
// role, database and time of birth. One that was there at two samples of PostgreSQL, and is not listed at the consoles
// in between, had no PgBouncer as its owner then: a PgBouncer that was opening it would have listed it already, as a
// login. One that only postgres 2 shows proves nothing yet; postgres 3 tells whether it stays. See tracker for what is
// remembered between samples, fleet.Classify for the rule itself.
//
// # What is refused rather than guessed
//
// Nothing is elsewhere by its address. An alias is on every server on which one of its connections is found, and on
// every server that a host of its list leads to; what of it is found on no server is named in Unplaced, and the planner
// refuses it unless it is declared. A PgBouncer behind a PgBouncer is such a case: the process ids that it tells are
// its own.
//
// An address at which two servers were found leads to both for as long as the Fleet is open, whether or not anything is
// there now: it may be a balancer's. An address that moves from one server to another seems to be one, and is on both,
// too, unless our own session to it has moved with it. A name is the addresses that its process was given for it; what
// others find behind it counts only where the process is not known to have asked, and no two were told differently.
//
// A console must answer as the same process at every sample (SHOW CONFIG's conffile, pidfile, unix_socket_dir,
// listen_port and peer_id, and the local address of its own row in SHOW CLIENTS), so that one behind a balancer or
// so_reuseport is found out. Where so_reuseport is set, and a console is reached by TCP, Open logs in several times:
// two processes of one file say the same, but neither lists the other's callers.
//
// A RELOAD applies all that the files say, and brings defaults back where they say nothing. So the Applier compares the
// files with SHOW CONFIG, DATABASES, USERS and PEERS, key by key, before each write; what differs besides the sets is
// refused, or was accepted by name. What no console shows is not known to be the same: it is listed. No password, and
// no connection string, reaches an error.
package live
