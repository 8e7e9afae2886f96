package observe

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

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
	THEN (pg_control_checkpoint()).timeline_id
	ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END`

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
		return f, operr.By(operr.RuleRights, admin.Fail(operr.KindEvidence, s.Subject, s.grantHint(),
			"role %s cannot see other roles' sessions in pg_stat_activity, so direct connections would count as 0",
			s.Config.User))
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
