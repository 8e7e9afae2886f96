package journal

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// within fails where f takes longer than a file that is refused may.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatalf("%s: waited 30s for a refusal, want it at once", what)
	}
}

// TestAFileThatIsNoJournalStaysUnchanged names files of somebody else as the journal, and as the mirror.
func TestAFileThatIsNoJournalStaysUnchanged(t *testing.T) {
	header := string(headerLine)
	event := func(v any) string { return string(mustSeal(v)) }
	for _, c := range []struct{ name, text, says string }{
		{"a text", "hello\n", ":1: this is no journal"},
		{"a text without its last line break", "hello\nworld", ":1: this is no journal"},
		{"a line without its line break", "hello", ":1: this is no journal"},
		{"a brace", "{", ":1: this is no journal"},
		{"line breaks", "\n\n", ":1: this is no journal"},
		{"bytes of nothing", strings.Repeat("\x00", 100), ":1: this is no journal"},
		{"an object of JSON", `{"seq":1}` + "\n", ":1: this is no journal"},
		{"a journal after something else", "\n" + header, ":1: this is no journal"},
		{"a mark", "\ufeff" + header, ":1: this is no journal"},
		{"an export", string(exportLine), ":1: this is an export"},
		{"the first version", `{"pgbudget_journal":1}` + "\n" + `{"seq":1,"at":"2026-01-01T00:00:00Z","kind":"hold"}` +
			"\n", ":1: the journal has version 1"},
		{"the first version, cut", `{"pgbudget_journal":1}`, ":1: the journal has version 1"},
		{"a version to come", `{"pgbudget_journal":4}` + "\n", ":1: written by a newer pgbudget"},
		{"a header that was changed", strings.Replace(header, "crc", "crd", 1), ":1: the first line was changed"},
		{"a header with more", strings.TrimSpace(header) + " " + "\n", ":1: the first line was changed"},
		{"a line in the middle", header + "{\n" + header, ":2: the line has no checksum"},
		{"a line of nothing", header + "\n", ":2: the line has no checksum"},
		{"a gap", header + event(state.Event{Seq: 1, Kind: state.HoldEnded}) + event(state.Event{Seq: 3,
			Kind: state.HoldEnded}), ":3: event 3 follows event 1"},
		{"a beginning that is gone", header + event(state.Event{Seq: 2, Kind: state.HoldEnded}),
			":2: event 2 follows event 0"},
		{"an action that is missing", header + event(state.Event{Seq: 1, Kind: state.Acted}),
			`:2: the event "done" has no action`},
		{"a step that is missing", header + event(state.Event{Seq: 1, Kind: state.StepBegan}),
			`:2: the event "step" has no step`},
		{"a kind to come", header + event(state.Event{Seq: 1, Kind: "reindex"}),
			`:2: written by a newer pgbudget: the kind of event "reindex" is not known`},
		{"a key to come", header + event(struct {
			Seq  int    `json:"seq"`
			Kind string `json:"kind"`
			Why  string `json:"because"`
		}{1, "resume", "x"}), `:2: the line cannot be read: json: unknown field "because"`},
		{"a line twice", header + header, ":2: "},
		{"a snapshot that is no object", header + event(struct {
			S int `json:"snapshot"`
			M int `json:"state"`
		}{state.JournalStateVersion, 4}), ":2: the line cannot be read"},
		{"a line break that was changed", header + strings.TrimSpace(event(state.Event{Seq: 1,
			Kind: state.HoldEnded})) + "\v", ":2: the line goes on after its checksum"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path, beside := filepath.Join(dir, "j.jsonl"), filepath.Join(dir, "beside.jsonl")
			if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			before, _ := os.Stat(path)
			_, err := Open(path)
			_, loaded := Load(path)
			_, read := Read(path)
			_, mirrored := Mirror{Path: path}.Open(beside)
			for of, err := range map[string]error{"Open": err, "Load": loaded, "Read": read, "a mirror": mirrored} {
				if operr.KindOf(err) != operr.KindDrift || !strings.Contains(fmt.Sprint(err), c.says) ||
					operr.HintOf(err) == "" {
					t.Errorf("%s: %v; next: %s; want %q", of, err, operr.HintOf(err), c.says)
				}
			}
			now, _ := os.ReadFile(path)
			if after, _ := os.Stat(path); string(now) != c.text || !after.ModTime().Equal(before.ModTime()) ||
				after.Mode() != before.Mode() {
				t.Errorf("the file was changed: %q", now)
			}
		})
	}
}

