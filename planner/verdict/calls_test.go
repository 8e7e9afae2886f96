package verdict_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// parsed walks the files of the module's packages that are no tests.
func parsed(t *testing.T, visit func(path string, file *ast.File)) {
	t.Helper()
	files := 0
	for _, root := range []string{"../../planner", "../../bouncer", "../../sim", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err == nil {
				files++
				visit(filepath.ToSlash(path), file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 100 {
		t.Fatalf("only %d files were read", files)
	}
}

// selected is the name that is selected of a package; empty: none is.
func selected(n ast.Expr, pkg string) string {
	if s, ok := n.(*ast.SelectorExpr); ok {
		if x, ok := s.X.(*ast.Ident); ok && x.Name == pkg {
			return s.Sel.Name
		}
	}
	return ""
}

var verb = regexp.MustCompile(`%%|%(?:\[(\d+)\])?[.\d]*[a-z]`)

// arguments is how many a sentence has.
func arguments(sentence string) int {
	plain, indexed := 0, 0
	for _, m := range verb.FindAllStringSubmatch(sentence, -1) {
		switch n, _ := strconv.Atoi(m[1]); {
		case m[0] == "%%":
		case n > 0:
			indexed = max(indexed, n)
		default:
			plain++
		}
	}
	return max(plain, indexed)
}

// sentencesOf reads the sentence of each code, by the code's name.
func sentencesOf(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "words.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		var text strings.Builder
		ast.Inspect(pair.Value, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				part, _ := strconv.Unquote(lit.Value)
				text.WriteString(part)
			}
			return true
		})
		out[pair.Key.(*ast.Ident).Name] = text.String()
		return false
	})
	return out
}

// TestEveryReasonHasTheArgumentsOfItsSentence holds every call of Of against the sentence of its code.
func TestEveryReasonHasTheArgumentsOfItsSentence(t *testing.T) {
	sentences, used := sentencesOf(t), map[string]bool{}
	parsed(t, func(path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			if code := selected(asExpr(n), "verdict"); sentences[code] != "" {
				used[code] = true
			}
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 || call.Ellipsis.IsValid() {
				return true
			}
			code := selected(call.Args[0], "verdict")
			sentence, known := sentences[code]
			if !known {
				return true
			}
			given := len(call.Args) - 1
			if lit, ok := call.Args[1].(*ast.BasicLit); ok && lit.Value == `""` { // it is about nothing
				given--
			}
			if want := arguments(sentence); given != want {
				t.Errorf("%s: %s has %d arguments, and its sentence %d: %q", path, code, given, want, sentence)
			}
			return true
		})
	})
	for code := range sentences {
		if !used[code] && code != "Note" {
			t.Errorf("nothing has the code %s", code)
		}
	}
}

func asExpr(n ast.Node) ast.Expr {
	e, _ := n.(ast.Expr)
	return e
}

// TestActionsAreMadeByTheirConstructors: no file but those of planner/state writes an Action as a literal.
func TestActionsAreMadeByTheirConstructors(t *testing.T) {
	made := 0
	parsed(t, func(path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.CompositeLit:
				if selected(x.Type, "state") == "Action" {
					t.Errorf("%s: an Action is written as a literal", path)
				}
			case *ast.CallExpr:
				switch selected(x.Fun, "state") {
				case "WaitFor", "HoldBecause", "StopWith", "BeginOf":
					made++
				}
			}
			return true
		})
	})
	if made < 10 {
		t.Errorf("only %d calls of constructors were seen", made)
	}
}
