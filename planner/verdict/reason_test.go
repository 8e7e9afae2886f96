package verdict

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEveryCodeHasASentence(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[Code]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			code, _ := strconv.Unquote(lit.Value)
			if codes[Code(code)] {
				t.Errorf("the code %q is there twice", code)
			}
			if codes[Code(code)] = true; sentences[Code(code)] == "" {
				t.Errorf("the code %q has no sentence", code)
			}
		}
		return true
	})
	if len(codes) != len(sentences) {
		t.Errorf("%d codes and %d sentences", len(codes), len(sentences))
	}
}

func TestAReasonHasACodeASubjectAndNumbers(t *testing.T) {
	r := Of(TooFewXacts, "", int64(7), 100)
	if got, want := r.Text(), "7 transactions are too few (100 needed)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !r.Any() || !r.Is(Surprise, TooFewXacts) || r.Is(Surprise) || !cmp.Equal(r.Numbers, []float64{7, 100}) {
		t.Errorf("%+v", r)
	}
	if none := (Reason{}); none.Any() || none.Text() != "" {
		t.Errorf("%+v is a reason", none)
	}
	if got := Of(LoadUnknown, "a/b", "why", 1500*time.Millisecond).Numbers; !cmp.Equal(got, []float64{1.5}) {
		t.Errorf("a duration is %v, want seconds", got)
	}
}

func TestAReasonInsideAnotherIsWordedThere(t *testing.T) {
	r := Of(TakenBack, "", Of(PoolFull, "a/b"))
	want := "taken back: a/b was full: the counters show its size, not its demand"
	if got := r.Text(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if _, still := r.Args[0].(Reason); !still {
		t.Error("Text has changed the arguments")
	}
}

func TestAJournalGivesAReasonBackAsItWasSaid(t *testing.T) {
	r := Of(TooFewXacts, "", 7, 100).Spoken()
	if r.Args != nil { // one that was read again has none: the two would differ
		t.Errorf("arguments are kept: %v", r.Args)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Reason
	if err := json.Unmarshal(text, &back); err != nil || !cmp.Equal(r, back) || back.Text() != r.Text() {
		t.Errorf("%s came back as %+v (%v)", text, back, err)
	}
}

func TestTheFirstReasonOfSomeIsTaken(t *testing.T) {
	if got := Or(Reason{}, Of(PoolFull, "a/b"), Of(NoLoad, "x")); got.Code != PoolFull {
		t.Errorf("%q", got.Code)
	}
	if Or(Reason{}, Reason{}).Any() {
		t.Error("none is a reason")
	}
}

func TestASentenceWithoutACodeIsAReason(t *testing.T) {
	var r Reason
	if err := json.Unmarshal([]byte(`{"reason":"no room"}`), &r); err != nil {
		t.Fatal(err)
	}
	if !r.Any() || r.Text() != "no room" || Or(r, Noted("other")).Text() != "no room" {
		t.Errorf("%+v is none", r)
	}
}
