package planner

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// underLimits is a fleet of several pools, some of them in one process, with roles, databases and PgBouncer's own users that
// are limited, at least as far as today's sizes go, and loads that want other sizes.
func underLimits(t *testing.T, r *rand.Rand) Fleet {
	t.Helper()
	o := Observation{At: noon, Servers: []Server{{Name: "pg", MaxConns: 250 + r.IntN(200), SuperuserReservedConns: 3}}}
	var loads []Load
	sums := map[string]int{}
	for i := range 2 + r.IntN(3) {
		id, user, db := "g"+strconv.Itoa(i), []string{"app", "batch"}[r.IntN(2)], []string{"x", "y"}[r.IntN(2)]
		size := 4 + r.IntN(20)
		p := Process{ID: id + "/1", Group: id, Version: "1.24.1", Settings: Settings{ReserveTimeout: time.Second}}
		names := []string{"db", "other"}[:1+r.IntN(2)]
		for _, name := range names {
			p.Aliases = append(p.Aliases, Alias{Name: name, Database: db, SizeConns: size, PoolMode: "transaction", Server: "pg",
				Pools: []PoolGauges{{User: user, ServersIdle: size}}})
			sums["role "+user] += size
			sums["database "+db] += size
			a := 1 + 10*r.Float64()
			loads = append(loads, Load{Pool: id + "/" + name, Erlangs: Range{a, a, a}, PerSec: a / .01, MeanHold: 10 * time.Millisecond, Xacts: 1e6,
				ArrivalSCV: 1, HoldSCV: 1, Method: MethodCounters, Copies: []CopyShare{{Process: id + "/1", User: user, Share: 1}}})
		}
		if r.IntN(3) > 0 {
			p.Settings.MaxUserConns = len(names)*size + r.IntN(6)
		}
		o.Processes = append(o.Processes, p)
	}
	for _, u := range []string{"app", "batch"} {
		if n := sums["role "+u]; n > 0 && r.IntN(3) > 0 {
			o.Servers[0].Roles = append(o.Servers[0].Roles, ConnLimit{Name: u, Conns: n + r.IntN(10)})
		}
	}
	for _, db := range []string{"x", "y"} {
		if n := sums["database "+db]; n > 0 && r.IntN(3) > 0 {
			o.Servers[0].Databases = append(o.Servers[0].Databases, ConnLimit{Name: db, Conns: n + r.IntN(10)})
		}
	}
	e, err := Evidence{}.Add(o)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Model(o.At, Declared{SizeAll: true, LeastGain: DefaultLeastGain}, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestWhatAUserHasOfItsOwnCountsUnderALimit: no plan goes beyond a role's or a database's limit, whatever reserves and
// doubtful sizes users have of their own; counted from the settings alone.
func TestWhatAUserHasOfItsOwnCountsUnderALimit(t *testing.T) {
	users := []string{"app1", "app2", "app3"}
	moved := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 29))
		line, reserve := 4+r.IntN(6), r.IntN(3)
		x := seenAlias("x", line, reserve, 1, users...)
		y := seenAlias("y", line+r.IntN(4), 0, 1, users[r.IntN(3)])
		a, b := seenFleet(x, y)
		own, maybe := map[string]int{}, map[string]int{}
		var limits []UserLimit
		for _, u := range users {
			switch r.IntN(4) {
			case 0:
				own[u] = 1 + r.IntN(5)
				limits = append(limits, UserLimit{Name: u, ReserveConns: own[u]})
			case 1:
				maybe[u] = 1 + r.IntN(15)
				limits = append(limits, UserLimit{Name: u, SizeConns: maybe[u], Doubtful: true})
			}
		}
		open := func(size, reserve int, users ...string) (sum int) {
			for _, u := range users {
				one := size + reserve
				if own[u] > 0 {
					one = size + own[u]
				}
				if maybe[u] > 0 {
					one = max(one, maybe[u]+reserve)
				}
				sum += one
			}
			return sum
		}
		slack := r.IntN(8)
		byDatabase := open(line, reserve, users...) + slack
		for _, o := range []*Observation{&a, &b} {
			o.Processes[0].Users = limits
			o.Servers[0].MaxConns = 200
			o.Servers[0].Databases = []ConnLimit{{Name: "x", Conns: byDatabase}}
			if seed%3 == 0 && len(users) > 1 { // it takes as much of the limit as others do
				o.Servers[0].Superusers = users[:1]
			}
		}
		rules, _ := Declared{}.pool("main/x")
		if r.IntN(3) == 0 {
			rules.Reserve = &IntRange{Min: 0, Max: 2}
		}
		e := evidenceOf(t, a, b)
		loads, err := Estimate(e)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Model(epoch, Declared{SizeAll: true, Pools: []DeclaredPool{rules}}, e, loads)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := Solve(f, Options{})
		if KindOf(err) == KindInfeasible {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		p := plan.Pools[0]
		if p.ToSize > line {
			moved++
		}
		if got := open(p.ToSize, p.ReserveSize, users...); got > byDatabase {
			t.Errorf("seed %d: size %d → %d with reserve %d, users' own %v, in doubt %v: %d connections under a limit of %d",
				seed, line, p.ToSize, p.ReserveSize, own, maybe, got, byDatabase)
		}
		if got := open(p.ToSize+1, p.ReserveSize, users...); rules.Reserve == nil && p.Bound == "CONNECTION LIMIT "+strconv.Itoa(byDatabase)+" of database x" && got <= byDatabase {
			t.Errorf("seed %d: size %d → %d + %d, users' own %v, in doubt %v: bound by a limit of %d, and one more comes to %d", seed, line, p.ToSize, p.ReserveSize, own, maybe, byDatabase, got)
		}
	}
	if moved < 40 {
		t.Errorf("%d plans grow the pool: too few to mean anything", moved)
	}
}

