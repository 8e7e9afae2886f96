package main

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/check"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/fixtures/page"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

var update = flag.Bool("update", false, "write the outputs of offline commands into the pages; read the diff first")

// root is where the paths of pages begin.
const root = "../../"

// pages are the front page and the manual, in the order in which a newcomer reads them.
var pages = []string{"README.md", "planner/README.md", "bouncer/README.md", "bouncer/SHIFT.md",
	"bouncer/config/README.md", "sim/README.md", "fixtures/README.md"}

// tables says which page has the text of each mark that a command writes.
var tables = map[string]string{"faults": "bouncer/README.md", "names": "sim/README.md", "fidelity": "sim/README.md",
	"pace": "sim/README.md", "coverage": "fixtures/README.md", "windows": "fixtures/README.md",
	"bench": "fixtures/README.md", "rules": "bouncer/README.md"}

var (
	console   = regexp.MustCompile("(?s)```console\n(.*?)```\n")
	durations = regexp.MustCompile(`(--(?:window|for)) \S+`)
	moves     = regexp.MustCompile(`pgbudget (step|run|rollback|plan|watch)`)
	movable   = regexp.MustCompile(`(fleet|rollout)\.yaml`)
	readable  = regexp.MustCompile(`--from fixtures/|-c fixtures/| fixtures/scenarios/`)
)

// TestEveryCommandOfThePagesRuns runs each `$ pgbudget …` line of every page against a real lab: those of a page in
// order and in one folder. Long windows are cut to seconds. Output that follows a command must be what it prints.
func TestEveryCommandOfThePagesRuns(t *testing.T) {
	r := newReader(t)
	commands, drawn := 0, map[string]bool{}
	for _, name := range pages {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(root + name)
			if err != nil {
				t.Fatal(err)
			}
			dir := r.folder(t)
			after, n := r.read(t, dir, text)
			commands += n
			for _, picture := range r.pictures(t, dir) {
				drawn[filepath.Base(picture)] = true
				kept(t, filepath.Join(r.fixtures, "scenarios", filepath.Base(picture)), picture)
			}
			switch {
			case *update:
				if err := os.WriteFile(root+name, after, 0o644); err != nil {
					t.Fatal(err)
				}
			case !bytes.Equal(after, text):
				t.Errorf("%s shows other output than its commands print; "+
					"go test ./cmd/pgbudget -run Pages -update, then read the diff.\n%s", name, after)
			}
		})
	}
	if commands < 40 || len(drawn) < 2 {
		t.Errorf("only %d commands were found, and %d pictures", commands, len(drawn))
	}
}

// reader types the commands of a page.
type reader struct {
	l        *lab.Lab
	fixtures string
	env      []string
	window   time.Duration // of what samples: it holds as many transactions, however slow the load is
}

// newReader starts a lab under load.
func newReader(t *testing.T) reader {
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	l := labtest.Start(t, twoGroups(lab.Gen118, 10, nil))
	speed := paceFor(t, l, "main", 120, 40*time.Millisecond)
	perSec, hold := speed.Of(15, 40*time.Millisecond)
	offer(t, l, "main", perSec, hold)
	offer(t, l, "ci", perSec, hold)
	fixtures, err := filepath.Abs(root + "fixtures")
	if err != nil {
		t.Fatal(err)
	}
	dsn := func(group string, i int) string { return lab.Bare(l.Process(group, i).ConsoleDSN(lab.ConsoleStats)) }
	env := append(os.Environ(), "PATH="+filepath.Dir(file)+":"+os.Getenv("PATH"), "PGPASSFILE="+l.PassFile,
		"PG="+lab.Bare(l.Server("main").DSN(lab.Monitor, "")), "MAIN1="+dsn("main", 0), "MAIN2="+dsn("main", 1),
		"CI1="+dsn("ci", 0))
	return reader{l, fixtures, env, slower(3*time.Second, speed)}
}

