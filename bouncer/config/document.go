package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/pgbudget/pgbudget/bouncer/secret"
)

// Document is one YAML document on its way into a struct. It stays with what was decoded, because it knows where
// everything stands and which words came out of the environment.
type Document struct {
	Name    string          // stands in messages
	Body    ast.Node        // may be changed between Open and Decode
	secrets []secret.Secret // that variables brought in
	names   []string        // that are no secrets
	marks   map[*token.Token]string
}

// Fault is one thing wrong with a file, and where.
type Fault struct {
	Where string // file:line:column
	Text  string // what is wrong and what is wanted, without the place
}

// Error returns place and text on one line.
func (f Fault) Error() string { return f.Where + ": " + f.Text }

// Open parses data, which holds one document. The error is a Fault.
func Open(name string, data []byte) (*Document, error) {
	d := &Document{Name: name, marks: map[*token.Token]string{}}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if err := Bounded(name, data); err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, d.syntax(data, err)
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, Fault{name + ":1:1", "the file is empty"}
	}
	if len(file.Docs) > 1 {
		return nil, Fault{name + ":1:1", fmt.Sprintf("%d YAML documents, want one", len(file.Docs))}
	}
	d.Body = file.Docs[0].Body
	return d, nil
}

// Bounds of a file. The parser takes time and memory that grow with the square of the depth.
const (
	MaxBytes = 1 << 20 // chosen: 1 MiB because a thousand pools with all their keys are a quarter of it
	maxDepth = 1000    // chosen: 1000 because our keys go six deep, and the parser bears so much
)

// Bounded refuses YAML that would cost the parser more than any real file does. Brackets open a level wherever they
// stand, and close one only outside of what looks like a comment or a quoted text of its line; a blank at the beginning
// of a line is half a level. So a strange text may be refused, and none gets through that is deeper. The error is a
// Fault.
func Bounded(name string, data []byte) error {
	if len(data) > MaxBytes {
		return Fault{name + ":1:1", fmt.Sprintf("%d bytes, want at most %d", len(data), MaxBytes)}
	}
	depth, line, column, blanks := 0, 1, 0, true
	var last, quote byte
	for _, c := range data {
		column++
		switch c {
		case '\n':
			line, column, blanks, quote = line+1, 0, true, 0
		case '[', '{':
			depth++
		case ']', '}':
			if quote == 0 && depth > 0 {
				depth--
			}
		case '\'', '"':
			if quote == 0 {
				quote = c
			} else if quote == c {
				quote = 0
			}
		case '#':
			if quote == 0 && (last == ' ' || last == '\t' || column == 1) {
				quote = c // to the end of the line
			}
		}
		last = c
		blanks = blanks && strings.IndexByte(" -?:\n", c) >= 0
		if depth > maxDepth || blanks && column > 2*maxDepth {
			return Fault{fmt.Sprintf("%s:%d:%d", name, line, column), fmt.Sprintf("nested more than %d deep", maxDepth)}
		}
	}
	return nil
}

// Decode replaces ${NAME} in the values and fills in into, a pointer to a struct with yaml tags. Keys are strict. The
// error joins Faults.
func (d *Document) Decode(getenv func(string) (string, bool), into any) error {
	env := &expander{doc: d, getenv: getenv}
	ast.Walk(env, d.Body)
	if len(env.faults) > 0 {
		return errors.Join(env.faults...)
	}
	err := yaml.NodeToValue(d.Body, into, yaml.Strict())
	if _, unknown := errors.AsType[*yaml.UnknownFieldError](err); unknown { // the decoder names one of them, by chance
		if faults := d.unknown(d.Body, reflect.TypeOf(into)); len(faults) > 0 {
			return errors.Join(faults...)
		}
	}
	if err != nil {
		return d.locate(err)
	}
	return nil
}

// Mark says that a node and all below it came from somewhere else than the file, such as a flag: Where and faults then
// show that in place of a line and column.
func (d *Document) Mark(n ast.Node, where string) {
	ast.Walk(marker{d, where}, n)
}

type marker struct {
	doc   *Document
	where string
}

// Visit marks one node.
func (m marker) Visit(n ast.Node) ast.Visitor {
	if t := n.GetToken(); t != nil {
		m.doc.marks[t] = m.where
	}
	return m
}

// at returns file:line:column of a token, or what it is marked with.
func (d *Document) at(t *token.Token) string {
	if where, ok := d.marks[t]; ok {
		return where
	}
	return fmt.Sprintf("%s:%d:%d", d.Name, t.Position.Line, t.Position.Column)
}

// locate turns the decoder's error into a Fault with its place, without the decoder's excerpt.
func (d *Document) locate(err error) error {
	var e yaml.Error
	if !errors.As(err, &e) || e.GetToken() == nil {
		return Fault{d.Name + ":1:1", d.mask(err.Error())}
	}
	return Fault{d.at(e.GetToken()), d.mask(wording(e))}
}

// wording says what is wrong in words of YAML, and not of Go.
func wording(err yaml.Error) string {
	switch e := err.(type) {
	case *yaml.TypeError:
		return fmt.Sprintf("%s, want %s", kindOf(e.SrcType), kindOf(e.DstType))
	case *yaml.OverflowError:
		return fmt.Sprintf("%s is too large a number", e.SrcNum)
	case *yaml.UnexpectedNodeTypeError:
		return fmt.Sprintf("%s, want %s", nodeKind(e.Actual), nodeKind(e.Expected))
	}
	return err.GetMessage()
}

// nodeKind is kindOf for what stands in a file.
func nodeKind(n ast.NodeType) string {
	switch n {
	case ast.MappingType, ast.MappingValueType:
		return "a map of keys and values"
	case ast.SequenceType:
		return "a list"
	case ast.BoolType:
		return "true or false"
	case ast.IntegerType:
		return "a whole number"
	case ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	case ast.NullType:
		return "nothing"
	default:
		return "a text"
	}
}

// kindOf is what a value of a type is called in a YAML file.
func kindOf(t reflect.Type) string {
	switch {
	case t == nil:
		return "nothing"
	case t == reflect.TypeFor[time.Duration]():
		return "a time such as 30s"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return kindOf(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a text"
	case reflect.Slice, reflect.Array:
		return "a list"
	default:
		return "a map of keys and values"
	}
}

// Where returns file:line:column of a path such as "pools[2].load", or of the closest part of it that was written. A
// key of other than letters, digits and _ stands in single quotes: "set.'main/app'".
func (d *Document) Where(path string) string {
	for p := path; p != ""; p = parent(p) {
		yp, err := yaml.PathString("$." + p)
		if err != nil {
			continue
		}
		if n, err := yp.FilterNode(d.Body); err == nil && n != nil && n.GetToken() != nil {
			t := n.GetToken()
			if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 { // a block map's token is its first colon
				t = m.Values[0].Key.GetToken()
			}
			return d.at(t)
		}
	}
	return d.Name + ":1:1"
}

// parent cuts the last element off a path: "a[2].b" -> "a[2]" -> "a" -> "".
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}
