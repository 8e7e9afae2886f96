package config

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// expander replaces ${NAME} in the strings of a tree.
type expander struct {
	doc    *Document
	getenv func(string) (string, bool)
	faults []error
}

// Visit replaces the variables of one string node, and refuses what a config has no use for and the decoder trips over:
// tags, and anchors that contain themselves.
func (x *expander) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.TagNode, *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		const text = "tags, anchors, aliases and merge keys are not read here: write the value out"
		x.faults = append(x.faults, Fault{x.doc.at(n.GetToken()), text})
		return nil
	}
	s, ok := n.(*ast.StringNode)
	if !ok {
		return x
	}
	value := func(name string) string {
		v, _ := x.getenv(name)
		return v
	}
	x.doc.learn(s.Value, value)
	s.Value = variable.ReplaceAllStringFunc(s.Value, func(ref string) string {
		name := ref[2 : len(ref)-1]
		if _, ok := x.getenv(name); !ok {
			text := fmt.Sprintf("environment variable %s is not set", name)
			x.faults = append(x.faults, Fault{x.doc.at(s.GetToken()), text})
		}
		return value(name)
	})
	return x
}
