package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/pgbudget/pgbudget/bouncer/config"
)

// Set changes one value of a scenario before it is read, as --set does. Value is YAML. Path is keys, joined by dots:
// what a key may be is said by the list it stands in.
//
//	map    one of its keys
//	list   an index, from 0, or what the element's name, pool, group, server, kind or at is
//
// Keys may have dots in them: the longest run of parts that is a key counts, unless it leads nowhere. The last key of
// a path is added where it is missing; for that it is one part.
type Set struct{ Path, Value string }

// String returns it as it is typed, without a value that may hold a secret: one that is long, or looks like a DSN or
// URL.
func (s Set) String() string {
	if len(s.Value) > 60 || strings.ContainsAny(s.Value, "=@") || strings.Contains(strings.ToLower(s.Value), "password") {
		return "--set " + s.Path + "=…"
	}
	return "--set " + s.Path + "=" + s.Value
}

// reachKeys say how to reach something real. A scenario reaches nothing, and their values may be secrets.
var reachKeys = []string{"dsn", "console", "prometheus", "http_config", "url"}

// ParseSweep splits the argument of --set, PATH=VALUE,VALUE,…, at the commas that stand outside of brackets, braces
// and quotes. The error says which part is empty or stands twice. The caller owns values.
func ParseSweep(arg string) (path string, values []string, err error) {
	path, list, ok := strings.Cut(arg, "=")
	path = strings.TrimSpace(path)
	if !ok || path == "" {
		return "", nil, fmt.Errorf("--set %s: want PATH=VALUE or PATH=VALUE,VALUE,…, such as pools.main/app.size=40,50,60",
			path)
	}
	seen := map[string]bool{}
	for _, v := range splitList(list) {
		v = strings.TrimSpace(v)
		if v == "" {
			return "", nil, fmt.Errorf("--set %s: a value is empty", path)
		}
		if seen[v] {
			return "", nil, fmt.Errorf("--set %s: a value stands twice", path)
		}
		seen[v] = true
		values = append(values, v)
	}
	return path, values, nil
}

func splitList(list string) (parts []string) {
	depth, quote, from := 0, rune(0), 0
	for i, r := range list {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == '[' || r == '{':
			depth++
		case r == ']' || r == '}':
			depth--
		case r == ',' && depth <= 0:
			parts, from = append(parts, list[from:i]), i+1
		}
	}
	return append(parts, list[from:])
}

// apply changes the document. The error is a config.Fault.
func (s Set) apply(doc *config.Document) error {
	fault := func(format string, args ...any) error {
		return config.Fault{Where: s.String(), Text: fmt.Sprintf(format, args...)}
	}
	if err := config.Bounded(s.String(), []byte(s.Value)); err != nil {
		return err
	}
	for _, part := range strings.Split(s.Path, ".") {
		if slices.Contains(reachKeys, part) {
			return config.Fault{Where: "--set " + s.Path,
				Text: "a simulation connects to no address: leave the key as written in the file"}
		}
	}
	file, err := parser.ParseBytes([]byte(s.Value), 0)
	if err != nil || len(file.Docs) > 1 {
		return fault("the value is not YAML")
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return fault("the value is empty")
	}
	value := file.Docs[0].Body
	doc.Mark(value, s.String())
	parts := strings.Split(s.Path, ".")
	if len(parts) > maxParts {
		return fault("the path has %d parts, want at most %d", len(parts), maxParts)
	}
	if added, problem := put(doc.Body, parts, value); problem != nil {
		return fault("%v", problem)
	} else if added != nil {
		doc.Mark(added, s.String())
	}
	return nil
}

// maxParts bounds the joins that are tried. chosen: 24, because no scenario is deeper than 6, and the rest are dots in
// names
const maxParts = 24

// put sets what parts lead to from n on. problem says why it cannot; added is the entry that was made for a missing
// last key.
func put(n ast.Node, parts []string, value ast.Node) (added ast.Node, problem error) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return putMap(n, parts, value)
	case *ast.SequenceNode:
		return putList(n, parts, value)
	default:
		return nil, fmt.Errorf("there is no %q below a single value", parts[0])
	}
}

func putMap(n *ast.MappingNode, parts []string, value ast.Node) (added ast.Node, problem error) {
	var keys []string
	for k := len(parts); k > 0; k-- {
		key := strings.Join(parts[:k], ".")
		for _, v := range n.Values {
			name := v.Key.GetToken().Value
			if k == 1 {
				keys = append(keys, name)
			}
			if name != key {
				continue
			}
			if k == len(parts) {
				v.Value = value
				return nil, nil
			}
			added, why := put(v.Value, parts[k:], value)
			if why == nil {
				return added, nil
			}
			if problem == nil {
				problem = why
			}
		}
	}
	switch {
	case problem != nil:
		return nil, problem
	case len(parts) > 1:
		return nil, fmt.Errorf("there is no %q%s", parts[0], among(keys))
	}
	entry, err := parser.ParseBytes([]byte(strconv.Quote(parts[0])+": 0"), 0)
	if err != nil || len(entry.Docs) != 1 {
		return nil, fmt.Errorf("%q cannot be a key", parts[0])
	}
	m, ok := entry.Docs[0].Body.(*ast.MappingNode)
	if !ok || len(m.Values) != 1 {
		return nil, fmt.Errorf("%q cannot be a key", parts[0])
	}
	m.Values[0].Value = value
	n.Values = append(n.Values, m.Values[0])
	return m.Values[0], nil
}

// identities are the keys by which an element of a list is called, the first that fits first.
var identities = []string{"name", "pool", "group", "server", "kind", "at"}

func putList(n *ast.SequenceNode, parts []string, value ast.Node) (added ast.Node, problem error) {
	for k := len(parts); k > 0; k-- {
		i, why := find(n, strings.Join(parts[:k], "."))
		if i < 0 {
			if problem == nil {
				problem = why
			}
			continue
		}
		if k == len(parts) {
			n.Values[i] = value
			return nil, nil
		}
		added, why := put(n.Values[i], parts[k:], value)
		if why == nil {
			return added, nil
		}
		problem = why
	}
	if problem != nil {
		return nil, problem
	}
	var names []string
	for i, v := range n.Values {
		name := strconv.Itoa(i)
		for _, id := range identities {
			if s, ok := scalarAt(v, id); ok {
				name = s
				break
			}
		}
		names = append(names, name)
	}
	return nil, fmt.Errorf("there is no %q%s", parts[0], among(names))
}

// find returns the index of the element called key, or -1; problem is set where several are.
func find(n *ast.SequenceNode, key string) (index int, problem error) {
	if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.Values) {
		return i, nil
	}
	for _, id := range identities {
		index := -1
		for i, v := range n.Values {
			if s, ok := scalarAt(v, id); ok && s == key {
				if index >= 0 {
					return -1, fmt.Errorf("%q is the %s of elements %d and %d: use the number", key, id, index, i)
				}
				index = i
			}
		}
		if index >= 0 {
			return index, nil
		}
	}
	return -1, nil
}

// scalarAt returns the text of a map's scalar value.
func scalarAt(n ast.Node, key string) (string, bool) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return "", false
	}
	for _, v := range m.Values {
		if _, scalar := v.Value.(ast.ScalarNode); scalar && v.Key.GetToken().Value == key {
			return v.Value.GetToken().Value, true
		}
	}
	return "", false
}

// among lists what there is instead.
func among(names []string) string {
	const most = 12
	switch {
	case len(names) == 0:
		return ": none exists"
	case len(names) > most:
		return fmt.Sprintf(": there are %s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	default:
		return ": there are " + strings.Join(names, ", ")
	}
}
