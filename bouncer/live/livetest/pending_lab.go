package livetest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Ended ends every session that holds a lock, and waits until it is free.
func Ended(t *testing.T, s *lab.Server) {
	t.Helper()
	const all = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
	if _, err := s.Query(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	labtest.Eventually(t, func() error {
		rows, err := s.Query(t.Context(), "SELECT 1 AS x FROM pg_locks WHERE locktype = 'advisory'")
		if err == nil && len(rows) > 0 {
			err = errors.New("the lock is held yet")
		}
		return err
	})
}

// WantKind fails where an error is of another kind; ok stands for nil.
func WantKind(t *testing.T, what string, err error, want operr.Kind, ok bool) {
	t.Helper()
	if ok != (err == nil) || !ok && operr.KindOf(err) != want {
		t.Errorf("%s: %v, want kind %d, or nothing: %v", what, err, want, ok)
	}
}

// Atoi returns the number that a text is; the test fails where the text is none.
func Atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Rewriting is an edit of a file: what is replaced once by what. An empty old means the end of [pgbouncer], which is
// that of the file.
type Rewriting struct{ Old, New string }

// String shows both texts, quoted.
func (e Rewriting) String() string { return fmt.Sprintf("%q → %q", e.Old, e.New) }

// Of returns the text with the edit made.
func (e Rewriting) Of(text string) string {
	if e.Old == "" {
		return text + e.New + "\n"
	}
	return strings.Replace(text, e.Old, e.New, 1)
}

// Cells is all that a process shows of what a file may say: "CONFIG query_timeout", "DATABASES app pool_size".
func Cells(t *testing.T, p *lab.Process) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, table := range []string{"CONFIG", "DATABASES", "USERS", "PEERS"} {
		if table == "PEERS" && p.Generation == lab.Gen118 {
			continue
		}
		rows, err := p.Show(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			switch table {
			case "CONFIG":
				out["CONFIG "+row["key"]] = row["value"]
				continue
			case "PEERS":
				row["name"] = row["peer_id"]
			}
			for column, value := range row {
				if !strings.HasPrefix(column, "current_") && column != "paused" && column != "disabled" {
					out[table+" "+row["name"]+" "+column] = strings.TrimSpace(value)
				}
			}
		}
	}
	return out
}

// KeysOf names what differs between two moments as an operator would: by section, line and key.
func KeysOf(before, after map[string]string) map[string]bool {
	keys := map[string]bool{}
	names := map[string]string{"database": "dbname", "force_user": "user", "reserve_pool_size": "reserve_pool",
		"max_connections": "max_db_connections", "max_client_connections": "max_db_client_connections"}
	for cell := range maps.Keys(Merged(before, after)) {
		if before[cell] == after[cell] { // NULL has no cell
			continue
		}
		part := strings.Split(cell, " ")
		if part[0] == "CONFIG" {
			keys[part[1]] = true
			continue
		}
		prefix, key := map[string]string{"DATABASES": "", "USERS": "users.", "PEERS": "peers."}[part[0]], part[2]
		if to, ok := names[key]; ok && part[0] == "DATABASES" {
			key = to
		}
		row := part[0] + " " + part[1] + " name"
		if before[row] != after[row] {
			key = "line"
		}
		keys[prefix+part[1]+"."+key] = true
	}
	return keys
}

// Follows reports whether a key changed because another did, by which it is named: a size that the line does not have,
// the limit of a user, a database that lives by the line of *. SHOW USERS repeats sizes from row to row.
func Follows(key string, named []string) bool {
	alias, k, _ := strings.Cut(key, ".")
	section := alias == "users" || alias == "peers"
	if section {
		k = key[strings.LastIndex(key, ".")+1:]
	}
	of := map[string]string{"pool_size": "default_pool_size", "reserve_pool": "reserve_pool_size",
		"server_lifetime": "server_lifetime",
		"min_pool_size":   "min_pool_size", "max_db_connections": "max_db_connections",
		"max_db_client_connections": "max_db_client_connections",
		"max_user_connections":      "max_user_connections", "max_user_client_connections": "max_user_client_connections"}
	return slices.ContainsFunc(named, func(n string) bool {
		return n == of[k] && n != "" || !section && n == "*."+k || k != "line" && n == alias+".line" ||
			alias == "users" && strings.HasPrefix(n, "users.") && (strings.HasSuffix(n, "."+k) &&
				strings.Contains(k, "pool_size") || strings.HasSuffix(n, ".line"))
	})
}

