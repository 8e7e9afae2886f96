package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"al.essio.dev/pkg/shellescape"

	"github.com/pgbudget/pgbudget/bouncer/quote"
)

// Call is one run of a command, without a shell. The caller's context bounds it.
type Call struct {
	Argv  []string            // not empty
	Stdin []byte              // what the command reads; nil: nothing
	Env   []string            // "NAME=value", added to this program's own but for Secrets
	Mask  func(string) string // takes secrets out of what the command says; nil: there are none
}

// Secrets are the environment variables that no command inherits. Source: PostgreSQL's libpq-envars; the others that
// lead to a password, PGPASSFILE and PGSERVICEFILE, name files that tell nobody anything who may not read them.
var Secrets = []string{"PGPASSWORD"}

// Bounds on what is held of a command's words.
const (
	// MostOutput is how much a command may print, in bytes; one that prints more is ended. chosen: 8 MiB because a
	// pgbouncer.ini of ten thousand databases takes one or two.
	MostOutput = 8 << 20
	// of the end of what it writes to its standard error. chosen: 64 KiB because its last line alone is told
	mostSaid = 64 << 10
	mostTold = 500 // of that line, in characters. chosen: 500 because they are six lines of a terminal
)

// errTooMuch ends a command that prints more than MostOutput.
var errTooMuch = fmt.Errorf("the command printed more than %d MiB and was ended", MostOutput>>20)

// Run returns what the command printed. The error has the name of the command and the last line that it wrote to its
// standard error, and never what it printed: that may be a file with passwords. Once it has returned with an error,
// nothing that the command has begun runs on in its process group.
func (c Call) Run(ctx context.Context) ([]byte, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.WaitDelay = time.Second // chosen: 1 s because a pipe holds what is printed, and a child may keep it open
	group := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = group // what it has begun, too: nothing of it may go on later
	// A Ctrl-C at the terminal is for this program, which ends between two actions.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdin = bytes.NewReader(c.Stdin)
	cmd.Env = append(inherited(os.Environ()), c.Env...)
	out, said := &head{most: MostOutput, over: func() { end(errTooMuch) }}, &tail{most: mostSaid}
	cmd.Stdout, cmd.Stderr = out, said
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) && out.ended {
		err = nil // a child holds its standard error alone, as ssh's ControlPersist does
	}
	if err == nil {
		return out.bytes, nil
	}
	if cmd.Process != nil {
		_ = group() // it may have ended by itself, and left a child
	}
	switch {
	case errors.Is(err, exec.ErrWaitDelay):
		err = errors.New("the command ended and left a child that holds its output: the child was ended, too")
	case errors.Is(context.Cause(ctx), errTooMuch):
		err = errTooMuch
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = errors.New("the command did not end in time and was killed")
	}
	if text := c.told(said.bytes); text != "" {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return nil, fmt.Errorf("%s: %w", c.Argv[0], err)
}

// told is the last line of what a command said, without secrets and not too long.
func (c Call) told(said []byte) string {
	text := strings.TrimSpace(string(said))
	text = text[strings.LastIndexByte(text, '\n')+1:]
	if c.Mask != nil {
		text = c.Mask(text) // before it is cut: a part of a secret is one, too
	}
	text = quote.Line(text)
	if runes := []rune(text); len(runes) > mostTold {
		text = "…" + string(runes[len(runes)-mostTold:])
	}
	return text
}

// inherited is what a command gets of an environment.
func inherited(env []string) []string {
	return slices.DeleteFunc(env, func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return slices.Contains(Secrets, name)
	})
}

// Line is how a person types a command: any POSIX shell reads the words back from the line.
func Line(words ...string) string { return shellescape.QuoteCommand(words) }

// head holds the beginning of what a command prints, and says when there is more.
type head struct {
	bytes []byte
	most  int
	over  func()
	ended bool // nobody can print any more
}

// ReadFrom reads to the end: os/exec copies by it where there is one.
func (h *head) ReadFrom(r io.Reader) (int64, error) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := r.Read(buffer)
		if _, err := h.Write(buffer[:n]); err != nil {
			return int64(len(h.bytes)), err
		}
		if err == io.EOF {
			h.ended = true
			return int64(len(h.bytes)), nil
		}
		if err != nil {
			return int64(len(h.bytes)), err
		}
	}
}

func (h *head) Write(p []byte) (int, error) {
	if len(h.bytes)+len(p) > h.most {
		h.over()
		return 0, errTooMuch
	}
	h.bytes = append(h.bytes, p...)
	return len(p), nil
}

// tail holds the end of what is written to it.
type tail struct {
	bytes []byte
	most  int
}

func (t *tail) Write(p []byte) (int, error) {
	t.bytes = append(t.bytes, p[max(0, len(p)-t.most):]...)
	t.bytes = append(t.bytes[:0], t.bytes[max(0, len(t.bytes)-t.most):]...)
	return len(p), nil
}
