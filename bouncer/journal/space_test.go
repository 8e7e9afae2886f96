package journal_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAFullDiskIsKnownBeforeAStepAndToldInOne runs itself in a mount namespace of its own, on a disk of 2 MiB.
func TestAFullDiskIsKnownBeforeAStepAndToldInOne(t *testing.T) {
	if disk := os.Getenv("PGBUDGET_TEST_DISK"); disk != "" {
		onADisk(t, disk)
		return
	}
	disk := t.TempDir()
	words := []string{"-m", "sh", "-c", `mount -t tmpfs -o size=2m tmpfs "$1" && exec "$0" -test.run '^` + t.Name() + `$'`,
		os.Args[0], disk}
	if os.Geteuid() != 0 {
		words = append([]string{"-r"}, words...)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", words...)
	cmd.Env = append(os.Environ(), "PGBUDGET_TEST_DISK="+disk)
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("PASS")) {
		t.Fatalf("%v\n%s", err, out)
	}
}

func onADisk(t *testing.T, disk string) {
	path := filepath.Join(disk, "j.jsonl")
	elsewhere := journal.Mirror{Path: path}
	if err := (journal.Mirror{}).Space(path); err != nil {
		t.Errorf("2 MiB are enough: %v", err)
	}
	j, err := journal.Mirror{}.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := os.WriteFile(filepath.Join(disk, "others"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, full := range []error{journal.Mirror{}.Space(path), elsewhere.Space("/dev/shm/j.jsonl")} {
		if operr.KindOf(full) != operr.KindUnreachable ||
			!strings.Contains(full.Error(), "bytes left, and a step wants 1048576") {
			t.Errorf("a disk that is almost full: %v", full)
		}
	}
	if _, err := j.Record(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}}); err != nil {
		t.Errorf("what is left is enough for an event: %v", err)
	}
	_ = os.WriteFile(filepath.Join(disk, "all"), make([]byte, 2<<20), 0o600) // until nothing is left
	_, err = j.Record(state.Event{Kind: state.Noted, By: strings.Repeat("x", 1<<16)})
	if operr.KindOf(err) != operr.KindUnreachable || !errors.Is(err, syscall.ENOSPC) || operr.HintOf(err) == "" {
		t.Errorf("a full disk: %v; next: %s", err, operr.HintOf(err))
	}
}
