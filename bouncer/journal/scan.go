package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// block is how many bytes are read at once. chosen: 64 KiB because most lines are shorter than that.
const block = 64 << 10

var errLong = fmt.Errorf("the line is longer than %d bytes: pgbudget did not write it", maxLine)

// scanner reads lines one after the other.
type scanner struct {
	r    *bufio.Reader
	line int    // of them, so far
	buf  []byte // of a line that is longer than a block
}

func newScanner(r io.Reader) *scanner { return &scanner{r: bufio.NewReaderSize(r, block)} }

// next returns the next line without its line break, for as long as next is not called again. At the end the error is
// io.EOF, with what stands there without a line break.
func (s *scanner) next() ([]byte, error) {
	s.line++
	s.buf = s.buf[:0]
	for {
		part, err := s.r.ReadSlice('\n')
		switch {
		case err == nil && len(s.buf) == 0:
			return part[:len(part)-1], nil
		case len(s.buf)+len(part) > maxLine:
			return nil, errLong
		}
		s.buf = append(s.buf, part...)
		if err == nil {
			return s.buf[:len(s.buf)-1], nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return s.buf, err
		}
	}
}

// newestSnapshot returns where the newest snapshot after an offset begins, read from the end; -1: there is none.
func (c content) newestSnapshot(after int64) (int64, error) {
	mark := []byte("\n" + snapshotMark)
	buf := make([]byte, block+len(mark)-1)
	for to := c.size; to > after; to -= block {
		from := max(after-1, to-block) // the line break before the first line after the header is the header's
		n := min(to+int64(len(mark))-1, c.size) - from
		if err := c.read(buf[:n], from); err != nil {
			return 0, err
		}
		if i := bytes.LastIndex(buf[:n], mark); i >= 0 {
			return from + int64(i) + 1, nil
		}
	}
	return -1, nil
}

// read fills the buffer from an offset.
func (c content) read(buf []byte, at int64) error {
	n, err := c.ReadAt(buf, at)
	if n == len(buf) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // it was made shorter meanwhile
	}
	return fmt.Errorf("%s: %w", c.name, err)
}

// backward calls f with every whole line after an offset, the newest first, and with where it begins, until f returns
// false.
func (c content) backward(after int64, f func(text []byte, at int64) bool) error {
	var buf []byte // of [from, from+len)
	from, step := c.size, int64(block)
	whole := false // what stands after the last line break is no line
	for {
		i := bytes.LastIndexByte(buf, '\n')
		if i < 0 && from > after {
			if int64(len(buf)) > maxLine {
				return c.broken(from, errLong)
			}
			n := min(step, from-after)
			step *= 2 // so that a long line is not moved again for each block of it
			more := make([]byte, n, n+int64(len(buf)))
			if err := c.read(more, from-n); err != nil {
				return err
			}
			from, buf = from-n, append(more, buf...)
			continue
		}
		if i < 0 && !whole {
			return nil
		}
		if text := buf[i+1:]; whole && !f(text, from+int64(i)+1) {
			return nil
		}
		if i < 0 {
			return nil
		}
		whole, step, buf = true, block, buf[:i]
	}
}
