package verdict

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
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

// TestASentenceDecidesNothing: a text without a code, as a hand may write it into a journal, is printed and is no
// reason.
func TestASentenceDecidesNothing(t *testing.T) {
	var r Reason
	if err := json.Unmarshal([]byte(`{"reason":"no room"}`), &r); err != nil {
		t.Fatal(err)
	}
	if r.Any() || r.Text() != "no room" || Or(r, Noted("other")).Text() != "other" {
		t.Errorf("%+v is a reason", r)
	}
}

// TestTheNumbersOfWhatIsInsideAreThoseOfTheReason: of a reason, and of a certificate, but for what nobody knows.
func TestTheNumbersOfWhatIsInsideAreThoseOfTheReason(t *testing.T) {
	inner := Of(StillOpen, "a/b", Conns(3))
	if got := Of(NotDrained, "", inner, 2*time.Minute).Numbers; !cmp.Equal(got, []float64{3, 120}) {
		t.Errorf("%v, want 3 and 120", got)
	}
	r := Of(NoPlan, "pg", Certificate(errors.New("5 short"), 5, math.NaN(), 15))
	if !cmp.Equal(r.Numbers, []float64{5, 15}) || r.Text() != "5 short" {
		t.Errorf("%v %q, want 5 and 15 of the certificate's text", r.Numbers, r.Text())
	}
}

// TestWhatIsAddedToAReasonDecidesNothing: code and numbers stay those of the first.
func TestWhatIsAddedToAReasonDecidesNothing(t *testing.T) {
	r := Of(ClientWaits, "a/b", "a/1", 2*time.Second, time.Second).And(Of(AliasPaused, "a/1", "b")).And(errors.New("slow"))
	want := "a client of a/b in a/1 has waited 2s > 1s; b is paused in a/1: RESUME b on its console ends that; slow"
	if r.Code != ClientWaits || !cmp.Equal(r.Numbers, []float64{2, 1}) || r.Text() != want {
		t.Errorf("%q %v %q, want %q", r.Code, r.Numbers, r.Text(), want)
	}
	if !r.Has(AliasPaused) || r.Has(AliasDisabled) || !Of(NotDrained, "a/b", r, time.Second).Has(AliasPaused) {
		t.Error("a reason has another code than those inside and beside it")
	}
	if none := (Reason{}).And(r); none.Any() || none.Text() != "" {
		t.Errorf("%+v is a reason", none)
	}
}
