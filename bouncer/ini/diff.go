package ini

import (
	"bytes"
	"fmt"
	"strings"
)

// Diff returns a unified diff of an edit, "" where nothing changes, without the lines around: these may hold secrets.
// patch and git apply --unidiff-zero take it, but for the lines that Hidden lists: what might be a secret in them is
// masked.
func Diff(e Edited) string {
	var b strings.Builder
	for _, h := range hunks(e) {
		fmt.Fprintf(&b, "@@ -%s +%s @@\n", extent(h.at, len(h.old)), extent(h.to, len(h.new)))
		writeLines(&b, "-", h.old)
		writeLines(&b, "+", h.new)
	}
	if b.Len() == 0 {
		return ""
	}
	return fmt.Sprintf("--- %s\n+++ %s\n%s", e.Path, e.Path, b.String())
}

// Hidden are the lines, 1-based, that an edit changes and Diff does not show as they are.
func Hidden(e Edited) []int {
	var out []int
	for _, h := range hunks(e) {
		for i, line := range h.old {
			if string(line) != visible(line) {
				out = append(out, h.at+i+1)
			}
		}
	}
	return out
}

// hunk is a run of lines of a file that others take the place of.
type hunk struct {
	at, to   int // so many lines are before it
	old, new [][]byte
}

// hunks are what of the lines changes, in their order. An edit changes lines, and adds some: where that is not all,
// the whole of what differs is one hunk.
func hunks(e Edited) []hunk {
	a, b := bytes.SplitAfter(e.Old, []byte("\n")), bytes.SplitAfter(e.New, []byte("\n"))
	a, b = a[:len(a)-b2i(len(a[len(a)-1]) == 0)], b[:len(b)-b2i(len(b[len(b)-1]) == 0)]
	first := 0
	for first < min(len(a), len(b)) && bytes.Equal(a[first], b[first]) {
		first++
	}
	last := 0
	for last < min(len(a), len(b))-first && bytes.Equal(a[len(a)-1-last], b[len(b)-1-last]) {
		last++
	}
	all := hunk{first, first, a[first : len(a)-last], b[first : len(b)-last]}
	if len(all.old) != len(all.new) { // lines were added
		return []hunk{all}
	}
	var out []hunk
	for i, line := range all.old {
		n := len(out) - 1
		switch {
		case bytes.Equal(line, all.new[i]):
		case n >= 0 && out[n].at+len(out[n].old) == first+i:
			out[n].old, out[n].new = append(out[n].old, line), append(out[n].new, all.new[i])
		default:
			out = append(out, hunk{first + i, first + i, [][]byte{line}, [][]byte{all.new[i]}})
		}
	}
	return out
}

// extent is where lines stand, as the head of a hunk has it.
func extent(before, lines int) string {
	switch lines {
	case 0:
		return fmt.Sprintf("%d,0", before)
	case 1:
		return fmt.Sprint(before + 1)
	}
	return fmt.Sprintf("%d,%d", before+1, lines)
}

func writeLines(b *strings.Builder, sign string, lines [][]byte) {
	for _, line := range lines {
		b.WriteString(sign + visible(line))
		if !bytes.HasSuffix(line, []byte("\n")) {
			b.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// visible is a line as it is, where nothing of it is masked, or else masked.
func visible(line []byte) string {
	out := string(masked(line))
	if bare(out) == bare(string(line)) && !strings.Contains(out, stars) {
		return string(line)
	}
	return out
}

// bare is a line without what the reader of a file leaves out: blanks, and the quotes of values.
func bare(line string) string {
	return strings.Map(func(c rune) rune {
		if c == ' ' || c == '\t' || c == '\'' {
			return -1
		}
		return c
	}, line)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
