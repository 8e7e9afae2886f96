package observe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// server is one PostgreSQL server, through one session that is kept.
type server struct {
	*admin.Session
	name     string
	systemID string       // as at first; "" before that, or where it may not be read
	pid      int          // of our own backend
	lockedIn atomic.Int64 // the number of the session that took the lock; 0: none has
	silent   error        // of the newest question after the lock that had no answer
	tracker  tracker
	senders  shot // walsenders that take from a CONNECTION LIMIT and from no slot of max_connections, at the newest sample
}

// newServer prepares a server; nothing is asked yet.
func newServer(name string, a admin.Address, t admin.Targets) *server {
	s := &server{name: name}
	s.Session = admin.NewSession("server "+name+" ("+a.Label+")", a, t.Timeout)
	s.Greet = s.meet
	return s
}

// backend is one client backend of pg_stat_activity.
type backend struct {
	pid        int
	started    int64          // backend_start, microseconds since 1970; with pid it names the backend for good
	end        netip.AddrPort // the client's end; not valid for a Unix socket
	socket     bool           // the client came through a Unix socket
	user       string
	database   string
	app        string
	working    bool          // runs a query
	queryStart int64         // of the query that runs or ran last, microseconds since 1970
	idleInTx   time.Duration // since it became idle in a transaction; -1 when it is not
}

// meet checks who answers on a new connection: that it is a PostgreSQL, reached without a pooler in between, as a
// role that sees whose the connections are; then bounds our own statements there.
//
// The driver was given a process id at login. PostgreSQL's own login gives the backend's; a pooler gives one of its
// own, since the client's backend may be another one a moment later (PgBouncer client.c, finish_client_login). A plain
// TCP proxy changes addresses and ports, but not that.
func (s *server) meet(ctx context.Context) error {
	if s.Pooler() {
		return admin.Fail(operr.KindUsage, s.Subject, "give the address of the PostgreSQL that it leads to",
			"this is the console of a PgBouncer, not a PostgreSQL")
	}
	a, err := s.Exec(ctx, `SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version_num')`)
	if err != nil {
		return err
	}
	pid, err := whole(a, 0)
	if err != nil {
		return err
	}
	if uint32(pid) != s.Conn.PID() {
		return admin.Fail(operr.KindUsage, s.Subject,
			"give the address of the PostgreSQL itself: a session that a pooler shares out can neither count backends nor hold "+
				"a lock",
			"this DSN goes through a pooler: the login was answered as process %d, the query by backend %d", s.Conn.PID(), pid)
	}
	s.pid, s.silent = pid, nil
	version, err := whole(a, 1)
	if err != nil || version < 100000 {
		return admin.Fail(operr.KindUsage, s.Subject, "",
			"PostgreSQL %s is not supported: 10 is the oldest that has pg_monitor", string(a.Rows[0][1]))
	}
	ms := max(1, s.Timeout.Milliseconds())
	set := fmt.Sprintf("SET statement_timeout = %d; SET lock_timeout = %d", ms, ms)
	if version >= 140000 {
		set += "; SET idle_session_timeout = 0" // the session is kept: a full server must not lock us out
	}
	if _, err = s.Exec(ctx, set); err != nil {
		return err
	}
	set = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
	if version >= 120000 {
		set += fmt.Sprintf("; SET tcp_user_timeout = %d", lostAfter.Milliseconds())
	}
	// A fork may have no such setting: then a lost host is noticed later.
	if _, err = s.Exec(ctx, set); admin.SqlState(err) != "" {
		return nil
	}
	return err
}

// lostAfter is when PostgreSQL ends a session of ours whose host is lost, and with it the lock: by itself it would wait
// for tcp_keepalives_idle, two hours. Chosen: 10 s of silence and three questions, 5 s apart; a run that was stopped,
// or a network that is cut for a few seconds, keeps it.
const lostAfter = 25 * time.Second

