package ini_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

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

// TestRealPgBouncersAgree starts one process of each generation and compares with it, side by side.
func TestRealPgBouncersAgree(t *testing.T) {
	t.Parallel()
	aliases := []lab.AliasSpec{{Name: witness}}
	l := labtest.Start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "main"}},
		Users:   []string{"app1"},
		Groups: []lab.GroupSpec{
			{Name: "old", Aliases: aliases},
			{Name: "new", Generation: lab.Gen124, Aliases: aliases},
		},
	})
	for _, p := range l.Processes {
		t.Run(string(p.Generation), func(t *testing.T) {
			t.Parallel()
			o := newOracle(t, p)
			t.Run("LoadOfTheTraps", o.traps)
			t.Run("LoadOfRandomFiles", o.random)
			t.Run("EveryEdit", o.edits)
			t.Run("AutodbAfterAnEdit", o.autodb) // the last: its alias stays
		})
	}
}

// traps gives every trap to the process.
func (o *oracle) traps(t *testing.T) {
	for _, trap := range traps {
		if trap.apart == "" {
			o.compare(t, trap.name, trap.text, trap.files)
		}
	}
}

// compare loads a file in the process and here, and says whether the process loaded it.
func (o *oracle) compare(t *testing.T, name, text string, files map[string]string) bool {
	t.Helper()
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
	return loaded
}

// edits makes every edit of the table and lets the process RELOAD it.
func (o *oracle) edits(t *testing.T) {
	for _, e := range edits {
		if e.version == "" || strings.HasPrefix(o.version, e.version) {
			o.edit(t, e)
		}
	}
}

func (o *oracle) edit(t *testing.T, e edit) {
	t.Helper()
	if !o.load(t, e.text, e.files) {
		t.Errorf("%s, %s: the process refuses the file", e.name, o.version)
		return
	}
	for name, text := range e.files {
		o.write(t, name, text)
	}
	before := o.numbers(t)
	c, err := ini.Load(o.read, o.folder+"case.ini", o.version)
	if err != nil {
		t.Errorf("%s, %s: %v", e.name, o.version, err)
		return
	}
	edited, err := c.Edit(e.changes)
	if err != nil {
		t.Errorf("%s, %s: %v", e.name, o.version, err)
		return
	}
	for _, f := range edited {
		if err := os.WriteFile(f.Path, f.New, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o.ask(t, "RELOAD")
	after := o.numbers(t)
	want := maps.Clone(before)
	for _, x := range e.changes {
		key := map[fleet.Key]string{fleet.KeySize: "pool_size", fleet.KeyReserve: "reserve_pool"}[x.Key]
		if x.Alias == "*" {
			key = map[fleet.Key]string{fleet.KeySize: "default_pool_size", fleet.KeyReserve: "reserve_pool_size"}[x.Key]
		}
		if got, from := before[x.Alias+" "+key], fmt.Sprint(x.From); got != from {
			t.Errorf("%s, %s: %s of %s is %s before the edit, want %s", e.name, o.version, key, x.Alias, got, from)
		}
		want[x.Alias+" "+key] = fmt.Sprint(x.To)
	}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("%s, %s: after the edit (-want +got):\n%s", e.name, o.version, diff)
	}
	for name := range e.files {
		os.Remove(o.folder + name)
	}
}

// numbers is every cell of SHOW DATABASES and SHOW CONFIG, the latter under the alias "*".
func (o *oracle) numbers(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, row := range o.ask(t, "SHOW DATABASES") {
		for column, value := range row {
			if column == "reserve_pool_size" {
				column = "reserve_pool" // as 1.18 has it
			}
			out[row["name"]+" "+column] = value
		}
	}
	for _, row := range o.ask(t, "SHOW CONFIG") {
		out["* "+row["key"]] = row["value"]
	}
	return out
}

// autodb lets a client in by the line of "*", and compares before and after an edit of its size.
func (o *oracle) autodb(t *testing.T) {
	_, settings, _ := strings.Cut(o.base, "[pgbouncer]")
	server := regexp.MustCompile(`host=\S+ port=\d+`).FindString(o.base)
	text := "[pgbouncer]" + strings.Replace(settings, "default_pool_size = 20", "default_pool_size = 7", 1) +
		"[databases]\n* = " + server + " reserve_pool=2\n"
	if !o.load(t, text, nil) {
		t.Fatal("the process refuses the file")
	}
	for range 5 { // a tick between a login and its first query hides the database until the next login
		client, err := pgconn.Connect(t.Context(), o.process.DSN("app1", "postgres"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { client.Close(context.Background()) })
		if _, err := client.Exec(t.Context(), "BEGIN").ReadAll(); err != nil { // while it works, its database is shown
			t.Fatal(err)
		}
		if o.numbers(t)["postgres pool_size"] != "" {
			break
		}
	}
	for _, want := range []int{7, 9} {
		c, err := ini.Load(o.read, o.folder+"case.ini", o.version)
		if err != nil {
			t.Fatal(err)
		}
		d := c.Databases()[0]
		if d.Alias != "*" || d.SizeConns != want || d.ReserveConns != 2 {
			t.Errorf("%s: Load says %s with size %d and reserve %d, want * with %d and 2", o.version, d.Alias, d.SizeConns,
				d.ReserveConns, want)
		}
		now := o.numbers(t)
		if got, reserve := now["postgres pool_size"], now["postgres reserve_pool"]; got != fmt.Sprint(want) ||
			reserve != "2" {
			t.Errorf("%s: the process has size %q and reserve %q, want %d and 2", o.version, got, reserve, want)
		}
		edited, err := c.Edit(one(size("*", want, 9)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range edited {
			if err := os.WriteFile(f.Path, f.New, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		o.ask(t, "RELOAD")
	}
}
