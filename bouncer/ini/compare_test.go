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
func versionOf(folder string) string {
	return strings.TrimPrefix(strings.TrimPrefix(folder, "constructed-"), "after-")
}

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
	"constructed-1.8", "constructed-after-1.25.2"}

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

func TestEveryChangeOfAFileIsNamedAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, x := range pendingCases {
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
