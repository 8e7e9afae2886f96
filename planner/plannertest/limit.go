package plannertest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// RandomLimits is a small fleet of one or two processes, in which aliases and users have limits of many kinds.
func RandomLimits(r *rand.Rand) fleet.Observation {
	o := fleet.Observation{At: Epoch}
	for s := range 1 + r.IntN(2) {
		o.Servers = append(o.Servers, fleet.Server{Name: fmt.Sprintf("s%d", s), MaxConns: 1000})
	}
	aliases := 1 + r.IntN(3)
	users := []string{"u0", "u1", "u2"}[:1+r.IntN(4-max(1, aliases-1))] // the search over six pools takes a millisecond
	for n := range 1 + r.IntN(2) {
		p := fleet.Process{ID: fmt.Sprintf("g/%d", n+1), Group: "g", Version: []string{"1.18.0", "1.23.1",
			"1.24.1"}[r.IntN(3)],
			Settings: fleet.Settings{ReserveTimeout: time.Duration(r.IntN(2)) * time.Second}}
		if r.IntN(3) == 0 {
			p.Settings.MaxUserConns = 1 + r.IntN(9)
		}
		p.Listed = [][]string{nil, {"u0", "u1"}, {"u1", "u2"}, {"u1"}}[r.IntN(4)] // the others come by auth_query, as u1
		for _, u := range users {
			l := fleet.UserLimit{Name: u}
			if r.IntN(2) == 0 {
				l.MaxConns = []int{fleet.Unlimited, 1 + r.IntN(5), 1 + r.IntN(14)}[r.IntN(3)]
			}
			if r.IntN(5) == 0 && fleet.VersionAtLeast(p.Version, 1, 23) {
				l.SizeConns = 1 + r.IntN(6)
			}
			if r.IntN(5) == 0 && fleet.VersionAtLeast(p.Version, 1, 24) {
				l.ReserveConns = []int{fleet.NoReserve, 1, 2, 3}[r.IntN(4)]
			}
			l.Doubtful, l.DoubtfulReserve = l.SizeConns > 0 && r.IntN(3) == 0, l.ReserveConns != 0 && r.IntN(3) == 0
			if l != (fleet.UserLimit{Name: u}) {
				p.Users = append(p.Users, l)
			}
		}
		o.Processes = append(o.Processes, p)
	}
	for a := range aliases {
		size, reserve, top, server := 1+r.IntN(5), r.IntN(3), 0, o.Servers[r.IntN(len(o.Servers))].Name
		if r.IntN(2) == 0 {
			top = 1 + r.IntN(14)
		}
		forced := ""
		if r.IntN(3) == 0 {
			forced = users[r.IntN(len(users))]
		}
		open := r.IntN(4) == 0
		for i := range o.Processes {
			x := fleet.Alias{Name: fmt.Sprintf("d%d", a), Database: "d", SizeConns: size, ReserveConns: reserve, MaxConns: top,
				ForceUser: forced, Server: server, PoolMode: "transaction"}
			for _, u := range users {
				if forced == "" || u == forced || u == "u1" { // u1 is an auth_user: it has a pool beside a forced one
					g := fleet.PoolGauges{User: u}
					if open {
						g.ServersIdle = r.IntN(4)
					}
					x.Pools = append(x.Pools, g)
				}
			}
			o.Processes[i].Aliases = append(o.Processes[i].Aliases, x)
		}
	}
	return o
}

// Resolved is what an observation may mean: each size and reserve that is in doubt is the user's own, or is none.
func Resolved(o fleet.Observation) []fleet.Observation {
	all := []fleet.Observation{o}
	for i, p := range o.Processes {
		for j, u := range p.Users {
			for _, clear := range []func(*fleet.UserLimit){func(u *fleet.UserLimit) { u.SizeConns = 0 },
				func(u *fleet.UserLimit) { u.ReserveConns = 0 }} {
				none := u
				if clear(&none); none.SizeConns != u.SizeConns && !u.Doubtful || none.ReserveConns != u.ReserveConns &&
					!u.DoubtfulReserve || none == u {
					continue
				}
				for _, x := range all {
					x.Processes = slices.Clone(x.Processes)
					x.Processes[i].Users = slices.Clone(x.Processes[i].Users)
					clear(&x.Processes[i].Users[j])
					all = append(all, x)
				}
			}
		}
	}
	return all
}

