package config

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"

	"github.com/goccy/go-yaml/ast"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// Config is a parsed and valid pgbudget.yaml.
type Config struct {
	File
	doc *Document
}

// Of returns the config that a valid file, embedded in another document, is.
func Of(f File, doc *Document) *Config { return &Config{f, doc} }

// Where returns file:line:column of a path such as "pools[2].load", or of the closest part of it that was written.
func (c *Config) Where(path string) string { return c.doc.Where(path) }

// Mask replaces what variables brought into the file by their names where it stands in a text as a word by itself, as
// the value of a key or in a URL: it may be a secret. Names of the file and words that it writes out stay.
func (c *Config) Mask(text string) string { return c.doc.mask(text) }

// recorded is how a recording begins. Source: bouncer/recording, Header.
const recorded = `{"pgbudget_recording":`

// savedPlan is how a saved plan begins, and scenario a key that each scenario has.
var (
	savedPlan = regexp.MustCompile(`^\{\s*"(fleet|plan)":`)
	scenario  = regexp.MustCompile(`(?m)^horizon:`)
)

// otherFile is what a file is that is no config, and what to do with it; empty: it may be one.
func otherFile(data []byte) (what, hint string) {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return "an empty file", "pgbudget init --postgres DSN --bouncer DSN prints a config"
	case bytes.HasPrefix(data, []byte(recorded)):
		return "a recording", "give it by --from"
	case savedPlan.Match(data):
		return "a saved plan", "give it by --plan to step and run"
	case scenario.Match(data):
		return "a scenario", "pgbudget simulate FILE runs it"
	}
	return "", ""
}

// Parse reads a config. name stands in messages, and relative paths of the journal and its mirror begin at its folder;
// getenv finds the variables of ${NAME}. The error is a *operr.Error of KindUsage that joins every Fault.
func Parse(name string, data []byte, getenv func(string) (string, bool)) (*Config, error) {
	usage := func(err error) error {
		return &operr.Error{Kind: operr.KindUsage, Err: err,
			Hint: "pgbudget init --reference prints every key with its meaning and default"}
	}
	if what, hint := otherFile(data); what != "" {
		return nil, &operr.Error{Kind: operr.KindUsage, Subject: name, Err: errors.New(what + ", want a config"), Hint: hint}
	}
	doc, err := Open(name, data)
	if err != nil {
		return nil, usage(err)
	}
	c := &Config{doc: doc}
	if err := doc.Decode(getenv, &c.File); err != nil {
		return nil, usage(err)
	}
	k := &Checker{Doc: doc}
	c.File.Check(k)
	if len(k.Faults) > 0 {
		return nil, usage(errors.Join(k.Faults...))
	}
	c.Journal, c.Mirror.Path = beside(name, c.Journal), beside(name, c.Mirror.Path)
	return c, nil
}

// beside is where a path of a file leads: a relative one is relative to the file's folder, so that a command finds the
// same journal from wherever it is typed.
func beside(name, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(name), path)
}

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