// TestAFileThatIsAnothersIsToldWithItsOwner: of the file itself, and of a folder that keeps everybody out. As root, to
// whom every file is open, what the system would have said stands for it.
func TestAFileThatIsAnothersIsToldWithItsOwner(t *testing.T) {
	dir := t.TempDir()
	path, us := filepath.Join(dir, "j.jsonl"), userName(uint32(os.Geteuid()))
	if err := os.WriteFile(path, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	no := &fs.PathError{Op: "open", Path: path, Err: syscall.EACCES}
	for _, c := range []struct{ path, says, next string }{
		{path, "journal: open " + path + ": permission denied: it is of " + us + " with mode 0640, and pgbudget runs as " +
			us,
			"run pgbudget as " + us + ", or let the user " + us + " read and write it"},
		{filepath.Join(dir, "none", "j.jsonl"), "permission denied: " + dir + " is of " + us +
			" with mode 0755, and pgbudget runs as " + us, "run pgbudget as"},
	} {
		err := denied("journal", c.path, no)
		if operr.KindOf(err) != operr.KindUsage || !strings.HasSuffix(err.Error(), c.says) ||
			!strings.HasPrefix(operr.HintOf(err), c.next) {
			t.Errorf("%v; next: %s\nwant %s; next: %s", err, operr.HintOf(err), c.says, c.next)
		}
	}
	if err := denied("journal", path, syscall.ENOSPC); !strings.HasPrefix(operr.HintOf(err), "give journal: a file") {
		t.Errorf("a full disk: %v; next: %s", err, operr.HintOf(err))
	}
	if got := userName(4294967290); got != "user 4294967290" {
		t.Errorf("nobody's name: %s", got)
	}
}

// TestAPathThatIsNoFileIsRefusedAtOnce names what can hang, and what reading changes.
func TestAPathThatIsNoFileIsRefusedAtOnce(t *testing.T) {
	dir := t.TempDir()
	pipe, sock, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "sock"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []int{os.O_RDONLY, os.O_RDWR} {
		within(t, "a pipe that was put there just now", func() {
			if file, err := openAtOnce(pipe, flag); err == nil {
				file.Close()
				t.Error("a pipe was opened")
			}
		})
	}
	good := filepath.Join(dir, "good.jsonl")
	for _, c := range []struct{ path, says string }{
		{pipe, "is a named pipe"}, {link, "is a named pipe"}, {sock, "is a socket"}, {dir, "is a folder"}, {"/dev/null",
			"is a device"},
		{"/dev/zero", "is a device"}, {"/dev/full", "is a device"}, {filepath.Join(dir, "no", "folder"), "no such file"},
		{filepath.Join(good, "x"), "not a directory"},
	} {
		within(t, c.path, func() {
			_, err := Open(c.path)
			_, read := Load(c.path)
			_, mirrored := Mirror{Path: c.path}.Open(good)
			if strings.HasPrefix(c.says, "no") { // to read, there is nothing; and good.jsonl is there by now
				read = err
			}
			for of, err := range map[string]error{"Open": err, "Load": read, "a mirror": mirrored} {
				if operr.KindOf(err) != operr.KindUsage || !strings.Contains(fmt.Sprint(err), c.says) ||
					operr.HintOf(err) == "" {
					t.Errorf("%s %s: %v; want %q", of, c.path, err, c.says)
				}
			}
		})
	}
}

// TestALargeFileOfSomebodyElseIsRefusedAtOnce reads no more of it than a first line has.
func TestALargeFileOfSomebodyElseIsRefusedAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 500<<20); err != nil {
		t.Fatal(err)
	}
	reads := &counted{ReaderAt: mustOpen(t, path)}
	if _, err := (content{path, reads, 500 << 20}).load(); operr.KindOf(err) != operr.KindDrift || reads.bytes > 1000 {
		t.Errorf("%v after %d bytes", err, reads.bytes)
	}
	if _, err := Open(path); operr.KindOf(err) != operr.KindDrift {
		t.Error(err)
	}
	if info, _ := os.Stat(path); info.Size() != 500<<20 {
		t.Errorf("it has %d bytes now", info.Size())
	}
}

// TestAnEmptyFileAndALinkBecomeAJournal is what a person may prepare.
func TestAnEmptyFileAndALinkBecomeAJournal(t *testing.T) {
	dir := t.TempDir()
	empty, file, link, new := filepath.Join(dir, "empty"), filepath.Join(dir, "file"), filepath.Join(dir, "link"),
		filepath.Join(dir, "new")
	for _, err := range []error{os.WriteFile(empty, nil, 0o640), os.Symlink(file, link), os.WriteFile(file, nil, 0o600),
		os.Symlink(filepath.Join(dir, "target"), new)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{empty, link, new} {
		j, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.Record(state.Event{Kind: state.HoldEnded}); err != nil {
			t.Fatal(err)
		}
		j.Close()
		if events, err := Read(path); err != nil || len(events) != 1 {
			t.Errorf("%s: %d events, %v", path, len(events), err)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v (%v)", info, err)
	}
}

// TestAHeaderThatWasCutIsWrittenAgain is a crash at the first write of all.
func TestAHeaderThatWasCutIsWrittenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	for n := range len(headerLine) {
		if err := os.WriteFile(path, headerLine[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := Open(path)
		now, _ := os.ReadFile(path)
		if whole := n == 0 || n >= len(headerMark); whole != (err == nil) || err == nil &&
			string(now) != string(headerLine) || err != nil && string(now) != string(headerLine[:n]) {
			t.Errorf("cut at %d: %v, %q", n, err, now)
		}
		if err == nil {
			j.Close()
		}
	}
}
