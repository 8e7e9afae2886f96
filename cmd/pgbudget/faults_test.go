package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/fixtures/lab"
)

// fault is one thing that goes wrong while a step is wanted.
type fault struct {
	name string
	// strike makes it happen and returns what makes it undone.
	strike func(t *testing.T, l *lab.Lab) (relieve func())
	code   int
	says   string
	moves  bool // the step may have moved something; otherwise every byte stays
}

// faults are those that need no more than a step on a live lab.
var faults = []fault{
	{"a colleague edits the file and has not RELOADed yet", pendingEdit, exitDrift, "waits for a RELOAD", false},
	{"a read-only file", readOnly, exitHeld, "read-only", false},
	{"a file with a line that PgBouncer could not load", brokenLine, exitDrift, "is not known to PgBouncer", false},
	{"one of the processes does not answer", silentConsole, exitUnreachable, "no answer within", false},
	{"a second pgbudget is at work", lockHeld, exitHeld, "another pgbudget holds the lock", false},
	{"a file that says who manages it", managed, exitUsage, "would put the old size back", false},
}

// TestFaults strikes each fault on a live lab, takes one step, and wants the exit code, the reason and the bytes.
func TestFaults(t *testing.T) {
	l := start(t, movingFleet(lab.Gen118, 69)) // nothing is spare: every step begins with a release of main
	config, _ := movingConfig(t, l, "pools: [{pool: main/app}, {pool: jobs/app}, {pool: ci/app}]\npolicy: {percent: 20, soak: 1s, soak_every: 1s}\n")
	movingLoad(t, l)
	time.Sleep(2 * time.Second)
	table := "| fault | what pgbudget said | exit code |\n|---|---|---|\n"
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			relieve := f.strike(t, l)
			before := files(t, l)
			r := command(t, l, "step", "--config", config, "--window", "3s", "--every", "300ms", "--timeout", "2s", "--yes")
			after := files(t, l)
			relieve()
			if r.code != f.code || !strings.Contains(r.stderr, f.says) {
				t.Errorf("exit %d, want %d and %q:\n%s", r.code, f.code, f.says, r.stderr)
			}
			for path := range before {
				if !f.moves && after[path] != before[path] {
					t.Errorf("%s was changed:\n%s", path, after[path])
				}
			}
			table += fmt.Sprintf("| %s | %s | %d |\n", f.name, volatile.ReplaceAllString(lastLine(r.stderr), "…"), r.code)
		})
	}
	if *update {
		tabled(t, table)
	}
	// None of them has left anything behind that keeps the next step from being taken.
	if r := command(t, l, "step", "--config", config, "--window", "3s", "--every", "300ms", "--yes"); r.code != 0 {
		t.Errorf("after all of them: exit %d\n%s", r.code, r.stderr)
	}
}

// volatile is what differs from lab to lab.
var volatile = regexp.MustCompile(`/tmp/[a-z0-9]+|127\.0\.0\.1:\d+|backend \d+|since [-0-9: ]+`)

// tabled puts the table of faults between its marks in the README.
func tabled(t *testing.T, table string) {
	t.Helper()
	const readme = "../../README.md"
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	marks := regexp.MustCompile("(?s)(<!-- faults:begin -->\n).*?(<!-- faults:end -->)")
	if !marks.Match(text) {
		t.Fatal("the README has no marks for the table of faults")
	}
	if err := os.WriteFile(readme, marks.ReplaceAll(text, []byte("${1}"+table+"${2}")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// lastLine is the error without its hint.
func lastLine(stderr string) string {
	for _, line := range strings.Split(stderr, "\n") {
		if text, ok := strings.CutPrefix(line, "pgbudget: "); ok {
			return text
		}
	}
	return ""
}

// rewrite changes a file's text and returns what writes it back.
func rewrite(t *testing.T, path string, change func(string) string) func() {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	write(change(string(old)))
	return func() { write(string(old)) }
}

func pendingEdit(t *testing.T, l *lab.Lab) func() {
	return rewrite(t, l.Process("main", 1).DatabasesPath, func(text string) string {
		return strings.Replace(text, "pool_size=1", "pool_size=3", 1)
	})
}

func readOnly(t *testing.T, l *lab.Lab) func() {
	path := l.Process("main", 0).DatabasesPath
	if err := os.Chmod(path, 0o440); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
	}
}

func brokenLine(t *testing.T, l *lab.Lab) func() {
	return rewrite(t, l.Process("main", 0).DatabasesPath, func(text string) string {
		return strings.Replace(text, "[databases]\n", "[databases]\nbroken = host=127.0.0.1 no_such_key=1\n", 1)
	})
}

func managed(t *testing.T, l *lab.Lab) func() {
	return rewrite(t, l.Process("main", 0).IniPath, func(text string) string {
		return "# Ansible managed: do not edit\n" + text
	})
}

func silentConsole(t *testing.T, l *lab.Lab) func() {
	p := l.Process("jobs", 0)
	if err := p.Kill(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := p.Kill(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
	}
}

func lockHeld(t *testing.T, l *lab.Lab) func() {
	conn, err := pgconn.Connect(t.Context(), l.Server("pg").DSN(lab.Monitor, ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), fmt.Sprintf("SELECT pg_advisory_lock(%d)", int64(0x7067627564676574))).ReadAll(); err != nil {
		t.Fatal(err)
	}
	return func() { conn.Close(context.Background()) }
}