// Alone are keys that are named although SHOW stays as it is: a user= that is taken out is kept, and lines of one alias
// that lead to different places, and both close server connections at each RELOAD.
var Alone = regexp.MustCompile(`^(other\.user|twice\.line)$`)

// OtherValue is another value of a setting, by what SHOW CONFIG says of it, in a form of its own; "" leaves it out.
func OtherValue(p *lab.Process, key, value string) string {
	switch key {
	case "conffile", "syslog", "syslog_facility", "user", "client_tls_sslmode":
		return ""
	case "max_packet_size":
		return "1000000"
	case "max_db_client_connections", "max_user_client_connections": // the consoles of the test count, too
		return "77"
	case "admin_users":
		return lab.ConsoleAdmin + ", another"
	case "stats_users":
		return lab.ConsoleStats + ",another"
	case "auth_type":
		return "TRUST"
	case "pool_mode":
		return "Session"
	case "server_tls_sslmode":
		return map[bool]string{true: "disable", false: "prefer"}[value != "disable"]
	case "auth_file", "logfile":
		return value + ".other"
	case "server_reset_query", "server_check_query", "auth_query":
		return "SELECT 'hush'"
	}
	n, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil && strings.HasSuffix(key, "_file"):
		return "/nowhere"
	case err != nil && (strings.Contains(key, "tls") || key == "listen_addr"):
		return ""
	case err != nil:
		return "another"
	case key == "tcp_keepalive" || key == "so_reuseport" || key == "tcp_defer_accept":
		return fmt.Sprint(1 - min(n, 1))
	}
	return fmt.Sprintf("%g", n+1)
}

// OtherForm is the same value in another form; "": there is none.
func OtherForm(key, value string) string {
	switch n, err := strconv.Atoi(value); {
	case key == "pool_mode" || key == "auth_type" || strings.HasSuffix(key, "sslmode"):
		return strings.ToUpper(value)
	case err == nil && strings.HasPrefix(key, "max_"):
		return fmt.Sprintf("0x%x", n)
	case err == nil && strings.HasSuffix(key, "_timeout") && !strings.HasPrefix(key, "tcp_"):
		return fmt.Sprintf("%d.00", n)
	}
	return ""
}

