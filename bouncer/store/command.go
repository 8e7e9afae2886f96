package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/bouncer/quote"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Command is one file behind two commands: one prints it, one is given the new one on its standard input. In the words
// of the second {{.Bytes}} is the new file's length and {{.SHA256}} its hash: whoever is given it tells by them whether
// all of it has come. Where {{.Path}} is in the words of both, they read and write every file, by its path.
type Command struct {
	ReadArgv, WriteArgv []string            // argv, not empty; ReadArgv prints the file, WriteArgv takes the new one
	Mask                func(string) string // takes secrets out of what a command says; nil: there are none
	Path                string              // of the file, as an %include would name it; empty: whatever it is asked for
	Keep                Keep                // of what is being written

	// Within gives one run of a command its time; nil: the caller's context alone bounds it, and nothing a restore. What
	// has run out or was cancelled is no reason to leave a file half: it is restored in a time of its own.
	Within func(context.Context) (context.Context, context.CancelFunc)
}

// Read runs the command that prints the file. Its error is of KindUnreachable and carries the last line that the
// command wrote to its standard error, which is not the file. It is of KindDrift where a write was cut short, and the
// file neither what it was nor what it was to become.
func (c Command) Read(ctx context.Context, path string) ([]byte, error) {
	now, err := c.read(ctx, path)
	if err == nil && !c.Keep.whole(c.name(path), now) {
		return nil, &operr.Error{Kind: operr.KindDrift, Subject: path,
			Err: errors.New("the file has neither its old nor its new bytes: the last write was interrupted, or somebody has " +
				"changed the file since"),
			Hint: c.byHand(path) + "; where it is right as it is, remove " + c.Saved(path)}
	}
	return now, err
}

func (c Command) read(ctx context.Context, path string) ([]byte, error) {
	if c.Path != "" && path != c.Path && !filled(c.ReadArgv) {
		return nil, &operr.Error{Kind: operr.KindUsage, Subject: path,
			Err:  errors.New("the file is included, and the commands read another file"),
			Hint: "write {{.Path}} in the commands of config: in place of the path"}
	}
	if filled(c.ReadArgv) && !plainPath.MatchString(path) {
		return nil, &operr.Error{Kind: operr.KindUsage, Subject: quote.Line(path),
			Err:  errors.New("the path has characters that a shell may take for its own"),
			Hint: "give the file a path of letters, digits and . _ - + , @ % = : /"}
	}
	return c.run(ctx, path, reading(c.ReadArgv, path), nil)
}

// Write compares, writes, and reads back: no command is trusted to have done what it says. A file that a write has cut
// off is given its old bytes again, which are kept until Settled. Errors are Read's, and KindDrift where the bytes are
// neither old nor new, before or after.
func (c Command) Write(ctx context.Context, path string, old, data []byte) error {
	now, err := c.read(ctx, path)
	switch {
	case err != nil:
		return err
	case bytes.Equal(now, data):
		return nil
	case !bytes.Equal(now, old):
		return drifted(path)
	}
	fresh, err := c.Keep.save(c.name(path), old, data)
	if err != nil {
		return refused(path, fmt.Errorf("its old bytes cannot be kept: %w", err))
	}
	back := func(err error) error { // the file is as it was
		if fresh {
			err = joined(err, c.Settled(path))
		}
		return err
	}
	_, failed := c.run(ctx, path, writing(c.WriteArgv, path, data), data)
	ctx = context.WithoutCancel(ctx) // what has begun is seen to its end
	now, err = c.read(ctx, path)
	switch {
	case failed == nil && err != nil:
		return err
	case err == nil && bytes.Equal(now, data):
		return failed
	case err == nil && bytes.Equal(now, old):
		if failed == nil {
			failed = c.other(path, "the file reads back as it was")
		}
		return back(failed)
	case err == nil && !torn(now, old, data): // what somebody else has written meanwhile is not written over
		if failed != nil {
			err = fmt.Errorf("%w; the file reads back as something else, and pgbudget leaves these bytes", failed)
			return &operr.Error{Kind: operr.KindDrift, Subject: path, Err: err, Hint: c.byHand(path)}
		}
		return c.other(path, "the file reads back as something else")
	case failed == nil:
		failed = c.other(path, "the file reads back cut off")
	}
	if err := c.restore(ctx, path, old); err != nil {
		err = fmt.Errorf("the write failed half-way, and the old bytes could not be written again (%w): %w", err, failed)
		return &operr.Error{Kind: operr.KindDrift, Subject: path, Err: err, Hint: c.byHand(path)}
	}
	return back(failed)
}

