package planner

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAUserWithADeclaredMaxIsAnAcceptedRiskAndNamed(t *testing.T) {
	pooled := func(max int, change func(*Observation)) (Fleet, Plan) {
		a, b := seenFleet(seenAlias("app", 10, 2, 1, "app1", "pooler"))
		for _, o := range []*Observation{&a, &b} {
			if change != nil {
				change(o)
			}
		}
		p, _ := Declared{}.pool("main/app")
		if max > 0 {
			p.UserMax = []UserMax{{"pooler", max}}
		}
		return solveSeen(t, Declared{Pools: []DeclaredPool{p}}, a, b)
	}
	strict, unbound := pooled(0, nil)
	f, plan := pooled(1, nil)
	if strict.Pools[0].WorstConns != 24 || f.Pools[0].WorstConns != 13 {
		t.Errorf("worst case %d, with the bound %d; want 2 × 12 and 12 + 1", strict.Pools[0].WorstConns, f.Pools[0].WorstConns)
	}
	x := plan.Pools[0]
	if x.Copies != 1 || x.WorstConns.After != x.ToSize+2+1 {
		t.Errorf("%+v; want one copy that follows the line and the bound of 1", x)
	}
	want := "accepted risk: main/app counts pooler with 1 in each of 1 process, as declared: 13 connections; the strict line would be 24"
	if !strings.Contains(strings.Join(plan.Warnings, "\n"), want) {
		t.Errorf("warnings %q, want %q", plan.Warnings, want)
	}
	risks := func(p Plan) (risks int, source string) { // as a program reads them
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var read struct {
			Warnings []string
			Servers  []struct{ Ledger []Line }
		}
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		for _, w := range read.Warnings {
			risks += strings.Count(w, "accepted risk: main/app counts pooler with 1")
		}
		for _, l := range read.Servers[0].Ledger {
			if l.Item == "pool main/app" {
				source = l.Source
			}
		}
		return risks, source
	}
	if n, source := risks(plan); n != 1 || !strings.HasSuffix(source, " + 1 of users with a declared max, accepted risk") {
		t.Errorf("%d warnings of a plan in JSON, line %q; want the accepted risk in both", n, source)
	}
	if n, source := risks(unbound); n != 0 || strings.Contains(source, "risk") {
		t.Errorf("%d warnings of a plan in JSON, line %q; want no risk where nothing is declared", n, source)
	}
	for i, c := range f.Pools[0].Copies {
		if c.Bounded != (c.User == "pooler") || c.Bounded && c.FixedConns != 1 || strict.Pools[0].Copies[i].Bounded {
			t.Errorf("copy %+v, without the bound %+v; want pooler's alone bounded, with 1", c, strict.Pools[0].Copies[i])
		}
	}
	seen, plan := pooled(1, func(o *Observation) { o.Processes[0].Aliases[0].Pools[1].ServersIdle = 4 })
	if got := seen.Pools[0].WorstConns; got != 24 {
		t.Errorf("worst case %d where 4 are open, want the strict 24: the bound is disproved", got)
	}
	want = "main/app: users: declares at most 1 connections of pooler, and main/1 has 4 open: its strict line counts"
	if got := strings.Join(plan.Warnings, "\n"); !strings.Contains(got, want) || strings.Contains(got, "accepted risk") {
		t.Errorf("warnings %q, want %q and no accepted risk", got, want)
	}
	if wide, _ := pooled(40, nil); wide.Pools[0].WorstConns != 24 {
		t.Errorf("worst case %d; a bound above the pool's own changes nothing", wide.Pools[0].WorstConns)
	}
}