// LineEdits are edits of lines: of databases, users and peers.
func LineEdits(gen lab.Generation, server string) []Rewriting {
	edits := []Rewriting{
		{Old: "pool_size=4", New: "pool_size=5"}, {Old: "pool_size=4", New: "pool_size=4 pool_mode=session"},
		{Old: "pool_size=4", New: "pool_size=4 pool_mode=TRANSACTION"},
		{Old: "pool_size=4", New: "pool_size=-1"}, {Old: " pool_size=4", New: ""}, {Old: "pool_size=4", New: "pool_size='4'"},
		{Old: "pool_size=4", New: "pool_size=9 pool_size=4"},
		{Old: "pool_size=4", New: "pool_size=4 min_pool_size=1"}, {Old: "pool_size=4", New: "pool_size=4 min_pool_size=0"},
		{Old: "pool_size=4", New: "pool_size=4 reserve_pool=2"},
		{Old: "pool_size=4", New: "pool_size=4 max_db_connections=9"},
		{Old: "pool_size=4", New: "pool_size=4 max_db_connections=0"},
		{Old: "pool_size=4", New: "pool_size=4 connect_query='SELECT 1'"},
		{Old: "pool_size=4", New: "pool_size=4 application_name=a client_encoding=utf8 timezone=UTC"},
		{Old: "app = host=127.0.0.1", New: "app = host=127.0.0.2"}, {Old: "app = host=127.0.0.1 ", New: "app = "},
		{Old: "app = ", New: "app = dbname=postgres "}, {Old: "app = ", New: "app = dbname=app "},
		{Old: "reserve_pool=1", New: "reserve_pool=2"}, {Old: " reserve_pool=1", New: ""}, {Old: "min_pool_size=1",
			New: "min_pool_size=2"}, {Old: "user=app2", New: "user=app1"},
		{Old: "[users]", New: "late = " + server + "\n[users]"}, {Old: "[users]", New: "twice = host=127.0.0.3\n[users]"},
		{Old: "[users]", New: "twice = " + server + " dbname=app\n[users]"},
		{Old: "gone = ", New: "; gone = "}, {Old: "gone = ", New: "moved = "}, {Old: "* = ", New: "* = pool_size=3 "},
		{Old: "* = ", New: "*  =  "}, {Old: "[databases]\n", New: "[databases]\n; a comment\n\n"},
		{Old: "app1 = pool_mode=session", New: "app1 = pool_mode=statement"}, {Old: "app1 = pool_mode=session",
			New: "app1 ="}, {Old: "app1 = pool_mode=session", New: "; app1"},
		{Old: "app1 = pool_mode=session", New: "app1 = pool_mode=session max_user_connections=30"},
		{Old: "[users]\n", New: "[users]\napp2 = pool_mode=session\n"},
		{Old: "[users]\n", New: "[users]\napp2 =\n"}, {Old: "[users]\n", New: "[users]\nnobody = max_user_connections=3\n"},
		{Old: "[users]\n", New: "[users]\napp1 = pool_mode=transaction\n"},
	}
	if gen == lab.Gen118 {
		return edits
	}
	return append(edits, []Rewriting{
		{Old: "pool_size=4", New: "pool_size=4 server_lifetime=60"},
		{Old: "pool_size=4", New: "pool_size=4 server_lifetime=3600"},
		{Old: "pool_size=4", New: "pool_size=4 server_lifetime=0"},
		{Old: "pool_size=4", New: "pool_size=4 max_db_client_connections=99"},
		{Old: "pool_size=4", New: "pool_size=4 load_balance_hosts=disable"},
		{Old: "list = host=127.0.0.1,127.0.0.2", New: "list = load_balance_hosts=disable host=127.0.0.1,127.0.0.2"},
		{Old: "app1 = pool_mode=session", New: "app1 = pool_mode=session pool_size=7"}, {Old: "app1 = pool_mode=session",
			New: "app1 = pool_mode=session pool_size=7 reserve_pool_size=1"},
		{Old: "app1 = pool_mode=session", New: "app1 = pool_mode=session max_user_client_connections=70 query_timeout=9"},
		{Old: "[users]\n", New: "[users]\napp2 = pool_size=2\n"},
		{Old: "[pgbouncer]", New: "[peers]\n1 = host=127.0.0.1\n[pgbouncer]"},
		{Old: "[pgbouncer]", New: "[peers]\n2 = host=/tmp port=7000 pool_size=9\n[pgbouncer]"},
		{Old: "[pgbouncer]", New: "[peers]\n9 = host=/tmp port=7000 pool_size=8\n[pgbouncer]"},
		{Old: "[pgbouncer]", New: "[peers]\n9 = host=/tmp port=7001\n[pgbouncer]"},
	}...)
}

// Write replaces a file; the test fails where that fails.
func Write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Loaded makes a text a process's file and has it loaded.
func Loaded(t *testing.T, p *lab.Process, text string) {
	t.Helper()
	Write(t, p.IniPath, text)
	if err := p.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Merged returns the entries of both maps, those of b where both have a key.
func Merged(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
