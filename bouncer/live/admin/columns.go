package admin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// column is one column of a SHOW command as pgbudget reads it, for PgBouncer 1.8 to 1.25. Columns are found by name:
// their order changes from version to version, and ones that are not in the table are not observed.
type column struct {
	name     string
	older    string        // the name it had before; "" when it always had this one
	since    string        // the version that brought it, when that is later than 1.8
	required bool          // an answer without it cannot be used
	absent   int64         // what stands for it where it is absent or null
	unit     time.Duration // of one, for times
	meaning  string
}

// sheet is the columns of one SHOW command.
type sheet struct {
	command string
	columns []column
}

const us = time.Microsecond

// The tables. Source: PgBouncer's admin.c and stats.c at each minor version's tag, checked against captures of 1.18,
// 1.23, 1.24 and 1.25 (fixtures/show).
var (
	showConfig = sheet{"SHOW CONFIG", []column{
		{name: "key", required: true, meaning: "name of the setting"},
		{name: "value", required: true, meaning: "its value as text, times in seconds; null when empty"},
		{name: "default", since: "1.15", meaning: "where no line says it, after a RELOAD; null: as before"},
		{name: "changeable", required: true, meaning: "no: RELOAD and SET leave it alone"},
	}}
	showDatabases = sheet{"SHOW DATABASES", []column{
		{name: "name", required: true, meaning: "alias"},
		{name: "host", required: true, meaning: "host or list of hosts; null: a local socket"},
		{name: "port", required: true, meaning: "port of the server"},
		{name: "database", required: true, meaning: "database on the server"},
		{name: "force_user", required: true, meaning: "user=; null: each client its own"},
		{name: "pool_size", required: true, meaning: "per (alias, user), the process's default filled in"},
		{name: "min_pool_size", since: "1.16", meaning: "kept open"},
		{name: "reserve_pool_size", older: "reserve_pool", required: true,
			meaning: "beyond pool_size, after reserve_pool_timeout"},
		{name: "server_lifetime", since: "1.23", unit: time.Second, meaning: "of a connection, the process's filled in"},
		{name: "pool_mode", required: true, meaning: "of the alias; null: the process's"},
		{name: "load_balance_hosts", since: "1.24", meaning: "how a host is picked from a list"},
		{name: "max_connections", required: true, meaning: "max_db_connections; 0: no limit"},
		{name: "current_connections", required: true, meaning: "server connections, logins and cancels included"},
		{name: "max_client_connections", since: "1.24", meaning: "max_db_client_connections"},
		{name: "paused", required: true, meaning: "1 after PAUSE or KILL"},
		{name: "disabled", required: true, meaning: "1 after DISABLE"},
	}}
	showPools = sheet{"SHOW POOLS", []column{
		{name: "database", required: true, meaning: "alias"},
		{name: "user", required: true, meaning: "user at the server"},
		{name: "cl_active", required: true, meaning: "clients linked or idle"},
		{name: "cl_waiting", required: true, meaning: "clients that wait for a server connection"},
		{name: "sv_active", required: true, meaning: "linked"},
		{name: "sv_active_cancel", since: "1.18", meaning: "carrying a cancel request; before, counted under sv_login"},
		{name: "sv_being_canceled", since: "1.18", meaning: "waiting for a cancel request to end"},
		{name: "sv_idle", required: true, meaning: "ready"},
		{name: "sv_used", required: true, meaning: "idle for longer than server_check_delay"},
		{name: "sv_tested", required: true, meaning: "under server_check_query or server_reset_query"},
		{name: "sv_login", required: true, meaning: "logging in"},
		{name: "maxwait", required: true, unit: time.Second, meaning: "age of the oldest waiter, whole seconds"},
		{name: "maxwait_us", required: true, unit: us, meaning: "the rest of it"},
		{name: "pool_mode", required: true, meaning: "in force: user's, else alias's, else the process's"},
	}}
	showStats = sheet{"SHOW STATS", []column{
		{name: "database", required: true, meaning: "alias"},
		{name: "total_server_assignment_count", since: "1.23", absent: -1,
			meaning: "clients that were given a server connection"},
		{name: "total_xact_count", required: true, meaning: "transactions"},
		{name: "total_xact_time", required: true, unit: us, meaning: "in transactions, queueing included"},
		{name: "total_wait_time", required: true, unit: us, meaning: "queueing, booked at the assignment"},
	}}
	showUsers = sheet{"SHOW USERS", []column{
		{name: "name", required: true, meaning: "user"},
		{name: "pool_size", since: "1.23", meaning: "text, padded; see userLimits for how far it can be trusted"},
		{name: "reserve_pool_size", since: "1.24", meaning: "the same"},
		{name: "pool_mode", meaning: "its own; null: none"},
		{name: "max_user_connections", since: "1.23", absent: -1, meaning: "in force, the process's filled in; 0: no limit"},
		{name: "max_user_client_connections", since: "1.24", meaning: "the same of clients"},
		{name: "current_client_connections", since: "1.24", meaning: "clients that count under it"},
	}}
	showLists = sheet{"SHOW LISTS", []column{
		{name: "list", required: true, meaning: "what is counted"},
		{name: "items", required: true, meaning: "how many there are"},
	}}
	showPeers = sheet{"SHOW PEERS", []column{
		{name: "peer_id", required: true, meaning: "id in [peers]"},
		{name: "host", required: true, meaning: "host or folder of its socket"},
		{name: "port", required: true, meaning: "its port"},
		{name: "pool_size", required: true, meaning: "for cancel requests, the process's default filled in"},
	}}
	showServers = sheet{"SHOW SERVERS", []column{
		{name: "user", required: true, meaning: "user at the server"},
		{name: "database", required: true, meaning: "alias"},
		{name: "state", required: true, meaning: "active, idle, used, tested, new, active_cancel, being_canceled"},
		{name: "addr", meaning: "the server's end; \"unix\" for a socket"},
		{name: "port", meaning: "the server's end"},
		{name: "local_addr", required: true, meaning: "our end; \"unix\" for a socket"},
		{name: "local_port", required: true, meaning: "our end"},
		{name: "replication", since: "1.23", meaning: "none, logical or physical"},
		{name: "remote_pid", required: true, meaning: "process id of the backend; 0 while it logs in"},
		{name: "connect_time", meaning: "when it was opened, YYYY-MM-DD HH:MM:SS and a time zone"},
	}}
	showDNS = sheet{"SHOW DNS_HOSTS", []column{
		{name: "hostname", required: true, meaning: "a host of a line, by name, that has been looked up"},
		{name: "addrs", required: true,
			meaning: "what it was found to be: address:0 each, with commas; all of one family, used in turn"},
	}}
	showClients = sheet{"SHOW CLIENTS", []column{
		{name: "database", required: true, meaning: "alias"},
		{name: "addr", required: true, meaning: "the client's end"},
		{name: "port", required: true, meaning: "the client's end"},
		{name: "local_addr", required: true, meaning: "PgBouncer's end"},
		{name: "local_port", required: true, meaning: "PgBouncer's end"},
		{name: "connect_time", required: true, meaning: "when it connected"},
		{name: "ptr", required: true, meaning: "address in the process's memory"},
		{name: "application_name", since: "1.18", meaning: "as the client says"},
	}}
)

