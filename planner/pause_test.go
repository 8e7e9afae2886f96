package planner

import (
	"strings"
	"testing"
	"time"
)

// paced is a trail of looks at one pool at 100 transactions a second, every half second. Each sample is what the look
// shows: how many were done since the look before, how many wait and are open, how old the head is.
type sample struct {
	done, waiting, open int
	head                time.Duration
}

func paced(samples []sample) (t Trail) {
	at, arrived := noon, int64(1000)
	var before sample
	for _, x := range samples {
		at = at.Add(500 * time.Millisecond)
		arrived += int64(x.done + x.waiting + x.open - before.waiting - before.open)
		before = x
		t = t.Add(Observation{At: at, Processes: []Process{{ID: "a/1", Group: "a", Aliases: []Alias{{Name: "db", Server: "pg",
			Counters: Counters{Xacts: arrived}, Pools: []PoolGauges{{User: "app", ClientsWaiting: x.waiting, ServersActive: x.open, MaxWait: x.head}}}}}}})
	}
	return t
}

func TestAPauseOfTheServerIsNoSaturation(t *testing.T) {
	steady := sample{done: 50, open: 6}
	for _, c := range []struct {
		name  string
		then  []sample
		why   string // found in the reason; empty: nothing is said
		pause bool
	}{
		{"a queue that a pause made", []sample{{50, 0, 6, 0}, {48, 2, 6, 0}, {49, 3, 6, 0}, {50, 4, 6, 0}, {3, 16, 6, 0}}, "3 transactions completed", true},
		{"and that is gone at the next look", []sample{{48, 2, 6, 0}, {49, 3, 6, 0}, {50, 4, 6, 0}, {3, 16, 6, 0}, {60, 0, 6, 0}}, "", false},
		{"an old head during a pause", []sample{{50, 0, 6, 0}, {0, 50, 6, 600 * time.Millisecond}, {0, 100, 6, 1100 * time.Millisecond}}, "0 transactions completed", true},
		{"an old head whose queue falls after a pause", []sample{{0, 50, 6, 600 * time.Millisecond}, {0, 100, 6, 1100 * time.Millisecond}, {80, 70, 6, 1200 * time.Millisecond}, {80, 40, 6, 1100 * time.Millisecond}}, "0 transactions completed", true},
		{"a pause that does not end", []sample{{0, 50, 6, 600 * time.Millisecond}, {0, 100, 6, 1100 * time.Millisecond}, {0, 150, 6, 1600 * time.Millisecond}, {0, 200, 6, 2100 * time.Millisecond}}, "has waited", false},
		{"a queue that grows while as many are served as before", []sample{{50, 3, 6, 0}, {50, 7, 6, 0}, {49, 12, 6, 0}, {51, 16, 6, 0}, {50, 21, 6, 0}}, "grows from look to look", false},
		{"an old head while as many are served as before", []sample{{50, 90, 6, 900 * time.Millisecond}, {50, 110, 6, 1100 * time.Millisecond}}, "has waited", false},
		{"a queue that does not fall after a pause", []sample{{0, 120, 6, 1100 * time.Millisecond}, {50, 120, 6, 1200 * time.Millisecond}}, "has waited", false},
	} {
		samples := []sample{steady, steady, steady, steady, steady, steady, steady, steady}
		why, pause := paced(append(samples, c.then...)).suffers("a/db", time.Time{}, time.Hour, time.Second)
		if pause != c.pause || !strings.Contains(why, c.why) || c.why == "" && why != "" {
			t.Errorf("%s: %q, a pause: %v; want %q, %v", c.name, why, pause, c.why, c.pause)
		}
	}
	few := []sample{{1, 0, 1, 0}, {1, 0, 1, 0}, {1, 0, 1, 0}, {1, 0, 1, 0}, {1, 0, 1, 0}, {0, 3, 1, 1500 * time.Millisecond}}
	if why, pause := paced(few).suffers("a/db", time.Time{}, time.Hour, time.Second); pause || why == "" {
		t.Errorf("two transactions a second tell of no pause: %q, %v", why, pause)
	}
}

// TestAPauseHoldsAStepAndEndsNothing takes a step through a pause in its soak: it is neither undone nor taken back,
// also where a signal of the waiting is above its abort level.
func TestAPauseHoldsAStepAndEndsNothing(t *testing.T) {
	s := newStage(0)
	s.open(t)
	s.act(t, Release)
	s.see(16, 16, 10, 10)
	s.see(16, 16, 10, 10)
	s.act(t, Grant)
	s.see(16, 16, 14, 14)
	s.act(t, Wait)
	rule := []Threshold{{Name: "waiting", Hold: 20, Resume: 10, Abort: 40}}
	signal := func(v float64) {
		s.gate = s.gate.Add([]Signal{{Name: "waiting", Server: "pg", Value: Float(v), At: s.now}}, rule, []string{"pg"}, time.Minute, s.now)
	}
	stuck := func(seconds int64) func(*Observation) { // what has arrived waits, and nothing is done
		return func(o *Observation) {
			for i := range o.Processes {
				g := &o.Processes[i].Aliases[0].Pools[0]
				g.ClientsWaiting, g.MaxWait = int(100*seconds), time.Duration(seconds)*time.Second+100*time.Millisecond
			}
		}
	}
	s.see(16, 16, 14, 14, stuck(1))
	signal(200)
	s.act(t, Wait)
	s.see(16, 16, 14, 14, stuck(2))
	signal(400)
	if a := s.act(t, Wait); !a.Held || !strings.Contains(a.Reason, "a pause") {
		t.Error(a)
	}
	for range 3 {
		s.see(16, 16, 14, 14)
		signal(0)
	}
	if a := s.act(t, Wait); a.Held {
		t.Error(a)
	}
	for range 6 {
		s.see(16, 16, 14, 14)
		signal(0)
	}
	for i := range int64(3) { // one that does not end is what it looks like
		s.see(16, 16, 14, 14, stuck(i+1))
		signal(200)
	}
	if a := s.next(); a.Verb != Abort && a.Verb != Undo {
		t.Error(a)
	}
}
