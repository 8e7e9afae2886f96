package planner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestReservesThatDifferByNowGoBackByLine: all were 2 before, and one of them is again.
func TestReservesThatDifferByNowGoBackByLine(t *testing.T) {
	u := unevenMain(60, 6, 6)
	u.lines[reserveLine("main/1")], u.lines[reserveLine("main/2")] = 1, 2
	m := taken(Step{Kind: Forward, Sets: wrote(KeyReserve, 2, 1, "main/1", "main/2")})
	s := u.situation(t, m, Goal{}, DefaultPolicy())
	way, _ := Rollback(m, s.Fleet, 10)
	s = u.situation(t, m, way.Goal, DefaultPolicy())
	if step, _, _ := s.NextStep(); fmt.Sprint(step.Sets) != "[{main/1 app reserve_pool 1 2}]" {
		t.Errorf("%v", step.Sets)
	}
}

// TestALineThatIsGoneTakesNothingOfAStep: the looks before still showed it.
func TestALineThatIsGoneTakesNothingOfAStep(t *testing.T) {
	u := unevenMain(60, 2, 2)
	m := taken(Step{Kind: Forward, Sets: append(wrote(KeySize, 3, 2, "main/2"), wrote(KeySize, 6, 2, "main/1")...)})
	s := u.situation(t, m, Goal{}, DefaultPolicy())
	way, _ := Rollback(m, s.Fleet, 10)
	for _, gone := range []string{"main/1", "main/2"} {
		s = u.situation(t, m, way.Goal, Policy{Percent: 1})
		u.gone = []string{gone}
		s.Look = u.look(noon)
		if step, _, _ := s.NextStep(); len(step.Sets) != 1 || step.Sets[0].Process == gone {
			t.Errorf("%s is gone: %v", gone, step.Sets)
		}
		u.gone = nil
	}
}

// TestNothingIsDoneThatALookDeniesToBe: the fleet would count the line as it was before.
func TestNothingIsDoneThatALookDeniesToBe(t *testing.T) {
	u := unevenMain(60, 6, 4)
	m := taken(Step{Kind: Equalise, Sets: wrote(KeySize, 4, 6, "main/2")})
	m.RollTo = 10
	s := u.situation(t, m, Goal{}, DefaultPolicy())
	way, _ := Rollback(m, s.Fleet, 10)
	s.Goal, s.Target = way.Goal, way.Goal
	u.lines[sizeLine("main/2")] = 5
	s.Look = u.look(noon)
	s.Policy.HoldFor = 0
	if a := s.begin(); a.Outcome != Held || a.Reason != "pool_size of app in main/2 is 5, and was 4 before" {
		t.Errorf("%s %s %q", a.Verb, a.Outcome, a.Reason)
	}
}

// TestALineCostsItsOwnConnectionsAlone: three lines of one user take three connections of a step, one each.
func TestALineCostsItsOwnConnectionsAlone(t *testing.T) {
	u := unevenMain(100, 5, 4, 3)
	m := taken(Step{Kind: Forward, Sets: slices.Concat(wrote(KeySize, 6, 5, "main/1"), wrote(KeySize, 5, 4, "main/2"),
		wrote(KeySize, 4, 3, "main/3"))})
	s := u.situation(t, m, Goal{}, DefaultPolicy())
	way, _ := Rollback(m, s.Fleet, 10)
	s = u.situation(t, m, way.Goal, Policy{Percent: 3})
	if step, _, _ := s.NextStep(); len(step.Sets) != 3 || step.Note != "" {
		t.Errorf("%v %s", step.Sets, step.Note)
	}
}

