package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// indented words the parser's fault anew where a line begins with a number of blanks that fits none of the keys, or
// of the items, that are open above it: the parser speaks of values and contexts. next is whether the fault is that
// of the line behind the one it names.
func (d *Document) indented(data []byte, err error) error {
	f, ok := errors.AsType[Fault](err)
	next, about := outOfPlace[f.Text]
	row, _, _ := strings.Cut(strings.TrimPrefix(f.Where, d.Name+":"), ":")
	n, bad := strconv.Atoi(row)
	lines := bytes.Split(data, []byte("\n"))
	if !ok || bad != nil || !about || n < 1 || n > len(lines) {
		return err
	}
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
		return err
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
			want)}
}

// outOfPlace are the parser's words for a line that stands too far to the left or to the right, and whether they name
// the line before it. Source: goccy/go-yaml, parser.go.
var outOfPlace = map[string]bool{
	"value is not allowed in this context":         false,
	"non-map value is specified":                   false,
	"mapping value is not allowed in this context": true,
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

// foreign is the part whose keys are another package's.
const foreign = "prometheus.http_config."

// open are keys without which more is allowed than with any value of theirs, and what is allowed then.
var open = map[string]string{"policy.windows": "always", "pools": "every pool seen"}

// empty refuses keys without a value, and empty lists where none at all would allow everything: a template that renders
// nothing leaves them. A scenario says by itself which keys of its own it needs.
func (k *Checker) empty() { ast.Walk(hollow{k}, k.Doc.Body) }

type hollow struct{ k *Checker }

// Visit reads one key.
func (h hollow) Visit(n ast.Node) ast.Visitor {
	kv, ok := n.(*ast.MappingValueNode)
	if !ok {
		return h
	}
	path := strings.TrimPrefix(kv.GetPath(), "$.")
	list, isList := kv.Value.(*ast.SequenceNode)
	isNull := kv.Value.Type() == ast.NullType
	instead, opens := open[path]
	switch {
	case strings.HasPrefix(path, foreign), h.k.Scenario && path != "policy.windows":
	case opens && (isNull || isList && len(list.Values) == 0):
		h.fault(kv, path+" is empty: leave it out for "+instead)
	case isNull:
		h.fault(kv, path+" is empty: write a value, or leave it out")
	}
	return h
}

func (h hollow) fault(kv *ast.MappingValueNode, text string) {
	h.k.Faults = append(h.k.Faults, Fault{h.k.Doc.at(kv.Key.GetToken()), text})
}
