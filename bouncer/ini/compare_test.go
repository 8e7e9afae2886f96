package ini_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/ini"
)

// captured is what a real process showed, with two peers where its version has some. In the captures NULL and "" are
// the same.
func captured(t testing.TB, version string) ini.Running {
	t.Helper()
	table := func(name string) []ini.Row {
		file, err := os.Open(filepath.Join("../../fixtures/show", version, name+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		records, err := csv.NewReader(file).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		rows := []ini.Row{}
		for _, values := range records[1:] {
			r := ini.Row{}
			for i, column := range records[0] {
				if column == "reserve_pool" {
					column = "reserve_pool_size"
				}
				r[column] = values[i]
			}
			if r["name"] != "pgbouncer" || name != "databases" {
				rows = append(rows, r)
			}
		}
		return rows
	}
	now := ini.Running{Databases: table("databases"), Users: table("users")}
	for _, r := range table("config") {
		fallback, ok := r["default"]
		now.Config = append(now.Config, ini.Param{Key: r["key"], Value: r["value"], Fixed: r["changeable"] == "no",
			Defaults: ok, Default: fallback, Sticks: fallback == ""})
	}
	if !strings.HasPrefix(version, "constructed") && version != "1.18.0" {
		now.Peers = []ini.Row{{"peer_id": "1", "host": "127.0.0.1", "port": "6432", "pool_size": "8"},
			{"peer_id": "2", "host": "127.0.0.1", "port": "6499", "pool_size": "4"}}
	}
	return now
}

// versionOf is the version of a folder of captures.
func versionOf(folder string) string { return strings.TrimPrefix(folder, "constructed-") }

// settled is the file by which the processes of the captures run, for a folder of them.
func settled(t testing.TB, folder string) string {
	t.Helper()
	now := captured(t, folder)
	var b strings.Builder
	b.WriteString("[databases]\n")
	for _, r := range now.Databases {
		if r["name"] == "auto1" {
			continue
		}
		fmt.Fprintf(&b, "%s = host=%s port=%s dbname=%s pool_size=%s", r["name"], r["host"], r["port"], r["database"],
			r["pool_size"])
		for _, c := range [][2]string{{"force_user", "user"}, {"pool_mode", "pool_mode"}} {
			if r[c[0]] != "" {
				fmt.Fprintf(&b, " %s=%s", c[1], r[c[0]])
			}
		}
		for _, c := range [][2]string{{"min_pool_size", "min_pool_size"}, {"reserve_pool_size", "reserve_pool"},
			{"max_connections", "max_db_connections"}} {
			if r[c[0]] != "" && r[c[0]] != "0" {
				fmt.Fprintf(&b, " %s=%s", c[1], r[c[0]])
			}
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "* = host=127.0.0.1 port=%s\n[users]\n", now.Databases[0]["port"])
	if app1 := now.Users[0]; app1["pool_mode"] != "" {
		b.WriteString("app1 = pool_mode=transaction")
		if app1["pool_size"] != "" {
			b.WriteString(" pool_size=6 max_user_connections=12")
		}
		b.WriteString("\n")
	}
	if now.Peers != nil {
		b.WriteString("[peers]\n1 = host=127.0.0.1\n2 = host=127.0.0.1 port=6499 pool_size=4\n")
		if folder == "1.24.1" { // its default_pool_size is another
			b.Reset()
			return settled124
		}
	}
	b.WriteString("[pgbouncer]\n")
	for _, p := range now.Config {
		if p.Value != p.Default && p.Key != "unix_socket_mode" && p.Key != "verbose" {
			fmt.Fprintf(&b, "%s = %s\n", p.Key, p.Value)
		}
	}
	return b.String()
}

const settled124 = "[databases]\nd1 = host=127.0.0.1 port=55440 pool_size=6 reserve_pool=2\nd2 = host=127.0.0.1 " +
	"port=55440 pool_size=3\n" +
	"* = host=127.0.0.1 port=55440\n[peers]\n1 = host=127.0.0.1 pool_size=8\n2 = host=127.0.0.1 port=6499 " +
	"pool_size=4\n[pgbouncer]\n" +
	"admin_users = postgres\nstats_users = stats\nauth_type = trust\nauth_file = " +
	"/run/pgbouncer/userlist.txt\nlisten_addr = 127.0.0.1\n" +
	"listen_port = 6424\nunix_socket_dir = /run/pgbouncer\npidfile = /run/pgbouncer/pid\nlogfile = /run/pgbouncer/log\n" +
	"max_client_conn = 500\npool_mode = transaction\n"

var folders = []string{"1.18.0", "1.23.1", "1.24.1", "1.25.2", "constructed-1.16", "constructed-1.12",
	"constructed-1.8"}

// compared loads a text and compares it.
func compared(t testing.TB, text, folder string, now ini.Running) ini.Comparison {
	t.Helper()
	var keys []string
	for _, p := range now.Config {
		keys = append(keys, p.Key)
	}
	read := func(string) ([]byte, error) { return []byte(text), nil }
	c, err := ini.Load(read, "/etc/pgbouncer/main.ini", versionOf(folder), keys...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", folder, err, text)
	}
	return c.Compare(now)
}

// namesOf are the names of differences, sorted.
func namesOf(list []ini.Difference) string {
	var names []string
	for _, d := range list {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestFilesThatSayWhatIsInForceDoNotDiffer(t *testing.T) {
	t.Parallel()
	for _, folder := range folders {
		now := captured(t, folder)
		text := settled(t, folder)
		if c := compared(t, text, folder, now); len(c.Pending)+len(c.Restart) > 0 {
			t.Errorf("%s: pending %s, restart %s\n%s", folder, namesOf(c.Pending), namesOf(c.Restart), text)
		}
		var all strings.Builder // every key is written
		all.WriteString(text[:strings.Index(text, "[pgbouncer]")] + "[pgbouncer]\n")
		for _, p := range now.Config {
			fmt.Fprintf(&all, "%s = %s\n", p.Key, p.Value)
		}
		if c := compared(t, all.String(), folder, now); len(c.Pending)+len(c.Restart) > 0 {
			t.Errorf("%s, all written: pending %s, restart %s", folder, namesOf(c.Pending), namesOf(c.Restart))
		}
	}
}

// turned is an edit and what a RELOAD would change by it.
type turned struct {
	name, old, new string
	want           string // names; "" none
	restart        string
	in             string // the folder; "": 1.25.2
	strip          string // taken out of the text before, but for its last word
}

var turns = []turned{
	{name: "a mode of a line", old: "pool_size=5", new: "pool_size=5 pool_mode=session", want: "d1.pool_mode"},
	{name: "the mode of a line in capitals", old: "pool_mode=session", new: "pool_mode=SESSION"},
	{name: "a line without its mode", old: " pool_mode=session", new: "", want: "d2.pool_mode"},
	{name: "a time-out", old: "[pgbouncer]\n", new: "[pgbouncer]\nquery_timeout = 1\n", want: "query_timeout"},
	{name: "the time-out as it is", old: "[pgbouncer]\n",
		new: "[pgbouncer]\nquery_timeout = 0.0\nquery_wait_timeout = 1.2e2\nserver_lifetime = 0x0e10\n"},
	{name: "a time beyond six digits", old: "[pgbouncer]\n", new: "[pgbouncer]\nserver_lifetime = 3600.0000001\n"},
	{name: "a time of a fraction", old: "[pgbouncer]\n", new: "[pgbouncer]\nserver_lifetime = 3600.5\n",
		want: "server_lifetime"},
	{name: "admins", old: "admin_users = postgres", new: "admin_users = somebody", want: "admin_users"},
	{name: "no admins", old: "admin_users = postgres\n", new: "", want: "admin_users"},
	{name: "the mode of the process", old: "pool_mode = transaction", new: "pool_mode = session", want: "pool_mode"},
	{name: "the mode of the process taken out", old: "pool_mode = transaction\n", new: "", want: "pool_mode"},
	{name: "auth_type", old: "auth_type = trust", new: "auth_type = Trust"},
	{name: "auth_type changed", old: "auth_type = trust", new: "auth_type = plain", want: "auth_type"},
	{name: "auth_file changed", old: "auth_file = /etc", new: "auth_file = /tmp", want: "auth_file"},
	{name: "auth_file taken out: it sticks", old: "auth_file = /etc/pgbouncer/userlist.txt\n", new: ""},
	{name: "auth_query", old: "[pgbouncer]\n", new: "[pgbouncer]\nauth_query = SELECT 1\n", want: "auth_query"},
	{name: "TLS", old: "[pgbouncer]\n", new: "[pgbouncer]\nserver_tls_sslmode = disable\n", want: "server_tls_sslmode"},
	{name: "TLS as it is", old: "[pgbouncer]\n", new: "[pgbouncer]\nserver_tls_sslmode = PREFER\n"},
	{name: "ignored parameters", old: "[pgbouncer]\n",
		new: "[pgbouncer]\nignore_startup_parameters = extra_float_digits\n", want: "ignore_startup_parameters"},
	{name: "clients", old: "max_client_conn = 500", new: "max_client_conn = 501", want: "max_client_conn"},
	{name: "clients in hexadecimal", old: "max_client_conn = 500", new: "max_client_conn = 0x1f4"},
	{name: "clients in octal", old: "max_client_conn = 500", new: "max_client_conn = 0500", want: "max_client_conn"},
	{name: "the default size", old: "default_pool_size = 8", new: "default_pool_size = 9", want: "default_pool_size"},
	{name: "the default size taken out", old: "default_pool_size = 8\n", new: "", want: "default_pool_size"},
	{name: "the limit of users", old: "max_user_connections = 20\n", new: "max_user_connections = 30\n",
		want: "max_user_connections"},
	{name: "a packet without a sign", old: "[pgbouncer]\n", new: "[pgbouncer]\nmax_packet_size = 2147483647\n"},
	{name: "the port: a restart", old: "listen_port = 6425", new: "listen_port = 7000", restart: "listen_port"},
	{name: "the socket's folder taken out: a restart", old: "unix_socket_dir = /etc/pgbouncer/v25\n", new: "",
		restart: "unix_socket_dir"},
	{name: "the mode of the socket in octal", old: "[pgbouncer]\n", new: "[pgbouncer]\nunix_socket_mode = 0777\n"},
	{
		name: "a second section resets the first", old: "", new: "[pgbouncer]\nmax_client_conn = 500\n",
		want: "admin_users auth_type default_pool_size logfile max_user_connections peer_id pool_mode " +
			"reserve_pool_timeout stats_period stats_users",
		restart: "listen_addr listen_port pidfile unix_socket_dir",
	},
	{name: "the last of two lines counts", old: "[pgbouncer]\n", new: "[pgbouncer]\nmax_client_conn = 7\n"},

	{name: "a host", old: "d1 = host=127.0.0.1", new: "d1 = host=127.0.0.2", want: "d1.host"},
	{name: "a host taken out", old: "d1 = host=127.0.0.1", new: "d1 =", want: "d1.host"},
	{name: "a port", old: "port=55432 dbname=d1", new: "port=5433 dbname=d1", want: "d1.port"},
	{name: "a dbname", old: "dbname=d3", new: "dbname=d4", want: "d3alias.dbname"},
	{name: "a dbname like the alias left out", old: " dbname=d1", new: ""},
	{name: "a user", old: "pool_size=5", new: "pool_size=5 user=app1", want: "d1.user"},
	{name: "a user taken out", old: " user=forced", new: "", want: "d3alias.user"},
	{name: "sizes", old: "pool_size=5 reserve_pool=2", new: "pool_size=7 reserve_pool=3",
		want: "d1.pool_size d1.reserve_pool"},
	{name: "a size that is the default's", old: "pool_size=5", new: "pool_size=-1", want: "d1.pool_size"},
	{name: "a size twice", old: "pool_size=5", new: "pool_size=9 pool_size=5"},
	{name: "the least size", old: "min_pool_size=2", new: "min_pool_size=1", want: "d3alias.min_pool_size"},
	{name: "the least size taken out", old: " min_pool_size=2", new: "", want: "d3alias.min_pool_size"},
	{name: "a lifetime", old: "pool_size=5", new: "pool_size=5 server_lifetime=60", want: "d1.server_lifetime"},
	{name: "a lifetime like the process's", old: "pool_size=5", new: "pool_size=5 server_lifetime=3600"},
	{name: "a lifetime of 0 is the process's", old: "pool_size=5", new: "pool_size=5 server_lifetime=0"},
	{name: "a limit", old: "max_db_connections=6", new: "max_db_connections=7", want: "d2.max_db_connections"},
	{name: "a limit of clients", old: "pool_size=5", new: "pool_size=5 max_db_client_connections=7",
		want: "d1.max_db_client_connections"},
	{name: "what no console shows", old: "pool_size=5",
		new: "pool_size=5 connect_query='SELECT 1' password=x timezone=UTC client_encoding=utf8 application_name=a " +
			"auth_user=x"},
	{name: "a new line", old: "[users]", new: "d9 = host=h\n[users]", want: "d9.line"},
	{name: "a line taken out where * is", old: "d3alias = ", new: "; ", want: "d3alias.line"},
	{name: "no line of *", old: "* = ", new: "; ", want: "auto1.line"},
	{name: "the line of *", old: "* = host=127.0.0.1", new: "* = pool_size=3 host=127.0.0.1", want: "*.pool_size"},
	{name: "a line twice", old: "d2 = ", new: "d2 = host=elsewhere\nd2 = ", want: "d2.line"},
	{name: "two lines of *", old: "* = ", new: "* = pool_size=3\n* = ", want: "*.line"},
	{name: "a line twice, to the same place", old: "d2 = ", new: "d2 = host=127.0.0.1 port=55432 pool_size=90\nd2 = "},

	{name: "the mode of a user", old: "pool_mode=transaction pool_size=6", new: "pool_mode=session pool_size=6",
		want: "users.app1.pool_mode"},
	{name: "the mode of a user taken out", old: "pool_mode=transaction pool_size=6", new: "pool_size=6",
		want: "users.app1.pool_mode"},
	{name: "the size of a user", old: "pool_size=6", new: "pool_size=7", want: "users.app1.pool_size"},
	{name: "the size of a user taken out", old: "pool_size=6", new: "", want: "users.app1.pool_size"},
	{name: "the limit of a user", old: "max_user_connections=12", new: "max_user_connections=13",
		want: "users.app1.max_user_connections"},
	{name: "the limit of a user taken out", old: "max_user_connections=12", new: "",
		want: "users.app1.max_user_connections"},
	{name: "the clients of a user", old: "max_user_connections=12",
		new: "max_user_connections=12 max_user_client_connections=3", want: "users.app1.max_user_client_connections"},
	{name: "the line of a user taken out: it keeps what it had", old: "app1 = ", new: "; "},
	{name: "a user who is there", old: "[users]\n", new: "[users]\napp2 = pool_mode=statement\n",
		want: "users.app2.pool_mode"},
	{name: "a user of whom nothing is said", old: "[users]\n", new: "[users]\napp2 =\n"},
	{name: "a user's own size", old: "[users]\n", new: "[users]\napp2 = pool_size=9\n", want: "users.app2.pool_size"},
	{name: "a user's limit of 0 is the process's", old: "[users]\n", new: "[users]\napp2 = max_user_connections=0\n"},
	{name: "a line twice, the first with a user", old: "d3alias = ",
		new: "d3alias = host=127.0.0.1 port=55432 dbname=d3 user=forced\nd3alias = ", want: "d3alias.line",
		strip: " user=forced min"},
	{name: "a new user", old: "[users]\n", new: "[users]\nnobody = pool_mode=statement\n", want: "users.nobody.line"},
	{name: "what no console shows of a user", old: "[users]\n",
		new: "[users]\napp2 = query_timeout=7 transaction_timeout=1\n"},

	{name: "a peer's host", old: "\n1 = host=127.0.0.1", new: "\n1 = host=/tmp", want: "peers.1.host"},
	{name: "a peer's port", old: "port=6499", new: "port=6498", want: "peers.2.port"},
	{name: "a peer's size", old: "port=6499 pool_size=4", new: "port=6499", want: "peers.2.pool_size"},
	{name: "a peer taken out", old: "\n2 = host", new: "\n; ", want: "peers.2.line"},
	{name: "a new peer", old: "[peers]\n", new: "[peers]\n3 = host=/tmp\n", want: "peers.3.line"},

	{name: "comments, blanks and order", old: "[pgbouncer]\n", new: "\n; note\n[pgbouncer]\r\n  # note\n\n"},
	{name: "a mode before 1.23", in: "1.18.0", old: "pool_mode=transaction", new: "pool_mode=session",
		want: "users.app1.pool_mode"},
	{name: "a limit before 1.23 is in no console", in: "1.18.0", old: "pool_mode=transaction",
		new: "pool_mode=transaction max_user_connections=3"},
	{name: "a default before 1.15", in: "constructed-1.12", old: "max_client_conn = 500\n", new: "",
		want: "max_client_conn"},
	{name: "a time before 1.15", in: "constructed-1.8", new: "server_idle_timeout = 60\n", want: "server_idle_timeout"},
}

func TestEveryChangeOfAFileIsNamedAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, x := range turns {
		folder := x.in
		if folder == "" {
			folder = "1.25.2"
		}
		text := settled(t, folder)
		if !strings.Contains(text, x.old) {
			t.Fatalf("%s: %q is not in\n%s", x.name, x.old, text)
		}
		if x.strip != "" {
			text = strings.Replace(text, x.strip, x.strip[strings.LastIndex(x.strip, " "):], 1)
		}
		if x.old == "" {
			text += x.new
		} else {
			text = strings.Replace(text, x.old, x.new, 1)
		}
		c := compared(t, text, folder, captured(t, folder))
		if got := namesOf(c.Pending); got != x.want {
			t.Errorf("%s: pending %q, want %q", x.name, got, x.want)
		}
		if got := namesOf(c.Restart); got != x.restart {
			t.Errorf("%s: restart %q, want %q", x.name, got, x.restart)
		}
	}
}
