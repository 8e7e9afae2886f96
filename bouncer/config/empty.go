package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// foreign is the part whose keys are another package's.
const foreign = "prometheus.http_config."

// open are keys without which more is allowed than with any value of theirs, and what is allowed then.
var open = map[string]string{"policy.windows": "always", "pools": "every pool seen"}

// empty refuses keys without a value, and empty lists where none at all would allow everything: a template that renders
// nothing leaves them. A scenario says by itself which keys of its own it needs.
func (k *Checker) empty() { ast.Walk(hollow{k}, k.Doc.Body) }

type hollow struct{ k *Checker }

// Visit looks at one key.
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