// openUnder is how many connections each limit has under it, from the sizes alone: one user and one database a pool. A
// limit of PgBouncer's over one pool alone is none that a size could break: PgBouncer opens no more, where that is trusted.
func openUnder(f Fleet, trusted bool) map[string]int {
	out, alone := map[string]int{}, map[string]int{}
	for _, l := range f.Limits {
		if trusted && l.Kind == LimitUser && len(l.Members) == 1 {
			alone[l.Members[0].Pool] = l.Conns
		}
	}
	for _, l := range f.Limits {
		for _, m := range l.Members {
			p, _ := f.pool(m.Pool)
			conns := p.Sizes[0].Conns
			if most, ok := alone[m.Pool]; ok {
				conns = min(conns, most)
			}
			out[fmt.Sprint(l.Text(), l.Process)] += max(conns, p.Copies[0].SeenConns)
		}
	}
	return out
}

func TestNoStepGoesBeyondALimitOfARoleADatabaseOrAUser(t *testing.T) {
	walked, under := 0, map[string]int{}
	for seed := range 300 {
		f := underLimits(t, rand.New(rand.NewPCG(uint64(seed), 5)))
		plan, err := Solve(f, Options{})
		if KindOf(err) == KindInfeasible {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		walked++
		goal := GoalOf(plan)
		for n := 0; ; n++ {
			step, blocked := Waypoint(f, goal, Policy{Percent: 5}, nil)
			if len(step.Sets) == 0 {
				for _, p := range f.Pools {
					if g, _ := goal.Pool(p.ID); p.Sizes[0].Conns != g.Size {
						t.Errorf("seed %d: %s ends at %d, the plan says %d: %s", seed, p.ID, p.Sizes[0].Conns, g.Size, blocked)
					}
				}
				break
			}
			if n > 200 {
				t.Fatalf("seed %d: no end", seed)
			}
			var releases, grants []Set
			for _, x := range step.Sets {
				if x.Grows() {
					grants = append(grants, x)
				} else {
					releases = append(releases, x)
				}
			}
			f = f.With(releases).Drained()
			if err := Promise(f, grants); err != nil {
				t.Errorf("seed %d: step %d: %v", seed, n, err)
			}
			f = f.With(grants)
			for _, l := range f.Limits {
				under[string(l.Kind)]++
				if got := openUnder(f, true)[fmt.Sprint(l.Text(), l.Process)]; got > l.Conns {
					t.Errorf("seed %d: step %d, %s: %d under %s", seed, n, step.Text(), got, l.Text())
				}
			}
		}
	}
	if walked < 100 || under[string(LimitUser)] < 300 {
		t.Errorf("%d of 300 fleets walked, under limits of %v", walked, under)
	}
}

func TestThePromiseRefusesAGrantBeyondALimit(t *testing.T) {
	for seed := range 100 {
		f := underLimits(t, rand.New(rand.NewPCG(uint64(seed), 6)))
		for _, p := range f.Pools {
			by := 1 + seed%12
			x := Set{p.Sizes[0].Process, p.Alias, KeySize, p.Sizes[0].Conns, p.Sizes[0].Conns + by}
			over := func(trusted bool) (over bool) {
				then := openUnder(f.With([]Set{x}), trusted)
				for _, l := range f.Limits {
					over = over || then[fmt.Sprint(l.Text(), l.Process)] > l.Conns
				}
				return over
			}
			if err := Promise(f, []Set{x}); over(true) && err == nil || err != nil && !over(false) {
				t.Errorf("seed %d: %s %d more: %v, over a limit: %v", seed, p.ID, by, err, over(true))
			}
		}
	}
}

// Processes of a pool that are made equal do not outgrow a limit either.
func TestEqualisingKeepsALimit(t *testing.T) {
	a, b := seenFleet(seenAlias("app", 6, 0, 2, "app1"))
	for _, o := range []*Observation{&a, &b} {
		second := o.Processes[0]
		second.ID = "main/2"
		second.Aliases = []Alias{second.Aliases[0]}
		second.Aliases[0].SizeConns = 20
		o.Processes = append(o.Processes, second)
		o.Servers[0].Roles = []ConnLimit{{Name: "app1", Conns: 30}}
	}
	f, _ := solveSeen(t, Declared{SizeAll: true}, a, b)
	step := Equal(f, Goal{Pools: []GoalPool{{Pool: "main/app", Server: "main", Size: 20}}}, Policy{Percent: 100}, nil)
	if len(step.Sets) != 1 || step.Sets[0].To != 10 {
		t.Errorf("%s; want 6 → 10, as 20 + 10 are the 30 of the role", step.Text())
	}
}