// MostOpen is the most connections that the processes may have open on one server: a search over what each pool opens,
// from the rules of PgBouncer alone. An alias or a user that has more open than its limit opens none until it has
// fewer: it stands either at what it has, pool by pool, or within its limit.
func MostOpen(o fleet.Observation, server string) int {
	total := 0
	for _, p := range o.Processes {
		own := map[string]fleet.UserLimit{}
		for _, u := range p.Users {
			own[u.Name] = u
		}
		type pool struct {
			top, open int
			of        [2]string // its alias and its user, by their counters
		}
		var pools []pool
		limit, seen := map[string]int{}, map[string]int{}
		for _, a := range p.Aliases {
			if a.Server != server {
				continue
			}
			for _, g := range a.Pools {
				size, reserve := a.SizeConns, a.ReserveConns
				if u := own[g.User]; u.SizeConns > 0 {
					size = u.SizeConns
				}
				if u := own[g.User]; u.ReserveConns != 0 {
					reserve = max(0, u.ReserveConns)
				}
				if p.Settings.ReserveTimeout == 0 {
					reserve = 0
				}
				of := [2]string{"alias " + a.Name, "user " + g.User}
				global := p.Version != "1.18.0" || a.ForceUser != g.User && (p.Listed == nil || slices.Contains(p.Listed, g.User))
				if !global { // another user than the one of [users]
					of[1] += " of " + a.Name
				}
				limit[of[0]], limit[of[1]] = a.MaxConns, p.Settings.MaxUserConns
				switch m := own[g.User].MaxConns; {
				case !global:
				case m == fleet.Unlimited, p.Version == "1.18.0" && !p.UsersKnown: // no console shows a larger one
					limit[of[1]] = 0
				case m > 0:
					limit[of[1]] = m
				}
				for _, k := range of {
					seen[k] += g.ServersIdle
				}
				pools = append(pools, pool{max(size+reserve, g.ServersIdle), g.ServersIdle, of})
			}
		}
		var over []string
		for k, n := range limit {
			if n == 0 {
				limit[k] = 1 << 20
			} else if seen[k] > n {
				over = append(over, k)
			}
		}
		best := 0
		for stands := range 1 << len(over) {
			still := map[string]bool{}
			for i, k := range over {
				still[k] = stands>>i&1 == 1
			}
			var most func(i int, left map[string]int) int
			most = func(i int, left map[string]int) int {
				if i == len(pools) {
					return 0
				}
				x, found := pools[i], 0
				top := x.top
				for _, k := range x.of {
					if still[k] {
						top = min(top, x.open)
					} else {
						top = min(top, left[k])
					}
				}
				for n := top; n >= 0; n-- {
					rest := maps.Clone(left)
					rest[x.of[0]] -= n
					rest[x.of[1]] -= n
					found = max(found, n+most(i+1, rest))
					if left[x.of[0]] > 1<<19 && left[x.of[1]] > 1<<19 {
						break // nothing else counts what this one leaves
					}
				}
				return found
			}
			best = max(best, most(0, maps.Clone(limit)))
		}
		total += best
	}
	return total
}

// Limited is a what-if of one line, whose pools are under max_db_connections.
func Limited(size, limit, processes int, users []string, perSec float64) budget.Declared {
	d := WhatIf(200)
	p := d.Pools[0]
	p.LinePools, p.Users, p.Size, p.MaxDBConns = processes*len(users), users, Ptr(size), Ptr(limit)
	p.Load = &budget.DeclaredLoad{ArrivalsPerSec: perSec, MeanHold: 10 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1}
	d.Pools = []budget.DeclaredPool{p}
	d.LeastGain = budget.DefaultLeastGain
	return d
}

// Starred is a gathered process whose line of * has those databases, each with those pools.
func Starred(t *testing.T, p fleet.Process, s fleet.Server, databases map[string][]fleet.PoolGauges,
	change func(*fleet.Alias)) fleet.Observation {
	t.Helper()
	p.ID, p.Group, p.At = "g/1", "g", Epoch
	p.Settings.PoolMode = "transaction"
	for name, pools := range databases {
		a := fleet.Alias{Name: name, Database: name, SizeConns: p.Settings.DefaultPoolConns, MaxConns: p.Settings.MaxDBConns,
			Server: "pg", PoolMode: "transaction", Pools: pools}
		if change != nil {
			change(&a)
		}
		p.Aliases = append(p.Aliases, a)
	}
	s.Name = "pg"
	if s.MaxConns == 0 {
		s.MaxConns = 500
	}
	g, err := fleet.Gather(fleet.Observation{At: Epoch, Servers: []fleet.Server{s}, Processes: []fleet.Process{p}},
		map[string][]string{"g/1": {fleet.AutoDB}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Modelled is the fleet of one sample, nothing declared.
func Modelled(t *testing.T, o fleet.Observation) budget.Fleet {
	t.Helper()
	var loads []load.Load
	for _, id := range fleet.PoolIDs(o) {
		loads = append(loads, load.Load{Pool: id, Unknown: verdict.Print(verdict.NeverShown, "")})
	}
	f, err := budget.Model(Epoch, budget.Declared{SizeAll: true}, load.Evidence{To: Epoch, Samples: 1, Last: o}, loads)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// LimitsOfFleet are the limits with what is left of each and how many pools are under it.
func LimitsOfFleet(f budget.Fleet) map[string][2]int {
	out := map[string][2]int{}
	for _, l := range f.Limits {
		out[l.Text()] = [2]int{l.Conns, len(l.Members)}
	}
	return out
}

// Worst is what the ledger counts for the pools of one server, users that are counted as a whole included.
func Worst(f budget.Fleet, server string) int {
	_, users := f.Retallied(server)
	return f.WorstConns(server) + users
}

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
		p.LinePools, p.Size = 1, Ptr(x.size)
		p.Load = &budget.DeclaredLoad{ArrivalsPerSec: x.perSec, MeanHold: x.hold, ArrivalSCV: 1, HoldSCV: 1}
		d.Pools = append(d.Pools, p)
	}
	d.Pools[0].MaxDBConns = Ptr(14)
	return d
}
