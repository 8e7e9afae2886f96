package planner

import (
	"strings"
	"testing"
)

func TestASavedPlanIsBrokenByWhateverBoundsTodays(t *testing.T) {
	d := whatIf(60)
	saved := Saved{Plan: solve(t, d)}
	var err error
	if saved.Fleet, err = Model(epoch, d, Evidence{}, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*Fleet)
		want   string // 13 and 13 as saved
	}{
		{"nothing", func(*Fleet) {}, ""},
		{"max", func(f *Fleet) { f.Pools[1].Rules.Max = 12 }, "main/app may have 12 now (max), the plan gives it 13"},
		{"max, and it does not matter", func(f *Fleet) { f.Pools[1].Rules.Max = 13 }, ""},
		{"min", func(f *Fleet) { f.Pools[1].Rules.Min = 14 }, "main/app needs 14 now (min), the plan gives it 13"},
		{"role", func(f *Fleet) {
			f.Servers[0].Caps = []Cap{{Name: "CONNECTION LIMIT 25 of role app", Conns: 25, Terms: []CapTerm{{Pool: "ci/app", Coef: 1}, {Pool: "main/app", Coef: 1}}}}
		}, "its sizes are over CONNECTION LIMIT 25 of role app by 1"},
		{"role that holds them", func(f *Fleet) {
			f.Servers[0].Caps = []Cap{{Name: "role", Conns: 26, Terms: []CapTerm{{Pool: "ci/app", Coef: 1}, {Pool: "main/app", Coef: 1}}}}
		}, ""},
		{"alias, and it does not matter", func(f *Fleet) { f.Pools[0].Sizes[1].CapConns = 12 }, ""},
		{"alias", func(f *Fleet) { f.Pools[0].Sizes[1].CapConns = 1 }, "ci/app needs 6 (stability), and max_db_connections 1 of ci/app in ci/2 lets it have 1"},
		{"sessions", func(f *Fleet) {
			f.Pools[0].Load.Session = true
			f.Pools[0].Sizes[0].Conns, f.Pools[0].Sizes[1].Conns = 14, 14
		}, "ci/app may not shrink below 14 now (sessions: never shrunk), the plan gives it 13"},
		{"left alone", func(f *Fleet) {
			f.Pools[1].Frozen, f.Pools[1].Sizes[0].Conns = "fewer than 100 transactions", 10
		}, "main/app stays at 10 now (fewer than 100 transactions), the plan gives it 13"},
		{"reserve", func(f *Fleet) {
			f.Pools[0].ReserveFree, f.Pools[0].ReserveConns, f.Pools[0].Reserve = true, 2, IntRange{1, 2}
		}, "ci/app may have a reserve of 1 to 2 now, the plan gives it 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Model(epoch, d, Evidence{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.change(&f)
			plan, err := Solve(f, Options{})
			if err != nil && KindOf(err) != KindInfeasible {
				t.Fatal(err)
			}
			r := Compare(saved, f, plan)
			got := strings.Join(r.Broken, "; ")
			if got != c.want {
				t.Errorf("broken: %q, want %q", got, c.want)
			}
			if strings.HasPrefix(c.name, "alias") && len(r.Moved) == 0 {
				t.Error("a limit that is new has not moved")
			}
			if broken := r.Verdict == "its sizes no longer keep every promise"; broken != (c.want != "") {
				t.Errorf("verdict %q", r.Verdict)
			}
		})
	}
}
