package words_test

import (
	"math"
	"testing"

	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/words"
)

func TestDigitsHasThreeAndNoExponent(t *testing.T) {
	for in, want := range map[float64]string{
		0: "0", 0.001: "0.001", 0.00123456: "0.00123", 0.0009999: "less than 0.001", 7.5e-05: "less than 0.001",
		5e-324: "less than 0.001",
		0.5:    "0.5", 1.2345: "1.23", 12.345: "12.3", 99.96: "100", 123.456: "123", 999.9: "1000", 1234: "1234",
		12340:    "12340",
		16777216: "16777216", 1e9: "1000000000", -1234.4: "-1234", -0.25: "-0.25", -1e-5: "less than 0.001",
	} {
		if got := words.Digits(in); got != want {
			t.Errorf("%v is %q, want %q", in, got, want)
		}
	}
	for in, want := range map[float64]string{17.9: "18", 8.72: "8.7", 104.6: "105", 3400.2: "3400",
		1e-5: "less than 0.001"} {
		if got := words.Deviation(in); got != want {
			t.Errorf("a deviation of %v is %q, want %q", in, got, want)
		}
	}
	for e := -300.0; e <= 300; e += 0.37 {
		for _, v := range []float64{math.Pow(10, e), -math.Pow(10, e)} {
			if text := words.Digits(v); math.Abs(v) < 1e15 && plannertest.Exponent.MatchString(text) {
				t.Errorf("%v is %s", v, text)
			}
		}
	}
}

func TestACountHasItsNounInTheRightNumber(t *testing.T) {
	for _, c := range []struct {
		n         int
		one, want string
	}{{1, "connection", "1 connection"}, {0, "connection", "0 connections"}, {2, "process", "2 processes"},
		{1, "process", "1 process"}, {-1, "sample", "-1 samples"}} {
		if got := words.Count(c.n, c.one); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
