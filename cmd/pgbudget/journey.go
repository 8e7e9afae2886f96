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

// journey tells how a run goes: a line an event, and on a terminal, below them, a bar with what is being waited for and
// how long the rest takes, about.
type journey struct {
	w     io.Writer
	bar   *progressbar.ProgressBar // nil: no terminal
	begun time.Time
	seq   int64         // of the memory that ahead is of
	ahead int           // steps of this command still to come
	last  control.State // newest
}

func newJourney() *journey {
	j := &journey{w: stderr}
	if isatty.IsTerminal(os.Stderr.Fd()) {
		j.bar = newJourneyBar(os.Stderr)
	}
	return j
}

func newJourneyBar(w io.Writer) *progressbar.ProgressBar {
	return progressbar.NewOptions(1, progressbar.OptionSetWriter(w), progressbar.OptionSetPredictTime(false),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetElapsedTime(false))
}

// event says an event.
func (j *journey) event(e state.Event) {
	line := eventLine(e)
	if line == "" {
		return
	}
	if j.bar != nil {
		_ = j.bar.Clear() // a picture of progress that fails must not fail the work
	}
	fmt.Fprintf(j.w, "%s  %s\n", e.At.UTC().Format("15:04:05Z"), quote.Line(line))
}

// seen moves the bar after every sample.
func (j *journey) seen(s control.State, act state.Action) {
	if s.Now.IsZero() {
		return
	}
	if j.last = s; j.bar == nil {
		return
	}
	if j.begun.IsZero() {
		j.begun = s.Now
	}
	if j.seq != s.Journal.Seq {
		way, _ := s.Forecast()
		j.seq, j.ahead = s.Journal.Seq, len(way)
		if own := s.Journal.Step != nil && !s.Journal.GoesBack(); s.Steps > 0 && s.Journal.RollTo == 0 {
			j.ahead = min(j.ahead, max(0, s.Steps-s.Journal.Steps-b2i(own)))
		}
	}
	left, what := j.left(s), waitingFor(s, act)
	done := s.Now.Sub(j.begun)
	j.bar.ChangeMax64(max(1, int64((done + left).Seconds())))
	j.bar.Describe(quote.Line(fmt.Sprintf("%s; %d %s to come, about %v", what, j.ahead, plural(j.ahead, "step"),
		left.Round(time.Second))))
	_ = j.bar.Set64(min(int64(done.Seconds()), int64((done + left).Seconds())))
}

// left is how long the rest takes: the step in hand, and those that come.
func (j *journey) left(s control.State) time.Duration {
	left := control.Takes(s.Policy, j.ahead)
	if s.Journal.Step != nil {
		left += max(0, s.Policy.Soak-s.Now.Sub(s.Journal.SettledAt))
	}
	return left
}

// waitingFor names what a run does now.
func waitingFor(s control.State, act state.Action) string {
	switch {
	case act.Held:
		return "held: " + act.Reason
	case act.Kind == state.Wait && act.Reason != "":
		return act.Reason
	case act.Kind == state.Wait && s.Journal.Step != nil:
		return "soaking " + s.Journal.Step.Text()
	case act.Kind == state.Wait:
		return "looking"
	}
	return string(act.Kind)
}

// far says how far the plan is once a command is done.
func (j *journey) far(plan sizing.Plan, m state.JournalState) {
	if j.last.Now.IsZero() {
		return
	}
	s := j.last
	s.Journal = m
	way, blocked := s.Forecast()
	if len(way) == 0 && s.Steps == 0 { // its last event has said so
		return
	}
	text := fmt.Sprintf("plan of %s: %s; ", stamp(plan.At), s.Goal.Text())
	switch {
	case len(way) > 0:
		text += fmt.Sprintf("%d %s to come", len(way), plural(len(way), "step"))
	case blocked == "":
		text += "the sizes are those"
	default:
		text += "no step can come now"
	}
	fmt.Fprintln(j.w, text)
}

func (j *journey) end() {
	if j.bar != nil {
		_ = j.bar.Clear()
	}
}
