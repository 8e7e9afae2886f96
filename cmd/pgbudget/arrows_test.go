package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/pgbudget/pgbudget/"

// arrows lists which of our packages each may import; what is not listed may import none.
var arrows = map[string][]string{
	"planner":           {"planner/queue", "planner/allocate"},
	"planner/queue":     {},
	"planner/allocate":  {},
	"bouncer":           {"planner"},
	"bouncer/config":    {"planner", "bouncer/near", "bouncer/secret"},
	"bouncer/near":      {},
	"bouncer/secret":    {},
	"bouncer/recording": {"planner", "bouncer/quote"},
	"bouncer/ini":       {"planner"},
	"bouncer/journal":   {"planner", "bouncer", "bouncer/argv"},
	"bouncer/argv":      {"bouncer/quote"},
	"bouncer/quote":     {},
	"bouncer/hook":      {"planner", "bouncer"},
	"bouncer/flag":      {"planner", "bouncer", "bouncer/argv", "bouncer/config"},
	"bouncer/store":     {"planner", "bouncer/argv"},
	"bouncer/live":      {"planner", "bouncer", "bouncer/ini", "bouncer/quote", "bouncer/secret"},
	"bouncer/prom":      {"planner", "bouncer/secret"},
	"sim":               {"planner", "bouncer"},
	"sim/scenario":      {"sim", "planner", "bouncer/config"},
	"sim/batch":         {"sim", "sim/scenario", "planner", "bouncer"},
	"sim/chart":         {"sim"},
	"cmd/pgbudget": {"planner", "bouncer", "bouncer/config", "bouncer/recording", "bouncer/live", "bouncer/prom", "bouncer/ini", "bouncer/journal", "bouncer/store", "bouncer/hook", "bouncer/argv", "bouncer/flag", "bouncer/quote", "bouncer/near",
		"sim", "sim/scenario", "sim/batch", "sim/chart"},
}

func TestImportsPointOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"cmd/...", module+"planner/...", module+"bouncer/...", module+"sim/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		allowed, known := arrows[name]
		if !known {
			t.Errorf("package %s is not in the list of arrows", name)
		}
		for _, imp := range fields[1:] {
			if dep, ours := strings.CutPrefix(imp, module); ours && !slices.Contains(allowed, dep) {
				t.Errorf("%s imports %s", name, dep)
			}
		}
	}
}

// TestTimeIsAnArgument keeps the wall clock out of every package but the command and those that talk to real servers.
func TestTimeIsAnArgument(t *testing.T) {
	clock := []string{"Now", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Since", "Until"}
	files := 0
	for _, root := range []string{"../../planner", "../../bouncer", "../../sim"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || strings.Contains(path, "bouncer/live") || strings.Contains(path, "bouncer/prom") ||
				!strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files++
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := s.X.(*ast.Ident); ok && (x.Name == "time" && slices.Contains(clock, s.Sel.Name) ||
						x.Name == "context" && (s.Sel.Name == "WithTimeout" || s.Sel.Name == "WithDeadline")) {
						t.Errorf("%s uses %s.%s", path, x.Name, s.Sel.Name)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 30 {
		t.Errorf("only %d files were read", files)
	}
}

// TestWordsGoThroughOneDoor: what is said on the standard error passes quote.Writer, as it may hold foreign text.
func TestWordsGoThroughOneDoor(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !strings.HasPrefix(f.Sel.Name, "Fprint") {
				return true
			}
			calls++
			if to, ok := call.Args[0].(*ast.SelectorExpr); ok && (to.Sel.Name == "Stderr" || to.Sel.Name == "Stdout") {
				t.Errorf("%s writes to os.%s itself", file, to.Sel.Name)
			}
			return true
		})
	}
	if calls < 50 {
		t.Errorf("only %d calls were found", calls)
	}
}
