package ini_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/fixtures/lab"
)

// oracle is a real PgBouncer that is told to load files. It knows a witness: an alias that stands in the base file alone.
// A load that comes to its end drops the aliases that the file does not have, so the witness is gone after a good load and
// there after a bad one; RELOAD itself answers success either way before 1.25.
type oracle struct {
	process *lab.Process
	console *pgconn.PgConn // stays connected: a load that ends early may leave admin_users empty
	version string
	folder  string // the process's working directory
	base    string
}

const witness = "witness"

func newOracle(t *testing.T, p *lab.Process) *oracle {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), p.ConsoleDSN(lab.ConsoleAdmin))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	base, err := os.ReadFile(p.IniPath)
	if err != nil {
		t.Fatal(err)
	}
	o := &oracle{process: p, console: conn, folder: filepath.Dir(p.IniPath) + "/", base: string(base)}
	_, o.version, _ = strings.Cut(o.ask(t, "SHOW VERSION")[0]["version"], " ")
	return o
}

func (o *oracle) ask(t *testing.T, command string) []lab.Row {
	t.Helper()
	results, err := o.console.Exec(t.Context(), command).ReadAll()
	if err != nil {
		t.Fatalf("%s: %s: %v", o.version, command, err)
	}
	var rows []lab.Row
	for _, r := range results {
		for _, values := range r.Rows {
			row := lab.Row{}
			for i, v := range values {
				row[r.FieldDescriptions[i].Name] = string(v)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// write puts files into the process's folder for it to read.
func (o *oracle) write(t *testing.T, name, text string) {
	t.Helper()
	path := o.folder + name
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(placed(text, o.folder)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// read reads as the process would.
func (o *oracle) read(path string) ([]byte, error) {
	if !filepath.IsAbs(path) {
		path = o.folder + path
	}
	return os.ReadFile(path)
}

// load makes the process load a file from nothing, and says whether it came to the end of it.
func (o *oracle) load(t *testing.T, text string, files map[string]string) bool {
	t.Helper()
	o.ask(t, "SET conffile='"+o.process.IniPath+"'")
	o.ask(t, "RELOAD")
	if !o.knows(t, witness) {
		t.Fatalf("%s: the base file was not loaded", o.version)
	}
	for name, text := range files {
		o.write(t, name, text)
	}
	o.write(t, "case.ini", text)
	o.ask(t, "SET conffile='"+o.folder+"case.ini'")
	o.ask(t, "RELOAD")
	loaded := !o.knows(t, witness)
	for name := range files {
		os.Remove(o.folder + name)
	}
	return loaded
}

func (o *oracle) knows(t *testing.T, alias string) bool {
	t.Helper()
	return slices.ContainsFunc(o.ask(t, "SHOW DATABASES"), func(r lab.Row) bool { return r["name"] == alias })
}

// differences compares what the process has with what Load says.
func (o *oracle) differences(t *testing.T, c ini.Config) []string {
	t.Helper()
	var out []string
	differ := func(what string, got, want any) {
		if got, want := fmt.Sprint(got), fmt.Sprint(want); got != want {
			out = append(out, fmt.Sprintf("%s: Load says %s, the process %s", what, got, want))
		}
	}
	want := map[string]ini.Database{}
	for _, d := range c.Databases() {
		if d.Alias != "*" {
			want[d.Alias] = d
		}
	}
	for _, row := range o.ask(t, "SHOW DATABASES") {
		name := row["name"]
		if name == "pgbouncer" && row["force_user"] == "pgbouncer" {
			continue
		}
		d, ok := want[name]
		if !ok {
			differ("alias "+name, "missing", "there")
			continue
		}
		delete(want, name)
		reserve, ok := row["reserve_pool_size"]
		if !ok {
			reserve = row["reserve_pool"]
		}
		differ(name+" pool_size", d.SizeConns, row["pool_size"])
		differ(name+" reserve", d.ReserveConns, reserve)
		differ(name+" min_pool_size", d.MinConns, row["min_pool_size"])
		differ(name+" max_connections", d.MaxConns, row["max_connections"])
		differ(name+" host", d.Host, row["host"])
		differ(name+" port", d.Port, row["port"])
		differ(name+" database", d.DBName, row["database"])
		differ(name+" force_user", d.ForceUser, row["force_user"])
		differ(name+" pool_mode", d.PoolMode, row["pool_mode"])
	}
	for name := range want {
		differ("alias "+name, "there", "missing")
	}
	config := map[string]string{}
	for _, row := range o.ask(t, "SHOW CONFIG") {
		config[row["key"]] = row["value"]
	}
	differ("default_pool_size", c.DefaultPoolSize(), config["default_pool_size"])
	differ("reserve_pool_size", c.DefaultReserve(), config["reserve_pool_size"])
	users := map[string]lab.Row{}
	for _, row := range o.ask(t, "SHOW USERS") {
		users[row["name"]] = row
	}
	for _, u := range c.Users() {
		row, ok := users[u.Name]
		if !ok {
			differ("user "+u.Name, "there", "missing")
		}
		// A user without a size shows another one's (up to 1.25), and a limit below 1 that of the process.
		if size, ok := row["pool_size"]; ok && u.SizeConns >= 0 {
			differ("pool_size of user "+u.Name, u.SizeConns, strings.TrimSpace(size))
		}
		if reserve, ok := row["reserve_pool_size"]; ok && u.ReserveConns >= 0 {
			differ("reserve_pool_size of user "+u.Name, u.ReserveConns, strings.TrimSpace(reserve))
		}
		if conns, ok := row["max_user_connections"]; ok && u.MaxConns > 0 {
			differ("max_user_connections of user "+u.Name, u.MaxConns, conns)
		}
	}
	return out
}

// generations starts one process of each generation and runs a test with each, side by side.
func generations(t *testing.T, test func(t *testing.T, o *oracle)) {
	aliases := []lab.AliasSpec{{Name: witness}}
	l, err := lab.Start(t.Context(), lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "main"}},
		Users:   []string{"app1"},
		Groups: []lab.GroupSpec{
			{Name: "old", Aliases: aliases},
			{Name: "new", Generation: lab.Gen124, Aliases: aliases},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Stop)
	for _, p := range l.Processes {
		t.Run(string(p.Generation), func(t *testing.T) {
			t.Parallel()
			test(t, newOracle(t, p))
		})
	}
}

// TestRealPgBouncersLoadTheSame gives every trap to both generations.
func TestRealPgBouncersLoadTheSame(t *testing.T) {
	t.Parallel()
	generations(t, func(t *testing.T, o *oracle) {
		for _, trap := range traps {
			o.compare(t, trap.name, trap.text, trap.files)
		}
	})
}

// compare loads a file in the process and here.
func (o *oracle) compare(t *testing.T, name, text string, files map[string]string) {
	t.Helper()
	t.Log(name)
	loaded := o.load(t, text, files)
	for name, text := range files { // as they were: Load reads them itself
		o.write(t, name, text)
	}
	c, err := ini.Load(o.read, o.folder+"case.ini", o.version)
	for name := range files {
		os.Remove(o.folder + name)
	}
	switch {
	case loaded && err != nil:
		t.Errorf("%s, %s: the process loads it, and Load says %v", name, o.version, err)
	case !loaded && err == nil:
		t.Errorf("%s, %s: the process refuses it, and Load says %s", name, o.version, summary(c))
	case loaded:
		for _, d := range o.differences(t, c) {
			t.Errorf("%s, %s: %s", name, o.version, d)
		}
	}
}
