package recording

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pgbudget/pgbudget/planner"
)

// Read returns a recording's header and its evidence: history and every look, folded. Errors name file and line and are
// of KindUsage for a file that is no recording or is cut off, of KindEvidence for looks that contradict each other.
func Read(name string) (Header, planner.Evidence, error) {
	f, err := os.Open(name)
	if err != nil {
		return Header{}, planner.Evidence{}, &planner.Error{Kind: planner.KindUsage, Subject: name, Err: pathCause(err), Hint: "pgbudget record FILE makes a recording"}
	}
	defer func() { _ = f.Close() }()
	return read(name, f)
}

func read(name string, r io.Reader) (Header, planner.Evidence, error) {
	var h Header
	var e planner.Evidence
	lines := bufio.NewReaderSize(r, 1<<16)
	d := newDecoder()
	var text []byte
	for n := 1; ; n++ {
		var err error
		text, err = readLine(lines, text[:0])
		if errors.Is(err, io.EOF) && len(text) == 0 {
			if n == 1 {
				return h, e, fault(name, 1, errors.New("the file is empty"))
			}
			return h, e, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return h, e, fault(name, n, err)
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

// readLine appends a line, its end included, to text.
func readLine(r *bufio.Reader, text []byte) ([]byte, error) {
	for {
		part, err := r.ReadSlice('\n')
		text = append(text, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, err
		}
	}
}

// fault places an error in the file; what the planner refuses keeps its kind and hint.
func fault(name string, n int, err error) error {
	place := fmt.Sprintf("%s:%d", name, n)
	if e, ok := errors.AsType[*planner.Error](err); ok {
		return &planner.Error{Kind: e.Kind, Subject: place, Err: e.Err, Hint: e.Hint}
	}
	return &planner.Error{Kind: planner.KindUsage, Subject: place, Err: err, Hint: "record again; to use what is whole, cut the file after the last whole line"}
}

func header(text []byte) (Header, error) {
	var h Header
	if err := json.Unmarshal(text, &h); err != nil || h.Recording == 0 {
		return h, errors.New("not a pgbudget recording: its first line is no header")
	}
	if h.Recording != Version {
		return h, fmt.Errorf("format %d of a recording, this pgbudget reads %d", h.Recording, Version)
	}
	return h, nil
}

// add folds one line in. text is the caller's again afterwards.
func add(e planner.Evidence, d *decoder, text []byte) (planner.Evidence, error) {
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
		e.History = *l.History
		return e, nil
	default:
		return e, errors.New("a line holds one observation or one history")
	}
}
