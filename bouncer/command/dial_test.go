package command_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/command"
)

func dialled(t *testing.T, words ...string) net.Conn {
	t.Helper()
	mask := func(s string) string { return strings.ReplaceAll(s, "hush", "***") }
	conn, err := command.Call{Argv: words, Mask: mask}.Dial(time.After)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestACommandIsAConnection: what is written comes back from cat, in any amount, and a read has a deadline.
func TestACommandIsAConnection(t *testing.T) {
	conn := dialled(t, "cat")
	text := strings.Repeat("0123456789abcdef\n", 1<<16) // more than any pipe holds
	go func() { _, _ = io.WriteString(conn, text) }()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	begun := time.Now()
	if err := conn.SetReadDeadline(begun.Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_, err := conn.Read(got)
	if e, is := errors.AsType[net.Error](err); !is || !e.Timeout() || time.Since(begun) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "again\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "again\n" {
		t.Errorf("%q, %v", line, err)
	}
}

// TestTheEndOfACommandIsTold in its own last words, without secrets.
func TestTheEndOfACommandIsTold(t *testing.T) {
	for script, want := range map[string]string{
		"echo first >&2; echo no route of hush >&2; exit 255": "sh: exit status 255: no route of ***: nothing answered",
		"exit 0":                                 "sh: it ended: nothing answered",
		"kill -9 $$":                             "sh: signal: killed: nothing answered",
		"exec >&- <&- 2>&-; sleep 60":            "sh closed its output: unexpected EOF",
		"printf answered; echo gone >&2":         "sh: it ended: gone: unexpected EOF",
		"(sleep 60) >&2 & echo left >&2; exit 3": "sh: exit status 3: left: nothing answered",
	} {
		conn := dialled(t, "sh", "-c", script)
		b, err := io.ReadAll(conn)
		nothing := strings.HasSuffix(want, command.ErrNoAnswer.Error())
		if err == nil || err.Error() != want || errors.Is(err, command.ErrNoAnswer) != nothing ||
			errors.Is(err, io.ErrUnexpectedEOF) == nothing {
			t.Errorf("%s: %q, %v; want %s", script, b, err, want)
		}
	}
	if _, err := (command.Call{Argv: []string{"/no/such/ssh"}}).Dial(time.After); err == nil ||
		err.Error() != "/no/such/ssh: no such file or directory" {
		t.Errorf("%v", err)
	}
}

// TestCloseEndsACommandAndItsChildren, also one that ignores what it can.
func TestCloseEndsACommandAndItsChildren(t *testing.T) {
	file := filepath.Join(t.TempDir(), "acted")
	conn := dialled(t, "sh", "-c", "trap '' TERM HUP PIPE; (sleep 1; touch "+file+") & echo ready; sleep 60")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	begun := time.Now()
	if err := conn.Close(); err != nil || time.Since(begun) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
	time.Sleep(2 * time.Second)
	if _, err := os.Stat(file); err == nil {
		t.Error("a child acted")
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
}

// TestTheLastWordsToACommandAreReadByIt before it is ended.
func TestTheLastWordsToACommandAreReadByIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "said")
	for range 20 {
		conn := dialled(t, "sh", "-c", "cat >"+file)
		if _, err := io.WriteString(conn, "good-bye"); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if said, err := os.ReadFile(file); err != nil || string(said) != "good-bye" {
			t.Fatalf("%q, %v", said, err)
		}
	}
}

// TestADialledCommandInheritsNoPassword, and no descriptor but its three.
func TestADialledCommandInheritsNoPassword(t *testing.T) {
	t.Setenv("PGPASSWORD", "hush")
	words := []string{"sh", "-c", `echo "[$PGPASSWORD]"; ls /proc/self/fd`}
	b, _ := io.ReadAll(dialled(t, words...))
	run, err := command.Call{Argv: words}.Run(t.Context())
	if err != nil || string(b) != string(run) || !strings.HasPrefix(string(b), "[]\n") {
		t.Errorf("%q, want %q as of a command that runs (%v)", b, run, err)
	}
}