// ask runs one pass over the server and says what went wrong as an operator needs it.
func (s *server) ask(ctx context.Context, pass func(ctx context.Context) error) error {
	err := s.Within(ctx, pass)
	if _, ok := errors.AsType[*operr.Error](err); ok || err == nil {
		return err
	}
	p, ok := errors.AsType[admin.Plain](err)
	switch {
	case !ok:
		return &operr.Error{Kind: operr.KindUnforeseen, Subject: s.Subject, Err: err}
	case admin.NotAllowed(p), admin.ServerSays(p, "unsupported startup parameter"):
		// Both are PgBouncer's own words: to who may not use its console, and to a setting it does not pass on.
		return &operr.Error{Kind: operr.KindUsage, Subject: s.Subject,
			Err:  fmt.Errorf("a PgBouncer answers, not a PostgreSQL: %w", p),
			Hint: "give the address of the PostgreSQL that it leads to"}
	case admin.SqlState(p) == admin.StateNoPrivilege:
		return &operr.Error{Kind: operr.KindEvidence, Subject: s.Subject, Err: p, Hint: s.grantHint()}
	}
	return admin.Unreachable(s.Subject, p, s.Session)
}

func (s *server) grantHint() string {
	return "as a superuser: GRANT pg_monitor TO " + quoteRole(s.Config.User)
}

