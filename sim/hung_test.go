package sim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// hanging is a rig of which one part hangs at its first grant, while a signal is above its abort level from
// then on. All is virtual but for that: what hangs does so in real time, until something goes back.
type hanging struct {
	*rig
	store bool // it hangs at the last process of the grant; else the sample after it hangs

	mu      sync.Mutex // the world is one goroutine's at a time
	granted bool
	samples time.Duration
	last    string        // the process whose file is being written
	written chan struct{} // it has been
	back    chan struct{} // something went back
	late    bool          // nothing did
}

// hang returns once something went back.
func (h *hanging) hang() {
	select {
	case <-h.back:
	case <-time.After(30 * time.Second):
		h.late = true
	}
}

func (h *hanging) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.w.Now()
}

func (h *hanging) Sleep(ctx context.Context, d time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.w.Sleep(ctx, d)
}

func (h *hanging) Observe(ctx context.Context) (fleet.Observation, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.granted && !h.store {
		h.mu.Unlock()
		h.hang()
		h.mu.Lock()
	}
	return h.rig.Observe(ctx)
}

// Apply is apply.Applier' of a store that hangs: a write that is under way arrives, and what goes back waits for that
// alone.
func (h *hanging) Apply(ctx context.Context, act state.Action) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	first, last := act, act
	first.Changes, last.Changes = nil, nil
	for _, x := range act.Changes {
		if x.Process == h.last || h.last == "" && x.Process == act.Changes[len(act.Changes)-1].Process {
			last.Changes = append(last.Changes, x)
		} else {
			first.Changes = append(first.Changes, x)
		}
	}
	switch {
	case act.Kind == state.Grant && !h.granted:
		if h.granted = true; !h.store {
			return h.rig.Apply(ctx, act)
		}
		h.last = last.Changes[0].Process
		err := h.rig.Apply(ctx, first)
		h.mu.Unlock()
		h.hang()
		h.mu.Lock()
		h.late = h.late || ctx.Err() == nil // it was not told to begin with no other
		defer close(h.written)
		ctx = context.WithoutCancel(ctx) // what has begun is seen to its end
		return errors.Join(err, h.rig.Apply(ctx, last))
	case act.Kind == state.Retreat && h.store:
		err := h.rig.Apply(ctx, first)
		close(h.back)
		h.mu.Unlock()
		<-h.written
		h.mu.Lock()
		return errors.Join(err, h.rig.Apply(ctx, last))
	case act.Kind == state.Retreat:
		close(h.back)
	}
	return h.rig.Apply(ctx, act)
}

// Read has a new sample each time.
func (h *hanging) Read(ctx context.Context) ([]fleet.Signal, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	signals, err := h.w.Read(ctx)
	h.samples++
	for i := range signals {
		if signals[i].At = h.w.Now().Add(h.samples); h.granted {
			signals[i].Value, signals[i].Fault = 0.99, ""
		}
	}
	return signals, err
}

// besides is clock.Beside, ten times a second.
func besides(_ time.Duration, long, tick func()) {
	done := make(chan struct{})
	go func() { defer close(done); long() }()
	for {
		select {
		case <-done:
			return
		case <-time.After(10 * time.Millisecond):
			tick()
		}
	}
}

// TestWhatHangsKeepsNothingFromGoingBack has a sample, and then a store, that hang from a grant on, while the CPU
// saturates. What was granted goes back while they hang, and the run ends where it began.
func TestWhatHangsKeepsNothingFromGoingBack(t *testing.T) {
	met := map[string]int{}
	for seed := range fleets(30, 10, 300) {
		for part, store := range map[string]bool{"sample": false, "store": true} {
			x := newRigWith(t, 9000+seed, func(spec *Spec) { spec.Faults = nil })
			if x == nil {
				continue
			}
			before := x.sizes()
			h := &hanging{rig: x, store: store, written: make(chan struct{}), back: make(chan struct{})}
			b := x.rebalancer()
			b.Clock, b.Fleet, b.Applier, b.Signals, b.Beside, b.Steps = h, h, h, h, besides, 1
			report, err := b.Run(t.Context(), x.goal, state.JournalState{})
			if err != nil {
				t.Fatal(err)
			}
			if !h.granted {
				continue
			}
			met[part+" "+string(report.Outcome)]++
			if h.late {
				t.Errorf("seed %d, %s: nothing went back while it hung: %s", seed, part, report.Reason.Text())
			}
			if now := x.sizes(); report.Outcome == state.Aborted && fmt.Sprint(now) != fmt.Sprint(before) {
				t.Errorf("seed %d, %s: %v before, %v after: %s", seed, part, before, now, report.Reason.Text())
			}
			if len(x.broken) > 0 {
				t.Errorf("seed %d, %s: %v", seed, part, x.broken)
			}
		}
	}
	if t.Log(met); met["sample aborted"] < 3 || met["store aborted"] < 3 {
		t.Errorf("too few of them were met")
	}
}

// refusing is a rig with slow samples from its first grant on, and nothing that goes back succeeds.
type refusing struct {
	*hanging
	tried chan struct{}
}

func (x refusing) Observe(ctx context.Context) (fleet.Observation, error) {
	if x.granted {
		if err := x.hanging.Sleep(ctx, 11*time.Second); err != nil { // longer than an action that failed is left alone
			return fleet.Observation{}, err
		}
		select { // the signals are read beside it
		case <-x.tried:
		case <-time.After(50 * time.Millisecond):
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.rig.Observe(ctx)
}

func (x refusing) Apply(ctx context.Context, act state.Action) error {
	if act.Kind == state.Retreat {
		select {
		case x.tried <- struct{}{}:
		default:
		}
		return &operr.Error{Kind: operr.KindUnreachable, Err: errors.New("no answer")}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.granted = x.granted || act.Kind == state.Grant
	return x.rig.Apply(ctx, act)
}

func (x refusing) Record(e state.Event) (state.Event, error) {
	if len(x.events) > 300 {
		return e, errors.New("it never ends")
	}
	return x.rig.Record(e)
}

// TestAnUndoThatNeverSucceedsEndsTheRun, though each sample takes longer than the time between two tries.
func TestAnUndoThatNeverSucceedsEndsTheRun(t *testing.T) {
	met := 0
	for seed := range uint64(20) {
		x := newRigWith(t, 9000+seed, func(spec *Spec) { spec.Faults = nil })
		if x == nil {
			continue
		}
		h := refusing{&hanging{rig: x}, make(chan struct{}, 1)}
		b := x.rebalancer()
		b.Clock, b.Fleet, b.Applier, b.Signals, b.Journal, b.Beside, b.Steps = h, h, h, h, h, besides, 1
		b.Policy.HoldFor = 0
		report, err := b.Run(t.Context(), x.goal, state.JournalState{})
		if err != nil {
			t.Fatal(err)
		}
		if !h.granted {
			continue
		}
		if met++; report.Outcome != state.Blind || report.State.Step == nil || report.State.Step.Kind != state.Backward {
			t.Errorf("seed %d: %s: %s, %+v in hand", seed, report.Outcome, report.Reason.Text(), report.State.Step)
		}
		if met == 3 {
			return
		}
	}
	t.Errorf("only %d runs granted anything", met)
}