func TestALineThatNoUserFollowsIsSaidToHaveNoEffect(t *testing.T) {
	a, b := seenFleet(seenAlias("app", 20, 0, 2, "app1"), seenAlias("other", 5, 0, 2, "app2"))
	for _, o := range []*Observation{&a, &b} {
		o.Processes[0].Aliases[0].ForceUser = "app1"
		o.Processes[0].Users = []UserLimit{{Name: "app1", SizeConns: 3}}
	}
	_, plan := solveSeen(t, Declared{SizeAll: true}, a, b)
	x := plan.Pools[0]
	if x.WorstConns.After != 3 || !strings.Contains(x.Frozen, "pool_size 20 of its line has no effect") || !strings.Contains(x.Frozen, "app1 3") {
		t.Errorf("%+v", x)
	}
	if x.Wait.P99.Known() || x.Wait.P99Now.Known() || x.Utilization.Known() {
		t.Errorf("waits %+v, use %v of a size that no copy has", x.Wait, x.Utilization)
	}
	if !strings.Contains(strings.Join(plan.Warnings, "\n"), "main/app: the pool_size 20 of its line has no effect") {
		t.Errorf("warnings %q", plan.Warnings)
	}
}

func TestSizesInDoubtAreCountedAndProveNothing(t *testing.T) {
	doubted := func(doubt bool, conns int) (Plan, error) {
		a, b := seenFleet(seenAlias("app", 6, 0, 2, "app1", "app2", "app3"))
		for _, o := range []*Observation{&a, &b} {
			o.Servers[0].MaxConns = conns
			o.Processes[0].Users = []UserLimit{{Name: "app1", SizeConns: 11}}
			if doubt {
				o.Processes[0].Users = append(o.Processes[0].Users, UserLimit{Name: "app2", SizeConns: 11, Doubtful: true}, UserLimit{Name: "app3", SizeConns: 11, Doubtful: true})
			}
		}
		e := evidenceOf(t, a, b)
		loads, err := Estimate(e)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Model(epoch, Declared{SizeAll: true}, e, loads)
		if err != nil {
			t.Fatal(err)
		}
		return Solve(f, Options{})
	}
	if p, err := doubted(true, 60); err != nil || p.Gap.Known() || p.Pools[0].WorstConns.Before != 33 {
		t.Errorf("%v, gap %v, worst case %d; want the 33 that may be, and no proof", err, p.Gap, p.Pools[0].WorstConns.Before)
	}
	if p, err := doubted(false, 40); err != nil || p.Gap != 0 || p.Pools[0].WorstConns.Before != 23 || p.Servers[0].SpareConns < 0 {
		t.Errorf("%v, gap %v, %+v; want 11 + 6 + 6, proved", err, p.Gap, p.Pools)
	}
	_, err := doubted(true, 40) // 32 for 33 that may be
	if KindOf(err) != KindInfeasible || !strings.Contains(err.Error(), "in doubt") || !strings.Contains(HintOf(err), "config:") {
		t.Errorf("%v, hint %q; want the doubt said", err, HintOf(err))
	}
}

