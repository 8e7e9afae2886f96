package planner

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// shifting is a stage with 40 % of a/db's 8 Erlangs on their way to b/db, which carries as many already; 20 of its 40
// connections are spare.
func shifting() *stage {
	s := newStage(10)
	s.policy.Percent, s.policy.Soak = 50, 10*time.Second
	s.shifts = []Shift{{From: "a/db", To: "b/db", Fraction: Range{0.4, 0.4, 0.4}, Until: 100}}
	s.readings = []Reading{{X: 0, Said: true}}
	s.memory = s.memory.After(Event{Kind: RunBegan, Seq: 1, At: s.now, Turned: []Switch{{Shift: "a/db:b/db"}}})
	return s
}

// sized looks with the sizes that the journal says.
func (s *stage) sized() {
	a, b := 20, 10
	for _, w := range s.memory.Written {
		if w.Process == "a/1" {
			a = w.To
		} else {
			b = w.To
		}
	}
	s.see(a, min(a, 9), b, min(b, 9))
}

// due acts until a verb is due, and leaves it at that.
func (s *stage) due(t *testing.T, want Verb) Act {
	t.Helper()
	for range 100 {
		s.sized()
		a := s.next()
		if a.Verb == want {
			return a
		}
		s.act(t, a.Verb)
	}
	t.Fatalf("%s never comes", want)
	return Act{}
}

// until acts until a verb is due, and has the switch say what it was told.
func (s *stage) until(t *testing.T, want Verb) Act {
	t.Helper()
	for range 100 {
		s.sized()
		a := s.next()
		if a.Verb == want {
			return s.act(t, want)
		}
		if a.Verb == Stop {
			t.Fatalf("%s: %s; want %s", a.Outcome, a.Reason, want)
		}
		s.act(t, a.Verb)
		if a.Verb == Flip {
			s.readings[0].X = a.Turn.To
		}
	}
	t.Fatalf("%s never comes: %+v", want, s.next())
	return Act{}
}

func TestTrafficMovesOnceItsSizesStandAndSoaks(t *testing.T) {
	s := shifting()
	open := s.until(t, Open)
	if open.Step.Turn == nil || open.Goal == nil || *open.Step.Turn != (Turn{"a/db:b/db", 0, 50}) || len(open.Step.Sets) == 0 {
		t.Fatalf("%+v", open.Step)
	}
	flip := s.until(t, Flip)
	for _, x := range open.Step.Sets {
		if at, ok := s.memory.explains(x, x.To); !at || !ok {
			t.Errorf("%+v does not stand, and traffic moves", x)
		}
	}
	s.sized() // it was told, and still says what it said
	if a := s.next(); a.Verb != Wait || !strings.Contains(a.Reason, "still says 0 %") {
		t.Fatalf("%+v", a)
	}
	s.readings[0].X = flip.Turn.To
	begun := s.now
	s.point = nil
	for s.now.Sub(begun) < s.policy.Soak-2*time.Second {
		s.sized()
		s.act(t, Wait)
	}
	s.sized()
	s.sized()
	if a := s.next(); a.Verb != Wait || !strings.Contains(a.Reason, "measured") {
		t.Fatalf("%+v", a)
	}
	s.point = &Point{Shift: "a/db:b/db", X: 50, Verdict: NotMoved, Text: "0 ± 1"}
	if a := s.next(); !a.Held || !strings.Contains(a.Reason, "says 50 %, and nothing moved: 0 ± 1") {
		t.Fatalf("%+v", a)
	}
	s.point = &Point{Shift: "a/db:b/db", X: 50, From: Measure{6.4, 0.1}, To: Measure{9.6, 0.1}, Verdict: Moved}
	s.act(t, Close)
	if len(s.memory.Points) != 1 || s.memory.Steps != 1 {
		t.Fatalf("%+v", s.memory.Points)
	}
	if next := s.until(t, Open); next.Step.Turn == nil || next.Step.Turn.From != 50 || next.Step.Turn.To != 100 {
		t.Fatalf("%+v", next.Step)
	}
	s.until(t, Flip)
	s.readings[0].X = 100
	s.point.X = 100
	s.until(t, Close)
	if aim := s.until(t, Aim); len(aim.Goal.Pools) != 2 || s.memory.Leg {
		t.Fatalf("%+v", aim.Goal)
	}
	s.goal = *s.memory.Goal
	for range 20 {
		s.sized()
		a := s.next()
		if a.Verb == Stop {
			if a.Outcome != Done {
				t.Fatalf("%+v", a)
			}
			return
		}
		s.act(t, a.Verb)
	}
	t.Fatal("it does not end")
}

