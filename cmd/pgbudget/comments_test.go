package main

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unitInName are names of numbers that say their unit, or are the same everywhere: planner/doc.go has the units.
var unitInName = regexp.MustCompile(`(Conns|Clients|PerSec|Erlangs|Percent|Seconds|Bytes|Version|VersionNum|Seed|` +
	`Runs|Line|Column|Pid|PID|Port|Size|Share|Users|Processes|Cores|Steps|Servers[A-Z]\w*)$`)

// unexplained are packages without a comment for each exported name: commands, and what tests alone use.
var unexplained = []string{"cmd/pgbudget", "bouncer/live/livetest"}

func TestExportedNamesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	dirs := slices.Collect(maps.Keys(arrows))
	for _, room := range rooms {
		dirs = append(dirs, "planner/"+room)
	}
	for _, dir := range slices.Sorted(slices.Values(dirs)) {
		if slices.Contains(unexplained, dir) {
			continue
		}
		for _, missing := range faultsOfComments(t, dir) {
			t.Error(missing)
		}
	}
}

// faultsOfComments lists the exported names of a package without a comment, or with one that begins otherwise than with
// the name, and the numbers in its structs of which neither name nor comment says the unit.
func faultsOfComments(t *testing.T, dir string) []string {
	t.Helper()
	set := token.NewFileSet()
	var files []*ast.File
	names, _ := filepath.Glob(filepath.Join("../..", dir, "*.go"))
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	known, err := doc.NewFromFiles(set, files, module+dir, doc.PreserveAST)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	name := func(kind, name, text string) {
		if !strings.HasPrefix(text, name) {
			out = append(out, fmt.Sprintf("%s: the comment of %s %s does not begin with its name: %q", dir, kind, name, text))
		}
	}
	values := func(of []*doc.Value) {
		for _, v := range of {
			for _, s := range v.Decl.Specs {
				if s := s.(*ast.ValueSpec); v.Doc == "" && s.Doc.Text()+s.Comment.Text() == "" && s.Names[0].IsExported() {
					out = append(out, fmt.Sprintf("%s: %s has no comment", dir, s.Names[0].Name))
				}
			}
		}
	}
	functions := func(of []*doc.Func) {
		for _, f := range of {
			name("func", f.Name, f.Doc)
		}
	}
	values(known.Consts)
	values(known.Vars)
	functions(known.Funcs)
	for _, typ := range known.Types {
		name("type", typ.Name, strings.TrimPrefix(strings.TrimPrefix(typ.Doc, "A "), "An "))
		values(typ.Consts)
		values(typ.Vars)
		functions(typ.Funcs)
		functions(typ.Methods)
		for _, field := range unitless(typ) {
			out = append(out, fmt.Sprintf("%s: neither name nor comment says the unit of %s.%s", dir, typ.Name, field))
		}
	}
	return out
}

// unitless lists a struct's numbers whose unit is not said. Keys of YAML have theirs in the page that explains them.
func unitless(typ *doc.Type) (out []string) {
	for _, s := range typ.Decl.Specs {
		str, ok := s.(*ast.TypeSpec).Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range str.Fields.List {
			kind, ok := f.Type.(*ast.Ident)
			if !ok || !regexp.MustCompile(`^(u?int\d*|float\d*|Float)$`).MatchString(kind.Name) ||
				f.Doc.Text()+f.Comment.Text() != "" || f.Tag != nil && strings.Contains(f.Tag.Value, "yaml:") {
				continue
			}
			for _, n := range f.Names {
				said := regexp.MustCompile(`\b` + n.Name + `\b`).MatchString(typ.Doc)
				if n.IsExported() && !said && !unitInName.MatchString(n.Name) {
					out = append(out, n.Name)
				}
			}
		}
	}
	return out
}
