package planner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// unevenFleet is a fleet by hand: one server, lines of one user each, as a look shows them.
type unevenFleet struct {
	lines  map[Set]int // From, To: 0
	budget int
	gone   []string // processes that are not there
	role   int      // the limit of the one user; 0: none
}

func sizeLine(process string) Set { return Set{Process: process, Alias: "app", Key: KeySize} }

func reserveLine(process string) Set { return Set{Process: process, Alias: "app", Key: KeyReserve} }

// unevenMain is main/app with a size a process.
func unevenMain(budget int, sizes ...int) *unevenFleet {
	u := &unevenFleet{lines: map[Set]int{}, budget: budget}
	for i, n := range sizes {
		u.lines[sizeLine(fmt.Sprintf("main/%d", i+1))] = n
	}
	return u
}

// look is the fleet at a moment.
func (u *unevenFleet) look(at time.Time) Observation {
	o := Observation{At: at, Servers: []Server{{Name: "pg", MaxConns: u.budget}}}
	if u.role > 0 {
		o.Servers[0].Roles = []ConnLimit{{Name: "u", Conns: u.role}}
	}
	var sizes []Set
	for x := range u.lines {
		if x.Key == KeySize && !slices.Contains(u.gone, x.Process) {
			sizes = append(sizes, x)
		}
	}
	slices.SortFunc(sizes, compareSets)
	for _, x := range sizes {
		if n := len(o.Processes); n == 0 || o.Processes[n-1].ID != x.Process {
			o.Processes = append(o.Processes, Process{ID: x.Process, Group: x.Group(), Version: "1.24",
				Settings: Settings{ReserveTimeout: time.Second}})
		}
		reserve := x
		reserve.Key = KeyReserve
		p := &o.Processes[len(o.Processes)-1]
		p.Aliases = append(p.Aliases, Alias{Name: x.Alias, SizeConns: u.lines[x], ReserveConns: u.lines[reserve],
			Server:   "pg",
			PoolMode: "transaction", Counters: Counters{Assignments: -1}, Pools: []PoolGauges{{User: "u"}}})
	}
	return o
}

// situation is what a rollback to before an event finds.
func (u *unevenFleet) situation(t testing.TB, m Memory, goal Goal, policy Policy) Situation {
	t.Helper()
	o := u.look(noon)
	e, err := Evidence{}.Add(o)
	if err != nil {
		t.Fatal(err)
	}
	none := 0
	f, err := Model(o.At, Declared{SizeAll: true, Servers: []DeclaredServer{{Name: "pg", HeadroomConns: &none,
		DirectCount: CountHighest}}}, e, nil)
	if err != nil {
		t.Fatal(err)
	}
	return Situation{Now: noon, Fleet: f, AsMeasured: f, Before: f, Look: o, Memory: m, Goal: goal, Target: goal,
		Policy: policy}
}

// write is what an act leaves.
func (u *unevenFleet) write(sets []Set) {
	for _, x := range sets {
		to := x.To
		x.From, x.To = 0, 0
		u.lines[x] = to
	}
}

// taken is a memory of steps that ended and stand.
func taken(steps ...Step) (m Memory) {
	for i, s := range steps {
		m.Past = append(m.Past, Past{Number: i + 1, Seq: int64(10 * (i + 1)), Step: s})
	}
	return m
}

func wrote(key Key, from, to int, processes ...string) (sets []Set) {
	for _, p := range processes {
		sets = append(sets, Set{p, "app", key, from, to})
	}
	return sets
}