func TestTrafficGoesBackBeforeAnySizeDoes(t *testing.T) {
	for name, cause := range map[string]func(*stage){
		"saturation": func(s *stage) {
			cpu := Threshold{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}
			for range 2 {
				s.now = s.now.Add(time.Millisecond)
				s.gate = s.gate.Add([]Signal{{Name: "cpu", Server: "pg", Value: 0.97, At: s.now}}, []Threshold{cpu}, []string{"pg"}, time.Minute, s.now)
			}
		},
		"a client that waits": func(s *stage) {
			s.now = s.now.Add(fills)
			s.see(s.size("a"), 9, s.size("b"), s.size("b"), func(o *Observation) {
				o.Processes[1].Aliases[0].Pools[0].MaxWait, o.Processes[1].Aliases[0].Pools[0].ClientsWaiting = 2*time.Second, 3
			})
		},
	} {
		s := shifting()
		s.until(t, Flip)
		s.readings[0].X = 50
		s.sized()
		s.act(t, Wait)
		cause(s)
		abort := s.act(t, Abort)
		if abort.Step.Turn == nil || *abort.Step.Turn != (Turn{"a/db:b/db", 50, 0}) || len(abort.Step.Sets) == 0 || abort.Point == nil || abort.Point.Back != (name != "saturation") {
			t.Fatalf("%s: %+v", name, abort)
		}
		s.sized()
		if flip := s.act(t, Flip); flip.Turn.To != 0 { // at the next look, with the signal as it is
			t.Fatalf("%s: %+v", name, flip)
		}
		s.readings[0].X = 0
		s.gate = Gate{}
		s.until(t, Close)
		if s.size("a") != 20 || s.size("b") != 10 {
			t.Errorf("%s: back at %d and %d", name, s.size("a"), s.size("b"))
		}
		s.sized()
		s.policy.Aborts = 1
		if a := s.next(); a.Verb != Stop || a.Outcome != Aborted {
			t.Errorf("%s: %+v", name, a)
		}
		s.memory.Aborts = 0 // the next run is half as bold
		if most := s.memory.points("a/db:b/db", s.policy); most != 25 {
			t.Errorf("%s: %d points at most", name, most)
		}
		if f := Learn(Range{0.3, 0.4, 0.5}, s.memory.Points).Fraction; name != "saturation" && f.Upper != 1 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func (s *stage) size(group string) int {
	size := map[string]int{"a": 20, "b": 10}[group]
	for _, w := range s.memory.Written {
		if w.Process == group+"/1" {
			size = w.To
		}
	}
	return size
}

// TestASignalHoldsTraffic: neither a step that moves nothing else begins, nor does the turn of one that has begun.
func TestASignalHoldsTraffic(t *testing.T) {
	high := func(s *stage) {
		for range 2 {
			s.now = s.now.Add(time.Millisecond)
			s.gate = s.gate.Add([]Signal{{Name: "cpu", Server: "pg", Value: 0.85, At: s.now}}, []Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute, s.now)
		}
	}
	s := shifting()
	s.policy.Percent = 5 // sizes of today do
	s.see(20, 9, 14, 9)
	s.see(20, 9, 14, 9)
	s.see(20, 9, 14, 9)
	high(s)
	if a := s.next(); !a.Held || !strings.Contains(a.Reason, "cpu") {
		t.Fatalf("%+v", a)
	}
	s = shifting()
	s.until(t, Grant)
	s.sized()
	high(s)
	if a := s.next(); !a.Held || !strings.Contains(a.Reason, "cpu") {
		t.Fatalf("%+v", a)
	}
}

// TestALaggingSwitchIsTurnedBackAllTheSame: it was told, and does not say so yet, and a signal calls for the way back.
func TestALaggingSwitchIsTurnedBackAllTheSame(t *testing.T) {
	for _, unread := range []bool{false, true} {
		s := shifting()
		s.until(t, Flip)
		s.readings[0].X = 0
		if unread {
			s.readings[0] = Reading{X: 50, Error: "the flag service is away"}
		}
		s.sized()
		s.saturated()
		if a := s.act(t, Abort); a.Step.Turn == nil || a.Step.Turn.To != 0 {
			t.Fatalf("unread %v: %+v", unread, a)
		}
		s.sized()
		if a := s.act(t, Flip); a.Turn.To != 0 {
			t.Fatalf("unread %v: %+v", unread, a)
		}
	}
}

// TestABlindTurnThatFailsIsNotTriedWithoutEnd: it waits between two tries.
func TestABlindTurnThatFailsIsNotTriedWithoutEnd(t *testing.T) {
	s := shifting()
	s.until(t, Flip)
	back := &Step{Kind: Backward, Turn: &Turn{"a/db:b/db", 50, 0}}
	s.memory = s.memory.After(Event{Kind: StepAbort, Step: back, At: s.now})
	s.readings[0].X, s.shifts[0].At = 50, 50
	blind := func() (Act, bool) {
		return Unseen(Situation{Now: s.now, Fleet: s.fleet, Memory: s.memory, Policy: s.policy, Shifts: s.shifts, Readings: s.readings})
	}
	flip, due := blind()
	if !due {
		t.Fatal("it is not turned")
	}
	s.memory = s.memory.After(Event{Kind: Intended, Act: &flip, At: s.now})
	s.memory = s.memory.After(Event{Kind: Failed, Act: &flip, At: s.now, Outcome: Blind})
	if _, due := blind(); due {
		t.Error("it is tried again at once")
	}
	s.now = s.now.Add(retryAfter)
	if _, due := blind(); !due {
		t.Error("it is not tried again")
	}
	s.policy.HoldFor = 0 // of one step
	if a := s.next(); a.Verb == Stop {
		t.Errorf("%+v", a)
	}
}

// TestARollbackIsNotHeldByWhatItCures, and what it finds of unknown fate goes back, too.
func TestARollbackIsNotHeldByWhatItCures(t *testing.T) {
	s := shifting()
	flip := s.due(t, Flip)
	s.memory = s.memory.After(Event{Kind: Intended, Act: &flip, At: s.now})
	s.memory = s.memory.After(Event{Kind: RunBegan, To: s.memory.StepSeq, Goal: &Goal{}, At: s.now})
	s.readings[0].X = 50
	for range 2 {
		s.now = s.now.Add(time.Millisecond)
		s.gate = s.gate.Add([]Signal{{Name: "cpu", Server: "pg", Value: 0.85, At: s.now}}, []Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute, s.now)
	}
	if a := s.act(t, Flip); a.Turn.To != 0 {
		t.Fatalf("%+v", a)
	}
}

// TestNothingMovedOutlivesTheProgram: looks from before the turn are gone with it.
func TestNothingMovedOutlivesTheProgram(t *testing.T) {
	s := shifting()
	s.until(t, Flip)
	s.readings[0].X = 50
	s.now = s.now.Add(s.policy.Soak)
	s.sized()
	s.point = &Point{Shift: "a/db:b/db", X: 50, Verdict: NotMoved, Text: "0 ± 1"}
	a := s.next()
	if a.Point == nil {
		t.Fatalf("%+v", a)
	}
	s.memory = s.memory.After(Event{Kind: HoldBegan, Reason: a.Reason, Point: a.Point, At: s.now})
	s.memory = s.memory.After(Event{Kind: RunBegan, Goal: &s.goal, At: s.now})
	s.now = s.now.Add(s.policy.Soak)
	s.sized()
	s.point = &Point{Shift: "a/db:b/db", X: 50, Verdict: CannotTell}
	if a := s.next(); !a.Held || !strings.Contains(a.Reason, "nothing moved: 0 ± 1") {
		t.Fatalf("%+v", a)
	}
	risen := *s.point
	risen.Risen = true // the loads say so, whatever the arrivals of one look did
	still := *s
	still.point = &risen
	still.act(t, Close)
	s.point.Verdict = Moved
	s.act(t, Close)
}

// TestAShareThatRisesAsExpectedHasMoved: had it stayed where it was, it would be outside of what was expected.
func TestAShareThatRisesAsExpectedHasMoved(t *testing.T) {
	point := func(share float64) Point { return Point{From: Measure{1 - share, 0.01}, To: Measure{share, 0.01}} }
	before := []Point{point(0.1), {Useless: "full"}}
	for _, c := range []struct {
		share    float64
		expected *Range
		want     bool
	}{
		{0.2, &Range{0.15, 0.2, 0.25}, true}, {0.1, &Range{0.15, 0.2, 0.25}, false}, {0.2, &Range{0.05, 0.2, 0.35}, false}, {0.2, nil, false},
	} {
		p := point(c.share)
		p.Expected = c.expected
		if got := p.risen(before); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if p := point(0.2); p.risen(nil) {
		t.Error("nothing was seen before")
	}
}

// TestATurnByItselfIsHeldLikeAStep: a step that changes no size asks the signals, too.
func TestATurnByItselfIsHeldLikeAStep(t *testing.T) {
	s := shifting()
	s.policy.Percent, s.policy.Soak = 1, 0
	for range 200 { // to where the sizes serve the next percentage as they are
		s.sized()
		a := s.next()
		if a.Verb == Open && len(a.Step.Sets) == 0 {
			s.gate = s.gate.Add([]Signal{{Name: "cpu", Server: "pg", Value: 0.85, At: s.now}}, []Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute, s.now)
			if a := s.next(); !a.Held || !strings.Contains(a.Reason, "cpu") {
				t.Fatalf("%+v", a)
			}
			return
		}
		s.act(t, a.Verb)
		if a.Verb == Flip {
			s.readings[0].X = a.Turn.To
			s.point = &Point{Shift: "a/db:b/db", X: a.Turn.To, From: Measure{7, 0.1}, To: Measure{9, 0.1}}
		}
	}
	t.Fatal("every turn needs a size")
}

// TestTrafficGoesBackThoughNothingIsSeen: the switch is no part of what does not answer.
func TestTrafficGoesBackThoughNothingIsSeen(t *testing.T) {
	s := shifting()
	s.until(t, Flip)
	s.readings[0].X, s.shifts[0].At = 50, 50
	blind := Situation{Now: s.now, Fleet: s.fleet, Memory: s.memory, Policy: s.policy, Shifts: s.shifts, Readings: s.readings}
	if _, due := Unseen(blind); due {
		t.Fatal("nothing calls for it")
	}
	for range 2 {
		s.now = s.now.Add(time.Second)
		blind.Gate = blind.Gate.Add([]Signal{{Name: "cpu", Server: "pg", Value: 0.97, At: s.now}}, []Threshold{{Name: "cpu", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute, s.now)
	}
	abort, due := Unseen(blind)
	if !due || abort.Verb != Abort || abort.Step.Turn.To != 0 || len(abort.Step.Sets) != len(s.memory.Written) {
		t.Fatalf("%v %+v", due, abort)
	}
	s.memory = s.memory.After(Event{Kind: StepAbort, Step: abort.Step, At: s.now})
	blind.Memory = s.memory
	flip, due := Unseen(blind)
	if !due || flip.Verb != Flip || flip.Turn.To != 0 {
		t.Fatalf("%v %+v", due, flip)
	}
}

func TestASwitchThatSomebodyElseTurnsIsDriftAndOneThatDoesNotAnswerHolds(t *testing.T) {
	s := shifting()
	s.sized()
	s.sized()
	s.readings[0].X = 30
	s.sized()
	if a := s.next(); a.Verb != Stop || a.Outcome != Drifted || !strings.Contains(a.Reason, "says 30 %, and the journal 0 %") {
		t.Fatalf("%+v", a)
	}
	s.readings[0] = Reading{X: 0, Error: "flag: exit status 1"}
	if a := s.next(); !a.Held || !strings.Contains(a.Reason, "is not known: flag: exit status 1") {
		t.Fatalf("%+v", a)
	}
	s.readings[0] = Reading{X: 0, Said: true}
	s.until(t, Flip)
	s.sized()
	s.act(t, Wait) // what it said before the turn is explained, and not for ever
	s.now = s.now.Add(s.policy.Stale)
	if a := s.next(); !a.Held || !strings.Contains(a.Reason, "still says 0 %") {
		t.Fatalf("%+v", a)
	}
	s.readings[0].X = 30
	if a := s.next(); a.Outcome != Drifted {
		t.Fatalf("%+v", a)
	}
	s.memory = s.memory.After(Event{Kind: Accepted}) // a person says that it is right
	if a := s.next(); a.Outcome == Drifted {
		t.Fatalf("%+v", a)
	}
	s.memory = s.memory.After(Event{Kind: RunBegan, Turned: []Switch{{Shift: "a/db:b/db", X: 30, Or: 30}}})
	if sw, _ := s.memory.Switch("a/db:b/db"); sw.X != 30 || sw.Any {
		t.Errorf("%+v", sw)
	}
}

// TestATurnOfUnknownFateIsMadeAgain: a switch without get: does not tell whether it was.
func TestATurnOfUnknownFateIsMadeAgain(t *testing.T) {
	s := shifting()
	s.readings[0].Said = false
	flip := s.due(t, Flip)
	s.memory = s.memory.After(Event{Kind: Intended, Act: &flip, At: s.now})
	s.sized()
	if a := s.next(); a.Verb != Flip || *a.Turn != *flip.Turn {
		t.Fatalf("%+v", a)
	}
	s.gate = s.gate.Add(nil, []Threshold{{Name: "cpu", Hold: 0.8, Resume: 0.7, Abort: math.Inf(1)}}, []string{"pg"}, time.Minute, s.now) // it may not be made now
	if a := s.next(); a.Verb != Flip || a.Turn.To != 0 {
		t.Fatalf("%+v", a)
	}
}

func TestAPersonWhoTurnsTheSwitchIsWaitedFor(t *testing.T) {
	s := shifting()
	s.shifts[0].ByHand = true
	s.policy.FlipFor = time.Minute
	s.until(t, Open)
	for a := s.next(); !strings.Contains(a.Reason, "turn the traffic of a/db:b/db from 0 to 50 % now"); a = s.next() {
		if a.Verb == Flip {
			t.Fatalf("%+v", a)
		}
		s.act(t, a.Verb)
		s.sized()
	}
	waiting := *s
	s.readings = []Reading{{X: 50, Said: true}}
	s.sized()
	if a := s.act(t, Flip); a.Reason != "by hand" {
		t.Fatalf("%+v", a)
	}
	if sw, _ := s.memory.Switch("a/db:b/db"); sw.X != 50 {
		t.Errorf("%+v", sw)
	}
	waiting.readings = []Reading{{X: 0, Said: true}}
	waiting.now = waiting.now.Add(time.Minute)
	if a := waiting.next(); a.Verb != Stop || a.Outcome != Held || !strings.Contains(a.Reason, "nobody turned") {
		t.Fatalf("%+v", a)
	}
	waiting.readings = []Reading{{X: 70, Said: true}} // somewhere else
	if a := waiting.next(); a.Outcome != Drifted {
		t.Fatalf("%+v", a)
	}
}

func TestASurpriseHalvesTheNextTurnUntilOneIsAsExpected(t *testing.T) {
	p := DefaultPolicy()
	p.Percent = 20
	point := func(share float64, useless string) Point {
		return Point{Shift: "s", From: Measure{1 - share, 0.01}, To: Measure{share, 0.01}, Expected: &Range{0.1, 0.2, 0.3}, Useless: useless}
	}
	for _, c := range []struct {
		points []Point
		want   int
	}{
		{nil, 20}, {[]Point{point(0.2, "")}, 20}, {[]Point{point(0.5, "")}, 10}, {[]Point{point(0.5, ""), point(0.05, "")}, 5},
		{[]Point{point(0.5, ""), {Shift: "s", Survey: true, From: Measure{1, 0.1}}}, 10}, // the next run looks first
		{[]Point{point(0.5, ""), point(0.2, "")}, 20}, {[]Point{point(0.2, "full")}, 10}, {[]Point{{Shift: "other", Useless: "x"}}, 20},
		{[]Point{point(0.5, ""), point(0.5, ""), point(0.5, ""), point(0.5, ""), point(0.5, ""), point(0.5, "")}, 1},
	} {
		if got := (Memory{Points: c.points}).points("s", p); got != c.want {
			t.Errorf("%d points: %d, want %d", len(c.points), got, c.want)
		}
	}
}

func TestARollbackTurnsTheSwitchBackToo(t *testing.T) {
	s := shifting()
	s.until(t, Flip)
	s.readings[0].X = 50
	s.point = &Point{Shift: "a/db:b/db", X: 50, From: Measure{6.4, 0.1}, To: Measure{9.6, 0.1}}
	s.until(t, Close)
	s.sized()
	way, any := Rollback(s.memory, s.fleet, 0)
	if !any || fmt.Sprint(way.Turns) != "[{a/db:b/db 50 0}]" || len(way.Goal.Pools) == 0 {
		t.Fatalf("%+v", way)
	}
	s.memory = s.memory.After(Event{Kind: RunBegan, Goal: &way.Goal, To: way.To, At: s.now})
	s.goal, s.shifts[0].Until = way.Goal, 0
	open := s.until(t, Open)
	if open.Step.Turn == nil || *open.Step.Turn != (Turn{"a/db:b/db", 50, 0}) || len(open.Step.Sets) != 0 {
		t.Fatalf("the traffic goes back first, over the sizes that stand: %+v", open.Step)
	}
	s.until(t, Flip)
	s.readings[0].X = 0
	s.point = &Point{Shift: "a/db:b/db"}
	s.until(t, Close)
	for range 60 {
		s.sized()
		a := s.next()
		if a.Verb == Stop {
			if a.Outcome != Done || s.size("a") != 20 || s.size("b") != 10 {
				t.Fatalf("%+v with %d and %d", a, s.size("a"), s.size("b"))
			}
			return
		}
		s.act(t, a.Verb)
	}
	t.Fatal("it does not end")
}

// saturated has a signal of pg above its abort level.
func (s *stage) saturated() {
	for range 2 {
		s.now = s.now.Add(time.Millisecond)
		s.gate = s.gate.Add([]Signal{{Name: "cpu", Server: "pg", Value: 0.97, At: s.now}}, []Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute, s.now)
	}
}

// TestARollbackGoesOnWhileSaturated: what it takes back is not taken back, and begun again it goes the same way.
func TestARollbackGoesOnWhileSaturated(t *testing.T) {
	s := shifting()
	s.until(t, Flip)
	s.readings[0].X = 50
	s.point = &Point{Shift: "a/db:b/db", X: 50, From: Measure{6.4, 0.1}, To: Measure{9.6, 0.1}}
	s.until(t, Close)
	first := s.memory.Past[0].Seq
	way, _ := Rollback(s.memory, s.fleet, 0)
	s.memory = s.memory.After(Event{Kind: RunBegan, Goal: &way.Goal, To: way.To, At: s.now})
	s.goal, s.shifts[0].Until = way.Goal, 0
	s.until(t, Flip)
	s.readings[0].X = 0
	s.saturated()
	s.sized()
	if a := s.next(); a.Verb == Abort {
		t.Fatalf("%+v", a)
	}
	again, any := Rollback(s.memory, s.fleet, 0) // it was killed, and is typed again
	if !any || again.To != first || len(again.Turns) != 1 || again.Turns[0].To != 0 {
		t.Fatalf("%+v", again)
	}
	s.memory = s.memory.After(Event{Kind: RunBegan, Goal: &again.Goal, To: again.To, At: s.now})
	if s.memory.Unwind {
		t.Error("its own step goes back")
	}
	s.now = s.now.Add(s.policy.Soak)
	s.point = &Point{Shift: "a/db:b/db", Verdict: NotMoved}
	s.until(t, Close)
	s.memory = s.memory.After(Event{Kind: RunEnded, Outcome: Done, At: s.now})
	if s.memory.RollTo != 0 || len(s.memory.Past) != 0 {
		t.Errorf("to %d, %d steps", s.memory.RollTo, len(s.memory.Past))
	}
}

// TestATurnBackThatFailsIsRepeatedAsTurnBack, and one of unknown fate is taken as made where it goes back blind.
func TestATurnBackThatFailsIsRepeatedAsTurnBack(t *testing.T) {
	s := shifting()
	flip := s.due(t, Flip)
	s.memory = s.memory.After(Event{Kind: Intended, Act: &flip, At: s.now})
	blind := s.memory
	s.saturated()
	back := s.next()
	if back.Verb != Flip || back.Turn.To != 0 {
		t.Fatalf("%+v", back)
	}
	s.memory = s.memory.After(Event{Kind: Intended, Act: &back, At: s.now})
	if a := s.next(); a.Verb != Flip || a.Turn.To != 0 {
		t.Fatalf("%+v", a)
	}
	step := &Step{Kind: Backward, Turn: &Turn{"a/db:b/db", 50, 0}}
	s.memory = blind.After(Event{Kind: StepAbort, Step: step, At: s.now})
	s.readings[0].X = 50
	s.sized()
	if a := s.next(); a.Verb != Flip || a.Turn.To != 0 {
		t.Fatalf("%+v", a)
	}
}

// TestAnActThatDoesNotSucceedKeepsNoTraffic: a size that cannot be written is no reason to leave traffic where it saturates.
func TestAnActThatDoesNotSucceedKeepsNoTraffic(t *testing.T) {
	s := shifting()
	s.until(t, Flip)
	s.readings[0].X = 50
	s.sized()
	undo := Act{Verb: Undo, Pool: "a/db", Sets: []Set{{"a/1", "db", KeySize, s.size("a"), s.size("a") + 1}}}
	s.memory = s.memory.After(Event{Kind: Intended, Act: &undo, At: s.now})
	s.memory = s.memory.After(Event{Kind: Failed, Act: &undo, At: s.now, Outcome: Held, Reason: "a full disk"})
	s.saturated()
	if a := s.act(t, Abort); a.Step.Turn == nil || a.Step.Turn.To != 0 {
		t.Fatalf("%+v", a)
	}
}

// TestAPersonIsNotAskedWhileASignalHolds to turn the switch.
func TestAPersonIsNotAskedWhileASignalHolds(t *testing.T) {
	s := shifting()
	s.shifts[0].ByHand, s.policy.FlipFor = true, time.Minute
	s.until(t, Grant)
	s.sized()
	s.saturated()
	s.gate = s.gate.Add([]Signal{{Name: "cpu", Server: "pg", Value: 0.85, At: s.now.Add(time.Millisecond)}}, []Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.99}}, []string{"pg"}, time.Minute, s.now)
	for range 4 {
		s.sized()
		if a := s.next(); strings.Contains(a.Reason, "turn the traffic") {
			t.Fatalf("%+v", a)
		}
	}
}
