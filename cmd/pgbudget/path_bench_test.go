package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// declaredPools writes a config of so many declared pools before one server, of which the first has load to give.
func declaredPools(tb testing.TB, pools int) string {
	tb.Helper()
	r := rand.New(rand.NewPCG(uint64(pools), 5))
	var b strings.Builder
	fmt.Fprintf(&b, "servers:\n  - {name: main, max_connections: %d, direct: {conns: 5}}\npools:\n", 40*pools+400)
	for i := range pools {
		size, load := 15, 50+450*r.Float64()
		if i == 0 {
			size, load = 60, 4000
		}
		fmt.Fprintf(&b, "  - {pool: g%04d/app, size: %d, line_pools: %d, load: {arrivals_per_sec: %.1f, mean_hold: 20ms}}\n",
			i,
			size, 1+i%3, load)
	}
	file := filepath.Join(tb.TempDir(), "pools.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

func pathCommand(ctx context.Context, config string) *exec.Cmd {
	c := exec.CommandContext(ctx, "pgbudget", "plan", "-c", config, "--path", "g0000/app:g0001/app", "--fraction", "35%",
		"--percent", "25")
	c.Stdout = io.Discard
	return c
}

// BenchmarkPlanPath times the command, its config and its table with it.
func BenchmarkPlanPath(b *testing.B) {
	for _, pools := range []int{100, 1000, 5000} {
		b.Run(fmt.Sprintf("pools=%d", pools), func(b *testing.B) {
			config := declaredPools(b, pools)
			var cpu time.Duration
			for b.Loop() {
				c := pathCommand(b.Context(), config)
				if err := c.Run(); err != nil {
					b.Fatal(err)
				}
				cpu += c.ProcessState.UserTime() + c.ProcessState.SystemTime()
			}
			b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

// TestPlanningAPathEndsOnASignal: it may take long, and nothing is being moved. A busy machine begins a process late:
// the signal comes once it has read its config, from a pipe.
func TestPlanningAPathEndsOnASignal(t *testing.T) {
	config, err := os.ReadFile(declaredPools(t, 5000))
	if err != nil {
		t.Fatal(err)
	}
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		pipe := filepath.Join(t.TempDir(), "pools.yaml")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		c := pathCommand(t.Context(), pipe)
		var said strings.Builder
		c.Stderr = &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended, read := make(chan error, 1), make(chan error, 1)
		go func() { ended <- c.Wait() }()
		go func() { read <- os.WriteFile(pipe, config, 0o600) }()
		select {
		case err := <-read:
			if err != nil {
				t.Fatal(err)
			}
		case err := <-ended:
			t.Fatalf("%v, before it has read its config: %s", err, said.String())
		}
		if err := c.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			e, ok := errors.AsType[*exec.ExitError](err)
			if !ok || e.ExitCode() != exitInterrupted || !strings.Contains(said.String(), "interrupted") {
				t.Errorf("%v: %v, want exit %d: %s", sig, err, exitInterrupted, said.String())
			}
		case <-time.After(20 * time.Second):
			_ = c.Process.Kill()
			<-ended
			t.Errorf("%v: still planning 20s after the signal, want exit %d at once:\n%s", sig, exitInterrupted, said.String())
		}
	}
}
