package bouncer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// world is the smallest world there is: its time moves when someone sleeps or samples.
type world struct {
	now     time.Time
	takes   []time.Duration // of the samples, in order; the last one for all that follow
	samples int
	fails   int // the sample that fails, from 1; 0: none
}

var (
	_ bouncer.Clock = (*world)(nil)
	_ bouncer.Fleet = (*world)(nil)
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func (w *world) Now() time.Time { return w.now }

func (w *world) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.now = w.now.Add(d)
	return nil
}

func (w *world) Observe(context.Context) (fleet.Observation, error) {
	o := fleet.Observation{At: w.now}
	w.samples++
	if w.samples == w.fails {
		return fleet.Observation{}, errBlind
	}
	if n := len(w.takes); n > 0 {
		w.now = w.now.Add(w.takes[min(w.samples, n)-1])
	}
	return o, nil
}

var errBlind = errors.New("blind")

// offsets watches and returns when the samples began, in seconds after the first.
func offsets(t *testing.T, w *world, every, window time.Duration) []float64 {
	t.Helper()
	w.now = epoch
	var at []float64
	err := bouncer.Watch(t.Context(), w, w, every, window, func(o fleet.Observation) error {
		at = append(at, o.At.Sub(epoch).Seconds())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestWatchSamplesAtOnceAndThenOnAnAbsoluteSchedule(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name          string
		takes         []time.Duration
		every, window time.Duration
		want          []float64
	}{
		{"both ends count", nil, 5 * s, 15 * s, []float64{0, 5, 10, 15}},
		{"a window that is no multiple ends before", nil, 4 * s, 10 * s, []float64{0, 4, 8}},
		{"a slow sample does not shift the next", []time.Duration{3 * s}, 5 * s, 15 * s, []float64{0, 5, 10, 15}},
		{"a slot that passed is dropped", []time.Duration{7 * s, 0}, 5 * s, 15 * s, []float64{0, 10, 15}},
		{"a sample that takes exactly the interval drops nothing", []time.Duration{5 * s}, 5 * s, 10 * s,
			[]float64{0, 5, 10}},
		{"no window is one sample", nil, 5 * s, 0, []float64{0}},
		{"no window and no interval is one sample", nil, 0, 0, []float64{0}},
		{"a sample longer than the window is the only one", []time.Duration{20 * s}, 5 * s, 15 * s, []float64{0}},
		{"an interval longer than the window is one sample", nil, 20 * s, 15 * s, []float64{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := offsets(t, &world{takes: c.takes}, c.every, c.window); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("samples at %v, want %v", got, c.want)
			}
		})
	}
}

func TestWatchEndsWithTheFirstErrorWhoseverItIs(t *testing.T) {
	seen := func(fleet.Observation) error { return nil }
	t.Run("the fleet's", func(t *testing.T) {
		w := &world{now: epoch, fails: 3}
		if err := bouncer.Watch(t.Context(), w, w, time.Second, time.Minute, seen); err != errBlind || w.samples != 3 {
			t.Errorf("got %v after %d samples, want %v after 3", err, w.samples, errBlind)
		}
	})
	t.Run("the caller's", func(t *testing.T) {
		w, enough := &world{now: epoch}, errors.New("enough")
		err := bouncer.Watch(t.Context(), w, w, time.Second, time.Minute, func(fleet.Observation) error { return enough })
		if err != enough || w.samples != 1 {
			t.Errorf("got %v after %d samples, want %v after 1", err, w.samples, enough)
		}
	})
	t.Run("the context's", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := &world{now: epoch}
		err := bouncer.Watch(ctx, w, w, time.Second, time.Minute, func(fleet.Observation) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) || w.samples != 1 {
			t.Errorf("got %v after %d samples, want %v after 1", err, w.samples, context.Canceled)
		}
	})
}

func TestWatchRefusesAnIntervalThatNeverFillsTheWindow(t *testing.T) {
	w := &world{now: epoch}
	err := bouncer.Watch(t.Context(), w, w, 0, time.Minute, func(fleet.Observation) error { return nil })
	if got := operr.KindOf(err); got != operr.KindUsage || w.samples != 0 {
		t.Errorf("got kind %v after %d samples (%v), want usage after none", got, w.samples, err)
	}
}

// How do I sample a fleet for a minute?
func ExampleWatch() {
	w := &world{now: epoch} // any Clock and any Fleet
	err := bouncer.Watch(context.Background(), w, w, 20*time.Second, time.Minute, func(o fleet.Observation) error {
		fmt.Println(o.At.Format(time.TimeOnly))
		return nil
	})
	fmt.Println(err)
	// Output:
	// 03:04:05
	// 03:04:25
	// 03:04:45
	// 03:05:05
	// <nil>
}
