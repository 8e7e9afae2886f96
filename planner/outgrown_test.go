package planner

import (
	"strings"
	"testing"
	"time"
)

func TestALoadThatHasNothingInCommonWithItsPlanIsOutgrown(t *testing.T) {
	load := func(lower, target, upper float64) Load {
		return Load{Pool: "ci/app", Erlangs: Range{lower, target, upper}, Window: time.Minute, Xacts: 1000}
	}
	planned := load(5, 6, 8)
	for name, c := range map[string]struct {
		lately Load
		change func(planned, lately *Load)
		want   bool
	}{
		"it is the same":                     {lately: load(5, 6, 8)},
		"it overlaps":                        {lately: load(7, 9, 12)},
		"it has grown":                       {lately: load(9, 10, 11), want: true},
		"it has fallen":                      {lately: load(2, 3, 4)},
		"it hides, and shows less":           {lately: load(2, 3, 4), change: func(_, l *Load) { l.AtLeast = true }},
		"it hides, and shows more":           {lately: load(9, 10, 11), change: func(_, l *Load) { l.AtLeast = true }, want: true},
		"too little was seen":                {lately: load(9, 10, 11), change: func(_, l *Load) { l.Window = time.Second }},
		"few transactions were seen":         {lately: load(9, 10, 11), change: func(_, l *Load) { l.Xacts = 40 }},
		"nothing is known":                   {lately: load(9, 10, 11), change: func(_, l *Load) { l.Unknown = "idle" }},
		"a quiet hour below a history":       {lately: load(2, 3, 4), change: func(p, _ *Load) { p.Method = MethodHistory }},
		"a busier hour than a history knows": {lately: load(9, 10, 11), change: func(p, _ *Load) { p.Method = MethodHistory }, want: true},
	} {
		p, l := planned, c.lately
		if c.change != nil {
			c.change(&p, &l)
		}
		why := Outgrown([]Load{p}, []Load{l})
		if (why != "") != c.want || c.want && !strings.Contains(why, "ci/app") {
			t.Errorf("%s: %q", name, why)
		}
	}
	if got := Renewed([]Load{planned}, []Load{load(9, 10, 11)}); got[0].Erlangs.Target != 10 {
		t.Errorf("%+v", got)
	}
	if got := Renewed([]Load{planned}, []Load{load(1, 2, 3)}); got[0].Erlangs.Target != 6 {
		t.Errorf("what has fallen: %+v", got)
	}
	if got := Renewed([]Load{planned}, nil); got[0].Erlangs.Target != 6 {
		t.Errorf("%+v", got)
	}
}
