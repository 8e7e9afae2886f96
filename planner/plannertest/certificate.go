package plannertest

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
)

var (
	ShortOf  = regexp.MustCompile(`is (\d+) connections? short: (\d+) needed, (\d+) there; (.*)$`)
	PartOfIt = regexp.MustCompile(`^(?:\S+|\d+ more pools?|reserves and pools that the plan may not change) (\d+)(?: \(size \d+: .*\))?$`)
)

// RandomDemands are pools that often ask for more than there is.
func RandomDemands(r *rand.Rand) budget.Declared {
	server := budget.DeclaredOf("pg", budget.Declared{})
	server.MaxConns, server.DirectConns = Ptr(20+r.IntN(200)), Ptr(r.IntN(5))
	d := budget.Declared{Servers: []budget.DeclaredServer{server}}
	for i := range 1 + r.IntN(12) {
		p, _ := d.Pool(fmt.Sprintf("g%02d/app", i))
		p.Copies, p.Size = 1+r.IntN(6), Ptr(1+r.IntN(20))
		if r.IntN(3) == 0 {
			p.Min = 1 + r.IntN(20)
		}
		p.Load = &budget.DeclaredLoad{ArrivalsPerSec: 10 * float64(1+r.IntN(200)), MeanHold: 10 * time.Millisecond,
			ArrivalSCV: 1, HoldSCV: 1}
		d.Pools = append(d.Pools, p)
	}
	return d
}
