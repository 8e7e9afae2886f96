package config

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/pgbudget/pgbudget/bouncer/spelling"
)

// unknown returns a Fault for every key below n that typ has no field for, in the order of the file.
func (d *Document) unknown(n ast.Node, typ reflect.Type) (faults []error) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch n := n.(type) {
	case *ast.SequenceNode:
		if typ.Kind() == reflect.Slice {
			for _, v := range n.Values {
				faults = append(faults, d.unknown(v, typ.Elem())...)
			}
		}
	case *ast.MappingValueNode:
		faults = d.unknownKey(n, typ)
	case *ast.MappingNode:
		for _, v := range n.Values {
			faults = append(faults, d.unknownKey(v, typ)...)
		}
	}
	return faults
}

func (d *Document) unknownKey(n *ast.MappingValueNode, typ reflect.Type) []error {
	if typ.Kind() == reflect.Map {
		return d.unknown(n.Value, typ.Elem())
	}
	if typ.Kind() != reflect.Struct || reflect.PointerTo(typ).Implements(reflect.TypeFor[yaml.InterfaceUnmarshaler]()) {
		return nil
	}
	key := n.Key.GetToken()
	var names []string
	for _, f := range reflect.VisibleFields(typ) {
		tag, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if tag != "" && tag == key.Value {
			return d.unknown(n.Value, f.Type)
		}
		names = append(names, tag)
	}
	text := fmt.Sprintf("unknown field %q", key.Value)
	if name := spelling.Suggestion(key.Value, names); name != "" {
		text += ", did you mean " + name + "?"
	}
	return []error{Fault{d.at(key), text}}
}

// unknownOf names a key of a map that is none of names, for an UnmarshalYAML; nil: there is none, or no map.
func unknownOf(unmarshal func(any) error, want string, names ...string) (bad error) {
	var m map[string]any
	if unmarshal(&m) != nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if slices.Contains(names, key) {
			continue
		}
		if name := spelling.Suggestion(key, names); name != "" {
			return fmt.Errorf("has the unknown key %q, did you mean %s? Want %s", key, name, want)
		}
		return fmt.Errorf("has the unknown key %q, want %s", key, want)
	}
	return nil
}

// Unused says which keys the rest of the config makes no use of: what somebody wrote for a reason is not passed over in
// silence.
func (c *Config) Unused() []string {
	const past = "no group has metrics:, no server cpu:, metrics: or direct: {query}"
	switch {
	case c.Prometheus == nil, c.asksThePast():
		return nil
	case !c.asksNow():
		return []string{"prometheus: has no use: " + past +
			", no signal a query: or labels:, and no shift one as its get:"}
	case c.Prometheus.Lookback.Set:
		return []string{"prometheus.lookback: has no use: " + past}
	}
	return nil
}

// asksThePast reports whether Prometheus is asked for a history.
func (c *Config) asksThePast() bool {
	server := func(s Server) bool { return s.CPU != "" || s.Metrics != "" || s.Direct.Query != "" }
	return slices.ContainsFunc(c.Servers, server) ||
		slices.ContainsFunc(c.Groups, func(g Group) bool { return g.Metrics != "" })
}

// asksNow reports whether Prometheus is asked for what is now, and for no history.
func (c *Config) asksNow() bool {
	return slices.ContainsFunc(c.Saturation, func(s Signal) bool { return s.Query != "" || s.Labels != "" }) ||
		slices.ContainsFunc(c.AllShifts(), func(s Shift) bool { return s.Get.Query != "" })
}

// foreign is the part whose keys are another package's.
const foreign = "prometheus.http_config."

// open are keys without which more is allowed than with any value of theirs, and what is allowed then.
var open = map[string]string{"policy.windows": "always", "pools": "every pool seen"}

// empty refuses keys without a value, and empty lists where none at all would allow everything: a template that renders
// nothing leaves them. A scenario says by itself which keys of its own it needs.
func (k *Checker) empty() { ast.Walk(hollow{k}, k.Doc.Body) }

// digits are what a comma in a number leaves behind it.
var digits = regexp.MustCompile(`^[0-9]+$`)

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
	case isNull && digits.MatchString(kv.Key.String()): // of "percent: 20,5" in braces
		h.fault(kv, kv.Key.String()+" is a key without a value: a number has no comma")
	case isNull:
		h.fault(kv, path+" is empty: write a value, or leave it out")
	}
	return h
}

func (h hollow) fault(kv *ast.MappingValueNode, text string) {
	h.k.Faults = append(h.k.Faults, Fault{h.k.Doc.at(kv.Key.GetToken()), text})
}
