package fleet

import (
	"encoding/json"
	"math"
	"time"
)

// Float is a float64 that JSON shows as null when it is infinite or not a number: unknown, and never 0.
type Float float64

// Unknown is the Float for what is not known.
func Unknown() Float { return Float(math.NaN()) }

// Known reports whether f is a finite number.
func (f Float) Known() bool { return !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) }

// MarshalJSON writes the number, or null when it is infinite or not a number.
func (f Float) MarshalJSON() ([]byte, error) {
	if !f.Known() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// UnmarshalJSON reads a JSON number; null becomes NaN. Anything else is an error of encoding/json.
func (f *Float) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*f = Unknown()
		return nil
	}
	return json.Unmarshal(b, (*float64)(f))
}

// Observation is one whole picture of a fleet: every console and every server answered, or there is no Observation.
// It is what `pgbudget record` writes, one JSON object a line, and what the simulator shows of its world.
type Observation struct {
	At        time.Time     `json:"at"`      // when the first console was asked
	Took      time.Duration `json:"took_ns"` // from the first question to the last answer
	Servers   []Server      `json:"servers"`
	Processes []Process     `json:"processes"`
	Signals   []Signal      `json:"signals,omitempty"` // read beside it
}

// Server is one PostgreSQL server as its own catalogs show it.
type Server struct {
	Name       string `json:"name"` // as in the config, or the one the DSN named
	VersionNum int    `json:"version_num"`
	// system_identifier of pg_control_system(): another number is another cluster
	SystemID string `json:"system_id"`
	// timeline of the write-ahead log, from 1: a promoted standby has a higher one; 0: not known
	Timeline               int  `json:"timeline"`
	InRecovery             bool `json:"in_recovery"` // pg_is_in_recovery(): a standby
	MaxConns               int  `json:"max_connections"`
	SuperuserReservedConns int  `json:"superuser_reserved_connections"`
	ReservedConns          int  `json:"reserved_connections"` // 0 before PostgreSQL 16
	// a vendor's own …reserved_connections, by their names
	ReservedSettings []ConnLimit `json:"reserved_settings,omitempty"`
	// ALTER ROLE … CONNECTION LIMIT, only where set
	Roles []ConnLimit `json:"roles,omitempty"`
	// ALTER DATABASE … CONNECTION LIMIT, only where set
	Databases []ConnLimit   `json:"databases,omitempty"`
	Backends  BackendCounts `json:"backends"`
	// of pools and direct connections alike
	IdleInTransaction []IdleInTransaction `json:"idle_in_transaction,omitempty"`

	// WorkerConns is autovacuum_max_workers where autovacuum's workers take from a database's CONNECTION LIMIT: all of
	// them may be in one. 0: they take from none.
	WorkerConns int `json:"autovacuum_max_workers,omitempty"`

	// Superusers are the roles with rolsuper that may log in, sorted: neither a role's CONNECTION LIMIT nor a database's
	// holds one of them back (InitializeSessionUserId, CheckMyDatabase). Their sessions do take from a database's.
	Superusers []string `json:"superusers,omitempty"`
}

// ConnLimit is a limit that PostgreSQL itself puts on one role or one database, or a number of reserved slots.
type ConnLimit struct {
	Name  string `json:"name"`
	Conns int    `json:"conns"`

	// DirectConns are the sessions of that role, or in that database, that no pool has opened, our own among them, and
	// walsenders where this PostgreSQL counts them: they take from the limit, and no pool has it back. In older
	// recordings 0, or with LeavingConns in them.
	DirectConns int `json:"direct,omitempty"`

	ClosingConns int `json:"closing,omitempty"` // those that a pool has let go: closing, and orphans
}

