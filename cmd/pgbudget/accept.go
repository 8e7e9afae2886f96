package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
	"github.com/pgbudget/pgbudget/planner/words"
)

func acceptCommand() *cli.Command {
	return &cli.Command{
		Name:  "accept",
		Usage: "accept the fleet's present sizes, after a person has checked them",
		Description: "With --sizes the journal no longer expects the sizes that pgbudget wrote, nor the percentages\n" +
			"that it set, nor users who came once. A step in hand is given up; pgbudget rollback\n" +
			"can still take it back.\n" +
			"With --request, nobody makes that request of apply: by-hand any more, which was called off.\n" +
			"On a terminal pgbudget asks first.\n\n" +
			"Examples:\n" +
			"  pgbudget accept --sizes\n" +
			"  pgbudget accept --request 4",
		Flags: append(journalFlags(),
			&cli.BoolFlag{Name: "sizes", Usage: "accept the present sizes, and the percentages that traffic switches report"},
			&cli.BoolFlag{Name: "provisional",
				Usage: "accept the step that is provisional, without waiting for its peak: nothing watches it any more"},
			&cli.IntFlag{Name: "request", DefaultText: "none",
				Usage: "accept that nobody makes request `NUMBER` any more, which was called off"},
			&cli.BoolFlag{Name: "yes", Usage: "do not ask"}),
		Action: withJournal(0, func(c *cli.Context, s source) error {
			if b2i(c.Bool("sizes"))+b2i(c.Bool("provisional"))+b2i(c.IsSet("request")) != 1 {
				return usage("pgbudget accept --sizes", "say what to accept: one of --sizes, --provisional and --request")
			}
			m := mirrorOf(s.config)
			if _, err := m.Load(s.config.Journal); err != nil {
				return err
			}
			if err := cmp.Or(m.Unbegun(s.config.Journal), unbegun(s.config.Journal, "accept")); err != nil {
				return err
			}
			j, err := m.Open(s.config.Journal)
			if err != nil {
				return err
			}
			defer j.Close()
			if c.Bool("provisional") {
				return confirmStep(c, s, j)
			}
			if c.IsSet("request") {
				return closeRequest(c, j)
			}
			before, accepted := j.State(), state.Event{At: time.Now(), Kind: state.Accepted, By: who()}
			if !alters(before, accepted) {
				fmt.Fprintln(c.App.Writer, "nothing to accept: the journal expects no size and no percentage")
				return nil
			}
			if err := giveUp(c, s, before); err != nil {
				return err
			}
			if _, err := j.Record(accepted); err != nil {
				return err
			}
			for _, r := range before.Open {
				fmt.Fprintf(said(c), "request %d (%s) is taken as closed: nobody makes it any more\n", r.Number,
					state.Step{Changes: r.Action.Changes}.Text())
			}
			n := len(before.Written)
			fmt.Fprintf(said(c), "%d %s no longer expected to be as pgbudget wrote %s\n",
				n, words.Plural(n, "line is", "lines are"), words.Plural(n, "it", "them"))
			var written []fleet.SettingChange
			for _, w := range before.Written {
				if w.From != w.To {
					written = append(written, w.SettingChange)
				}
			}
			if len(written) > 0 {
				fmt.Fprintf(said(c), "pgbudget had moved %s\n", state.Step{Changes: written}.Text())
			}
			if p, is := before.Provisional(); is {
				fmt.Fprintf(said(c), "step %d is no longer provisional, and nothing watches it: %s\n", p.Number, p.Step.Text())
			}
			if before.Step != nil {
				fmt.Fprintf(said(c), "the step in hand was given up: %s; pgbudget rollback --dry-run shows how to take it back\n",
					before.Step.Text())
			}
			return nil
		}),
	}
}

// confirmStep writes down that a person takes the newest step as it is.
func confirmStep(c *cli.Context, s source, j *journal.Journal) error {
	p, is := j.State().Provisional()
	if !is {
		fmt.Fprintln(c.App.Writer, "nothing to accept: no step is provisional")
		return nil
	}
	text := fmt.Sprintf("step %d is provisional until %s, and nothing watches it any more: %s", p.Number, stamp(p.Until),
		p.Step.Text())
	if !agreed(c, s) && !isatty.IsTerminal(os.Stdin.Fd()) {
		return usage("pgbudget accept --provisional --yes", "%s; standard input is no terminal, so nobody can confirm", text)
	}
	if err := confirm(c, s, text); err != nil {
		return err
	}
	if _, err := j.Record(state.Event{At: time.Now(), Kind: state.StepConfirmed, By: who()}); err != nil {
		return err
	}
	fmt.Fprintf(said(c), "step %d is no longer provisional: %s\n", p.Number, p.Step.Text())
	return nil
}

// alters reports whether an event changes what a journal comes to.
func alters(m state.JournalState, e state.Event) bool {
	e.Seq = m.Seq
	before, err := json.Marshal(m)
	after, failed := json.Marshal(m.After(e))
	return err != nil || failed != nil || !bytes.Equal(before, after)
}

// giveUp asks whether the step in hand, or the watch over a provisional one, may be given up; without one there is
// nothing to ask.
func giveUp(c *cli.Context, s source, m state.JournalState) error {
	if agreed(c, s) {
		return nil
	}
	if p, is := m.Provisional(); is {
		text := fmt.Sprintf("step %d is provisional until %s, and nothing watches it any more once sizes are accepted",
			p.Number, stamp(p.Until))
		if !isatty.IsTerminal(os.Stdin.Fd()) {
			return usage("pgbudget accept --sizes --yes, or pgbudget watch",
				"%s; standard input is no terminal, so nobody can confirm", text)
		}
		return confirm(c, s, text)
	}
	if m.Step == nil {
		return nil
	}
	number := ""
	if m.StepNumber > 0 {
		number = fmt.Sprintf(" %d", m.StepNumber)
	}
	text := fmt.Sprintf("step%s is in hand, %s, and is given up: no run continues with it", number, m.Step.Text())
	if !isatty.IsTerminal(os.Stdin.Fd()) {
		return usage("pgbudget accept --sizes --yes, or "+onward(m),
			"%s; standard input is no terminal, so nobody can confirm", text)
	}
	return confirm(c, s, text)
}

// closeRequest writes down that nobody makes a request any more that was called off.
func closeRequest(c *cli.Context, j *journal.Journal) error {
	n, open := c.Int("request"), j.State().Open
	i := slices.IndexFunc(open, func(r state.Request) bool { return r.Number == n })
	switch {
	case i < 0 && len(open) == 0:
		return usage("pgbudget status shows open requests", "--request is %d, and no request is open", n)
	case i < 0:
		return usage("pgbudget status shows open requests", "--request is %d, and this one is not open: %s", n,
			standing(j.State().Requests))
	case open[i].Wanted():
		return usage(onward(j.State())+"; pgbudget accept --sizes gives its step up",
			"request %d is wanted: the step in hand waits for it", n)
	}
	e := state.CallOff(open[i], true, verdict.Reason{})
	e.At, e.By = time.Now(), who()
	if _, err := j.Record(e); err != nil {
		return err
	}
	fmt.Fprintf(said(c), "request %d (%s) is closed: nobody makes it any more\n", n,
		state.Step{Changes: open[i].Action.Changes}.Text())
	return nil
}
