package journal_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

var at = time.Date(2026, 3, 1, 2, 3, 4, 5000, time.UTC)

func open(t *testing.T, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func record(t *testing.T, j *journal.Journal, e state.Event) state.Event {
	t.Helper()
	e.At = at
	e, err := j.Record(e)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestARecordedEventIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	step := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
		Key:  fleet.KeySize,
		From: 4, To: 3}}}
	goal := sizing.Goal{Pools: []sizing.GoalPool{{Pool: "a/db", Server: "pg", Size: 3, MeanWait: fleet.Unknown()}}}
	j := open(t, path)
	want := []state.Event{
		record(t, j, state.Event{Kind: state.RunBegan, Goal: &goal}),
		record(t, j, state.Event{Kind: state.StepBegan, Step: &step}),
	}
	j.Close()
	j = open(t, path)
	want = append(want, record(t, j, state.Event{Kind: state.Intended, Action: &state.Action{Kind: state.Release,
		Changes: step.Changes, Reason: verdict.Of(verdict.Note, "a \"reason\"\n")}}))
	got, err := journal.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want[0].Goal.Pools[0].MeanWait, got[0].Goal.Pools[0].MeanWait = 0, 0 // NaN is not equal to itself
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

// TestALastLineCutAnywhereIsTakenOff cuts the file after every byte of its last line.
func TestALastLineCutAnywhereIsTakenOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	j := open(t, path)
	record(t, j, state.Event{Kind: state.HoldBegan, Reason: verdict.Of(verdict.Note, "first")})
	before, _ := os.ReadFile(path)
	record(t, j, state.Event{Kind: state.HoldBegan, Reason: verdict.Of(verdict.Note, "second")})
	j.Close()
	after, _ := os.ReadFile(path)
	for n := len(before); n < len(after); n++ {
		if err := os.WriteFile(path, after[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if events, err := journal.Read(path); err != nil || len(events) != 1 {
			t.Fatalf("cut at %d: %d events, %v", n, len(events), err)
		}
		j, err := journal.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if e := record(t, j, state.Event{Kind: state.HoldEnded}); e.Seq != 2 {
			t.Errorf("cut at %d: the next event is number %d", n, e.Seq)
		}
		j.Close()
		if events, err := journal.Read(path); err != nil || len(events) != 2 {
			t.Errorf("cut at %d and written on: %d events, %v", n, len(events), err)
		}
	}
}

func TestOneWriterAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	open(t, path)
	_, err := journal.Open(path)
	if operr.KindOf(err) != operr.KindBusy || !strings.Contains(err.Error(), "another pgbudget") {
		t.Errorf("%v", err)
	}
}

// TestADiskThatIsFullEndsTheJournalAndNothingElse limits how large the process's files may become. The journal is
// larger than what the go command has it write down of its files.
func TestADiskThatIsFullEndsTheJournalAndNothingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	j := open(t, path)
	record(t, j, state.Event{Kind: state.Noted, Reason: verdict.Noted(strings.Repeat("x", 16<<20))})
	record(t, j, state.Event{Kind: state.HoldBegan, Reason: verdict.Of(verdict.Note, "fits")})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	full := syscall.Rlimit{Cur: uint64(info.Size()) + 20, Max: old.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Fatal(err)
	}
	_, err = j.Record(state.Event{Kind: state.HoldBegan, Reason: verdict.Of(verdict.Note, "does not")})
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Fatalf("%v", err)
	}
	if _, err := j.Record(state.Event{Kind: state.HoldEnded}); err == nil {
		t.Error("it goes on after a failure")
	}
	events, err := journal.Read(path)
	if err != nil || len(events) != 2 || events[1].Reason.Text() != "fits" {
		t.Errorf("%d events, %v", len(events), err)
	}
}
