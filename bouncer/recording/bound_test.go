package recording

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// endless is a stream of one byte that counts what is read of it, and gives up far above what may be.
type endless struct {
	b    byte
	read int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.read > 3*maxLine {
		return 0, errors.New("it was read on and on")
	}
	for i := range p {
		p[i] = e.b
	}
	e.read += int64(len(p))
	return len(p), nil
}

// TestALineWithoutAnEndIsReadNoFurtherThanALineMayBe in the first line and in a later one.
func TestALineWithoutAnEndIsReadNoFurtherThanALineMayBe(t *testing.T) {
	for _, c := range []struct {
		before string
		b      byte
		want   string
	}{
		{"", 0, "f.jsonl:1: the line is longer than 67108864 bytes"},
		{"", 'x', "f.jsonl:1: the line is longer than 67108864 bytes"},
		{`{"pgbudget_recording":2}` + "\n", ' ', "f.jsonl:2: the line is longer than 67108864 bytes"},
	} {
		e := &endless{b: c.b}
		_, _, err := read("f.jsonl", io.MultiReader(strings.NewReader(c.before), e))
		if operr.KindOf(err) != operr.KindUsage || !strings.HasPrefix(fmt.Sprint(err), c.want) ||
			!strings.Contains(operr.HintOf(err), "pgbudget record FILE") {
			t.Errorf("after %q: %v, want %s", c.before, err, c.want)
		}
		if e.read > maxLine+1<<20 {
			t.Errorf("after %q: %d bytes were read", c.before, e.read)
		}
	}
}

// TestTheLongestLineIsReadAndALongerOneIsNot to the byte.
func TestTheLongestLineIsReadAndALongerOneIsNot(t *testing.T) {
	for _, most := range []int{20, 100, 5000} { // below, at some, and at many times the reader's buffer
		for _, n := range []int{1, most - 1, most, most + 1, 10 * most} {
			line := strings.Repeat("x", n-1) + "\n"
			r := bufio.NewReaderSize(strings.NewReader(line+"next\n"), 16)
			text, err := readLine(r, nil, most)
			if fits := n <= most; fits != (err == nil) || fits && string(text) != line {
				t.Errorf("%d bytes of %d: %v after %d", n, most, err, len(text))
			}
		}
	}
}

// TestASampleThatCouldNotBeReadIsNotWritten instead of a recording that is of no use.
func TestASampleThatCouldNotBeReadIsNotWritten(t *testing.T) {
	name := filepath.Join(t.TempDir(), "fleet.jsonl")
	w, err := Create(name, Header{At: epoch})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	o := sampleAt(0, 1)
	o.Servers[0].Name = strings.Repeat("x", maxLine)
	if err := w.Observation(o); !strings.Contains(fmt.Sprint(err), "a line of a recording 67108864 at most") {
		t.Errorf("%v, want a refusal", err)
	}
	if err := w.Observation(sampleAt(0, 1)); err != nil {
		t.Fatal(err)
	}
	if _, e, err := Read(name); err != nil || e.Samples != 1 {
		t.Errorf("%d samples, %v", e.Samples, err)
	}
}

// TestAPathThatIsNoFileIsNotReadAsARecording and is not even opened.
func TestAPathThatIsNoFileIsNotReadAsARecording(t *testing.T) {
	dir := t.TempDir()
	sock, link := filepath.Join(dir, "sock"), filepath.Join(dir, "link")
	l, err := net.Listen("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Symlink(os.DevNull, link); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ want, hint string }{
		dir:                        {"is a directory", "a file in it"},
		os.DevNull:                 {"is a device", "pgbudget record FILE"},
		link:                       {"is a device", "pgbudget record FILE"},
		sock:                       {"is neither a file nor a pipe", "pgbudget record FILE"},
		filepath.Join(dir, "none"): {"no such file", "pgbudget record FILE"},
	} {
		_, _, err := Read(name)
		if operr.KindOf(err) != operr.KindUsage || !strings.HasPrefix(fmt.Sprint(err), name+": "+c.want) ||
			!strings.Contains(operr.HintOf(err), c.hint) {
			t.Errorf("%v; next: %s; want %s", err, operr.HintOf(err), c.want)
		}
	}
}

// TestAPipeAndTheStandardInputAreRead as a file is.
func TestAPipeAndTheStandardInputAreRead(t *testing.T) {
	text, err := os.ReadFile(record(t, Header{At: epoch}, sampleAt(0, 1), sampleAt(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	was := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = was }()
	for name, to := range map[string]func() error{
		pipe: func() error { return os.WriteFile(pipe, text, 0) },
		"-":  func() error { _, err := w.Write(text); return errors.Join(err, w.Close()) },
	} {
		done := make(chan error)
		go func() { done <- to() }()
		if _, e, err := Read(name); err != nil || e.Samples != 2 {
			t.Errorf("%s: %d samples, %v", name, e.Samples, err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}
