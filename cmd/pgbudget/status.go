package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/bouncer/quote"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// journalFlags are those of commands that read the journal, and more by name.
func journalFlags(more ...string) []cli.Flag {
	var flags []cli.Flag
	for _, f := range sourceFlags() {
		if f.Names()[0] == "config" || slices.Contains(more, f.Names()[0]) {
			flags = append(flags, f)
		}
	}
	return flags
}

// status is what -o json and yaml print.
type status struct {
	At      time.Time    `json:"at"`
	Running bool         `json:"running"` // a run is at work
	Died    bool         `json:"died"`    // one has begun, did not say that it ended, and is no more
	Step    *state.Step  `json:"step_in_hand"`
	Number  int          `json:"step_in_hand_number,omitempty"` // what rollback --to calls it by
	Held    string       `json:"held,omitempty"`
	Paused  string       `json:"paused,omitempty"` // who paused it, and when
	Set     []string     `json:"set,omitempty"`    // what pgbudget set has changed of the run in progress
	Taken   []state.Past `json:"steps_taken"`
	Refused []string     `json:"refused,omitempty"`
	// asked for by hand, and not known to be made
	Requests []state.Request `json:"requests,omitempty"`
	// lines whose server_lifetime is a second, and what gives it back
	Flushed []fleet.SettingChange `json:"flushed,omitempty"`
	Lines   []fleet.SettingChange `json:"lines"` // that pgbudget wrote, as they should be
	Traffic []trafficStatus       `json:"traffic,omitempty"`
	Plan    *runGoal              `json:"plan"` // that the newest run went to; null: it went back, or there was none
	Look    *sample               `json:"last_sample"`
	Last    []state.Event         `json:"last_events"`

	began  time.Time     // the newest run
	next   string        // what continues the step in hand, and what takes it back
	none   string        // why there is no event
	silent time.Duration // how long a run may take no sample without a word
}

func statusCommand() *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "show the step in hand, what holds it, the newest sample and the completed steps",
		Description: "Asks no server: connections are those of the last run's newest sample, with its age.\n" +
			"--look takes a sample of its own and says why no step may begin now.\n" +
			"pgbudget step --dry-run checks whether the files can be written.\n\n" +
			"Examples:\n" +
			"  pgbudget status\n" +
			"  pgbudget status --look\n" +
			"  pgbudget status --watch\n" +
			"  pgbudget status -o json | jq .step_in_hand",
		Flags: slices.Concat(journalFlags("timeout"), formatFlags(),
			[]cli.Flag{&cli.BoolFlag{Name: "look", Usage: "ask consoles and servers now"},
				&cli.BoolFlag{Name: "watch", Usage: "show it again and again: a screen on a terminal, else a line each time"},
				&cli.DurationFlag{Name: "refresh", Value: watchEvery, Usage: "with --watch: show it every `TIME`"}}),
		Action: withJournal(0, func(c *cli.Context, s source) error {
			out, err := newOutput(c)
			if err != nil {
				return err
			}
			if given(c, "timeout") && !c.Bool("look") {
				return usage("pgbudget status --look asks",
					"--timeout applies to answers of servers, and status without --look asks none")
			}
			if c.Bool("watch") {
				return s.watchStatus(c, out)
			}
			if c.IsSet("refresh") {
				return usage("pgbudget status --watch", "--refresh is of --watch")
			}
			st, err := s.status(c.Context, c.Bool("look"))
			if err != nil {
				return err
			}
			if c.Bool("look") && !st.Running {
				warnRefused(c.Context, s.refusal(c.Context, bouncer.Survey{}))
			}
			if out.format != "table" {
				return out.data(st)
			}
			out.status(st)
			return nil
		}),
	}
}

