package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/pgbudget/pgbudget/planner"
)

// Config is a parsed and valid pgbudget.yaml.
type Config struct {
	File
	name   string
	body   ast.Node
	values map[string]string // what variables brought in -> ${NAME}; messages show the latter
}

// Fault is one thing wrong with a file, and where.
type Fault struct {
	Where string // file:line:column
	Text  string
}

// Error returns place and text on one line.
func (f Fault) Error() string { return f.Where + ": " + f.Text }

// Parse reads a config. name stands in messages; getenv finds the variables of ${NAME}. The error is a *planner.Error
// of KindUsage that joins every Fault.
func Parse(name string, data []byte, getenv func(string) (string, bool)) (*Config, error) {
	usage := func(err error) error {
		return &planner.Error{Kind: planner.KindUsage, Err: err, Hint: "pgbudget init --reference prints every key with its meaning and default"}
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, usage(locate(name, err))
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, usage(Fault{name + ":1:1", "the file is empty"})
	}
	if len(file.Docs) > 1 {
		return nil, usage(Fault{name + ":1:1", fmt.Sprintf("%d YAML documents, want one", len(file.Docs))})
	}
	c := &Config{name: name, body: file.Docs[0].Body}
	env := &expander{name: name, getenv: getenv, values: map[string]string{}}
	ast.Walk(env, c.body)
	c.values = env.values
	if len(env.faults) > 0 {
		return nil, usage(errors.Join(env.faults...))
	}
	if err := yaml.NodeToValue(c.body, &c.File, yaml.Strict()); err != nil {
		return nil, usage(locate(name, err))
	}
	if faults := c.validate(); len(faults) > 0 {
		return nil, usage(errors.Join(faults...))
	}
	return c, nil
}

// locate turns the decoder's error into a Fault with its place, without the decoder's excerpt.
func locate(name string, err error) error {
	var e yaml.Error
	if !errors.As(err, &e) || e.GetToken() == nil {
		return Fault{name + ":1:1", err.Error()}
	}
	p := e.GetToken().Position
	return Fault{fmt.Sprintf("%s:%d:%d", name, p.Line, p.Column), e.GetMessage()}
}

// Where returns file:line:column of a path such as "pools[2].load", or of the closest part of it that was written.
func (c *Config) Where(path string) string {
	for p := path; p != ""; p = parent(p) {
		yp, err := yaml.PathString("$." + p)
		if err != nil {
			break
		}
		if n, err := yp.FilterNode(c.body); err == nil && n != nil {
			t := n.GetToken().Position
			if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 { // a block map's token is its first colon
				t = m.Values[0].Key.GetToken().Position
			}
			return fmt.Sprintf("%s:%d:%d", c.name, t.Line, t.Column)
		}
	}
	return c.name + ":1:1"
}

// parent cuts the last element off a path: "a[2].b" -> "a[2]" -> "a" -> "".
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expander replaces ${NAME} in the strings of a tree.
type expander struct {
	name   string
	getenv func(string) (string, bool)
	faults []error
	values map[string]string
}

// Visit replaces the variables of one string node, and refuses what a config has no use for and the decoder trips over:
// tags, and anchors that contain themselves.
func (x *expander) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.TagNode, *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		p := n.GetToken().Position
		x.faults = append(x.faults, Fault{fmt.Sprintf("%s:%d:%d", x.name, p.Line, p.Column), "tags, anchors, aliases and merge keys are not read here: write the value out"})
		return nil
	}
	s, ok := n.(*ast.StringNode)
	if !ok {
		return x
	}
	s.Value = variable.ReplaceAllStringFunc(s.Value, func(ref string) string {
		key := ref[2 : len(ref)-1]
		v, ok := x.getenv(key)
		if !ok {
			p := s.GetToken().Position
			x.faults = append(x.faults, Fault{fmt.Sprintf("%s:%d:%d", x.name, p.Line, p.Column), fmt.Sprintf("environment variable %s is not set", key)})
		}
		if v != "" {
			x.values[v] = ref
		}
		return v
	})
	return x
}
