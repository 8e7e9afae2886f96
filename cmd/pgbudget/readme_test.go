package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

var update = flag.Bool("update", false, "write the outputs of offline commands into the README; read the diff before committing it")

var (
	console   = regexp.MustCompile("(?s)```console\n(.*?)```\n")
	durations = regexp.MustCompile(`(--(?:window|for)) \S+`)
	moves     = regexp.MustCompile(`pgbudget (step|run|rollback)`)
)

// TestEveryCommandOfTheREADMERuns runs each `$ pgbudget …` line of the README, in order and in one folder, against a
// real lab; long windows are cut to seconds. Where output follows a command it must be what the command prints.
func TestEveryCommandOfTheREADMERuns(t *testing.T) {
	const readme = "../../README.md"
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	l := start(t, twoGroups(lab.Gen118, 10, nil))
	perSec, hold := pace(t, l, "main", 480, 10*time.Millisecond).Of(60, 10*time.Millisecond)
	offer(t, l, "main", perSec, hold)
	offer(t, l, "ci", perSec, hold)
	dir := t.TempDir()
	fixtures, err := filepath.Abs("../../fixtures")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(fixtures, filepath.Join(dir, "fixtures")); err != nil {
		t.Fatal(err)
	}
	config, _ := movingConfig(t, l, "policy: {soak: 1s, soak_every: 500ms}\n")
	if err := os.Symlink(config, filepath.Join(dir, "fleet.yaml")); err != nil {
		t.Fatal(err)
	}
	bouncer := func(group string, i int) string { return lab.Bare(l.Process(group, i).ConsoleDSN(lab.ConsoleStats)) }
	flag, err := lab.NewFlag(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	rollout, _ := movingConfig(t, l, "policy: {soak: 1s, soak_every: 500ms}\nshift:\n  from: main/app\n  to: ci/app\n  fraction: 25%-45%\n"+
		"  set: [sh, -c, '"+flag.Set("{{.Percent}}")+"']\n  get: [cat, "+flag.File+"]\n")
	if err := os.Symlink(rollout, filepath.Join(dir, "rollout.yaml")); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "PATH="+filepath.Dir(file)+":"+os.Getenv("PATH"), "PGPASSFILE="+l.PassFile,
		"PG="+lab.Bare(l.Server("main").DSN(lab.Monitor, "")), "MAIN1="+bouncer("main", 0), "MAIN2="+bouncer("main", 1), "CI1="+bouncer("ci", 0))
	run := func(line string) string {
		if line = durations.ReplaceAllString(line, "$1 3s"); (strings.Contains(line, "fleet.yaml") || strings.Contains(line, "rollout.yaml")) && strings.Contains(line, "--") {
			line = moves.ReplaceAllString(line, "$0 --window 3s --every 300ms")
		}
		cmd := exec.Command("bash", "-c", line)
		cmd.Dir, cmd.Env = dir, env
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != 0 && (code != exitPending || !strings.Contains(line, "--detailed-exitcode")) {
			t.Errorf("%s: %v\n%s", line, err, stderr.String())
		}
		return stdout.String()
	}
	commands := 0
	after := console.ReplaceAllFunc(text, func(block []byte) []byte {
		var out strings.Builder
		out.WriteString("```console\n")
		lines := strings.SplitAfter(string(console.FindSubmatch(block)[1]), "\n")
		offline := len(lines) > 2 && strings.HasPrefix(lines[0], "$ ") && !strings.HasPrefix(lines[1], "$ ") ||
			len(lines) == 2 && (strings.Contains(lines[0], "--from fixtures/") || strings.Contains(lines[0], "-c fixtures/") || strings.Contains(lines[0], " fixtures/scenarios/"))
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
			if printed := run(command); offline {
				out.WriteString(printed)
			}
		}
		out.WriteString("```\n")
		return []byte(out.String())
	})
	if commands < 16 {
		t.Errorf("only %d commands were found", commands)
	}
	after = listNames(after)
	for _, picture := range []string{"gitlab-phase-4.svg", "gitlab-phase-4-run.svg"} {
		kept(t, filepath.Join(fixtures, "scenarios", picture), filepath.Join(dir, picture))
	}
	switch {
	case *update:
		if err := os.WriteFile(readme, after, 0o644); err != nil {
			t.Fatal(err)
		}
	case !bytes.Equal(after, text):
		t.Errorf("the README shows other output than its commands print; go test ./cmd/pgbudget -run README -update, then read the diff.\n%s", after)
	}
}

var names = regexp.MustCompile("(?s)(<!-- names:begin -->\n).*?(<!-- names:end -->)")

// listNames puts the table of results that a scenario's expect: may name between its marks.
func listNames(readme []byte) []byte {
	var table strings.Builder
	table.WriteString("| name | of | unit | meaning |\n|---|---|---|---|\n")
	for _, n := range scenario.Names {
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", n.Name, n.Of, n.Unit, n.Meaning)
	}
	return names.ReplaceAll(readme, []byte("${1}"+table.String()+"${2}"))
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
		t.Errorf("%s is not what its command draws; run with -update, then look at it", old)
	}
}

// TestTheREADMEHasEveryFaultWithItsExitCode: make faults writes the table, and is not run each time.
func TestTheREADMEHasEveryFaultWithItsExitCode(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "<!-- faults:begin -->\n")
	table, _, _ = strings.Cut(table, "<!-- faults:end -->")
	codes := map[string]string{}
	for _, row := range strings.Split(table, "\n") {
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
