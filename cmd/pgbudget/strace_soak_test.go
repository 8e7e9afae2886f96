//go:build soak

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// fileOps are the system calls between which a write of a file can be cut short.
const fileOps = "fsync,fchmod,fchmodat,fchown,fchownat,rename,renameat,renameat2,unlinkat"

// TestDeathAtEveryFileOperation kills a step at the first, second, … of its file operations, by strace, on a live fleet
// of both generations, until one lives to its end. No file is ever torn, and the next step ends where one that was
// never killed does, with no more granted.
func TestDeathAtEveryFileOperation(t *testing.T) {
	l := labtest.Start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 14 + 4 + 3 + 1}},
		Groups: []lab.GroupSpec{
			{Name: "main", Generation: lab.Gen118, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 14}}},
			{Name: "ci", Processes: 2, Generation: lab.Gen124, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 2}}},
		},
		Users: []string{"app1"},
	})
	b := &bench{t: t, l: l}
	const hold = 50 * time.Millisecond
	for group, erlangs := range map[string]float64{"main": 2, "ci": 1.2} {
		for _, dsn := range l.DSNs(group, "app1", "app") {
			started(t, clients.OpenLoop{DSN: dsn, PerSec: erlangs / hold.Seconds(), Body: clients.Body{Hold: clients.Exp(hold)},
				MaxClients: 500})
		}
	}
	time.Sleep(time.Second)
	whole := fault{pools: "{pool: main/app, max: 10}, {pool: ci/app, min: 4}"}
	before := files(t, l)
	died := map[string]int{}
	for n := 1; ; n++ {
		b.begin(t, whole)
		how, alive := b.dies(t, n)
		for path, text := range files(t, l) { // torn is what is neither old nor a change of digits
			if sizeDigits.ReplaceAllString(text, "") != sizeDigits.ReplaceAllString(before[path], "") {
				t.Fatalf("death %d (%s) leaves %s as\n%s", n, how, path, text)
			}
		}
		if r := command(t, l, "step", "--config", b.config, "--window", "4s", "--every", "400ms", "--yes"); r.code != 0 {
			t.Fatalf("after death %d (%s): exit %d\n%s", n, how, r.code, r.stderr)
		}
		b.spent(t, n)
		for _, p := range l.Processes {
			left, _ := filepath.Glob(filepath.Join(filepath.Dir(p.IniPath), ".*pgbudget*"))
			if len(left) > 0 {
				t.Errorf("after death %d (%s): left over: %v", n, how, left)
			}
		}
		b.restore(t, before)
		if alive {
			t.Logf("%d deaths: %v", n-1, died)
			if n < 6 { // strace counts by thread, and the program has several
				t.Errorf("it died %d times alone", n-1)
			}
			return
		}
		died[how]++
	}
}

var lastCall = regexp.MustCompile(`(\w+)\(([^)]*)`)

// dies takes a step under strace, which kills it at file operation n of a thread, and says at which; alive: it had
// fewer.
func (b *bench) dies(t testing.TB, n int) (how string, alive bool) {
	t.Helper()
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "strace")
	cmd := exec.Command("strace", "-f", "-y", "-qq", "-o", log, "-e", "trace="+fileOps, "-e",
		fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", fileOps, n),
		file, "step", "--config", b.config, "--window", "4s", "--every", "400ms", "--yes")
	cmd.Env = append(os.Environ(), "PGPASSFILE="+b.l.PassFile, "GOMAXPROCS=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err = cmd.Run()
	if err == nil {
		return "", true
	}
	text, _ := os.ReadFile(log)
	lines := strings.Split(string(text), "\n")
	for _, line := range slices.Backward(lines) {
		if m := lastCall.FindStringSubmatch(line); m != nil && !strings.Contains(line, "+++") {
			what := "journal"
			if strings.Contains(m[2], "ini") {
				what = "file"
			} else if !strings.Contains(m[2], "jsonl") {
				what = "folder"
			}
			return m[1] + " of the " + what, false
		}
	}
	t.Fatalf("it ended, and not by strace: %v\n%s", err, stderr.String())
	return "", false
}

// spent reads the journal: what was granted, in one step and over all deaths, is what the step says.
func (b *bench) spent(t testing.TB, n int) {
	t.Helper()
	events, err := journal.Read(b.path)
	if err != nil {
		t.Fatalf("death %d: %v", n, err)
	}
	steps, granted := 0, map[fleet.SettingChange]bool{}
	for _, e := range events {
		if e.Kind == state.StepBegan {
			steps++
		}
		if e.Kind == state.Acted && e.Action.Kind == state.Grant {
			for _, x := range e.Action.Changes {
				granted[x] = true
			}
		}
	}
	total := 0
	for x := range granted {
		total += x.To - x.From
	}
	// 20 % of 18 is 3; one unit of ci is 2, and two are granted of the 4 that main releases
	if steps > 2 || steps == 2 && total > 2*4 || steps == 1 && total > 4 {
		t.Errorf("death %d: %d steps, %d connections granted: %v", n, steps, total, granted)
	}
}
