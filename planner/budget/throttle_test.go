package budget_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestAPoolThatIsMeantToQueueIsAskedForItsDay, and keeps its size where that is not known.
func TestAPoolThatIsMeantToQueueIsAskedForItsDay(t *testing.T) {
	x := plannertest.NewTwoPools(10)
	x.Observe(20, 20, 10, 10)
	e, err := load.Evidence{}.Add(x.Sample)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := budget.Declared{}.Pool("b/db")
	b.Throttle = true
	for _, c := range []struct {
		name  string
		load  load.Load
		want  float64
		known bool
	}{
		{"a day", load.Load{DayErlangs: 5, AtLeast: true, Erlangs: load.Range{Lower: 9, Target: 10, Upper: 10}}, 5, true},
		{"no day", load.Load{AtLeast: true, Erlangs: load.Range{Lower: 9, Target: 10, Upper: 10}}, 10, false},
		{"sessions", load.Load{DayErlangs: 5, Session: true, Erlangs: load.Range{Lower: 9, Target: 10, Upper: 10}}, 10,
			false},
		{"declared", load.Load{Method: load.MethodDeclared, Erlangs: load.Range{Lower: 6, Target: 6, Upper: 6}}, 6, true},
	} {
		l := plannertest.GroupLoad("b")
		l.Erlangs, l.DayErlangs, l.AtLeast, l.Session = c.load.Erlangs, c.load.DayErlangs, c.load.AtLeast, c.load.Session
		if c.load.Method != "" {
			l.Method = c.load.Method
		}
		f, err := budget.Model(x.Now, budget.Declared{Servers: []budget.DeclaredServer{{Name: "pg",
			HeadroomConns: plannertest.Ptr(0), DirectCount: budget.CountHighest}}, Pools: []budget.DeclaredPool{b}}, e,
			[]load.Load{plannertest.GroupLoad("a"), l})
		if err != nil {
			t.Fatal(err)
		}
		p, _ := f.Pool("b/db")
		if p.Load.Erlangs.Upper != c.want || p.Frozen.Any() == c.known || !c.known && !p.Frozen.Is(verdict.DayUnknown) ||
			p.Load.ByDay != c.known {
			t.Errorf("%s: %+v, frozen %q", c.name, p.Load.Erlangs, p.Frozen.Text())
		}
		again, err := budget.Model(x.Now, budget.Declared{Servers: []budget.DeclaredServer{{Name: "pg",
			HeadroomConns: plannertest.Ptr(0), DirectCount: budget.CountHighest}}, Pools: []budget.DeclaredPool{b}}, e,
			[]load.Load{plannertest.GroupLoad("a"), p.Load}) // a run models each sample anew, by the loads of its fleet
		if err != nil {
			t.Fatal(err)
		}
		if q, _ := again.Pool("b/db"); q.Load.Erlangs != p.Load.Erlangs || q.Frozen.Any() != p.Frozen.Any() {
			t.Errorf("%s: modelled again %+v, frozen %q", c.name, q.Load.Erlangs, q.Frozen.Text())
		}
	}
}