// BackendCounts splits the client backends of pg_stat_activity by who holds them; see Classify.
type BackendCounts struct {
	PoolConns    int `json:"pool"`    // owned by a PgBouncer connection
	DirectConns  int `json:"direct"`  // owned by no PgBouncer on two samples; our own session is one of them
	ClosingConns int `json:"closing"` // let go by a PgBouncer since the sample before and still running
	OrphanConns  int `json:"orphan"`  // from a PgBouncer's host, owned by nobody, still at work
	OwnConns     int `json:"own"`     // of DirectConns: pgbudget's own sessions
	LoginConns   int `json:"login"`   // of PoolConns: PgBouncer logins in flight that pg_stat_activity does not show yet
}

// Total returns the client backends that pg_stat_activity showed.
func (b BackendCounts) Total() int {
	return b.PoolConns - b.LoginConns + b.DirectConns + b.ClosingConns + b.OrphanConns
}

// IdleInTransaction is a session that is idle in an open transaction, and so pins a pool's connection.
type IdleInTransaction struct {
	PID         int           `json:"pid"` // of the backend
	User        string        `json:"user"`
	Database    string        `json:"database"`
	Application string        `json:"application,omitempty"` // application_name; may be empty
	Age         time.Duration `json:"age_ns"`                // since it became idle in transaction
	// group/alias of the owning pool; empty for a direct connection
	Pool string `json:"pool,omitempty"`
}

// Process is one PgBouncer process as its admin console shows it.
type Process struct {
	ID      string `json:"id"` // group and position, "main/1"
	Group   string `json:"group"`
	Console string `json:"console,omitempty"` // host:port or socket folder, for messages
	Version string `json:"version"`           // "1.24.1", as SHOW VERSION says
	// when its counters were read; zero: between the sample's beginning and its end
	At time.Time `json:"at,omitzero"`
	// one more whenever it may have started anew since it was first seen; 0: not known
	Started  int         `json:"started,omitempty"`
	Identity Identity    `json:"identity"`
	Settings Settings    `json:"settings"`
	Aliases  []Alias     `json:"aliases"`
	Users    []UserLimit `json:"users,omitempty"` // only users with a limit or a size of their own

	// UsedClients are the clients that max_client_conn counts: those of its pools, of its console, and who is logging in
	// (used_clients of SHOW LISTS). 0: not known.
	UsedClients int           `json:"used_clients,omitempty"`
	UserClients []UserClients `json:"user_clients,omitempty"` // only users with a limit of clients in force; sorted

	AuthUser     string `json:"auth_user,omitempty"`   // as whom auth_query is asked; empty: it is not
	AuthDatabase string `json:"auth_dbname,omitempty"` // the alias in which it is; empty: in the client's own

	// Filed are the lines of [databases] in the process's file, sorted by alias: which aliases live by the line of *, no
	// console tells. Nil: they are not known.
	Filed       []FiledLine `json:"filed,omitempty"`
	FiledBefore bool        `json:"filed_before,omitempty"` // the process has changed since they were read

	// WaitTimeouts are those of lines of their own, of the file, sorted by alias and user. Nil: there are none, or the
	// file was not read.
	WaitTimeouts []WaitTimeout `json:"query_wait_timeouts,omitempty"`

	PAM bool `json:"pam,omitempty"` // clients are let in by PAM alone: auth_type pam

	UsersKnown bool `json:"users_known,omitempty"` // Users are those of its file; before 1.23 no console shows them

	// Listed are the users that SHOW USERS lists, sorted: before 1.23, where max_user_connections is set, it tells who is
	// counted in each database apart (see counter). Nil: each of its users is listed, as far as is known.
	Listed []string `json:"listed_users,omitempty"`
}

// Identity tells one PgBouncer process from another; it must stay the same from sample to sample.
type Identity struct {
	ConfFile   string `json:"conffile,omitempty"`        // conffile of SHOW CONFIG, an absolute path as a rule
	PIDFile    string `json:"pidfile,omitempty"`         // pidfile of SHOW CONFIG
	SocketDir  string `json:"unix_socket_dir,omitempty"` // unix_socket_dir of SHOW CONFIG
	ListenPort int    `json:"listen_port,omitempty"`
	PeerID     int    `json:"peer_id,omitempty"` // peer_id of SHOW CONFIG, 1 to 16383; 0: none, or before 1.19
	ConfigHash string `json:"config_hash"`       // SHA-256 over SHOW CONFIG and SHOW DATABASES settings, secrets left out
}

