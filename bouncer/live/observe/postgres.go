package observe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
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
// own, since the client's backend may be another one a moment later (PgBouncer 1.25.2, client.c:2033). A plain
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
// for tcp_keepalives_idle, two hours. chosen: 25 s, 10 s of silence and three questions 5 s apart, because a run that
// was stopped, or a network that is cut for a few seconds, keeps it.
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
	case admin.NotAllowed(p), admin.RefusesParameter(p):
		// Both are PgBouncer's own answers: to who may not use its console, and to a setting it does not pass on.
		return &operr.Error{Kind: operr.KindUsage, Subject: s.Subject,
			Err:  fmt.Errorf("a PgBouncer answers, not a PostgreSQL: %w", p),
			Hint: "give the address of the PostgreSQL that it leads to"}
	case admin.SqlState(p) == admin.StateNoPrivilege:
		return operr.By(operr.RuleRights,
			&operr.Error{Kind: operr.KindEvidence, Subject: s.Subject, Err: p, Hint: s.grantHint()})
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
