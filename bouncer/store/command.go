package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner"
)

// Command is one file behind two commands: one prints it, one is given the new one on its standard input. The caller's
// context bounds them.
type Command struct {
	ReadArgv, WriteArgv []string
}

// Read runs the command that prints the file. Its error is of KindUnreachable and carries the last line that the
// command wrote to its standard error, which is not the file.
func (c Command) Read(ctx context.Context, path string) ([]byte, error) {
	return c.run(ctx, path, c.ReadArgv, nil)
}

// Write compares, writes, and reads back: no command is trusted to have done what it says. Errors are Read's, and
// KindDrift where the bytes are neither old nor new, before or after.
func (c Command) Write(ctx context.Context, path string, old, data []byte) error {
	now, err := c.Read(ctx, path)
	switch {
	case err != nil:
		return err
	case bytes.Equal(now, data):
		return nil
	case !bytes.Equal(now, old):
		return &planner.Error{Kind: planner.KindDrift, Subject: path, Err: errors.New("somebody else changed it between the look and the write; nothing was written"),
			Hint: "see what was changed, RELOAD it or take it back, and run again"}
	}
	if _, err := c.run(ctx, path, c.WriteArgv, data); err != nil {
		return err
	}
	now, err = c.Read(ctx, path)
	if err == nil && !bytes.Equal(now, data) {
		err = &planner.Error{Kind: planner.KindDrift, Subject: path, Err: fmt.Errorf("%s succeeded, and the file reads back as something else", c.WriteArgv[0]),
			Hint: "look at the file on its host before anything else"}
	}
	return err
}

func (c Command) run(ctx context.Context, path string, argv []string, stdin []byte) ([]byte, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = time.Second
	cmd.Stdin = bytes.NewReader(stdin)
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
	if said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return nil, &planner.Error{Kind: planner.KindUnreachable, Subject: path, Err: fmt.Errorf("%s: %w", argv[0], err),
		Hint: "run the command by hand: " + strings.Join(argv, " ")}
}