// folder is a new one, with what pages name: the fixtures, a config that moves sizes, and one that shifts traffic.
func (r reader) folder(t *testing.T) string {
	dir := t.TempDir()
	flag, err := clients.NewFlag(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	const policy = "policy: {soak: 1s, soak_every: 500ms}\n"
	fleet, _ := movingConfig(t, r.l, policy)
	rollout, _ := movingConfig(t, r.l, policy+"shift:\n  from: main/app\n  to: ci/app\n  fraction: 25%-45%\n"+
		"  set: [sh, -c, '"+flag.Set("{{.Percent}}")+"']\n  get: [cat, "+flag.File+"]\n")
	for name, path := range map[string]string{"fixtures": r.fixtures, "fleet.yaml": fleet, "rollout.yaml": rollout} {
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	ini := "[databases]\napp = host=10.0.0.5 user=app pool_size=20\n[pgbouncer]\n"
	if err := os.WriteFile(filepath.Join(dir, "pgbouncer.ini"), []byte(ini), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// read runs the commands of a page, and returns the page with what those print whose output it shows.
func (r reader) read(t *testing.T, dir string, text []byte) (after []byte, commands int) {
	after = console.ReplaceAllFunc(text, func(block []byte) []byte {
		var out strings.Builder
		out.WriteString("```console\n")
		lines := strings.SplitAfter(string(console.FindSubmatch(block)[1]), "\n")
		offline := len(lines) > 2 && strings.HasPrefix(lines[0], "$ ") && !strings.HasPrefix(lines[1], "$ ") ||
			len(lines) == 2 && readable.MatchString(lines[0])
		for _, line := range lines {
			command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ ")
			if !ok {
				continue
			}
			if !strings.HasPrefix(command, "pgbudget ") {
				t.Errorf("%q is no pgbudget command", command)
				continue
			}
			commands++
			out.WriteString(line)
			if printed := r.run(t, dir, command); offline {
				out.WriteString(printed)
			}
		}
		out.WriteString("```\n")
		return []byte(out.String())
	})
	return after, commands
}

// run returns what a command prints.
func (r reader) run(t *testing.T, dir, line string) string {
	line = durations.ReplaceAllString(line, "$1 "+r.window.String())
	if movable.MatchString(line) && strings.Contains(line, "--") && !strings.Contains(line, "--window") {
		line = moves.ReplaceAllStringFunc(line, func(verb string) string {
			if verb == "pgbudget watch" { // it takes no window
				return verb + " --every 300ms"
			}
			return verb + " --window " + r.window.String() + " --every 300ms"
		})
	}
	if strings.Contains(line, " --watch") { // a person ends it
		line = "timeout --preserve-status -s INT 2 " + line
	}
	cmd := exec.Command("bash", "-c", line)
	cmd.Dir, cmd.Env = dir, r.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	code := cmd.ProcessState.ExitCode()
	none := strings.HasPrefix(line, "pgbudget rollback") && // where no load asks for a step
		strings.Contains(stderr.String(), "nothing to take back: no step was completed yet")
	none = none || strings.HasPrefix(line, "pgbudget set") && strings.Contains(stderr.String(), "no run is in progress")
	// the loads of the lab are measured anew, and seconds later they may be others
	none = none || strings.Contains(line, "--plan ") && strings.Contains(stderr.String(), "the plan no longer keeps "+
		"every promise")
	if code != 0 && !none && (code != exitPending || !strings.Contains(line, "--detailed-exitcode")) {
		t.Errorf("%s: %v\n%s", line, err, stderr.String())
	}
	return stdout.String()
}

// pictures lists what commands have drawn into a folder.
func (r reader) pictures(t *testing.T, dir string) []string {
	found, err := filepath.Glob(filepath.Join(dir, "*.svg"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestThePageOfExpectationsHasEveryName: -update writes the table.
func TestThePageOfExpectationsHasEveryName(t *testing.T) {
	var table strings.Builder
	table.WriteString("| name | of | unit | meaning |\n|---|---|---|---|\n")
	for _, n := range scenario.Names {
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", n.Name, n.Of, n.Unit, n.Meaning)
	}
	if *update {
		tabled(t, "names", table.String())
	}
	if got := tableOf(t, "names"); got != table.String() {
		t.Errorf("%s has\n%s\nwant\n%s\ngo test ./cmd/pgbudget -run Page -update", tables["names"], got, table.String())
	}
}

// tabled puts a table that a command has made between its marks.
func tabled(t testing.TB, mark, table string) {
	t.Helper()
	if err := page.Replace(root+tables[mark], mark, []byte(table)); err != nil {
		t.Fatal(err)
	}
}

// tableOf is the table between its marks.
func tableOf(t *testing.T, mark string) string {
	t.Helper()
	text, err := os.ReadFile(root + tables[mark])
	if err != nil {
		t.Fatal(err)
	}
	table, ok := page.Between(text, mark)
	if !ok {
		t.Fatalf("%s has no marks for %s", tables[mark], mark)
	}
	return string(table)
}

// kept compares a picture that is kept in the repository with the one just drawn, or keeps the new one.
func kept(t *testing.T, old, drawn string) {
	t.Helper()
	now, err := os.ReadFile(drawn)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(old, now, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	before, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, now) {
		t.Errorf("%s (%d bytes) is not what its command draws (%d bytes); go test ./cmd/pgbudget -run Pages -update, then "+
			"look at the picture", old, len(before), len(now))
	}
}

// TestThePageOfFaultsHasEachWithItsExitCode: make faults writes the table, and is not run each time.
func TestThePageOfFaultsHasEachWithItsExitCode(t *testing.T) {
	codes := map[string]string{}
	for _, row := range strings.Split(tableOf(t, "faults"), "\n") {
		if cells := strings.Split(strings.Trim(row, "| "), " | "); len(cells) > 2 {
			codes[cells[0]] = cells[len(cells)-1]
		}
	}
	for _, f := range faults {
		if got := codes[f.name]; got != strconv.Itoa(f.code) {
			t.Errorf("%s: the table says %q, and it ends with %d: make faults", f.name, got, f.code)
		}
	}
}

// TestEachTableStandsOnceInItsPage: a command that finds no marks would measure for an hour and write nothing.
// TestThePageOfRulesIsThatOfCheck: -args -update writes it.
func TestThePageOfRulesIsThatOfCheck(t *testing.T) {
	table := "| rule | where it is broken | on a fleet without a finding |\n|---|---|---|\n"
	for _, e := range check.Rules() {
		table += fmt.Sprintf("| `%s` | %s | %s |\n", e.Rule, e.Severity, e.Means)
	}
	if *update {
		tabled(t, "rules", table)
	}
	if got := tableOf(t, "rules"); got != table {
		t.Errorf("the page has\n%s\nwant\n%s\ngo test ./cmd/pgbudget -run ThePageOfRules -args -update", got, table)
	}
}

func TestEachTableStandsOnceInItsPage(t *testing.T) {
	for _, mark := range slices.Sorted(maps.Keys(tables)) {
		for _, name := range pages {
			text, err := os.ReadFile(root + name)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			if tables[mark] == name {
				want = 1
			}
			for _, line := range []string{page.Begin(mark), page.End(mark)} {
				if got := bytes.Count(text, []byte("\n"+line)); got != want {
					t.Errorf("%s has %d lines %q, want %d", name, got, line, want)
				}
			}
		}
	}
}
