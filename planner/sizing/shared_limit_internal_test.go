package sizing

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
)

// TestALimitThatUsersShareIsNamed, among the users of one pool or with those of another: there the model leaves logins
// out. One user alone passes its connections to nobody, and a limit that nobody waits for is nobody's matter.
func TestALimitThatUsersShareIsNamed(t *testing.T) {
	one, two := []int{0}, []int{0, 1}
	for _, x := range []struct {
		name      string
		linePools []int
		others    float64 // Erlangs
		conns     int
		want      string
	}{
		{"one user alone", one, 0, 4, ""},
		{"with another pool", one, 1, 4, "limit"},
		{"two users", two, 0, 4, "limit"},
		{"two users, far away", two, 0, 40, ""},
	} {
		p := budget.FleetPool{ID: "g/app", Rules: budget.Rules{Weight: 1},
			Load: load.Load{Erlangs: load.Range{Lower: 2, Target: 2, Upper: 2}, PerSec: 40,
				MeanHold: 50 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1}}
		for range x.linePools {
			p.LinePools = append(p.LinePools, budget.LinePool{Process: "g/1", Share: 1 / float64(len(x.linePools))})
		}
		p.Under = []budget.Ceiling{{Text: "limit", Conns: x.conns, Process: "g/1", LinePools: x.linePools, Share: 1,
			Sized:   len(x.linePools),
			Erlangs: x.others, Upper: x.others, PerSec: 20 * x.others}}
		curve := CurveOf(p)
		if got, waits := sharedLimit(p, curve, 5); got != x.want || waits != (x.want != "") {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
		if p99, least := float64(p99Wait(p, curve, 5)), p.Under[0].Quantile(p); p99 < least {
			t.Errorf("%s: a p99 of %v, and it is %v at the limit", x.name, p99, least)
		}
	}
}
