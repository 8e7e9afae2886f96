package sim

import (
	"testing"
	"time"
)

// Each test below is one fact of how PgBouncer or PostgreSQL behaves, with where it was seen or read.

const second = time.Second

// poolOf is a world of one pool of one process, with time-outs and lifetime far away unless change says otherwise.
func poolOf(t *testing.T, size int, change func(*Spec)) *World {
	t.Helper()
	s := Spec{
		Servers: []ServerSpec{{Name: "pg", MaxConns: 100, SuperuserReservedConns: 3, Budget: 90}},
		Groups:  []GroupSpec{{Name: "main", Processes: 1, Version: "1.24"}},
		Pools:   []PoolSpec{{ID: "main/app", Server: "pg", SizeConns: size}},
	}
	if change != nil {
		change(&s)
	}
	w, err := New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// looping adds closed clients that ask again at once.
func looping(n int, hold time.Duration) func(*Spec) {
	return func(s *Spec) {
		s.Loads = append(s.Loads, LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: n, Think: Law{Kind: Fixed}},
			Hold: Law{Mean: hold}})
	}
}

func all(changes ...func(*Spec)) func(*Spec) {
	return func(s *Spec) {
		for _, c := range changes {
			c(s)
		}
	}
}

func settings(change func(*Settings)) func(*Spec) {
	return func(s *Spec) { change(&s.Groups[0].Settings) }
}

func conns(w *World) int { return w.tallyOf["main/app"].conns }

func do(t *testing.T, w *World, a Action) {
	t.Helper()
	a.Pool = "main/app"
	if err := w.Do(a); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, w *World, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("at %v %s: %d, want %d", w.At(), what, got, want)
	}
}
