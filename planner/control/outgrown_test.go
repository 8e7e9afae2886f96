package control_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestALoadThatHasNothingInCommonWithItsPlanIsOutgrown(t *testing.T) {
	ld := func(lower, target, upper float64) load.Load {
		return load.Load{Pool: "ci/app", Erlangs: load.Range{Lower: lower, Target: target, Upper: upper}, Window: time.Minute,
			Xacts: 1000}
	}
	planned := ld(5, 6, 8)
	for name, c := range map[string]struct {
		lately load.Load
		change func(planned, lately *load.Load)
		want   bool
	}{
		"it is the same":           {lately: ld(5, 6, 8)},
		"it overlaps":              {lately: ld(7, 9, 12)},
		"it has grown":             {lately: ld(9, 10, 11), want: true},
		"it has fallen":            {lately: ld(2, 3, 4)},
		"it hides, and shows less": {lately: ld(2, 3, 4), change: func(_, l *load.Load) { l.AtLeast = true }},
		"it hides, and shows more": {lately: ld(9, 10, 11), change: func(_, l *load.Load) { l.AtLeast = true },
			want: true},
		"too little was seen": {lately: ld(9, 10, 11),
			change: func(_, l *load.Load) { l.Window = time.Second }},
		"few transactions were seen": {lately: ld(9, 10, 11), change: func(_, l *load.Load) { l.Xacts = 40 }},
		"nothing is known": {lately: ld(9, 10, 11),
			change: func(_, l *load.Load) { l.Unknown = verdict.Print(verdict.NeverShown, "") }},
		"a quiet hour below a history": {lately: ld(2, 3, 4),
			change: func(p, _ *load.Load) { p.Method = load.MethodHistory }},
		"a busier hour than a history knows": {lately: ld(9, 10, 11),
			change: func(p, _ *load.Load) { p.Method = load.MethodHistory }, want: true},
	} {
		p, l := planned, c.lately
		if c.change != nil {
			c.change(&p, &l)
		}
		why := control.Outgrown([]load.Load{p}, []load.Load{l})
		if (why.Any()) != c.want || c.want && (!why.Is(verdict.LoadGrown) || why.Subject != "ci/app") {
			t.Errorf("%s: %q", name, why.Text())
		}
	}
	if got := control.Renewed([]load.Load{planned}, []load.Load{ld(9, 10, 11)}); got[0].Erlangs.Target != 10 {
		t.Errorf("%+v", got)
	}
	if got := control.Renewed([]load.Load{planned}, []load.Load{ld(1, 2, 3)}); got[0].Erlangs.Target != 6 {
		t.Errorf("what has fallen: %+v", got)
	}
	if got := control.Renewed([]load.Load{planned}, nil); got[0].Erlangs.Target != 6 {
		t.Errorf("%+v", got)
	}
}