// TestARollbackGoesBackLineByLine: each line gets what it had before the first of the steps that wrote it, and a line
// that none of them wrote is left alone.
func TestARollbackGoesBackLineByLine(t *testing.T) {
	equal := Step{Kind: Equalise, Sets: slices.Concat(wrote(KeySize, 6, 5, "main/1"), wrote(KeySize, 4, 5, "main/2"),
		wrote(KeySize, 6, 5, "main/3"))}
	shrunk := Step{Kind: Forward, Sets: wrote(KeySize, 5, 3, "main/1", "main/2", "main/3")}
	raised := Step{Kind: Equalise, Sets: wrote(KeySize, 4, 6, "main/2")}
	wayBack := Step{Kind: Backward, Sets: wrote(KeySize, 5, 4, "main/2")}
	for _, c := range []struct {
		name  string
		m     Memory
		to    int64
		u     *unevenFleet
		goal  string
		lines int // 0: all lines go to one size
		gone  string
	}{
		{"an equalisation", taken(equal), 10, unevenMain(60, 5, 5, 5), "main/app 6 (main/1, main/3), main/app 4 (main/2)",
			3, ""},
		{"a later step alone", taken(equal, shrunk), 20, unevenMain(60, 3, 3, 3), "main/app 5", 0, ""},
		{"both", taken(equal, shrunk), 10, unevenMain(60, 3, 3, 3), "main/app 6 (main/1, main/3), main/app 4 (main/2)", 3,
			""},
		{"one line was raised", taken(raised), 10, unevenMain(60, 6, 6, 6), "main/app 4 (main/2)", 1, ""},
		{"a process has come", taken(equal, shrunk), 20, unevenMain(60, 3, 3, 3, 3), "main/app 5 (main/1, main/2, main/3)",
			3, ""},
		{"a process is gone", taken(shrunk), 10, &unevenFleet{unevenMain(60, 3, 3, 3).lines, 60, []string{"main/2"}, 0},
			"main/app 5", 0, "main/app in main/2"},
		{"given up on its way back", Memory{Step: &wayBack, StepSeq: 10, StepNumber: 1}.givenUp(), 10, unevenMain(60, 5, 5,
			5), "main/app 4 (main/2)", 1, ""},
	} {
		s := c.u.situation(t, c.m, Goal{}, DefaultPolicy())
		way, any := Rollback(c.m, s.Fleet, c.to)
		if !any || way.Goal.Text() != c.goal || len(way.Goal.Lines) != c.lines || strings.Join(way.Gone, ", ") != c.gone {
			t.Errorf("%s: to %q by %d lines, %v gone; want %q by %d, %q gone", c.name, way.Goal.Text(), len(way.Goal.Lines),
				way.Gone, c.goal, c.lines, c.gone)
		}
	}
}

// TestAWayBackThatFitsLineByLineIsPossible: 6/4/6 fits where three of 6 do not, and where none may grow above 6.
func TestAWayBackThatFitsLineByLineIsPossible(t *testing.T) {
	equal := Step{Kind: Equalise, Sets: slices.Concat(wrote(KeySize, 6, 5, "main/1"), wrote(KeySize, 4, 5, "main/2"),
		wrote(KeySize, 6, 5, "main/3"))}
	for _, c := range []struct {
		budget, max int
		fits        bool
		above       string
	}{{16, 0, true, ""}, {15, 0, false, ""}, {16, 6, true, ""}, {16, 5, true,
		"main/app goes back to 6 in main/1, above its max: 5"}} {
		u := unevenMain(c.budget, 5, 5, 5)
		s := u.situation(t, taken(equal), Goal{}, DefaultPolicy())
		s.Fleet.Pools[0].Rules.Max = c.max
		way, _ := Rollback(s.Memory, s.Fleet, 10)
		if why := Reachable(s.Fleet, way.Goal); (why == "") != c.fits {
			t.Errorf("%d connections: %q", c.budget, why)
		}
		if why := AboveMax(s.Fleet, way.Goal); why != c.above {
			t.Errorf("max: %d: %q, want %q", c.max, why, c.above)
		}
	}
}

// TestOnlyWhatIsBackIsCalledDone: a line that is not there yet keeps a rollback from its end, and one that is gone
// does not.
func TestOnlyWhatIsBackIsCalledDone(t *testing.T) {
	raised := Step{Kind: Equalise, Sets: slices.Concat(wrote(KeySize, 4, 6, "main/2"), wrote(KeyReserve, 1, 2,
		"main/2"))}
	for _, c := range []struct {
		name    string
		size    int
		reserve int
		gone    []string
		done    bool
	}{{"as before", 4, 1, nil, true}, {"another size", 5, 1, nil, false}, {"another reserve", 4, 2, nil, false},
		{"gone", 6, 2, []string{"main/2"}, true}} {
		u := unevenMain(60, 6, c.size, 6)
		u.lines[reserveLine("main/2")] = c.reserve
		s := u.situation(t, taken(raised), Goal{}, DefaultPolicy())
		way, _ := Rollback(s.Memory, s.Fleet, 10)
		s.Goal, s.Target, s.Memory.RollTo = way.Goal, way.Goal, way.To
		u.gone = c.gone
		s.Look = u.look(noon)
		a := s.begin()
		if done := a.Verb == Stop && a.Outcome == Done; done != c.done {
			t.Errorf("%s: %s %s %q", c.name, a.Verb, a.Outcome, a.Reason)
		}
		if why := s.notBack(); (why == "") != c.done {
			t.Errorf("%s: %q is not back", c.name, why)
		}
	}
}