// Settings are the process-wide settings that decide how many connections a process may open.
type Settings struct {
	DefaultPoolConns    int           `json:"default_pool_size"`            // of an alias whose line has none
	DefaultReserveConns int           `json:"reserve_pool_size,omitempty"`  // of an alias whose line has none
	ReserveTimeout      time.Duration `json:"reserve_pool_timeout_ns"`      // 0: the reserve is never opened
	MaxUserConns        int           `json:"max_user_connections"`         // 0: no limit
	MaxDBConns          int           `json:"max_db_connections,omitempty"` // of an alias whose line has none; 0: no limit
	MaxClients          int           `json:"max_client_conn"`
	// of an alias, and of a user, whose line has none; 0: no limit, or before 1.24
	MaxDBClients   int `json:"max_db_client_connections,omitempty"`
	MaxUserClients int `json:"max_user_client_connections,omitempty"`
	// of an alias whose line has none: session, transaction or statement
	PoolMode         string        `json:"pool_mode"`
	QueryWaitTimeout time.Duration `json:"query_wait_timeout_ns"`        // 0: waiters are never sent away
	Lifetime         time.Duration `json:"server_lifetime_ns,omitempty"` // of a connection; 0: not known
	ServerTLS        string        `json:"server_tls_sslmode,omitempty"` // empty: not known, or a version without it
}

// AutoDB is the alias whose line serves every database that has none of its own.
const AutoDB = "*"

// Alias is one [databases] entry of one process, with the counters and gauges that PgBouncer keeps for it.
type Alias struct {
	Name         string        `json:"name"`
	Host         string        `json:"host,omitempty"`       // a name, address or list of them; empty or "/…": a socket
	Port         int           `json:"port,omitempty"`       // of PostgreSQL
	Database     string        `json:"database"`             // as PostgreSQL calls it
	ForceUser    string        `json:"force_user,omitempty"` // user= of the line; empty: the client's own user
	SizeConns    int           `json:"pool_size"`            // per (alias, user); 0 means unlimited from PgBouncer 1.24 on
	ReserveConns int           `json:"reserve_pool_size"`
	MaxConns     int           `json:"max_db_connections"`                  // 0: no limit
	MaxClients   int           `json:"max_db_client_connections,omitempty"` // 0: no limit, or before 1.24
	CurrentConns int           `json:"current_connections"`
	Lifetime     time.Duration `json:"server_lifetime_ns,omitempty"` // in force for it; 0: not known
	PoolMode     string        `json:"pool_mode"`                    // session, transaction or statement, in force
	Paused       bool          `json:"paused,omitempty"`             // PAUSE is in force for the alias
	Disabled     bool          `json:"disabled,omitempty"`           // DISABLE is in force for the alias
	// the Server whose backends it owns; empty: not one of ours, or not known
	Server string `json:"server,omitempty"`
	// further servers that its list of hosts, or the addresses of its name, lead to
	AlsoOn []string `json:"also_on,omitempty"`
	// addresses that it connects or may connect to, and that lead to no known server
	Unplaced []string     `json:"unplaced,omitempty"`
	Proof    ServerProof  `json:"server_proof,omitempty"` // how Server is known
	Counters Counters     `json:"counters"`               // over all users
	Pools    []PoolGauges `json:"pools,omitempty"`        // one per user; empty while the alias was never used

	// Hidden: it is a database of * that SHOW POOLS has and SHOW DATABASES leaves out, because nobody is connected
	// (janitor.c); the next client has it back (find_database of objects.c). Host, port and sizes are not known: sizes are
	// the process's.
	Hidden bool `json:"hidden,omitempty"`

	// Gone: the newest sample does not show it, and an earlier one has.
	Gone bool `json:"gone,omitempty"`

	// Guessed says what is not known of an alias that SHOW DATABASES does not show; empty for every one that it shows.
	// Without it, the alias may open all that it counts.
	Guessed Guess `json:"guessed,omitempty"`

	// LinePoolMode is the mode of the alias's own line, or the process's, where PoolMode differs from it: PoolMode is
	// "session" as soon as one user of the alias has that mode in [users]. Empty: PoolMode is the line's, too.
	LinePoolMode string `json:"line_pool_mode,omitempty"`
}