// bareRole is a name that SQL takes without quotes, key words apart.
var bareRole = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// quoteRole writes a role's name as SQL wants it.
func quoteRole(name string) string {
	if bareRole.MatchString(name) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// factsSQL is one row: what the server is and what it allows. The last column says whether the role sees other roles'
// rows of pg_stat_activity in full; without that it sees NULLs, and a count of them is too small without an error.
const factsSQL = `SELECT current_setting('server_version_num'), pg_is_in_recovery(), current_setting('max_connections'),
	current_setting('superuser_reserved_connections'), coalesce(current_setting('reserved_connections', true), '0'),
	pg_has_role('pg_monitor', 'USAGE') OR pg_has_role('pg_read_all_stats', 'USAGE')`

// reservedSQL lists further settings that keep connections back: those of extensions and vendors, all of them called
// …reserved_connections. One that no library has claimed is not listed by pg_settings, so known names are asked for,
// too.
const reservedSQL = `SELECT name, setting FROM pg_settings
	WHERE name LIKE '%reserved\_connections' AND name NOT IN ('superuser_reserved_connections', 'reserved_connections')
	UNION SELECT name, current_setting(name, true) FROM (VALUES ('rds.rds_superuser_reserved_connections')) known (name)
	WHERE current_setting(name, true) <> '' ORDER BY 1`

// serverIDSQL is one row: the cluster's identity and the timeline it is on. The timeline in the control file is that
// of the last checkpoint, which a fresh promotion has not written yet; the WAL's file name knows at once.
const serverIDSQL = `SELECT (pg_control_system()).system_identifier, CASE WHEN pg_is_in_recovery()
	THEN (pg_control_checkpoint()).timeline_id ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END`

// backendsSQL lists what takes a slot of max_connections: client backends, and before PostgreSQL 12 walsenders too. A
// row whose type is hidden (a managed service's own sessions) is taken for one.
const backendsSQL = sessionsSQL + ` WHERE backend_type = 'client backend' OR backend_type IS NULL
	OR backend_type = 'walsender' AND current_setting('server_version_num')::int < 120000`

// sendersSQL lists the walsenders that backendsSQL leaves out.
const sendersSQL = sessionsSQL + ` WHERE backend_type = 'walsender'
	AND current_setting('server_version_num')::int >= 120000`

const sessionsSQL = `SELECT pid, coalesce((extract(epoch FROM backend_start) * 1000000)::bigint, 0),
	host(client_addr), client_port,
	coalesce(usename, ''), coalesce(datname, ''), coalesce(application_name, ''), coalesce(state, ''),
	coalesce((extract(epoch FROM query_start) * 1000000)::bigint, 0),
	greatest(0, (extract(epoch FROM clock_timestamp() - state_change) * 1000000)::bigint)
	FROM pg_stat_activity`

// shot is one sample of a server's backends, sorted by process id.
type shot []backend

// facts asks what the server is and allows.
func (s *server) facts(ctx context.Context) (fleet.Server, error) {
	var f fleet.Server
	err := s.ask(ctx, func(ctx context.Context) (err error) {
		f, err = s.factsOnce(ctx)
		return err
	})
	return f, err
}

func (s *server) factsOnce(ctx context.Context) (fleet.Server, error) {
	f := fleet.Server{Name: s.name}
	a, err := s.Exec(ctx, factsSQL)
	if err != nil {
		return f, err
	}
	var wrong error
	number := func(i int) int {
		n, err := whole(a, i)
		wrong = cmp.Or(wrong, err)
		return n
	}
	f.VersionNum, f.MaxConns, f.SuperuserReservedConns, f.ReservedConns = number(0), number(2), number(3), number(4)
	if wrong != nil {
		return f, wrong
	}
	f.InRecovery = string(a.Rows[0][1]) == "t"
	if string(a.Rows[0][5]) != "t" {
		return f, admin.Fail(operr.KindEvidence, s.Subject, s.grantHint(),
			"role %s cannot see other roles' sessions in pg_stat_activity, so direct connections would count as 0",
			s.Config.User)
	}
	if f.ReservedSettings, err = s.reserved(ctx); err != nil {
		return f, err
	}
	switch a, err = s.Exec(ctx, serverIDSQL); {
	case admin.SqlState(err) == admin.StateNoPrivilege: // some managed services; then the server's identity is not known
	case err != nil:
		return f, err
	default:
		f.SystemID = string(a.Rows[0][0])
		if f.Timeline, err = whole(a, 1); err != nil {
			return f, err
		}
	}
	if s.systemID == "" {
		s.systemID = f.SystemID
	}
	if f.SystemID != s.systemID {
		return f, admin.Fail(operr.KindDrift, s.Subject, "check where the DSN leads; if the server was rebuilt, start again",
			"another server answers: first system identifier %s; now %s", s.systemID, f.SystemID)
	}
	if a, err = s.Exec(ctx, limitsSQL); err != nil {
		return f, err
	}
	if err := limitsOf(a, &f); err != nil {
		return f, err
	}
	s.senders = nil
	if len(f.Roles)+len(f.Databases) == 0 || !limitsCountAll(f.VersionNum) {
		return f, nil
	}
	if a, err = s.Exec(ctx, sendersSQL); err != nil {
		return f, err
	}
	s.senders, err = shotOf(a)
	return f, err
}

// reserved reads reservedSQL. A setting of 0 keeps nothing back and is left out.
func (s *server) reserved(ctx context.Context) ([]fleet.ConnLimit, error) {
	a, err := s.Exec(ctx, reservedSQL)
	if err != nil {
		return nil, err
	}
	var out []fleet.ConnLimit
	for _, row := range a.Rows {
		n, err := strconv.Atoi(string(row[1]))
		if err != nil || n < 0 {
			return nil, admin.Fail(operr.KindEvidence, s.Subject,
				"check the setting, and declare its connections as a line under ledger:",
				"%s is %q, which is no number of connections", row[0], row[1])
		}
		if n > 0 {
			out = append(out, fleet.ConnLimit{Name: string(row[0]), Conns: n})
		}
	}
	return out, nil
}

// shoot lists the backends.
func (s *server) shoot(ctx context.Context) (shot, error) {
	var now shot
	err := s.ask(ctx, func(ctx context.Context) error {
		a, err := s.Exec(ctx, backendsSQL)
		if err != nil {
			return err
		}
		now, err = shotOf(a)
		return err
	})
	return now, err
}

// shotOf reads the answer to backendsSQL.
func shotOf(a admin.Answer) (shot, error) {
	var now shot
	for _, row := range a.Rows {
		var wrong error
		number := func(i int) int64 {
			n, err := strconv.ParseInt(string(row[i]), 10, 64)
			if err != nil && row[i] != nil {
				wrong = fmt.Errorf("pg_stat_activity: column %d holds %q", i+1, row[i])
			}
			return n
		}
		state := string(row[7])
		b := backend{
			pid: int(number(0)), started: number(1), user: string(row[4]), database: string(row[5]), app: string(row[6]),
			working:    state == "active" || state == "fastpath function call",
			queryStart: number(8), idleInTx: -1,
		}
		if port := number(3); row[2] == nil && row[3] != nil && port == -1 {
			b.socket = true
		} else {
			b.end = admin.EndOf(string(row[2]), int(port))
		}
		if state == "idle in transaction" || state == "idle in transaction (aborted)" {
			b.idleInTx = time.Duration(number(9)) * time.Microsecond
		}
		if wrong != nil {
			return nil, wrong
		}
		now = append(now, b)
	}
	slices.SortFunc(now, func(a, b backend) int { return cmp.Compare(a.pid, b.pid) })
	return now, nil
}

// whole reads a whole number of an answer's only row.
func whole(a admin.Answer, column int) (int, error) {
	if len(a.Rows) != 1 || column >= len(a.Rows[0]) {
		return 0, fmt.Errorf("%d rows where one was asked for", len(a.Rows))
	}
	return strconv.Atoi(string(a.Rows[0][column]))
}
