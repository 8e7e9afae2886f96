package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/quote"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
	"github.com/pgbudget/pgbudget/planner/words"
	"github.com/pgbudget/pgbudget/sim"
	"github.com/pgbudget/pgbudget/sim/batch"
)

// simulatedRun prints what the controller did: over all runs, and of the first seed event by event.
func (o output) simulatedRun(v batch.Variant, r batch.VariantReport) {
	if v.Moves == nil {
		return
	}
	done := r.Value("", "run_done")
	fmt.Fprintf(o.w, "%s   to its end in %s of %d runs   %s   %s steps   undone %s   held %s\n", o.bold("run"),
		batch.Show(done.Mean*fleet.Float(r.Runs), done.Unit), r.Runs,
		r.Value("", "run_time").ShowMean(), r.Value("", "steps").ShowMean(), mean(r, "", "undone"),
		r.Value("", "run_held").ShowMean())
	if len(v.Moves.Windows) > 0 {
		fmt.Fprintf(o.w, "%s   %s\n", o.bold("windows"), windowsText(v.Moves.Windows, v.Moves.At, v.Warmup+v.Horizon))
	}
	if len(r.Journal) > 0 {
		fmt.Fprintln(o.w, "the first of them:")
		layout := time.TimeOnly
		if last := r.Journal[len(r.Journal)-1]; last.At.Sub(r.Journal[0].At) >= 24*time.Hour {
			layout = "Mon 2 Jan 15:04:05"
		}
		writeEvents(o.w, layout, r.Journal)
	}
}

// mostClosed is how many times are listed at which windows are closed. chosen: a line.
const mostClosed = 3

// windowsText says when, from `from` to `to` of virtual time, no step may begin. Windows begin and end at whole
// minutes.
func windowsText(windows []control.Window, from, to time.Duration) string {
	const clock = "Mon 15:04 UTC"
	at := func(d time.Duration) string { return fmt.Sprintf("%s (%s)", spell(d), sim.Epoch.Add(d).Format(clock)) }
	var texts, closed []string
	for _, w := range windows {
		texts = append(texts, w.Text)
	}
	since := time.Duration(-1) // open
	for d := from; d < to; d = d.Truncate(time.Minute) + time.Minute {
		switch shut := control.Closed(windows, sim.Epoch.Add(d)).Any(); {
		case shut && since < 0:
			since = d
		case !shut && since >= 0:
			closed = append(closed, "from "+at(since)+" to "+at(d))
			since = -1
		}
	}
	if since >= 0 {
		closed = append(closed, "from "+at(since)+" to the end at "+at(to))
	}
	when := "open all the time"
	if rest := len(closed) - mostClosed; rest > 0 {
		closed = append(closed[:mostClosed], fmt.Sprintf("and %d %s more", rest, plural(rest, "time")))
	}
	if len(closed) > 0 {
		when = "no step could begin " + strings.Join(closed, ", ")
	}
	return fmt.Sprintf("%s; virtual time begins %s: %s", strings.Join(texts, "; "), sim.Epoch.Format(clock), when)
}

// writeEvents prints a journal, a line an event; those that only repeat the one before are left out. Times are UTC, as
// layout says.
func writeEvents(w io.Writer, layout string, events []state.Event) {
	for _, e := range events {
		if line := eventLine(e); line != "" {
			fmt.Fprintf(w, "  %s  %s\n", e.At.UTC().Format(layout), quote.Line(line))
		}
	}
}

