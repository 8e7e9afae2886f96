// Package argv runs the commands that a config names: stores, hooks.
package argv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/quote"
)

// Call is one run of a command, without a shell. The caller's context bounds it.
type Call struct {
	Argv  []string // not empty
	Stdin []byte
	Env   []string            // "NAME=value", added to this program's own
	Mask  func(string) string // takes secrets out of what the command says; nil: there are none
}

// Run returns what the command printed. The error has the name of the command and the last line that it wrote to its standard
// error, and never what it printed: that may be a file with passwords.
func (c Call) Run(ctx context.Context) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.WaitDelay = time.Second
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // what it has begun, too: nothing of it may act later
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}                                // a Ctrl-C at the terminal is for this program, which ends between two acts
	cmd.Stdin = bytes.NewReader(c.Stdin)
	cmd.Env = append(os.Environ(), c.Env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil {
		return out, nil
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = errors.New("it did not end in time")
	}
	said := strings.TrimSpace(stderr.String())
	if i := strings.LastIndexByte(said, '\n'); i >= 0 {
		said = said[i+1:]
	}
	if c.Mask != nil {
		said = c.Mask(said)
	}
	if said = quote.Line(said); said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return nil, fmt.Errorf("%s: %w", c.Argv[0], err)
}
