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

// rooms are the packages of planner, each of which may import those before it. The first five import none of ours.
var rooms = []string{"operr", "words", "verdict", "queue", "allocate", "fleet", "load", "budget", "sizing", "shift",
	"learn",
	"state",
	"steps", "control"}

// arrows lists which of our packages each other one may import, the rooms of planner first; what is not listed may
// import none.
var arrows = map[string]struct{ rooms, others string }{
	"bouncer":         {"operr words verdict fleet load budget sizing shift learn state control", ""},
	"bouncer/alerts":  {"", ""},
	"bouncer/asked":   {"verdict state", "bouncer/config bouncer/journal bouncer/quote"},
	"bouncer/check":   {"operr words budget", ""},
	"bouncer/command": {"", "bouncer/quote"},
	"bouncer/config": {"operr fleet load budget shift state control",
		"bouncer/form bouncer/spelling bouncer/secret"},
	"bouncer/hook":         {"verdict state", "bouncer"},
	"bouncer/ini":          {"operr fleet", "bouncer/secret"},
	"bouncer/journal":      {"operr words state", "bouncer bouncer/command"},
	"bouncer/live":         {"", ""}, // its doc.go alone
	"bouncer/live/clock":   {"", "bouncer"},
	"bouncer/live/admin":   {"operr fleet", "bouncer/command bouncer/ini bouncer/live/clock bouncer/quote bouncer/secret"},
	"bouncer/live/observe": {"operr fleet", "bouncer bouncer/ini bouncer/live/admin bouncer/live/clock"},
	"bouncer/form":         {"operr fleet", ""},
	"bouncer/live/apply": {"operr words fleet state",
		"bouncer bouncer/ini bouncer/live/admin bouncer/live/observe bouncer/omnibus bouncer/spelling"},
	"bouncer/omnibus":      {"fleet", ""},
	"bouncer/live/signals": {"fleet", "bouncer bouncer/config bouncer/trafficswitch bouncer/prom"},
	"bouncer/live/livetest": {"operr verdict fleet state",
		"bouncer/live/admin bouncer/live/observe fixtures/lab fixtures/lab/clients fixtures/lab/labtest"},
	"bouncer/prom":          {"operr fleet load", "bouncer/alerts bouncer/secret"},
	"bouncer/quote":         {"", ""},
	"bouncer/recording":     {"operr fleet load", "bouncer/quote"},
	"bouncer/report":        {"", ""},
	"bouncer/reviewed":      {"operr fleet budget shift sizing state", "bouncer/ini"},
	"bouncer/secret":        {"", ""},
	"bouncer/spelling":      {"", ""},
	"bouncer/static":        {"operr fleet budget load", "bouncer bouncer/asked bouncer/check bouncer/ini"},
	"bouncer/store":         {"operr", "bouncer/command bouncer/quote"},
	"bouncer/trafficswitch": {"operr", "bouncer bouncer/command bouncer/config"},
	"cmd/pgbudget": {"operr words verdict fleet load budget sizing shift learn state control",
		"bouncer bouncer/alerts bouncer/asked bouncer/check bouncer/command bouncer/config bouncer/form bouncer/hook " +
			"bouncer/ini " +
			"bouncer/journal bouncer/live/admin bouncer/live/apply bouncer/live/clock bouncer/live/observe " +
			"bouncer/live/signals bouncer/prom bouncer/quote bouncer/recording bouncer/report bouncer/reviewed " +
			"bouncer/secret bouncer/spelling bouncer/static bouncer/store bouncer/trafficswitch sim sim/batch sim/chart " +
			"sim/scenario"},
	"fixtures/lab":         {"", ""},
	"fixtures/lab/clients": {"", "fixtures/lab"},
	"fixtures/lab/labtest": {"", "fixtures/lab"},
	"fixtures/lab/labup":   {"", "fixtures/lab fixtures/lab/clients"},
	"fixtures/lab/pace":    {"", "fixtures/lab fixtures/lab/clients"},
	"sim":                  {"operr fleet state", "bouncer"},
	"sim/batch":            {"operr verdict fleet load budget sizing state control", "bouncer sim sim/scenario"},
	"sim/chart":            {"", "sim"},
	"sim/scenario":         {"operr fleet budget sizing shift state control", "bouncer/config sim"},
}

func TestImportsPointOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"cmd/...",
		module+"planner/...", module+"bouncer/...", module+"sim/...", module+"fixtures/lab/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		allowed, known := mayImport(name)
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

// mayImport lists what a package may import of ours; false: it is in no list.
func mayImport(name string) (allowed []string, known bool) {
	if room, ours := strings.CutPrefix(name, "planner/"); ours {
		if base, test := strings.CutPrefix(room, "plannertest"); test {
			return map[bool][]string{true: inRooms(rooms), false: nil}[base == ""], true
		}
		i := slices.Index(rooms, room)
		return inRooms(rooms[:max(0, i)]), i >= 0
	}
	if name == "planner" { // its doc.go alone
		return nil, true
	}
	a, known := arrows[name]
	return append(inRooms(strings.Fields(a.rooms)), strings.Fields(a.others)...), known
}

func inRooms(names []string) (paths []string) {
	for _, n := range names {
		paths = append(paths, "planner/"+n)
	}
	return paths
}

// TestTimeIsAnArgument keeps the wall clock out of every package but the command and those that talk to real servers
// and programs.
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

// TestOnePipelineLeadsToAPlan: only bouncer's pipeline puts declared and observed facts together.
func TestOnePipelineLeadsToAPlan(t *testing.T) {
	stations := map[string]int{"budget.Model": 0, "sizing.Solve": 0, "load.Estimate": 0, "sizing.GoalOf": 0}
	for _, root := range []string{".", "../../bouncer", "../../sim"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := s.X.(*ast.Ident); ok {
						name := x.Name + "." + s.Sel.Name
						if _, station := stations[name]; !station {
							return true
						}
						if stations[name]++; filepath.Base(path) != "pipeline.go" && filepath.Base(path) != "survey.go" {
							t.Errorf("%s calls %s beside the pipeline", path, name)
						}
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
	for name, calls := range stations {
		if calls != 1 {
			t.Errorf("%s is called in %d places, want 1", name, calls)
		}
	}
}

// TestStandardErrorIsWrittenThroughQuoteWriter: what is said on the standard error passes quote.Writer, as it may hold
// foreign text.
func TestStandardErrorIsWrittenThroughQuoteWriter(t *testing.T) {
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