// eventLine is one event in words; empty: another event says it.
func eventLine(e state.Event) string {
	switch e.Kind {
	case state.RunBegan:
		verb, goal := "run", goalText(*e.Goal)
		if e.To > 0 {
			verb = "rollback"
		}
		if len(e.Goal.Pools) == 0 { // what is in hand goes back
			goal = ""
		}
		if e.Reason.Is(verdict.Watches) {
			verb, goal = "watch", "what is provisional"
		}
		return join(verb, goal, e.Reason.Text())
	case state.Replanned:
		return join("replan", goalText(*e.Goal), e.Reason.Text())
	case state.StepBegan:
		return join(string(e.Step.Kind), e.Step.Text(), e.Step.Note.Text())
	case state.Acted:
		return join(string(e.Action.Kind), state.Step{Changes: e.Action.Changes, Traffic: e.Action.Traffic}.Text(),
			e.Action.Reason.Text())
	case state.Failed:
		return join("failed", string(e.Action.Kind)+" "+state.Step{Changes: e.Action.Changes,
			Traffic: e.Action.Traffic}.Text(), e.Reason.Text())
	case state.Asked:
		return join("asked", requestText(e), "by hand")
	case state.CalledOff:
		end := "by hand; it may be made all the same"
		if e.Outcome == state.Done {
			end = "by hand; closed"
		}
		return join("call off", requestText(e), end)
	case state.HoldBegan:
		return "hold     " + e.Reason.Text()
	case state.HoldEnded:
		return "resume"
	case state.StepTrimmed:
		return "trim     the rest of the step: " + e.Reason.Text()
	case state.StepAbort:
		if !e.Reason.Any() { // a person has asked for it
			return join("back", e.Step.Text(), "")
		}
		return "abort    " + e.Reason.Text()
	case state.StepEnded:
		until := ""
		if !e.Until.IsZero() {
			until = "provisional until " + stamp(e.Until)
		}
		switch {
		case e.Soak != nil:
			return join("soaked", pointText(*e.Soak), until)
		case e.Reason.Any():
			return join("ended", e.Reason.Text(), until)
		case until != "":
			return "soaked   " + until
		}
		return "soaked"
	case state.StepConfirmed:
		return "confirm  the step is no longer provisional" + peaksText(e.Peaks)
	case state.StepProlonged:
		return "prolong  provisional until " + stamp(e.Until) + ": " + e.Reason.Text()
	case state.StepReopened:
		return "reopen   " + e.Reason.Text()
	case state.RunEnded:
		return join(string(e.Outcome), e.Reason.Text(), "")
	case state.Noted, state.Relocked:
		return "note     " + e.Reason.Text()
	case state.Adjusted:
		return "set      " + e.Reason.Text()
	case state.Accepted:
		return "accept   the present sizes"
	default:
		return ""
	}
}

// peaksText is what a peak showed, in words.
func peaksText(peaks []state.Peak) string {
	var texts []string
	for _, p := range peaks {
		texts = append(texts, fmt.Sprintf("%s %s Erlangs", p.Load.Pool, words.Digits(p.Load.Erlangs.Target)))
	}
	if len(texts) == 0 {
		return ""
	}
	return ": at its peak " + strings.Join(texts, ", ")
}

// pointText is what a soak saw of a shift, in words.
func pointText(p learn.SoakResult) string {
	if p.Excluded.Any() {
		return fmt.Sprintf("at %d %%: this soak is excluded: %s", p.X, p.Excluded.Text())
	}
	share, _ := p.Share()
	text := fmt.Sprintf("at %d %% the receiving pool carries %s Erlangs, %s %% of both", p.X, words.Digits(p.To.Erlangs),
		words.Digits(100*share))
	if p.Expected != nil {
		text += " (" + expectedShare(*p.Expected) + " expected)"
	}
	if p.Surprise().Any() {
		text += ", outside the expected interval: the next traffic change is smaller"
	}
	if p.Verdict != "" {
		text += fmt.Sprintf("; %s: %s", p.Verdict, p.Why.Text())
	}
	return text
}

// expectedShare is the share of both loads that the receiving pool was expected to carry.
func expectedShare(r load.Range) string {
	return fmt.Sprintf("%s to %s %%", words.Digits(100*max(0, r.Lower)), words.Digits(100*r.Upper))
}

// join writes the kind of an event, what it is about, and why.
func join(verb, what, why string) string {
	text := fmt.Sprintf("%-8s %s", verb, what)
	if why != "" {
		text += ": " + why
	}
	return strings.TrimRight(text, " ")
}

func goalText(g sizing.Goal) string { return "to " + g.Text() }

// requestText is what somebody was asked for; older journals gave it no number.
func requestText(e state.Event) string {
	text := string(e.Action.Kind) + " " + state.Step{Changes: e.Action.Changes}.Text()
	if e.Request > 0 {
		text = fmt.Sprintf("request %d: %s", e.Request, text)
	}
	return text
}
