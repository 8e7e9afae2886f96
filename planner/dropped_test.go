package planner

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// totals are what one user's pool has counted.
type totals struct {
	xacts      int64
	xact, wait time.Duration
}

// sharing is an alias of several users whose pools come and go, as its process shows it: sums over the pools there are.
type sharing struct {
	at    time.Time
	pools map[string]totals
}

// run lets dt pass, in which n transactions of 10 ms end in the pool of one user.
func (s *sharing) run(dt time.Duration, user string, n int64) {
	s.at = s.at.Add(dt)
	c := s.pools[user]
	c.xacts += n
	c.xact += time.Duration(n) * 10 * time.Millisecond
	s.pools[user] = c
}

func (s *sharing) look() Observation {
	a := Alias{Name: "app", Database: "app", SizeConns: 20, PoolMode: "transaction", Server: "main", Proof: ProofBackends}
	for user, c := range s.pools {
		a.Counters.Xacts += c.xacts
		a.Counters.XactTime += c.xact
		a.Counters.WaitTime += c.wait
		g := PoolGauges{User: user}
		if user == "app1" {
			g.ServersActive = 6
		}
		a.Pools = append(a.Pools, g)
	}
	a.Counters.Assignments = a.Counters.Xacts
	slices.SortFunc(a.Pools, func(a, b PoolGauges) int { return strings.Compare(a.User, b.User) })
	return Observation{At: s.at, Servers: []Server{{Name: "main", MaxConns: 100}},
		Processes: []Process{{ID: "main/1", Group: "main", Version: "1.25.2", Started: 1, Aliases: []Alias{a}}}}
}

// TestAPoolThatGoesTakesItsCounters drops the idle pool of one user while the alias carries 6 Erlangs, 1800 transactions
// and 18 s of them from look to look: the sums fall, or rise by less than they should.
func TestAPoolThatGoesTakesItsCounters(t *testing.T) {
	for name, c := range map[string]struct {
		before int64 // counted by app2's pool before the first look
		goes   []int // looks that show it no longer
		comes  []int // looks that show it anew, with half of what was carried since the look before
		broken string
	}{
		"visibly":           {100000, []int{10}, nil, "counters went backwards (total_xact_count 116200 -> 18000)"},
		"masked":            {1000, []int{10}, nil, "the pool of app2 went, and its part of the counters with it,"},
		"masked, all but 1": {1799, []int{10}, nil, "the pool of app2 went"},
		"again and again":   {900, []int{3, 7, 11, 15}, []int{5, 9, 13}, "the pool of app2 went"},
		"never used":        {0, []int{10}, nil, "the pool of app2 went"},
		"coming":            {-1, nil, []int{10}, ""},
	} {
		s := &sharing{epoch, map[string]totals{"app1": {}}}
		if c.before >= 0 {
			s.run(0, "app2", c.before)
		}
		looks := []Observation{s.look()}
		for i := 1; i <= 20; i++ {
			switch {
			case slices.Contains(c.comes, i):
				s.run(3*time.Second, "app1", 900)
				s.run(0, "app2", 900)
			case slices.Contains(c.goes, i):
				delete(s.pools, "app2")
				fallthrough
			default:
				s.run(3*time.Second, "app1", 1800)
			}
			looks = append(looks, s.look())
		}
		e := evidenceOf(t, looks...)
		loads, err := Estimate(e)
		if err != nil {
			t.Fatal(err)
		}
		l := loads[0]
		if l.Erlangs.Target < 5.999 || l.Erlangs.Target > 6.001 || l.Erlangs.Lower > 6 || l.Erlangs.Upper < 6 {
			t.Errorf("%s: %+v, want 6", name, l.Erlangs)
		}
		if got := strings.Join(e.Breaks, "\n"); len(e.Breaks) != len(c.goes) || !strings.Contains(got, c.broken) {
			t.Errorf("%s: breaks %q, want %d that say %q", name, e.Breaks, len(c.goes), c.broken)
		}
		f, err := Model(epoch, Declared{SizeAll: true}, e, loads)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(f.Warnings, "\n"); !strings.Contains(got, c.broken) {
			t.Errorf("%s: warnings %q do not say %q", name, f.Warnings, c.broken)
		}
	}
}

// TestOnlyIntervalsInWhichAPoolWentAreNotEnough: nothing is left to tell the load by, and the refusal says why.
func TestOnlyIntervalsInWhichAPoolWentAreNotEnough(t *testing.T) {
	s := &sharing{epoch, map[string]totals{"app1": {}}}
	s.run(0, "app2", 1000)
	first := s.look()
	s.run(3*time.Second, "app1", 1800)
	delete(s.pools, "app2")
	_, err := Estimate(evidenceOf(t, first, s.look()))
	if KindOf(err) != KindEvidence || !strings.Contains(err.Error(), "the pool of app2 went") {
		t.Errorf("%v, want not enough evidence, and why", err)
	}
}

// TestAnAliasThatComesBackCountsAnew: PgBouncer forgets the totals of a database of the line * with the database itself,
// and by the look that shows it again they may have passed the old ones.
func TestAnAliasThatComesBackCountsAnew(t *testing.T) {
	s := &sharing{epoch, map[string]totals{"app1": {}}}
	s.run(0, "app1", 1000)
	var looks []Observation
	for i := range 20 {
		o := s.look()
		at := &o.Processes[0]
		at.Aliases = append(at.Aliases, Alias{Name: "other", Server: "main", PoolMode: "transaction", Pools: []PoolGauges{{User: "app1"}}})
		if i == 1 {
			at.Aliases = at.Aliases[1:]
			s.pools["app1"] = totals{}
		}
		looks = append(looks, o)
		s.run(3*time.Second, "app1", 1800)
	}
	e := evidenceOf(t, looks...)
	loads, err := Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	if l := loads[0]; l.Erlangs.Target < 5.999 || l.Erlangs.Target > 6.001 || !slices.ContainsFunc(e.Breaks, func(b string) bool {
		return strings.HasPrefix(b, "main/1/app: it was not shown for a while, and its counters may have begun anew,")
	}) {
		t.Errorf("%+v, breaks %q; want 6, and the gap named", l.Erlangs, e.Breaks)
	}
}

// TestBlocksGoTogetherLookByLook: two processes of which each lacks an interval, and not the same one, have as many of them
// and no two that were at one time.
func TestBlocksGoTogetherLookByLook(t *testing.T) {
	flow := func(process string, without int) Flow {
		f := Flow{Process: process, Alias: "db"}
		for i := range 6 {
			if i != without {
				f.Intervals = append(f.Intervals, Interval{Begin: Level{Look: i}, End: Level{Look: i + 1}, Span: time.Second, Xacts: 10})
			}
		}
		return f
	}
	s := Shift{From: "a/db", To: "b/db"}
	for _, c := range []struct{ a, b, want int }{{-1, -1, 6}, {2, 2, 5}, {2, -1, 0}, {2, 4, 0}} {
		e := Evidence{Flows: []Flow{flow("a/1", c.a), flow("b/1", c.b)},
			Last: Observation{Processes: []Process{{ID: "a/1", Group: "a"}, {ID: "b/1", Group: "b"}}}}
		if got := e.Blocks(s); len(got) != c.want {
			t.Errorf("without the intervals %d and %d: %d blocks, want %d", c.a, c.b, len(got), c.want)
		}
	}
}
