package planner

import (
	"testing"
	"time"
)

// TestALimitThatUsersShareIsNamed, among the users of one pool or with those of another: there the model leaves logins
// out. One user alone passes its connections to nobody, and a limit that nobody waits for is nobody's matter.
func TestALimitThatUsersShareIsNamed(t *testing.T) {
	one, two := []int{0}, []int{0, 1}
	for _, x := range []struct {
		name   string
		copies []int
		others float64 // Erlangs
		conns  int
		want   string
	}{
		{"one user alone", one, 0, 4, ""},
		{"with another pool", one, 1, 4, "limit"},
		{"two users", two, 0, 4, "limit"},
		{"two users, far away", two, 0, 40, ""},
	} {
		p := FleetPool{ID: "g/app", Rules: Rules{Weight: 1}, Load: Load{Erlangs: Range{2, 2, 2}, PerSec: 40,
			MeanHold: 50 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1}}
		for range x.copies {
			p.Copies = append(p.Copies, Copy{Process: "g/1", Share: 1 / float64(len(x.copies))})
		}
		p.under = []ceiling{{text: "limit", conns: x.conns, process: "g/1", copies: x.copies, share: 1, sized: len(x.copies),
			erlangs: x.others, upper: x.others, perSec: 20 * x.others}}
		curve := curveOf(p)
		if got := p.sharedLimit(curve, 5); got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
		if p99, least := float64(p.p99Wait(curve, 5)), p.under[0].quantile(p); p99 < least {
			t.Errorf("%s: a p99 of %v, and it is %v at the limit", x.name, p99, least)
		}
	}
}
