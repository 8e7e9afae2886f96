package plannertest

import (
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Totals are what one user's pool has counted.
type Totals struct {
	Xacts      int64
	Xact, Wait time.Duration
}

// Sharing is an alias of several users whose pools come and go, as its process shows it: sums over the pools there are.
type Sharing struct {
	At    time.Time
	Pools map[string]Totals
}

// Run lets dt pass, in which n transactions of 10 ms end in the pool of one user.
func (s *Sharing) Run(dt time.Duration, user string, n int64) {
	s.At = s.At.Add(dt)
	c := s.Pools[user]
	c.Xacts += n
	c.Xact += time.Duration(n) * 10 * time.Millisecond
	s.Pools[user] = c
}

func (s *Sharing) Look() fleet.Observation {
	a := fleet.Alias{Name: "app", Database: "app", SizeConns: 20, PoolMode: "transaction", Server: "main",
		Proof: fleet.ProofBackends}
	for user, c := range s.Pools {
		a.Counters.Xacts += c.Xacts
		a.Counters.XactTime += c.Xact
		a.Counters.WaitTime += c.Wait
		g := fleet.PoolGauges{User: user}
		if user == "app1" {
			g.ServersActive = 6
		}
		a.Pools = append(a.Pools, g)
	}
	a.Counters.Assignments = a.Counters.Xacts
	slices.SortFunc(a.Pools, func(a, b fleet.PoolGauges) int { return strings.Compare(a.User, b.User) })
	return fleet.Observation{At: s.At, Servers: []fleet.Server{{Name: "main", MaxConns: 100}},
		Processes: []fleet.Process{{ID: "main/1", Group: "main", Version: "1.25.2", Started: 1, Aliases: []fleet.Alias{a}}}}
}