// ServerProof says how an alias's server is known.
type ServerProof string

// How an alias's server can be known, the strongest first.
const (
	ProofBackends  ServerProof = "backends"  // its connections were found among the server's backends
	ProofAddress   ServerProof = "address"   // another alias with the same host and port was found there
	ProofList      ServerProof = "list"      // every host of its list leads to a known server
	ProofElsewhere ServerProof = "elsewhere" // it has connections, and none of them is a backend of our servers
	ProofNone      ServerProof = "none"      // it has no connections to find
)

// Counters are PgBouncer's own running totals of one alias in one process since that process started.
type Counters struct {
	// counted when a transaction's first query arrives, served or not (client.c:1596)
	Xacts       int64         `json:"xacts"`
	Assignments int64         `json:"assignments"`  // server assignments, PgBouncer 1.23 and later; -1 before
	XactTime    time.Duration `json:"xact_time_ns"` // includes the time queued for a server (client.c:1596)
	WaitTime    time.Duration `json:"wait_time_ns"` // booked when a wait ends in an assignment
}

// PoolGauges are the momentary counts of one (alias, user) pool of one process.
type PoolGauges struct {
	User                 string        `json:"user"`
	ClientsActive        int           `json:"cl_active"`  // linked or idle: not demand
	ClientsWaiting       int           `json:"cl_waiting"` // clients without a connection
	ServersActive        int           `json:"sv_active"`
	ServersActiveCancel  int           `json:"sv_active_cancel"`  // sockets that carry a cancel request
	ServersBeingCanceled int           `json:"sv_being_canceled"` // kept until cancel requests about them are through
	ServersIdle          int           `json:"sv_idle"`           // unused, and fit for use
	ServersUsed          int           `json:"sv_used"`           // unused for longer than server_check_delay
	ServersTested        int           `json:"sv_tested"`         // running server_reset_query or server_check_query
	ServersLogin         int           `json:"sv_login"`          // logging in
	MaxWait              time.Duration `json:"maxwait_ns"`        // age of the oldest waiter
	Login                Login         `json:"login,omitzero"`    // of a gathered pool; see Gather
	// no console shows it: the journal knows that its user came once
	Recalled bool `json:"recalled,omitempty"`
}

// Conns returns the server connections of the pool that hold or may hold a PostgreSQL slot, logins included.
func (g PoolGauges) Conns() int {
	return g.ServersActive + g.ServersIdle + g.ServersUsed + g.ServersTested + g.ServersLogin +
		g.ServersBeingCanceled + g.ServersActiveCancel
}

// UserClients are the clients of one user, and their limit, over all databases of a process.
type UserClients struct {
	Name string `json:"name"`
	Most int    `json:"max_user_client_connections"` // > 0: in force, its own or the process's
	Now  int    `json:"current_client_connections"`  // that count now
}

// UserLimit is what a process's [users] section says of one user.
type UserLimit struct {
	Name     string `json:"name"`
	MaxConns int    `json:"max_user_connections,omitempty"` // 0: no limit
	// 0: none of its own; it beats the alias's size (server.c:279)
	SizeConns    int `json:"pool_size,omitempty"`
	ReserveConns int `json:"reserve_pool_size,omitempty"` // 0: none of its own; NoReserve: its own 0

	// SizeConns, ReserveConns may be those of the user before: SHOW USERS of 1.23 to 1.25.2.
	Doubtful        bool `json:"doubtful,omitempty"`
	DoubtfulReserve bool `json:"doubtful_reserve,omitempty"` // ReserveConns alone is in doubt
}

// NoReserve is a user's own reserve_pool_size of 0: it has none under whatever alias.
const NoReserve = -1
