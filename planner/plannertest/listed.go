package plannertest

import (
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
)

// CappedFleet is pool a of a size above its max_db_connections, or just below it, beside b; 22 connections for both.
func CappedFleet(size int, hold time.Duration) budget.Declared {
	server := budget.DeclaredOf("main", budget.Declared{})
	server.MaxConns, server.DirectConns, server.HeadroomConns = Ptr(30), Ptr(0), Ptr(5)
	d := budget.Declared{Servers: []budget.DeclaredServer{server}}
	for _, x := range []struct {
		id     string
		size   int
		perSec float64
		hold   time.Duration
	}{{"a/app", size, 50, 40 * time.Millisecond}, {"b/app", 7, 120, hold}} {
		p, _ := d.Pool(x.id)
		p.Copies, p.Size = 1, Ptr(x.size)
		p.Load = &budget.DeclaredLoad{ArrivalsPerSec: x.perSec, MeanHold: x.hold, ArrivalSCV: 1, HoldSCV: 1}
		d.Pools = append(d.Pools, p)
	}
	d.Pools[0].MaxDBConns = Ptr(14)
	return d
}
