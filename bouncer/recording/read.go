package recording

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// maxLine is the length of the longest line that is written or read, in bytes. chosen: 64 MiB because a pool of one
// process with its alias takes 400 to 800 bytes, so that a sample of 80,000 of them fits, and thousands are what a
// large fleet has; a small machine can hold the line and what is read of it. What is no recording may have no line
// break in all its bytes.
const maxLine = 64 << 20

// recorded is the hint for what is no recording.
const recorded = "name a file that pgbudget record FILE has made"

var errLong = fmt.Errorf("the line is longer than %d bytes, the most that a line of a recording has", maxLine)

// Read returns a recording's header and its evidence: history and every sample, folded. A file, a pipe and the standard
// input (/dev/stdin, or -) are read. Errors name file and line and are of KindUsage for a file that is no recording or
// is cut off, of KindEvidence for samples that contradict each other.
func Read(name string) (Header, load.Evidence, error) {
	if name == "-" || name == "/dev/stdin" {
		return read(name, os.Stdin)
	}
	f, err := open(name)
	if err != nil {
		return Header{}, load.Evidence{}, err
	}
	defer func() { _ = f.Close() }()
	return read(name, f)
}

// open opens a file or a pipe. Anything else is refused before it is opened: opening a device alone may do something,
// and it may never end.
func open(name string) (*os.File, error) {
	refuse := func(hint string, err error) error {
		return &operr.Error{Kind: operr.KindUsage, Subject: name, Err: err, Hint: hint}
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, refuse("pgbudget record FILE makes a recording", pathCause(err))
	case info.IsDir():
		return nil, refuse("name a file in it that pgbudget record FILE has made",
			errors.New("is a directory, want a recording"))
	case info.Mode()&fs.ModeDevice != 0:
		return nil, refuse(recorded, errors.New("is a device, want a recording"))
	case !info.Mode().IsRegular() && info.Mode()&fs.ModeNamedPipe == 0:
		return nil, refuse(recorded,
			errors.New("is neither a file nor a pipe, want a recording"))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, refuse("pgbudget record FILE makes a recording", pathCause(err))
	}
	return f, nil
}

func read(name string, r io.Reader) (Header, load.Evidence, error) {
	var h Header
	var e load.Evidence
	lines := bufio.NewReaderSize(r, 1<<16)
	d := newDecoder()
	var text []byte
	for n := 1; ; n++ {
		var err error
		text, err = readLine(lines, text[:0], maxLine)
		if errors.Is(err, io.EOF) && len(text) == 0 {
			if n == 1 {
				return h, e, fault(name, 1, errors.New("the file is empty"))
			}
			return h, e, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return h, e, fault(name, n, pathCause(err))
		}
		if errors.Is(err, io.EOF) {
			return h, e, fault(name, n, errors.New("truncated: the last line does not end"))
		}
		if n == 1 {
			h, err = header(text)
		} else {
			e, err = add(e, d, text)
		}
		if err != nil {
			return h, e, fault(name, n, err)
		}
	}
}

// readLine appends a line, its end included, to text; one of more than most bytes is an error, and no more is read.
func readLine(r *bufio.Reader, text []byte, most int) ([]byte, error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(text)+len(part) > most {
			return text, errLong
		}
		text = append(text, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, err
		}
	}
}

// fault places an error in the file; what the planner refuses keeps its kind and hint.
func fault(name string, n int, err error) error {
	place := fmt.Sprintf("%s:%d", name, n)
	if e, ok := errors.AsType[*operr.Error](err); ok {
		return &operr.Error{Kind: e.Kind, Subject: place, Err: e.Err, Hint: e.Hint}
	}
	hint := "record again; to use what is whole, cut the file after the last whole line"
	if n == 1 || errors.Is(err, errLong) { // nothing of it is whole
		hint = recorded
	}
	return &operr.Error{Kind: operr.KindUsage, Subject: place, Err: err, Hint: hint}
}

func header(text []byte) (Header, error) {
	var h Header
	if err := json.Unmarshal(text, &h); err != nil || h.Recording == 0 {
		return h, &operr.Error{Kind: operr.KindUsage, Hint: recorded + "; a config is given by --config",
			Err: errors.New("not a pgbudget recording: its first line is no header")}
	}
	if h.Recording != Version {
		return h, fmt.Errorf("format %d of a recording, this pgbudget reads %d", h.Recording, Version)
	}
	return h, nil
}

// add folds one line in. text is the caller's again afterwards.
func add(e load.Evidence, d *decoder, text []byte) (load.Evidence, error) {
	l, err := d.decode(text)
	if err != nil {
		return e, err
	}
	switch {
	case l.Observation != nil && l.History == nil:
		if err := check(*l.Observation); err != nil {
			return e, err
		}
		return e.Add(*l.Observation)
	case l.History != nil && l.Observation == nil:
		if err := checkHistory(*l.History); err != nil {
			return e, err
		}
		e.History = *l.History
		return e, nil
	default:
		return e, errors.New("a line holds one observation or one history")
	}
}
