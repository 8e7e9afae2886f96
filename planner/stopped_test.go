package planner

import (
	"strings"
	"testing"
	"time"
)

// TestAPauseOnAConsoleIsNamed, and how it ends, wherever the waiting that it makes is the reason for anything.
func TestAPauseOnAConsoleIsNamed(t *testing.T) {
	for want, stop := range map[string]func(*Alias){
		"db is paused in a/1: RESUME db on its console ends that":   func(a *Alias) { a.Paused = true },
		"db is disabled in a/1: ENABLE db on its console ends that": func(a *Alias) { a.Disabled = true },
	} {
		s := newStage(0)
		s.open(t)
		s.act(t, Release)
		said := ""
		for n := range 20 {
			s.see(16, 16, 10, 10, func(o *Observation) {
				a := &o.Processes[0].Aliases[0]
				a.Counters.Xacts = 1000
				a.Pools[0].ClientsWaiting, a.Pools[0].MaxWait = 5*n, time.Duration(n)*time.Second
				stop(a)
			})
			if a := s.next(); strings.Contains(a.Reason, "a/db") {
				said = a.Reason
				if !strings.HasSuffix(said, want) {
					t.Errorf("%s", said)
				}
			}
		}
		if said == "" {
			t.Errorf("nothing is said of it: want %q", want)
		}
		if got := Stopped("a/1", Alias{Name: "db"}); got != "" {
			t.Error(got)
		}
	}
}

// TestASoakOfAStoppedPoolShowsNothing: a step is not done while somebody keeps one of its pools from being served.
func TestASoakOfAStoppedPoolShowsNothing(t *testing.T) {
	pause := func(o *Observation) { o.Processes[1].Aliases[0].Paused = true }
	s := newStage(0)
	s.open(t)
	s.act(t, Release)
	for s.see(16, 9, 10, 10); s.next().Verb == Wait; s.see(16, 9, 10, 10) {
	}
	s.act(t, Grant)
	soaked := func(change ...func(*Observation)) Act {
		for range int(s.policy.Soak/time.Second) + 2 {
			s.see(16, 9, 14, 10, change...)
		}
		return s.next()
	}
	if a := soaked(pause); a.Verb != Wait || !a.Held || !strings.Contains(a.Reason, "db is paused in b/1: RESUME db") {
		t.Errorf("%s, held %v: %q; want it held", a.Verb, a.Held, a.Reason)
	}
	s.memory.RollTo = 1
	if a := s.next(); a.Held {
		t.Errorf("a rollback waits for a pool that somebody has stopped: %q", a.Reason)
	}
	s.memory.RollTo = 0
	s.see(16, 9, 14, 10)
	s.act(t, Close)
}