func TestAllowedIsTheTightestLimitOfACopy(t *testing.T) {
	look := func(version string, change func(*Observation)) (int, string) {
		a := seenAlias("app", 20, 0, 0, "app1", "app2")
		a.Pools[0] = PoolGauges{User: "app1", ServersActive: 3}
		a.Pools[1] = PoolGauges{User: "app2", ServersActive: 2, ServersIdle: 1}
		o, _ := seenFleet(a, seenAlias("big", 20, 0, 4, "app1"))
		o.Processes[0].Version = version
		change(&o)
		return o.Allowed(o.Processes[0], o.Processes[0].Aliases[0], "app1")
	}
	for _, c := range []struct {
		name, version string
		change        func(*Observation)
		conns         int
		limit         string
	}{
		{"its size", "1.24.1", func(*Observation) {}, 20, ""},
		{"max_db_connections, less what the other user has at work", "1.24.1", func(o *Observation) { o.Processes[0].Aliases[0].MaxConns = 5 }, 3, "max_db_connections 5 of main/app in main/1"},
		{"max_user_connections, idle ones of another alias are evicted", "1.24.1", func(o *Observation) { o.Processes[0].Settings.MaxUserConns = 5 }, 5, "max_user_connections 5 of app1 in main/1"},
		{"busy ones are not", "1.24.1", func(o *Observation) {
			o.Processes[0].Settings.MaxUserConns = 5
			o.Processes[0].Aliases[1].Pools[0] = PoolGauges{User: "app1", ServersActive: 4}
		}, 1, "max_user_connections 5 of app1 in main/1"},
		{"a forced user is counted apart before 1.23", "1.18.0", func(o *Observation) {
			o.Processes[0].Settings.MaxUserConns = 5
			o.Processes[0].Aliases[0].ForceUser = "app1"
			o.Processes[0].Aliases[1].Pools[0] = PoolGauges{User: "app1", ServersActive: 4}
		}, 5, "max_user_connections 5 of app1 in main/1/app"},
		{"a role, idle ones hold it", "1.24.1", func(o *Observation) { o.Servers[0].Roles = []ConnLimit{{Name: "app1", Conns: 9}} }, 5, "CONNECTION LIMIT 9 of role app1"},
		{"a database", "1.24.1", func(o *Observation) { o.Servers[0].Databases = []ConnLimit{{Name: "app", Conns: 7}} }, 4, "CONNECTION LIMIT 7 of database app"},
		{"a role, direct sessions hold it", "1.24.1", func(o *Observation) { o.Servers[0].Roles = []ConnLimit{{Name: "app1", Conns: 9, DirectConns: 3}} }, 2,
			"CONNECTION LIMIT 9 of role app1, of which direct sessions take 3"},
		{"a role, direct sessions hold all of it", "1.24.1", func(o *Observation) { o.Servers[0].Roles = []ConnLimit{{Name: "app1", Conns: 9, DirectConns: 12}} }, 0,
			"CONNECTION LIMIT 9 of role app1, of which direct sessions take 9"},
		{"a role, what pools let go holds it, too", "1.24.1", func(o *Observation) {
			o.Servers[0].Roles = []ConnLimit{{Name: "app1", Conns: 9, DirectConns: 1, LeavingConns: 2}}
		}, 2, "CONNECTION LIMIT 9 of role app1, of which direct sessions take 3"},
		{"a database, of a superuser", "1.24.1", func(o *Observation) {
			o.Servers[0].Databases, o.Servers[0].Superusers = []ConnLimit{{Name: "app", Conns: 7}}, []string{"app1"}
		}, 20, ""},
	} {
		if conns, limit := look(c.version, c.change); conns != c.conns || limit != c.limit {
			t.Errorf("%s: %d by %q, want %d by %q", c.name, conns, limit, c.conns, c.limit)
		}
	}
}

// TestSessionsOfNoPoolCountUnderALimitAtTheirHighest of all looks, as they do in the ledger; what pools have let go
// does not come back, and counts as it is. Autovacuum workers may all be in one database.
func TestSessionsOfNoPoolCountUnderALimitAtTheirHighest(t *testing.T) {
	var looks []Observation
	for i, n := range []int{2, 9, 1} {
		o, _ := seenFleet(seenAlias("app", 20, 0, 3, "app1"), seenAlias("other", 20, 0, 3, "app1"))
		o.At = epoch.Add(time.Duration(i) * time.Second)
		o.Servers[0].Roles = []ConnLimit{{Name: "app1", Conns: 60, DirectConns: n, LeavingConns: 3 - i}, {Name: "app9",
			Conns: 60}}
		o.Servers[0].Databases = []ConnLimit{{Name: "app", Conns: 40, DirectConns: n, LeavingConns: 3 - i},
			{Name: "other", Conns: 2}}
		o.Servers[0].WorkerConns = 3
		if i == 0 {
			o.Servers[0].Roles = o.Servers[0].Roles[1:] // it had none yet
		}
		looks = append(looks, o)
	}
	f := modelled(t, evidenceOf(t, looks...).Last)
	want := map[string][2]int{
		"CONNECTION LIMIT 60 of role app1, of which direct sessions take 10":                              {50, 2},
		"CONNECTION LIMIT 40 of database app, of which direct sessions take 10 and autovacuum may take 3": {27, 1},
		"CONNECTION LIMIT 2 of database other, of which autovacuum may take 2":                            {0, 1},
	}
	if got := limitsOfFleet(f); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("limits are %v, want %v", got, want)
	}
	if n := looks[2].Servers[0].Roles[0].DirectConns; n != 1 {
		t.Errorf("a look that was taken in says %d now, want 1", n)
	}
}
