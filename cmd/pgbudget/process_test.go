package main

import (
	"bytes"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// running is a command at work. What it has said so far is at hand while it is.
type running struct {
	cmd   *exec.Cmd
	ended chan struct{}

	mu  sync.Mutex
	out bytes.Buffer
}

// begun starts a command; it is killed with the test, where it has not ended.
func begun(t testing.TB, cmd *exec.Cmd) *running {
	t.Helper()
	r := &running{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = r, r
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // its exit code says it
		close(r.ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-r.ended
	})
	return r
}

// Write keeps what it says.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Write(p)
}

func (r *running) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.String()
}

// until waits for what is to come while the command is at work, and fails with what it has said.
func (r *running) until(t testing.TB, what string, limit time.Duration, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !done(); {
		select {
		case <-r.ended:
			if !done() {
				t.Fatalf("it ended (%d) before %s:\n%s", r.cmd.ProcessState.ExitCode(), what, r.text())
			}
			return
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come within %v:\n%s", what, limit, r.text())
		}
	}
}

// end waits for its end, and returns its exit code.
func (r *running) end(t testing.TB, limit time.Duration) int {
	t.Helper()
	select {
	case <-r.ended:
	case <-time.After(limit):
		t.Fatalf("it has not ended within %v:\n%s", limit, r.text())
	}
	return r.cmd.ProcessState.ExitCode()
}
