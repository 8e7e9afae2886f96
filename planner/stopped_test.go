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
