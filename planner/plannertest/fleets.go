package plannertest

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
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
		p.LinePools, p.Size = 1+r.IntN(6), Ptr(1+r.IntN(20))
		if r.IntN(3) == 0 {
			p.Min = 1 + r.IntN(20)
		}
		p.Load = &budget.DeclaredLoad{ArrivalsPerSec: 10 * float64(1+r.IntN(200)), MeanHold: 10 * time.Millisecond,
			ArrivalSCV: 1, HoldSCV: 1}
		d.Pools = append(d.Pools, p)
	}
	return d
}

// Exponent finds a number with an exponent, which people do not read.
var Exponent = regexp.MustCompile(`\de[+-]\d`)

// Scales are those of tiny and of large fleets.
var Scales = []float64{1e-6, 1e-3, 1, 1e3, 1e6, 1e8}

// NoExponent fails where a text is empty or writes a number with an exponent.
func NoExponent(t *testing.T, what string, scale float64, text string) {
	t.Helper()
	if text == "" || Exponent.MatchString(text) {
		t.Errorf("%s, × %g: %q", what, scale, text)
	}
}

// AliasesOf are the aliases of the first process; nil: there is no process.
func AliasesOf(o fleet.Observation) []fleet.Alias {
	if len(o.Processes) == 0 {
		return nil
	}
	return o.Processes[0].Aliases
}

// Quiet is a pool of 15 that carries 2 Erlangs; each sample is changed by edit.
func Quiet(edit func(i int, o *fleet.Observation)) []fleet.Observation {
	w := &World{At: Epoch, Size: 15, Version: "1.24.1", Mode: "transaction", Active: 2, Counts: true}
	var samples []fleet.Observation
	for i := range 61 {
		o := w.Sample()
		edit(i, &o)
		samples = append(samples, o)
		w.Run(time.Second, 200, 10*time.Millisecond, 0)
	}
	return samples
}

// Epoch is when the samples of these fleets begin.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

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

// Sample is the alias as a sample shows it.
func (s *Sharing) Sample() fleet.Observation {
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

// PlacementOf models two samples whose second alias is changed, with a pool declared for it, or none.
func PlacementOf(t *testing.T, change func(*fleet.Alias), declared ...string) (budget.Fleet, error) {
	t.Helper()
	a, b := SeenFleet(SeenAlias("app", 10, 0, 4, "app1"), SeenAlias("shop", 12, 0, 9, "app1"))
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Servers = append(o.Servers, fleet.Server{Name: "second", MaxConns: 40, SuperuserReservedConns: 3})
		change(&o.Processes[0].Aliases[1])
	}
	d := budget.Declared{SizeAll: true}
	if len(declared) > 0 {
		p, _ := d.Pool("main/shop")
		p.Server, p.AlsoOn = declared[0], declared[1:]
		d.Pools = []budget.DeclaredPool{p}
	}
	e := EvidenceOf(t, a, b)
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	return budget.Model(Epoch, d, e, loads)
}

// LostAlias has connections to no server that is observed.
func LostAlias(a *fleet.Alias) {
	a.Server, a.Proof, a.Host, a.Port = "", fleet.ProofElsewhere, "10.9.9.9", 5433
}

// ListAlias has a list of two hosts, each one of a server that is observed.
func ListAlias(a *fleet.Alias) {
	a.Server, a.AlsoOn, a.Proof, a.Host = "main", []string{"second"}, fleet.ProofList, "db1,db2"
}

// HalfAlias has a list of two hosts, of which one is of no server that is observed.
func HalfAlias(a *fleet.Alias) {
	a.Server, a.Proof, a.Host, a.Unplaced = "main", fleet.ProofBackends, "db1,db3", []string{"db3 port 5432"}
}

// OldList has a list of hosts as a recording shows it from before lists were followed.
func OldList(a *fleet.Alias) { a.Host = "db1,db2" }

// Unused has no server connection.
func Unused(a *fleet.Alias) { a.Server, a.Proof = "", fleet.ProofNone }

// AsIs changes nothing.
func AsIs(*fleet.Alias) {}

// Recycling is a fleet of one process with two pools, of two users and of one, 2 × 8 + 8 connections at most.
func Recycling(t *testing.T, version string, maxConns int) budget.Fleet {
	t.Helper()
	o := fleet.Observation{At: time.Unix(1e9, 0), Servers: []fleet.Server{{Name: "main", MaxConns: maxConns}}}
	alias := func(name string, users ...string) fleet.Alias {
		a := fleet.Alias{Name: name, Database: name, SizeConns: 8, PoolMode: "transaction", Server: "main",
			Proof: fleet.ProofBackends, Counters: fleet.Counters{Assignments: -1}}
		for _, u := range users {
			a.Pools = append(a.Pools, fleet.PoolGauges{User: u, ServersIdle: 1})
		}
		return a
	}
	o.Processes = []fleet.Process{{ID: "rw/1", Group: "rw", Version: version,
		Settings: fleet.Settings{DefaultPoolConns: 20, PoolMode: "transaction", ServerTLS: "prefer"},
		Aliases:  []fleet.Alias{alias("blog", "a", "b"), alias("shop", "a")}}}
	var e load.Evidence
	for range 3 {
		var err error
		if e, err = e.Add(o); err != nil {
			t.Fatal(err)
		}
		o.At = o.At.Add(time.Minute)
	}
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	f, err := budget.Model(o.At, budget.Declared{SizeAll: true}, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
