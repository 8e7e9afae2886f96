package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/pgbudget/pgbudget/planner/state"
)

// Version is the version of the format; it rises when a key changes its meaning or goes.
const Version = 3

// How the lines of each kind begin. A text in JSON has no line break, so after one these bytes begin a line of that
// kind.
const (
	headerMark   = `{"pgbudget_journal":`
	exportMark   = `{"pgbudget_export":`
	eventMark    = `{"seq":`
	snapshotMark = `{"snapshot":`
	endMark      = `{"end":`
)

const (
	sumMark = `,"crc32c":"`
	sumEnd  = `"}`
	sumLen  = len(sumMark) + 8 + len(sumEnd)

	// maxLine is the length of the longest line that is written or read. chosen: 64 MiB because that is above the snapshot
	// of a fleet of 10,000 lines with 1,000 steps behind it, and below what a machine that runs pgbudget can hold.
	maxLine = 64 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// headerLine is the first line of a journal.
var headerLine = mustSeal(struct {
	Journal int `json:"pgbudget_journal"`
}{Version})

func mustSeal(v any) []byte {
	line, err := seal(v)
	if err != nil {
		panic(err)
	}
	return line
}

// seal makes a struct a line: JSON, its checksum, a line break.
func seal(v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if len(body)+sumLen > maxLine {
		return nil, fmt.Errorf("a line of %d bytes is too long, %d are the most", len(body)+sumLen, maxLine)
	}
	body = body[:len(body)-1]
	return append(append(body, sumOf(body)...), '\n'), nil
}

// sumOf is the end of a line: the checksum of the bytes before.
func sumOf(body []byte) string {
	return fmt.Sprintf("%s%08x%s", sumMark, crc32.Checksum(body, castagnoli), sumEnd)
}

// check compares a line, without its line break, with its checksum.
func check(text []byte) error {
	n := len(text) - sumLen
	if n < 1 || string(text[n:n+len(sumMark)]) != sumMark || string(text[len(text)-len(sumEnd):]) != sumEnd {
		return errors.New("the line has no checksum at its end: somebody changed it, or a crash cut it")
	}
	said, is := string(text[n+len(sumMark):len(text)-len(sumEnd)]), fmt.Sprintf("%08x", crc32.Checksum(text[:n],
		castagnoli))
	if said != is {
		return fmt.Errorf("the checksum of the line is %s, that of its bytes %s: the line was changed", said, is)
	}
	return nil
}

// decode reads a line that was checked. A key that is not known is an error: what it says would be lost.
func decode(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("the line cannot be read: %w", err)
	}
	if d.InputOffset() != int64(len(text)) {
		return errors.New("the line has more than one value")
	}
	return nil
}

func parseEvent(text []byte) (state.Event, error) {
	var v struct {
		state.Event
		Sum string `json:"crc32c"`
	}
	err := decode(text, &v)
	return v.Event, err
}

func sealSnapshot(m state.JournalState) ([]byte, error) {
	return seal(struct {
		Version int                `json:"snapshot"`
		State   state.JournalState `json:"state"`
	}{state.JournalStateVersion, m})
}

// parseSnapshot reads a snapshot; ok: it is of the version that this pgbudget knows.
func parseSnapshot(text []byte) (m state.JournalState, ok bool, err error) {
	if numberAfter(snapshotMark, text) != state.JournalStateVersion {
		return m, false, nil
	}
	var v struct {
		Version int                `json:"snapshot"`
		State   state.JournalState `json:"state"`
		Sum     string             `json:"crc32c"`
	}
	err = decode(text, &v)
	return v.State, err == nil, err
}

// numberAfter is the number that follows a mark at the beginning of a line; 0: none does.
func numberAfter(mark string, text []byte) int {
	rest, found := bytes.CutPrefix(text, []byte(mark))
	if !found {
		return 0
	}
	end := bytes.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	n, err := strconv.Atoi(string(rest[:end]))
	if err != nil {
		return 0
	}
	return n
}

// glued reports whether bytes without a line break have a whole line and more in them: its line break was changed, and
// what looks like a line that was cut is none.
func glued(tail []byte) bool {
	i := bytes.Index(tail, []byte(sumMark)) // within a text of JSON the quotes would be escaped: these end a line
	if i < 0 || i+sumLen >= len(tail) {
		return false
	}
	return check(tail[:i+sumLen]) == nil
}