// status reads the journal, and what the newest run left beside it; look: it takes a sample of its own in place of
// that.
func (s source) status(ctx context.Context, look bool) (status, error) {
	m, err := journalStateOf(s.config)
	if err != nil {
		return status{}, err
	}
	last, err := newestEvents(s.config.Journal, 10)
	if err != nil {
		return status{}, err
	}
	st := status{At: time.Now(), Running: m.Running && journal.Busy(s.config.Journal), Step: m.Step,
		Number: m.StepNumber, Held: m.Hold.Text(), Paused: paused(s.config.Journal).Text(),
		Requests: m.Open, Taken: append([]state.Past{}, m.Past...), Flushed: m.Flushed(), Lines: []fleet.SettingChange{},
		Last: append([]state.Event{}, last...)}
	if cut, err := journal.Torn(s.config.Journal); err == nil && cut {
		fmt.Fprintln(stderr, cutNote)
	}
	if len(last) == 0 {
		if st.none, err = noEvents(s.config.Journal); err != nil {
			return st, err
		}
		if err := mirrorOf(s.config).Unbegun(s.config.Journal); err != nil {
			st.none = err.Error() + "; next: " + operr.HintOf(err)
		}
	}
	st.Died, st.next = m.Running && !st.Running, onward(m)
	st.silent = max(longSilent, 3*s.config.MovingPolicy().SoakEvery)
	for _, r := range m.Refused {
		st.Refused = append(st.Refused, fmt.Sprintf("%s not below %d: %s", r.Pool, r.Least, r.Reason.Text()))
	}
	for _, w := range m.Written {
		st.Lines = append(st.Lines, w.SettingChange)
	}
	st.Traffic = trafficOf(s, m)
	if st.Look, err = lastSample(s.config.Journal); err != nil {
		fmt.Fprintln(stderr, "note: the last run's sample cannot be read: "+err.Error())
	}
	if st.Plan, st.began, err = runGoalOf(m, journal.Newest(s.config.Journal), st.Look); err != nil {
		return st, err
	}
	if st.Running {
		if st.Set, err = setIn(journal.Newest(s.config.Journal)); err != nil {
			return st, err
		}
	}
	if look {
		if st.Look, err = sampleNow(ctx, s, m); err != nil {
			return st, err
		}
		st.At = time.Now()
	}
	return st, nil
}

// setIn is what a person has changed of the newest run, the oldest first.
func setIn(newest iter.Seq2[state.Event, error]) (texts []string, err error) {
	for e, err := range newest {
		if err != nil {
			return nil, err
		}
		if e.Kind == state.RunBegan {
			break
		}
		if e.Kind == state.Adjusted {
			texts = append(texts, e.Reason.Text())
		}
	}
	slices.Reverse(texts)
	return texts, nil
}

// longSilent is the least that a run may take no sample without a word. chosen: a minute, as no answer is waited for
// longer by default.
const longSilent = time.Minute

// noEvents says why a journal has none. One whose folder is missing is an error: a name that is wrong, or a disk that
// is not there, is no history.
func noEvents(path string) (string, error) {
	if _, err := os.Stat(path); err == nil {
		return "the journal " + path + " is empty: " + neverOrLost, nil
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return "", &operr.Error{Kind: operr.KindUsage, Subject: "journal " + path, Err: cause(err),
			Hint: "see journal: of the config"}
	}
	return "no journal exists at " + path + ": " + neverOrLost, nil
}

// neverOrLost is what a journal without events may mean.
const neverOrLost = "either pgbudget has changed nothing from this host, or the journal was lost (pgbudget journal " +
	"import FILE), or journal: in the config names another file"

// status prints it for people.
func (o output) status(s status) {
	o.sample(s)
	if s.Paused != "" {
		fmt.Fprintln(o.w, o.warn(s.Paused+": nothing moves until pgbudget resume"))
	}
	switch {
	case s.Died:
		fmt.Fprintln(o.w, o.warn("the newest run recorded no end (killed, its host lost, or its journal or mirror "+
			"failed): "+s.next))
	case s.Held != "" && s.Paused == "": // a pause is said above
		fmt.Fprintln(o.w, o.warn("held: "+s.Held))
	}
	switch {
	case s.Step != nil:
		number := ""
		if s.Number > 0 {
			number = fmt.Sprintf("step %d: ", s.Number)
		}
		fmt.Fprintf(o.w, "%s   %s%s\n", o.bold("in hand"), number, s.Step.Text())
	case len(s.Last) == 0:
		fmt.Fprintln(o.w, s.none)
		return
	default:
		fmt.Fprintln(o.w, "no step is in hand")
	}
	for _, r := range s.Requests {
		fmt.Fprintf(o.w, "%s     %s, asked %s\n", o.bold("asked"), standing(state.Requests{Open: []state.Request{r}}),
			stamp(r.At))
	}
	for _, text := range s.Set {
		fmt.Fprintf(o.w, "%s       %s\n", o.bold("set"), text)
	}
	if s.Plan != nil {
		fmt.Fprintln(o.w, s.Plan.text())
	}
	if len(s.Taken) > 0 {
		fmt.Fprintln(o.w, o.bold("steps taken"))
		for _, p := range s.Taken {
			note := ""
			if !p.Until.IsZero() {
				note = "   (" + provisionalText(p, s.At, s.Running) + ")"
			}
			if p.GivenUp {
				note = "   (given up by a person; how much was applied is not known)"
			}
			fmt.Fprintf(o.w, "  %4d  %s  %s%s\n", p.Number, stamp(p.At), p.Step.Text(), note)
		}
	}
	for _, x := range s.Traffic {
		o.traffic(x)
	}
	for _, x := range s.Flushed {
		fmt.Fprintln(o.w, o.warn(fmt.Sprintf("flushed: server_lifetime of %s in %s is 1 s until the next run writes %d s "+
			"again",
			x.Alias, x.Process, x.To)))
	}
	for _, r := range s.Refused {
		fmt.Fprintln(o.w, "refused: "+r)
	}
	fmt.Fprintln(o.w, o.bold("last events")+" (UTC)")
	writeEvents(o.w, time.DateTime, s.Last)
	if next := s.onward(); next != "" {
		fmt.Fprintln(o.w, "next: "+next)
	}
}

