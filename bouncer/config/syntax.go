package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// The parser gives its faults no codes. Its words for two kinds of them are known here, and nowhere else. Source:
// goccy/go-yaml 1.19.2, parser/parser.go and scanner/scanner.go.
var (
	// aboutTabs are parts of the words for a tab where blanks belong.
	aboutTabs = []string{"tab character", "'\t'"}
	// outOfPlace are the words for a line that stands too far to the left or to the right, and whether they name the line
	// before it.
	outOfPlace = map[string]bool{
		"value is not allowed in this context":         false,
		"non-map value is specified":                   false,
		"mapping value is not allowed in this context": true,
	}
)

// syntax is the parser's fault, with words about blanks and lines where the parser speaks of tokens and contexts.
func (d *Document) syntax(data []byte, err error) error {
	var e yaml.Error
	if !errors.As(err, &e) || e.GetToken() == nil {
		return d.locate(err)
	}
	line, lines := e.GetToken().Position.Line, bytes.Split(data, []byte("\n"))
	if line < 1 || line > len(lines) {
		return d.locate(err)
	}
	message := e.GetMessage()
	if slices.ContainsFunc(aboutTabs, func(s string) bool { return strings.Contains(message, s) }) {
		if f, is := d.tab(lines, line); is {
			return f
		}
	}
	if next, is := outOfPlace[message]; is {
		if f, is := d.indented(lines, line, next); is {
			return f
		}
	}
	if f, is := d.unclosed(lines, line); is {
		return f
	}
	return d.locate(err)
}

// unclosed is the fault of the first line, up to one, with a value whose quote does not close in that line; false:
// there is none. YAML lets a quoted value go on, and the parser ends it at the next quote, however far below. A value
// that may have been meant so is passed over: behind its end stands nothing, or what ends an item.
func (d *Document) unclosed(lines [][]byte, upTo int) (Fault, bool) {
	for i := 0; i < upTo; i++ {
		column := openQuote(lines[i])
		if column == 0 {
			continue
		}
		last, rest := ending(lines[i+1:], lines[i][column-1])
		if rest = bytes.TrimSpace(rest); last >= 0 && (len(rest) == 0 || bytes.IndexByte([]byte("#,]}"), rest[0]) >= 0) {
			i += last + 1 // the value goes on to there
			continue
		}
		return Fault{fmt.Sprintf("%s:%d:%d", d.Name, i+1, column),
			fmt.Sprintf("the quote that line %d opens is not closed in that line", i+1)}, true
	}
	return Fault{}, false
}

// ending is the first of some lines in which a quote closes a text that was open before them, and what stands behind;
// -1: none does.
func ending(lines [][]byte, quote byte) (last int, rest []byte) {
	for i, line := range lines {
		if at := closing(line, quote); at >= 0 {
			return i, line[at+1:]
		}
	}
	return -1, nil
}

// openQuote is the column, from 1, of the quote that begins a value and does not close in its line; 0: there is none.
func openQuote(line []byte) int {
	begins := true // a value may begin here
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case begins && (c == '"' || c == '\''):
			end := closing(line[i+1:], c)
			if end < 0 {
				return i + 1
			}
			i, begins = i+1+end, false
		case c == '#' && (i == 0 || line[i-1] == ' '):
			return 0
		case c == ' ':
		default: // a - or : ends a key where a blank follows
			begins = c == '[' || c == '{' || c == ',' || (c == ':' || c == '-') && i+1 < len(line) && line[i+1] == ' '
		}
	}
	return 0
}

// closing is where a text ends that a quote has opened; -1: nowhere.
func closing(text []byte, quote byte) int {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i
		}
	}
	return -1
}

// tab is the fault of a line that begins with a tab; false: the line does not.
func (d *Document) tab(lines [][]byte, n int) (Fault, bool) {
	for _, x := range []struct{ before, has string }{{" ", "begins with a tab"}, {" -", "has a tab behind its -"}} {
		if rest := bytes.TrimLeft(lines[n-1], x.before); bytes.HasPrefix(rest, []byte("\t")) {
			column := len(lines[n-1]) - len(rest) + 1
			where := fmt.Sprintf("%s:%d:%d", d.Name, n, column)
			return Fault{where, fmt.Sprintf("line %d %s; YAML wants blanks", n, x.has)}, true
		}
	}
	return Fault{}, false
}

// indented is the fault of a line, counted from 1, that begins with a number of blanks that fits none of the keys, or
// of the items, that are open above it; false: the number fits. next: the fault is that of the line behind the one
// named.
func (d *Document) indented(lines [][]byte, n int, next bool) (Fault, bool) {
	for next && n < len(lines) {
		if n++; !idle(lines[n-1]) {
			break
		}
	}
	text := bytes.TrimLeft(lines[n-1], " ")
	blanks := len(lines[n-1]) - len(text)
	keys, items := levels(lines[:n-1])
	what, fit := "key", keys
	if item(text) {
		what, fit = "item", items
	}
	if idle(lines[n-1]) || len(fit) == 0 || slices.Contains(fit, blanks) {
		return Fault{}, false
	}
	key, _, _ := bytes.Cut(text, []byte(":"))
	var may []string
	for _, x := range fit {
		may = append(may, strconv.Itoa(x))
	}
	want := may[len(may)-1]
	if len(may) > 1 {
		want = strings.Join(may[:len(may)-1], ", ") + " or " + want
	}
	named := d.mask(strconv.Quote(string(bytes.TrimRight(key, " \r"))))
	return Fault{fmt.Sprintf("%s:%d:%d", d.Name, n, blanks+1),
		fmt.Sprintf("line %d, %s, begins with %s; the %ss open above it begin with %s", n, named, blanksText(blanks), what,
			want)}, true
}

// levels are the numbers of blanks with which the keys, and the items of lists, that are open behind some lines
// begin.
func levels(lines [][]byte) (keys, items []int) {
	for _, line := range lines {
		if idle(line) {
			continue
		}
		text := bytes.TrimLeft(line, " ")
		at := len(line) - len(text)
		deeper := func(x int) bool { return x > at }
		keys, items = slices.DeleteFunc(keys, deeper), slices.DeleteFunc(items, deeper)
		for item(text) {
			if !slices.Contains(items, at) {
				items = append(items, at)
			}
			rest := bytes.TrimLeft(text[1:], " ")
			at += len(text) - len(rest)
			text = rest
		}
		if bytes.Contains(text, []byte(":")) && !slices.Contains(keys, at) {
			keys = append(keys, at)
		}
	}
	return keys, items
}

func item(text []byte) bool { return bytes.HasPrefix(text, []byte("- ")) }

// idle reports whether a line says nothing.
func idle(line []byte) bool {
	text := bytes.TrimSpace(line)
	return len(text) == 0 || text[0] == '#'
}

func blanksText(n int) string {
	if n == 1 {
		return "1 blank"
	}
	return fmt.Sprintf("%d blanks", n)
}
