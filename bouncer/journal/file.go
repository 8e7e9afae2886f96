package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// openRegular opens a regular file, or a link to one. Anything else is refused before it is opened: that alone would
// wind a tape back, or wait for the other end of a pipe.
func openRegular(key, path string, flag int) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, refused(key, fmt.Errorf("%s is %s, want a file", path, kindOf(info.Mode())))
	}
	file, err := openAtOnce(path, flag)
	if err != nil {
		return nil, denied(key, path, err)
	}
	return file, nil
}

// refused is the error of a file that cannot be what a key of the config names it for.
func refused(key string, err error) error {
	return &operr.Error{Kind: operr.KindUsage, Subject: key, Err: err, Hint: "give " + key +
		": a file in a folder that is there and can be written"}
}

// denied is refused for a file whose system does not let us: with whose it is, its mode, and who we are.
func denied(key, path string, err error) error {
	at, what := path, "it"
	info, missing := os.Stat(at)
	for ; missing != nil && at != filepath.Dir(at); info, missing = os.Stat(at) { // its folder keeps us out
		at = filepath.Dir(at)
		what = at
	}
	s, ok := (*syscall.Stat_t)(nil), false
	if missing == nil {
		s, ok = info.Sys().(*syscall.Stat_t)
	}
	if !errors.Is(err, fs.ErrPermission) || !ok {
		return refused(key, err)
	}
	we := userName(uint32(os.Geteuid()))
	return &operr.Error{Kind: operr.KindUsage, Subject: key,
		Err: fmt.Errorf("%w: %s is of %s with mode %04o, and pgbudget runs as %s", err, what, userName(s.Uid),
			info.Mode().Perm(), we),
		Hint: fmt.Sprintf("run pgbudget as %s, or let the user %s read and write it", userName(s.Uid), we)}
}

// userName is a user as the host knows it, or the number alone.
func userName(id uint32) string {
	if u, err := user.LookupId(strconv.FormatUint(uint64(id), 10)); err == nil {
		return u.Username
	}
	return fmt.Sprintf("user %d", id)
}

// Writable says why Open would find a journal, or the file of its mirror, not to be written, without opening either.
// The error is of KindUsage.
func (m Mirror) Writable(path string) error {
	err := writable("journal", path)
	if err == nil && m.Path != "" {
		err = writable("mirror", m.Path)
	}
	return err
}

func writable(key, path string) error {
	const write, search = 2, 1 // of access(2)
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		err = fmt.Errorf("%s is %s, want a file", path, kindOf(info.Mode()))
	case err == nil:
		if err = syscall.Access(path, write); err != nil {
			err = &fs.PathError{Op: "write", Path: path, Err: err}
		}
	case errors.Is(err, fs.ErrNotExist):
		folder := filepath.Dir(path)
		if err = syscall.Access(folder, write|search); err != nil {
			err = &fs.PathError{Op: "write into", Path: folder, Err: err}
		}
	}
	if err != nil {
		return denied(key, path, err)
	}
	return nil
}

// openAtOnce opens without waiting for anybody, and closes again what is no file: it was put there just now.
func openAtOnce(path string, flag int) (*os.File, error) {
	file, err := os.OpenFile(path, flag|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is %s, want a file", path, kindOf(info.Mode()))
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func kindOf(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeDevice != 0:
		return "a device"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "no regular file"
}

// content is what stands in a file, up to a size: what comes after it is not there yet.
type content struct {
	name string
	io.ReaderAt
	size int64
}

func contentOf(name string, file *os.File) (content, error) {
	info, err := file.Stat()
	if err != nil {
		return content{}, err
	}
	return content{name, file, info.Size()}, nil
}

// part is the bytes from one offset to another.
func (c content) part(from, to int64) *io.SectionReader { return io.NewSectionReader(c, from, to-from) }

// broken is the error of the line that begins at an offset.
func (c content) broken(at int64, err error) error {
	line, buf := 1, make([]byte, 1<<16)
	for r := c.part(0, at); ; {
		n, err := r.Read(buf)
		line += bytes.Count(buf[:n], []byte{'\n'})
		if err != nil {
			break
		}
	}
	return brokenLine(c.name, line, err)
}

func brokenLine(name string, line int, err error) error {
	hint := "restore the file (pgbudget journal import takes a mirror or an export), or move the file away and check " +
		"the fleet with pgbudget plan before the next step"
	if errors.Is(err, state.ErrNewer) {
		hint = "use the pgbudget that wrote it"
	}
	return &operr.Error{Kind: operr.KindDrift, Subject: fmt.Sprintf("%s:%d", name, line), Err: err, Hint: hint}
}

// header returns where the first line ends; 0: the file is empty, or a crash has cut its first line.
func (c content) header() (int64, error) {
	first, err := io.ReadAll(c.part(0, min(c.size, int64(len(headerLine))+20))) // a version has a few digits at most
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s: %w", c.name, err)
	case len(first) == 0:
		return 0, nil
	case bytes.HasPrefix(first, headerLine):
		return int64(len(headerLine)), nil
	case bytes.HasPrefix(first, []byte(headerMark)) && int64(len(first)) == c.size && bytes.HasPrefix(headerLine, first):
		return 0, nil
	}
	text, _, _ := bytes.Cut(first, []byte{'\n'})
	return 0, noHeader(c.name, text)
}

// noHeader says why a first line is not the header of this version.
func noHeader(name string, text []byte) error {
	version := numberAfter(headerMark, text)
	if version == 0 {
		version = numberAfter(exportMark, text)
	}
	switch {
	case version == 0:
		return &operr.Error{Kind: operr.KindDrift, Subject: name + ":1",
			Err:  errors.New("this is no journal of pgbudget; nothing was changed"),
			Hint: "name another file in the config, or move this one away"}
	case version > Version:
		return brokenLine(name, 1, fmt.Errorf("%w: the journal has version %d, this pgbudget reads version %d",
			state.ErrNewer, version, Version))
	case version < Version:
		return &operr.Error{Kind: operr.KindDrift, Subject: name + ":1",
			Err: fmt.Errorf("the journal has version %d, which no release wrote; this pgbudget reads version %d", version,
				Version),
			Hint: "finish the step in hand with the pgbudget that wrote the journal, then move the journal away; " +
				"rollback knows later steps alone"}
	case bytes.HasPrefix(text, []byte(exportMark)):
		return &operr.Error{Kind: operr.KindDrift, Subject: name + ":1",
			Err:  errors.New("this is an export of a journal, not a journal"),
			Hint: "move the file away, then pgbudget journal import FILE"}
	}
	return brokenLine(name, 1, errors.New("the first line was changed"))
}

// syncFolder makes a new file's name durable.
func syncFolder(path string) error {
	if real, err := filepath.EvalSymlinks(path); err == nil { // the name is in the folder of the file, not of the link
		path = real
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