// onward is what a person types next; empty: a run is at work, or nothing is to be done.
func (s status) onward() string {
	switch {
	case s.Running || s.Died: // said above
		return ""
	case s.Step != nil:
		return s.next
	case len(s.Taken) > 0 && !s.Taken[len(s.Taken)-1].Until.IsZero():
		return "pgbudget watch"
	case s.Plan != nil && s.Plan.Left:
		return "pgbudget step --dry-run shows the next step to that plan"
	}
	return ""
}

// provisionalText says until when a step is provisional, and whether a run watches it.
func provisionalText(p state.Past, now time.Time, running bool) string {
	switch {
	case running:
		return "provisional until " + stamp(p.Until)
	case now.After(p.Until):
		return "provisional: its peak has passed at " + stamp(p.Until) + ", and nothing has confirmed it: pgbudget watch"
	}
	return "provisional until " + stamp(p.Until) + ", and nobody watches it: pgbudget watch"
}

// sample prints what was seen last.
func (o output) sample(s status) {
	if s.Look == nil {
		return
	}
	age := s.At.Sub(s.Look.At).Round(time.Second)
	if s.Running && age > s.silent {
		fmt.Fprintln(o.w, o.warn(fmt.Sprintf("! the run has taken no sample for %v: what it asks, or the journal's disk, "+
			"does not answer", age)))
	}
	for _, x := range s.Look.Servers {
		gate := ""
		if x.Gate != "" && s.Paused == "" && s.Held == "" { // else it says what nobody asks
			switch gate = "   signals allow grants"; {
			case x.Gate != guardOpen:
				gate = "   signals hold grants: " + x.Gate
			case x.SpareConns < 0:
				gate = "   nothing is granted over the budget"
			}
		}
		fmt.Fprintf(o.w, "%s   worst case %d of %d, %s%s   (seen %v ago)\n", o.bold(x.Name), x.WorstConns, x.BudgetConns,
			spareText(x.SpareConns), gate, age)
	}
	for _, h := range s.Look.IdleInTransaction {
		fmt.Fprintf(o.w, "! backend %d of %s is idle in transaction for %v in %s\n", h.PID, h.User, h.Age.Round(time.Second),
			cmp.Or(h.Pool, "no pool"))
	}
	// else it is what an older run did, or said below
	if s.Running && s.Look.Doing != "" && !s.Look.At.Before(s.began) && s.Paused == "" && s.Held == "" {
		fmt.Fprintf(o.w, "%s   %s\n", o.bold("doing"), s.Look.Doing)
	}
}

// pauseFile is the file that stops a run at once while it is there.
func pauseFile(path string) string { return path + ".pause" }

// paused says who asked for a pause; none: nobody has. A file that cannot be observed pauses.
func paused(path string) verdict.Reason {
	text, err := journal.ReadSmall(pauseFile(path))
	switch {
	case os.IsNotExist(err):
		return verdict.Reason{}
	case err != nil:
		return verdict.Of(verdict.PauseUnread, "", err)
	case len(bytes.TrimSpace(text)) == 0:
		return verdict.Of(verdict.PausedWithoutWords, pauseFile(path))
	}
	return verdict.Of(verdict.PausedBy, quote.Line(string(text)))
}
