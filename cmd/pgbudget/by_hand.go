package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	external "github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/form"
	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// byHand reports whether somebody else changes the files.
func (s source) byHand() bool { return s.config != nil && s.config.Apply == config.ByHand }

// handed is the applier of such a fleet: it asks, and waits.
func (m *runner) handed(reporter *reporter, sample func() fleet.Observation) *apply.ByHand {
	conf := m.source.config
	h := &apply.ByHand{Fleet: m.fleet, Locked: m.fleet.Locked, Clock: m.clock, Within: conf.HandWithin(),
		Rendered: m.applier.Rendered, Before: m.journalState.Asked}
	at := func() string { return m.clock.Now().UTC().Format("15:04:05Z") }
	h.Withdraw = func(asked state.Action) {
		text, err := m.change(asked, sample().Processes)
		if err != nil {
			text = state.Step{Changes: asked.Changes}.Text() + "\n"
		}
		reporter.say(fmt.Sprintf("%s  by hand  this change is no longer wanted, and nobody has made it: leave it, and close "+
			"its merge request:\n%s", at(), text))
	}
	h.Tell = func(ctx context.Context, action state.Action, again bool) error {
		text, err := m.change(action, sample().Processes)
		if err != nil {
			return err
		}
		told := ""
		if again {
			told = "; it was asked for before"
			if len(conf.ByHand.Change) > 0 {
				told += ", and by_hand.change is not run again"
			}
		}
		reporter.say(fmt.Sprintf("%s  by hand  make this change and RELOAD; it is waited for, for %v at most%s:\n%s",
			at(), h.Within, told, text)) // first: where the command fails, this is what is to be done
		if len(conf.ByHand.Change) > 0 && !again {
			return m.ordered(ctx, text)
		}
		return nil
	}
	return h
}

// renderedOver refuses a step while a size waits, of a line that the step does not change, in a file of which a tool
// renders those of the processes: its next rendering would move what no plan has counted.
func (m *runner) renderedOver(ctx context.Context, sets []fleet.SettingChange) error {
	return m.rendered(ctx, func(r apply.Rendered) bool { return slices.ContainsFunc(sets, r.Same) })
}

// stillRendered refuses what waits while a run is at work: all but what the step in hand is still to bring.
func (m *runner) stillRendered(ctx context.Context, _ []string) error {
	var sets []fleet.SettingChange
	if in := m.journal.State().Step; in != nil {
		sets = in.Changes
	}
	return m.rendered(ctx, func(r apply.Rendered) bool {
		return slices.ContainsFunc(sets, func(x fleet.SettingChange) bool { return x.Same(r.SettingChange) && x.To == r.To })
	})
}

// rendered refuses each size that waits and may not.
func (m *runner) rendered(ctx context.Context, may func(apply.Rendered) bool) error {
	all, err := m.applier.Rendered(ctx)
	var errs []error
	for _, r := range all {
		if !may(r) {
			errs = append(errs, operr.By(operr.RuleRendered, &operr.Error{Kind: operr.KindDrift, Subject: r.Process,
				Err: errors.New(r.Text()), Hint: renderedHint}))
		}
	}
	return errors.Join(append(errs, err)...)
}

// renderedHint is what to do about a size that waits.
const renderedHint = "correct it in gitlab.rb and reconfigure before the next failover; only where it fits the " +
	"budget, bring it now: gitlab-ctl pgb-notify"

// change is what is asked for, in the form of the config, of processes as they are now.
func (m *runner) change(action state.Action, now []fleet.Process) (string, error) {
	sets := action.Changes
	if m.source.config.ByHand.Form == "" {
		var b strings.Builder
		for _, x := range sets {
			fmt.Fprintf(&b, "%s: %s of %s %d → %d\n", x.Process, x.Key, x.Alias, x.From, x.To)
		}
		return b.String(), nil
	}
	f, err := form.Of(m.source.config.ByHand.Form)
	if err != nil {
		return "", err
	}
	sizes, err := form.SizesOf(sets, nil, now)
	if err != nil {
		return "", err
	}
	return f.Write(sizes)
}

// ordered gives the change to the command of by_hand, which may open a merge request.
func (m *runner) ordered(ctx context.Context, text string) error {
	conf := m.source.config
	ctx, cancel := context.WithTimeout(ctx, conf.Hooks.Within())
	defer cancel()
	_, err := external.Call{Argv: conf.ByHand.Change, Env: []string{"PGBUDGET_ENVIRONMENT=" + conf.Environment},
		Stdin: []byte(text), Mask: conf.Mask}.Run(ctx)
	if err != nil {
		return &operr.Error{Kind: operr.KindUnreachable, Subject: "by_hand.change", Err: err,
			Hint: "run the command by hand, with the change on its standard input"}
	}
	return nil
}
