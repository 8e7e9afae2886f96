package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestASignalEndsWhatWaitsForAPipe: a read that no context reaches keeps no command from ending.
func TestASignalEndsWhatWaitsForAPipe(t *testing.T) {
	if testing.Short() {
		t.Skip("dozens of commands that wait; make test runs them")
	}
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	pipe, config := filepath.Join(folder, "pipe"), filepath.Join(folder, "pgbudget.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	text := "journal: " + filepath.Join(folder, "journal.jsonl") +
		"\nservers:\n  - {name: pg, dsn: 'host=127.0.0.1 port=1'}\n" +
		"groups:\n  - {name: main, processes: [{console: 'host=127.0.0.1 port=2', config: /main.ini}]}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := os.OpenFile(pipe, os.O_RDWR, 0) // somebody who never says anything
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	alone := filepath.Join(folder, "alone")
	if err := syscall.Mkfifo(alone, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("each", func(t *testing.T) {
		for name, args := range map[string][]string{
			"a config":              {"step", "--config", pipe, "--yes"},
			"a recording":           {"plan", "--from", pipe},
			"a scenario":            {"simulate", pipe},
			"an export":             {"journal", "import", "--config", config, pipe},
			"the standard input":    {"journal", "import", "--config", config, "-"},
			"a pipe without an end": {"plan", "--from", alone},
		} {
			for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
				t.Run(name+", "+sig.String(), func(t *testing.T) {
					t.Parallel()
					c := exec.Command(bin, args...)
					c.Stdin = held
					r := begun(t, c)
					waits(t, c.Process.Pid)
					select {
					case <-r.ended:
						t.Fatalf("it has ended without a word from the pipe (%d):\n%s", c.ProcessState.ExitCode(), r.text())
					default:
					}
					if err := c.Process.Signal(sig); err != nil {
						t.Fatal(err)
					}
					if code := r.end(t, 30*time.Second); code != exitInterrupted ||
						!strings.Contains(r.text(), "nothing was changed") {
						t.Errorf("exit %d, want %d:\n%s", code, exitInterrupted, r.text())
					}
				})
			}
		}
	})
	if left, _ := filepath.Glob(filepath.Join(folder, ".pgbudget*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// waits returns once a process has run and none of its threads wants a CPU, for 300 ms: it has begun to read.
func waits(t *testing.T, pid int) {
	t.Helper()
	calm := time.Now()
	for begun := calm; time.Since(calm) < 300*time.Millisecond; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 30*time.Second {
			t.Fatalf("process %d still wants a CPU after 30s", pid)
		}
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil || len(threads) < 2 { // a Go program has several once it runs
			calm = time.Now()
		}
		for _, thread := range threads {
			stat, _ := os.ReadFile(thread)
			_, state, _ := strings.Cut(string(stat), ") ")
			if !strings.HasPrefix(state, "S") {
				calm = time.Now()
			}
		}
	}
}
