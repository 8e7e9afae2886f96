package batch

import (
	"math"
	"strings"
	"testing"
)

func TestExpectationsAreJudgedOverSeeds(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name   string
		rule   rule
		values []float64
		want   State
		got    float64 // NaN: none
		seed   uint64  // 0: none
		basis  string
	}{
		{"a count holds when every run holds", rule{"==", 0, true}, []float64{0, 0, 0}, Held, 0, 0, "worst of 3"},
		{"one run breaks a count", rule{"==", 0, true}, []float64{0, 2, 1}, Failed, 2, 102, "worst of 3"},
		{"the mean does not save a count", rule{"<=", 10, true}, []float64{0, 11, 0}, Failed, 11, 102, ""},
		{"a count may have to be large", rule{">=", 5, true}, []float64{9, 4, 7}, Failed, 4, 102, ""},
		{"a count may have to differ", rule{"!=", 3, true}, []float64{9, 4, 3}, Failed, 3, 103, ""},
		{"a mean is judged by its interval's upper end", rule{"<", 4, false}, []float64{1, 2, 3}, Failed,
			2 + 4.3027/math.Sqrt(3), 103, "upper end"},
		{"and holds when that end holds", rule{"<", 5, false}, []float64{1, 2, 3}, Held, 2 + 4.3027/math.Sqrt(3), 0,
			"upper end"},
		{"or by its lower end", rule{">", 0, false}, []float64{1, 2, 3}, Failed, 2 - 4.3027/math.Sqrt(3), 101, "lower end"},
		{"equality with the bound is kept by <=", rule{"<=", 2, false}, []float64{2, 2}, Held, 2, 0, ""},
		{"and broken by <", rule{"<", 2, false}, []float64{2, 2}, Failed, 2, 101, ""},
		{"one run is judged by its value", rule{"<", 4, false}, []float64{3}, Held, 3, 0, "no interval is known"},
		{"a missing value never passes", rule{"<", 4, false}, []float64{1, nan, 1}, Failed, nan, 102,
			"nothing to measure in 1 of 3"},
		{"nor does a missing count", rule{">=", 0, true}, []float64{nan}, Failed, nan, 101, "nothing to measure"},
	} {
		seeds := []uint64{101, 102, 103}[:len(c.values)]
		v := c.rule.judge(c.values, seeds, true)
		switch {
		case v.State != c.want:
			t.Errorf("%s: %s, want %s (%+v)", c.name, v.State, c.want, v)
		case v.Got.Known() != !math.IsNaN(c.got) || v.Got.Known() && math.Abs(float64(v.Got)-c.got) > 1e-3:
			t.Errorf("%s: got %g, want %g", c.name, float64(v.Got), c.got)
		case (v.Seed == nil) != (c.seed == 0) || v.Seed != nil && *v.Seed != c.seed:
			t.Errorf("%s: seed %v, want %d", c.name, v.Seed, c.seed)
		case !strings.Contains(v.Basis, c.basis):
			t.Errorf("%s: basis %q, want %q in it", c.name, v.Basis, c.basis)
		}
	}
}

func TestAnInterruptedBatchJudgesOnlyWhatIsCertain(t *testing.T) {
	for _, c := range []struct {
		name   string
		rule   rule
		values []float64
		want   State
	}{
		{"a broken count stays broken", rule{"==", 0, true}, []float64{0, 1}, Failed},
		{"a count that held may still break", rule{"==", 0, true}, []float64{0, 0}, NotJudged},
		{"a mean may still move", rule{"<", 1, false}, []float64{5, 6}, NotJudged},
		{"nothing ended", rule{"<", 1, false}, nil, NotJudged},
	} {
		if v := c.rule.judge(c.values, []uint64{1, 2}[:len(c.values)], false); v.State != c.want {
			t.Errorf("%s: %s, want %s", c.name, v.State, c.want)
		}
	}
}
