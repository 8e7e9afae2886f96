package quote

import (
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Writer writes Text: what a terminal would obey does not come through it. With Color, the sequences that choose bold
// and a colour do. A Writer is used by one goroutine at a time; each Write holds whole characters, or the rest of one
// is written as bytes that are no UTF-8.
type Writer struct {
	W     io.Writer // where the text goes
	Color bool      // sequences that choose bold and a colour come through
}

// color is how our own tables and words choose bold and a colour (ECMA-48, SGR).
var color = regexp.MustCompile(`\x1b\[[0-9;]{1,8}m`)

// Write returns len(b) where all of what became of b was written. The error is W's.
func (w Writer) Write(b []byte) (int, error) {
	if visible(b) {
		return w.W.Write(b)
	}
	text := string(b)
	if !w.Color {
		text = Text(text)
	} else {
		var out strings.Builder
		from := 0
		for _, at := range color.FindAllStringIndex(text, -1) {
			out.WriteString(Text(text[from:at[0]]))
			out.WriteString(text[at[0]:at[1]])
			from = at[1]
		}
		out.WriteString(Text(text[from:]))
		text = out.String()
	}
	if _, err := io.WriteString(w.W, text); err != nil {
		return 0, err
	}
	return len(b), nil
}

// visible reports whether b is plain ASCII with line feeds and tabs, as nearly all output is.
func visible(b []byte) bool {
	for _, c := range b {
		if (c < ' ' && c != '\n' && c != '\t') || c >= utf8.RuneSelf || c == 0x7f {
			return false
		}
	}
	return true
}
