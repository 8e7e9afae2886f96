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

// check refuses numbers that no fleet can show: a recording may have been edited or damaged.
func check(o planner.Observation) error {
	for _, s := range o.Servers {
		b := s.Backends
		for _, c := range []struct {
			what string
			n    int
		}{{"max_connections", s.MaxConns - 1}, {"superuser_reserved_connections", s.SuperuserReservedConns}, {"reserved_connections", s.ReservedConns},
			{"pool backends", b.PoolConns}, {"direct backends", b.DirectConns}, {"leaving backends", b.LeavingConns}, {"orphans", b.OrphanConns}} {
			if c.n < 0 {
				return fmt.Errorf("server %s: %s is out of range", s.Name, c.what)
			}
		}
	}
	if len(o.Servers) == 0 || len(o.Processes) == 0 {
		return errors.New("a look without servers or processes")
	}
	ids := map[string]bool{}
	for _, p := range o.Processes {
		if ids[p.ID] {
			return fmt.Errorf("process %s stands there twice", p.ID)
		}
		ids[p.ID] = true
		for _, a := range p.Aliases {
			if ids[p.ID+"/"+a.Name] {
				return fmt.Errorf("%s/%s stands there twice", p.ID, a.Name)
			}
			ids[p.ID+"/"+a.Name] = true
			if a.SizeConns < 0 || a.ReserveConns < 0 || a.MaxConns < 0 {
				return fmt.Errorf("%s/%s: a negative size", p.ID, a.Name)
			}
			if c := a.Counters; c.Xacts < 0 || c.XactTime < 0 || c.WaitTime < 0 || c.Assignments < -1 {
				return fmt.Errorf("%s/%s: a negative counter", p.ID, a.Name)
			}
			for _, g := range a.Pools {
				if g.Conns() < 0 || g.ClientsWaiting < 0 || g.ServersActive < 0 || g.MaxWait < 0 {
					return fmt.Errorf("%s/%s: a negative gauge", p.ID, a.Name)
				}
			}
		}
	}
	return nil
}
