package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/pgbudget/pgbudget/bouncer/argv"
	"github.com/pgbudget/pgbudget/planner"
)

// Command is one file behind two commands: one prints it, one is given the new one on its standard input. The caller's
// context bounds them.
type Command struct {
	ReadArgv, WriteArgv []string
	Mask                func(string) string // takes secrets out of what a command says; nil: there are none
	Path                string              // of the file, as an %include would name it; empty: whatever it is asked for
}

// Read runs the command that prints the file. Its error is of KindUnreachable and carries the last line that the
// command wrote to its standard error, which is not the file.
func (c Command) Read(ctx context.Context, path string) ([]byte, error) {
	if c.Path != "" && path != c.Path {
		return nil, &planner.Error{Kind: planner.KindUsage, Subject: path, Err: errors.New("it is included, and the commands read another file"),
			Hint: "put the pool's line into the file that config: names"}
	}
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
		return c.restore(ctx, path, old, data, err)
	}
	now, err = c.Read(ctx, path)
	if err == nil && !bytes.Equal(now, data) {
		err = &planner.Error{Kind: planner.KindDrift, Subject: path, Err: fmt.Errorf("%s succeeded, and the file reads back as something else", c.WriteArgv[0]),
			Hint: "look at the file on its host before anything else"}
	}
	return err
}

// restore looks at what a write that failed has left, and writes the old bytes again where it is neither.
func (c Command) restore(ctx context.Context, path string, old, data []byte, failed error) error {
	now, err := c.Read(ctx, path)
	if err == nil && (bytes.Equal(now, old) || bytes.Equal(now, data)) {
		return failed
	}
	if _, err = c.run(ctx, path, c.WriteArgv, old); err == nil {
		if now, err = c.Read(ctx, path); err == nil && bytes.Equal(now, old) {
			return failed
		}
	}
	return &planner.Error{Kind: planner.KindDrift, Subject: path, Err: fmt.Errorf("the write failed half-way, and the old bytes could not be written again: %w", failed),
		Hint: "look at the file on its host at once: it may be cut off"}
}

func (c Command) run(ctx context.Context, path string, command []string, stdin []byte) ([]byte, error) {
	out, err := argv.Call{Argv: command, Stdin: stdin, Mask: c.Mask}.Run(ctx)
	if err != nil {
		return nil, &planner.Error{Kind: planner.KindUnreachable, Subject: path, Err: err, Hint: "run the commands under config: of the process by hand"}
	}
	return out, nil
}