// Answer is a result as it came: column names and text, nil for NULL.
type Answer struct {
	names []string
	Rows  [][][]byte // rows, columns, bytes; nil for NULL
}

// table is an answer, read by a sheet.
type table struct {
	sheet   *sheet
	at      []int // per column of the sheet: where the answer has it, -1 nowhere
	records []record
	fault   error // the first value that could not be made sense of, once the records have been read
}

// record is one row of a table.
type record struct {
	table  *table
	values [][]byte
}

// read finds the sheet's columns in an answer. A missing required column is an error that names the command, the
// column and the version.
func (s *sheet) read(subject, version string, a Answer) (*table, error) {
	t := &table{sheet: s, at: make([]int, len(s.columns))}
	for i, c := range s.columns {
		t.at[i] = slices.Index(a.names, c.name)
		if t.at[i] < 0 && c.older != "" {
			t.at[i] = slices.Index(a.names, c.older)
		}
		if t.at[i] < 0 && c.required {
			return nil, Fail(operr.KindUnforeseen, subject,
				"this pgbudget does not know this version of PgBouncer: install a newer pgbudget",
				"%s of PgBouncer %s has no column %q", s.command, version, c.name)
		}
	}
	for _, values := range a.Rows {
		t.records = append(t.records, record{t, values})
	}
	return t, nil
}

// has says whether the answer has the column at all.
func (t *table) has(name string) bool { return t.at[t.index(name)] >= 0 }

// rows returns the table as it is compared with the files: the columns that the answer has, NULL as "".
func (t *table) rows() []ini.Row {
	out := make([]ini.Row, 0, len(t.records))
	for _, r := range t.records {
		row := ini.Row{}
		for _, c := range t.sheet.columns {
			if t.has(c.name) {
				row[c.name] = r.text(c.name)
			}
		}
		out = append(out, row)
	}
	return out
}

func (t *table) index(name string) int {
	i := slices.IndexFunc(t.sheet.columns, func(c column) bool { return c.name == name })
	if i < 0 {
		panic(fmt.Sprintf("live: %s: column %q is not in the table", t.sheet.command, name))
	}
	return i
}

// text returns a column's text, "" for NULL and for an absent column.
func (r record) text(name string) string {
	if i := r.table.at[r.table.index(name)]; i >= 0 {
		return string(r.values[i])
	}
	return ""
}

// null reports whether a column is there and NULL.
func (r record) null(name string) bool {
	i := r.table.at[r.table.index(name)]
	return i >= 0 && r.values[i] == nil
}

// number returns a column's whole number. PgBouncer sends int4, int8 and, from 1.12 on, numeric: all of them as
// digits. Padding is taken off; NULL and an absent column read as the table says.
func (r record) number(name string) int64 {
	text := strings.TrimSpace(r.text(name))
	if text == "" {
		return r.table.sheet.columns[r.table.index(name)].absent
	}
	whole, fraction, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.Trim(fraction, "0") != "" {
		if r.table.fault == nil {
			r.table.fault = fmt.Errorf("%s: column %q holds %q, which is no whole number", r.table.sheet.command, name, text)
		}
		return 0
	}
	return n
}

func (r record) count(name string) int { return int(r.number(name)) }

// maxSpan is how many microseconds fit a time.Duration, 292 years.
const maxSpan = int64(1<<63-1) / int64(us)

// span returns a column's time. A running total of many clients can pass the 292 years that a time.Duration holds
// (1000 waiting clients do in 107 days); it then starts again from zero, which whoever subtracts two samples takes for
// the restart of a counter: one interval is left out, and none is wrong.
func (r record) span(name string) time.Duration {
	c := r.table.sheet.columns[r.table.index(name)]
	return time.Duration(r.number(name)%(maxSpan/int64(c.unit/us))) * c.unit
}
