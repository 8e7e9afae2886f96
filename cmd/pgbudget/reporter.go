package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"github.com/pgbudget/pgbudget/bouncer/quote"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// reporter tells how a run goes: a line an event, and on a terminal, below them, a bar with what is being waited for
// and how long the rest takes, about.
type reporter struct {
	w      io.Writer
	bar    *progressbar.ProgressBar // nil: no terminal
	begun  time.Time
	seq    int64         // of the journal state that toCome was counted with
	toCome int           // steps of this command still to come
	last   control.State // newest
}

func newReporter() *reporter {
	r := &reporter{w: stderr}
	if isatty.IsTerminal(os.Stderr.Fd()) {
		r.bar = newReporterBar(os.Stderr)
	}
	return r
}

func newReporterBar(w io.Writer) *progressbar.ProgressBar {
	return progressbar.NewOptions(1, progressbar.OptionSetWriter(w), progressbar.OptionSetPredictTime(false),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetElapsedTime(false))
}

// event says an event.
func (r *reporter) event(e state.Event) {
	line := eventLine(e)
	if line == "" || e.Kind == state.Asked || e.Kind == state.CalledOff { // each is said, with all of it
		return
	}
	if r.bar != nil {
		_ = r.bar.Clear() // a picture of progress that fails must not fail the work
	}
	fmt.Fprintf(r.w, "%s  %s\n", e.At.UTC().Format("15:04:05Z"), quote.Line(line))
}

// say prints a text above the bar.
func (r *reporter) say(text string) {
	if r.bar != nil {
		_ = r.bar.Clear()
	}
	fmt.Fprint(r.w, text)
}

// seen moves the bar after every sample.
func (r *reporter) seen(s control.State, act state.Action) {
	if s.Now.IsZero() {
		return
	}
	if r.last = s; r.bar == nil {
		return
	}
	if r.begun.IsZero() {
		r.begun = s.Now
	}
	if r.seq != s.Journal.Seq {
		forecast, _ := s.Forecast()
		r.seq, r.toCome = s.Journal.Seq, len(forecast)
		if own := s.Journal.Step != nil && !s.Journal.GoesBack(); s.Steps > 0 && s.Journal.RollTo == 0 {
			r.toCome = min(r.toCome, max(0, s.Steps-s.Journal.Steps-b2i(own)))
		}
	}
	left, what := r.left(s), waitingFor(s, act)
	done := s.Now.Sub(r.begun)
	r.bar.ChangeMax64(max(1, int64((done + left).Seconds())))
	r.bar.Describe(quote.Line(fmt.Sprintf("%s; %d %s to come, about %v", what, r.toCome, plural(r.toCome, "step"),
		left.Round(time.Second))))
	_ = r.bar.Set64(min(int64(done.Seconds()), int64((done + left).Seconds())))
}

// left is how long the rest takes: the step in hand, and those that come.
func (r *reporter) left(s control.State) time.Duration {
	left := control.Takes(s.Policy, r.toCome)
	if s.Journal.Step != nil {
		left += max(0, s.Policy.Soak-s.Now.Sub(s.Journal.SettledAt))
	}
	return left
}

// waitingFor names what a run does now.
func waitingFor(s control.State, act state.Action) string {
	switch {
	case act.Held:
		return "held: " + act.Reason.Text()
	case act.Kind == state.Wait && act.Reason.Any():
		return act.Reason.Text()
	case act.Kind == state.Wait && s.Journal.Step != nil:
		return "soaking " + s.Journal.Step.Text()
	case act.Kind == state.Wait:
		return "taking samples"
	}
	return string(act.Kind)
}

// far says how far the plan is once a command is done.
func (r *reporter) far(plan sizing.Plan, m state.JournalState) {
	if r.last.Now.IsZero() {
		return
	}
	s := r.last
	s.Journal = m
	forecast, blocked := s.Forecast()
	if len(forecast) == 0 && s.Steps == 0 { // its last event has said so
		return
	}
	text := fmt.Sprintf("plan of %s: %s; ", stamp(plan.At), s.Goal.Text())
	switch {
	case len(forecast) > 0:
		text += fmt.Sprintf("%d %s to come", len(forecast), plural(len(forecast), "step"))
	case !blocked.Any():
		text += "the sizes equal the plan's"
	default:
		text += "no step can begin now"
	}
	fmt.Fprintln(r.w, text)
}

func (r *reporter) end() {
	if r.bar != nil {
		_ = r.bar.Clear()
	}
}