// TestAReserveGoesBackAsFarAsItFits: the largest counts for each of two lines.
func TestAReserveGoesBackAsFarAsItFits(t *testing.T) {
	u := unevenMain(14, 6, 6)
	m := taken(Step{Kind: Forward, Sets: append(wrote(KeyReserve, 3, 0, "main/1"), wrote(KeyReserve, 1, 0,
		"main/2")...)})
	s := u.situation(t, m, Goal{}, DefaultPolicy())
	way, _ := Rollback(m, s.Fleet, 10)
	s = u.situation(t, m, way.Goal, Policy{Percent: 100})
	step, _, _ := s.NextStep()
	if fmt.Sprint(step.Sets) != "[{main/1 app reserve_pool 0 1} {main/2 app reserve_pool 0 1}]" {
		t.Errorf("%v", step.Sets)
	}
	u.write(step.Sets)
	s = u.situation(t, m, way.Goal, Policy{Percent: 100})
	if step, _, blocked := s.NextStep(); len(step.Sets) > 0 || !strings.Contains(blocked,
		"18 of 14 connections, 14 now") {
		t.Errorf("%v, %q", step.Sets, blocked)
	}
}

// TestLinesBelongToAGoal: two goals of other lines are not the same, and a promise that is broken names a pool once.
func TestLinesBelongToAGoal(t *testing.T) {
	a := Goal{Pools: []GoalPool{{Pool: "main/app"}}, Lines: []GoalLine{{"main/1", "app", KeySize, 4}}}
	b := a
	b.Lines = []GoalLine{{"main/2", "app", KeySize, 4}}
	if a.SameSizes(b) || !a.SameSizes(a) {
		t.Error("the lines are not compared")
	}
	sets := append(wrote(KeySize, 4, 6, "main/1"), wrote(KeySize, 5, 6, "main/2")...)
	if got := grown(sets); got != "main/app to 6" {
		t.Error(got)
	}
}

// TestLinesOfTrafficThatGoesBackReturnWithIt: its sizes on the way are those of all processes, the others' too.
func TestLinesOfTrafficThatGoesBackReturnWithIt(t *testing.T) {
	m := taken(Step{Kind: Forward, Sets: wrote(KeySize, 4, 6, "main/2"), Turn: &Turn{"main/app:ci/app", 0, 5}})
	s := unevenMain(60, 6, 6, 3).situation(t, m, Goal{}, DefaultPolicy())
	if way, _ := Rollback(m, s.Fleet,
		10); way.Goal.Text() != "main/app 6 (main/1), main/app 4 (main/2), main/app 3 (main/3)" {
		t.Error(way.Goal.Text())
	}
}

// TestWhereOtherPoolsDifferNoLineGrows: releases make the room in which they are made equal.
func TestWhereOtherPoolsDifferNoLineGrows(t *testing.T) {
	u := unevenMain(60, 6, 4)
	u.lines[sizeLine("ci/1")], u.lines[sizeLine("ci/2")] = 3, 5
	g := Goal{Pools: []GoalPool{{Pool: "ci/app", Size: 9}, {Pool: "main/app", Size: 8}}, Lines: []GoalLine{{"main/1",
		"app", KeySize, 5}, {"main/2", "app", KeySize, 8}}}
	if got := roomFirst(u.situation(t, Memory{}, g, DefaultPolicy()).Fleet,
		g); fmt.Sprint(got.Lines) != "[{main/1 app pool_size 5} {main/2 app pool_size 4}]" || len(got.Pools) != 1 {
		t.Errorf("%+v", got)
	}
}

// TestAPoolWhoseOnlyLineIsGoneIsLeftAlone: the others of it were never written.
func TestAPoolWhoseOnlyLineIsGoneIsLeftAlone(t *testing.T) {
	u := unevenMain(60, 5, 3)
	m := taken(Step{Kind: Forward, Sets: wrote(KeySize, 6, 3, "main/2")})
	s := u.situation(t, m, Goal{}, DefaultPolicy())
	way, _ := Rollback(m, s.Fleet, 10)
	s = u.situation(t, m, way.Goal, DefaultPolicy())
	u.gone = []string{"main/2"}
	s.Look = u.look(noon)
	if step, _, blocked := s.NextStep(); len(step.Sets) > 0 || blocked != "" {
		t.Errorf("%v %q", step.Sets, blocked)
	}
}
