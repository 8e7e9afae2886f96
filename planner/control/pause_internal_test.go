package control

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestAPauseOfTheServerIsNoSaturation(t *testing.T) {
	steady := Sample{Done: 50, Open: 6}
	for _, c := range []struct {
		name  string
		then  []Sample
		why   verdict.Code // empty: nothing is said
		pause bool
	}{
		{"a queue that a pause made", []Sample{{Done: 50, Waiting: 0, Open: 6, Head: 0}, {Done: 48, Waiting: 2, Open: 6,
			Head: 0}, {Done: 49, Waiting: 3, Open: 6, Head: 0}, {Done: 50, Waiting: 4, Open: 6, Head: 0},
			{Done: 3, Waiting: 16, Open: 6, Head: 0}}, verdict.ServerPaused, true},
		{"and that is gone at the next sample", []Sample{{Done: 48, Waiting: 2, Open: 6, Head: 0},
			{Done: 49, Waiting: 3, Open: 6, Head: 0}, {Done: 50, Waiting: 4, Open: 6, Head: 0}, {Done: 3, Waiting: 16, Open: 6,
				Head: 0}, {Done: 60, Waiting: 0, Open: 6, Head: 0}}, "", false},
		{"an old head during a pause", []Sample{{Done: 50, Waiting: 0, Open: 6, Head: 0}, {Done: 0, Waiting: 50, Open: 6,
			Head: 600 * time.Millisecond}, {Done: 0, Waiting: 100, Open: 6, Head: 1100 * time.Millisecond}},
			verdict.ServerPaused, true},
		{"an old head whose queue falls after a pause",
			[]Sample{{Done: 0, Waiting: 50, Open: 6, Head: 600 * time.Millisecond}, {Done: 0, Waiting: 100, Open: 6,
				Head: 1100 * time.Millisecond}, {Done: 80, Waiting: 70, Open: 6, Head: 1200 * time.Millisecond},
				{Done: 80, Waiting: 40, Open: 6, Head: 1100 * time.Millisecond}}, verdict.ServerPaused, true},
		{"a pause that does not end", []Sample{{Done: 0, Waiting: 50, Open: 6, Head: 600 * time.Millisecond},
			{Done: 0, Waiting: 100, Open: 6, Head: 1100 * time.Millisecond}, {Done: 0, Waiting: 150, Open: 6,
				Head: 1600 * time.Millisecond}, {Done: 0, Waiting: 200, Open: 6, Head: 2100 * time.Millisecond}},
			verdict.ClientWaits,
			false},
		{"a queue that grows while as many are served as before", []Sample{{Done: 50, Waiting: 3, Open: 6, Head: 0},
			{Done: 50, Waiting: 7, Open: 6, Head: 0}, {Done: 49, Waiting: 12, Open: 6, Head: 0}, {Done: 51, Waiting: 16, Open: 6,
				Head: 0}, {Done: 50, Waiting: 21, Open: 6, Head: 0}}, verdict.QueueGrows, false},
		{"an old head while as many are served as before",
			[]Sample{{Done: 50, Waiting: 90, Open: 6, Head: 900 * time.Millisecond}, {Done: 50, Waiting: 110, Open: 6,
				Head: 1100 * time.Millisecond}}, verdict.ClientWaits, false},
		{"a queue that does not fall after a pause", []Sample{{Done: 0, Waiting: 120, Open: 6, Head: 1100 * time.Millisecond},
			{Done: 50, Waiting: 120, Open: 6, Head: 1200 * time.Millisecond}}, verdict.ClientWaits, false},
	} {
		samples := []Sample{steady, steady, steady, steady, steady, steady, steady, steady}
		why, pause := Paced(append(samples, c.then...)).suffers("a/db", time.Time{}, time.Hour, time.Second)
		if pause != c.pause || why.Code != c.why {
			t.Errorf("%s: %q, a pause: %v; want %q, %v", c.name, why.Text(), pause, c.why, c.pause)
		}
	}
	few := []Sample{{Done: 1, Waiting: 0, Open: 1, Head: 0}, {Done: 1, Waiting: 0, Open: 1, Head: 0},
		{Done: 1, Waiting: 0, Open: 1, Head: 0}, {Done: 1, Waiting: 0, Open: 1, Head: 0}, {Done: 1, Waiting: 0, Open: 1,
			Head: 0}, {Done: 0, Waiting: 3, Open: 1, Head: 1500 * time.Millisecond}}
	if why, pause := Paced(few).suffers("a/db", time.Time{}, time.Hour, time.Second); pause || !why.Any() {
		t.Errorf("two transactions a second tell of no pause: %q, %v", why.Text(), pause)
	}
}
