package hook

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Names of hooks.
const (
	OnStep   = "step"   // on_step: a step begins
	OnHold   = "hold"   // on_hold: nothing moves any more
	OnResume = "resume" // on_resume: something may move again
	OnAbort  = "abort"  // on_abort: a step goes back
	OnDone   = "done"   // on_done: the run has ended, whatever its outcome
)

var names = map[state.EventKind]string{state.StepBegan: OnStep, state.HoldBegan: OnHold, state.HoldEnded: OnResume,
	state.StepAbort: OnAbort, state.RunEnded: OnDone}

// Hooks are a run's hooks.
type Hooks struct {
	Argv map[string][]string            // by name
	Env  []string                       // for all of them
	Call func(argv, env []string) error // runs one, and ends it where it takes too long
}

// Journal is a journal whose events run hooks. A hook is run after its event is on disk and blocks nothing: hooks run
// beside the run, one after the other. One that fails is noted at the next event, or at the end. It is for one
// goroutine.
type Journal struct {
	inner bouncer.Journal
	hooks Hooks
	queue chan state.Event
	ended chan struct{}
	last  state.Event

	mu     sync.Mutex
	failed []string
}

var _ bouncer.Journal = (*Journal)(nil)

// waiting bounds how many events wait for their hook. chosen: 100 because a run must not wait for hooks: what comes
// beyond is noted as not run.
const waiting = 100

// Decorate returns the journal with hooks. End has to be called.
func (h Hooks) Decorate(inner bouncer.Journal) *Journal {
	j := &Journal{inner: inner, hooks: h, queue: make(chan state.Event, waiting), ended: make(chan struct{})}
	go func() {
		defer close(j.ended)
		for e := range j.queue {
			j.run(e)
		}
	}()
	return j
}

// Record records the event first, and then queues its hook: a hook tells what has happened. A hook that fails or does
// not fit the queue is a note in the journal. The error is the inner journal's; the event was not recorded then.
func (j *Journal) Record(e state.Event) (state.Event, error) {
	j.last = e
	if err := j.note(); err != nil {
		return e, err
	}
	e, err := j.inner.Record(e)
	if err != nil || j.hooks.Argv[names[e.Kind]] == nil {
		return e, err
	}
	select {
	case j.queue <- e:
	default:
		j.fail("on_%s was not run: %d hooks are waiting already", names[e.Kind], waiting)
	}
	return e, nil
}

// End waits for the hooks that are due, for as long as the context lasts, and notes those that failed. The error is
// the inner journal's, of such a note.
func (j *Journal) End(ctx context.Context) error {
	close(j.queue)
	select {
	case <-j.ended:
	case <-ctx.Done():
		j.fail("hooks did not end in time and were left behind")
	}
	return j.note()
}

// note records what failed.
func (j *Journal) note() error {
	j.mu.Lock()
	failed := j.failed
	j.failed = nil
	j.mu.Unlock()
	for _, text := range failed {
		e := state.Event{At: j.last.At, Kind: state.Noted, Reason: verdict.Of(verdict.Note, text)}
		if _, err := j.inner.Record(e.Spoken()); err != nil {
			return err
		}
	}
	return nil
}

func (j *Journal) fail(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failed = append(j.failed, fmt.Sprintf(format, args...))
}

func (j *Journal) run(e state.Event) {
	name := names[e.Kind]
	env := append([]string{"PGBUDGET_EVENT=" + name, fmt.Sprintf("PGBUDGET_SEQ=%d", e.Seq), "PGBUDGET_AT=" +
		e.At.Format(time.RFC3339),
		"PGBUDGET_REASON=" + e.Reason.Text(), "PGBUDGET_OUTCOME=" + string(e.Outcome), "PGBUDGET_STEP="}, j.hooks.Env...)
	if e.Step != nil {
		env[5] += e.Step.Text()
	}
	if err := j.hooks.Call(j.hooks.Argv[name], env); err != nil {
		j.fail("on_%s failed: %v", name, err)
	}
}