// TestAStepSaysWhichLinesDiffer: none is hidden behind the largest.
func TestAStepSaysWhichLinesDiffer(t *testing.T) {
	six := wrote(KeySize, 6, 5, "main/1", "main/3")
	for _, c := range []struct {
		step Step
		want string
	}{
		{Step{Sets: six}, "main/app 6 → 5"},
		{Step{Sets: append(slices.Clone(six), Set{"main/2", "app", KeySize, 4, 5})},
			"main/app 6 → 5 (main/1, main/3), main/app 4 → 5 (main/2)"},
		{Step{Kind: Equalise, Sets: wrote(KeySize, 4, 6, "main/2")}, "main/app 4 → 6 (main/2)"},
		{Step{Sets: append(wrote(KeyReserve, 2, 1, "a/1", "a/2", "a/3", "a/4", "a/5"), Set{"a/6", "app", KeyReserve, 0,
			1})},
			"a/app reserve_pool 2 → 1 (5 processes), a/app reserve_pool 0 → 1 (a/6)"},
	} {
		if got := c.step.Text(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestAWayIsSaidToBePossibleByLine: the steps to a plan are judged by what a rollback of them all would do.
func TestAWayIsSaidToBePossibleByLine(t *testing.T) {
	for _, c := range []struct {
		budget, max int
		want        string
	}{
		{16, 0, ""},
		{16, 6, ""},
		{16, 5, "main/app goes back to 6 in main/1, above its max: 5"},
		{15, 0, "pg: these sizes come to 16 connections, 1 more than the budget of 15"},
	} {
		s := unevenMain(c.budget, 6, 4, 6).situation(t, Memory{}, Goal{Pools: []GoalPool{{Pool: "main/app", Server: "pg",
			Size: 5}}}, Policy{Percent: 7})
		s.Fleet.Pools[0].Rules.Max = c.max
		s.AsMeasured = s.Fleet
		way, _ := s.Ahead()
		if got := Unreturnable(way); got != c.want || len(way) < 2 {
			t.Errorf("%d connections, max: %d: %q after %d steps, want %q", c.budget, c.max, got, len(way), c.want)
		}
	}
	if why := Unreturnable(nil); why != "" {
		t.Errorf("of no step: %q", why)
	}
}

// TestALineThatMayNotShrinkStaysWhereItIs: a release that was undone in this run is not tried again, of size or
// reserve, and the run says why it ends.
func TestALineThatMayNotShrinkStaysWhereItIs(t *testing.T) {
	raised := Step{Kind: Equalise, Sets: slices.Concat(wrote(KeySize, 4, 6, "main/2"), wrote(KeyReserve, 1, 2,
		"main/2"))}
	for _, key := range []Key{KeySize, KeyReserve} {
		u := unevenMain(60, 6, 6, 6)
		u.lines[reserveLine("main/1")], u.lines[reserveLine("main/2")] = 2, 2
		s := u.situation(t, taken(raised), Goal{}, DefaultPolicy())
		way, _ := Rollback(s.Memory, s.Fleet, 10)
		s.Memory.RollTo, s.Memory.Refused = way.To, []Refusal{{Pool: "main/app", Key: key, Least: 9, Reason: "it waited"}}
		for {
			s = u.situation(t, s.Memory, way.Goal, DefaultPolicy())
			a := s.begin()
			if a.Verb != Open {
				if a.Verb != Stop || a.Outcome != Held || a.Reason != "it waited" {
					t.Errorf("%s: %s %s %q", key, a.Verb, a.Outcome, a.Reason)
				}
				break
			}
			if slices.ContainsFunc(a.Step.Sets, func(x Set) bool { return x.Key == key }) {
				t.Fatalf("%s: %v, which was refused", key, a.Step.Sets)
			}
			u.write(a.Step.Sets)
		}
		want := map[Key][2]int{KeySize: {6, 1}, KeyReserve: {4, 2}}[key]
		if got := [2]int{u.lines[sizeLine("main/2")], u.lines[reserveLine("main/2")]}; got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
}
