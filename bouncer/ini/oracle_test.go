package ini_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/fixtures/lab"
)

// oracle is a real PgBouncer that is told to load files. It knows a witness: an alias that stands in the base file
// alone. A load that comes to its end drops the aliases that the file does not have, so the witness is gone after a
// good load and there after a bad one; RELOAD itself answers success either way before 1.25.
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
	if below := filepath.Dir(path) + "/"; below != o.folder {
		if err := os.MkdirAll(below, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(below, 0o755); err != nil { // whatever the umask
			t.Fatal(err)
		}
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
