package planner

import "testing"

// TestALimitCountsAUsersOwnReserve plans under a CONNECTION LIMIT of 16 over two users of one pool, one of whom has a
// reserve of its own. What both may open must fit, and one more on the line must not.
func TestALimitCountsAUsersOwnReserve(t *testing.T) {
	for _, c := range []struct {
		name      string
		line, own int
		lower     bool // the plan may lower the line's reserve
		want      int  // largest size
	}{
		{"larger than the line's", 1, 4, false, 5},
		{"smaller than the line's", 3, 1, false, 6},
		{"beside one that may be lowered", 2, 4, true, 6},
		{"small beside one that may be lowered", 4, 1, true, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := seenFleet(seenAlias("app", 4, c.line, 8, "app1", "app2"))
			for _, o := range []*Observation{&a, &b} {
				o.Processes[0].Users = []UserLimit{{Name: "app2", ReserveConns: c.own}}
				o.Servers[0].Databases = []ConnLimit{{Name: "app", Conns: 16}}
			}
			rules, _ := Declared{}.pool("main/app")
			if c.lower {
				rules.Reserve = &IntRange{Min: 0, Max: c.line}
			}
			_, plan := solveSeen(t, Declared{Pools: []DeclaredPool{rules}}, a, b)
			x := plan.Pools[0]
			if open := x.ToSize + x.ReserveSize + x.ToSize + c.own; open > 16 || x.ToSize != c.want {
				t.Errorf("size %d and reserve %d, which may open %d; want a size of %d and at most 16", x.ToSize, x.ReserveSize, open, c.want)
			}
		})
	}
}
