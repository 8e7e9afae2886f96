package plannertest

import (
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
)

// Limited is a what-if of one pool, copies of which are under max_db_connections.
func Limited(size, limit, processes int, users []string, perSec float64) budget.Declared {
	d := WhatIf(200)
	p := d.Pools[0]
	p.Copies, p.Users, p.Size, p.MaxDBConns = processes*len(users), users, Ptr(size), Ptr(limit)
	p.Load = &budget.DeclaredLoad{ArrivalsPerSec: perSec, MeanHold: 10 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1}
	d.Pools = []budget.DeclaredPool{p}
	d.LeastGain = budget.DefaultLeastGain
	return d
}