// WriteAnyway is Write that does not end for what cannot be kept; see File. The errors are those of Write.
func (c Command) WriteAnyway(ctx context.Context, path string, old, data []byte) error {
	c.Keep.anyway = true
	return c.Write(ctx, path, old, data)
}

// Try makes sure that there is a command that writes, and room for the old bytes: else the error is of KindUsage. More
// cannot be told without writing.
func (c Command) Try(_ context.Context, path string, _ []byte) error {
	if _, err := exec.LookPath(c.WriteArgv[0]); err != nil {
		return tried(path, fmt.Errorf("there is no command %s", c.WriteArgv[0]))
	}
	_, done, err := c.Keep.temporaries(path, 0)
	if err != nil {
		return tried(path, fmt.Errorf("its old bytes could not be kept: %w", err))
	}
	done()
	return nil
}

// Settled removes what is kept of a file: its process has what was written, or the file is as it was. The error is
// that of the removal; calling again is safe.
func (c Command) Settled(path string) error { return c.Keep.settle(c.name(path)) }

// Saved returns where the bytes are that a file had before it was written; empty: it is settled.
func (c Command) Saved(path string) string { return c.Keep.saved(c.name(path)) }

// name is that of what is kept: commands of two hosts may write files of one path.
func (c Command) name(path string) string { return nameOf(path, c.ReadArgv...) }

// restore writes the old bytes again, and reads them back.
func (c Command) restore(ctx context.Context, path string, old []byte) error {
	if _, err := c.run(ctx, path, writing(c.WriteArgv, path, old), old); err != nil {
		return err
	}
	now, err := c.read(ctx, path)
	if err == nil && !bytes.Equal(now, old) {
		err = errors.New("they read back as something else")
	}
	return err
}

// other is the error for a command that says it has written, and has not.
func (c Command) other(path, what string) error {
	err := fmt.Errorf("%s succeeded, and %s", c.WriteArgv[0], what)
	return &operr.Error{Kind: operr.KindDrift, Subject: path, Err: err, Hint: c.byHand(path)}
}

// byHand says how a person gives the file its old bytes.
func (c Command) byHand(path string) string {
	kept := c.Saved(path)
	if kept == "" {
		return "check the file on its host at once: it may be cut off"
	}
	words := c.WriteArgv
	if old, err := (File{}).Read(context.Background(), kept); err == nil {
		words = writing(words, path, old)
	}
	line := command.Line(words...) + " < " + command.Line(kept)
	if c.Mask != nil {
		line = c.Mask(line)
	}
	return "check the file on its host at once: it may be cut off. To restore its old bytes: " + line
}

func (c Command) run(ctx context.Context, path string, words []string, stdin []byte) ([]byte, error) {
	if c.Within != nil {
		var cancel context.CancelFunc
		ctx, cancel = c.Within(ctx)
		defer cancel()
	}
	out, err := command.Call{Argv: words, Stdin: stdin, Mask: c.Mask}.Run(ctx)
	if err != nil {
		return nil, &operr.Error{Kind: operr.KindUnreachable, Subject: path, Err: err,
			Hint: "run the commands under config: of the process by hand"}
	}
	return out, nil
}

// pathMark stands in the words of a command for the path of a file.
const pathMark = "{{.Path}}"

// plainPath are the paths that no shell reads as anything else: a file may include any, and ssh hands all words to one.
var plainPath = regexp.MustCompile(`^/[-A-Za-z0-9._+,@%=:/]*$`)

// filled reports whether a command is given the path of the file.
func filled(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(w, pathMark) })
}

// reading are the words of a command that prints a file.
func reading(words []string, path string) []string {
	return fill(words, strings.NewReplacer(pathMark, path))
}

// writing are the words of a command that is given data.
func writing(words []string, path string, data []byte) []string {
	sum := sha256.Sum256(data)
	return fill(words, strings.NewReplacer(pathMark, path, "{{.Bytes}}", strconv.Itoa(len(data)), "{{.SHA256}}",
		hex.EncodeToString(sum[:])))
}

func fill(words []string, by *strings.Replacer) []string {
	var out []string
	for _, w := range words {
		out = append(out, by.Replace(w))
	}
	return out
}

// torn reports whether a file may be what a write of data over old has left that was cut short: the beginning of data,
// with what there was behind it or without.
func torn(now, old, data []byte) bool {
	n := 0
	for n < min(len(now), len(data)) && now[n] == data[n] {
		n++
	}
	return n == len(now) || n <= len(old) && bytes.Equal(now[n:], old[n:])
}
