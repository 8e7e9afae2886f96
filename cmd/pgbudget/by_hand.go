package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer"
	external "github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/form"
	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/quote"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// byHand reports whether somebody else changes the files.
func (s source) byHand() bool { return s.config != nil && s.config.Apply == config.ByHand }

// handed is the applier of such a fleet, which asks and waits, and what the controller needs of it.
func (m *runner) handed(reporter *reporter, sample func() fleet.Observation) (*apply.ByHand, *bouncer.Hand) {
	conf := m.source.config
	h := &apply.ByHand{Fleet: m.fleet, Locked: m.fleet.Locked, Clock: m.clock, Within: conf.HandWithin(),
		Rendered: m.applier.Rendered}
	at := func() string { return m.clock.Now().UTC().Format("15:04:05Z") }
	h.Tell = func(ctx context.Context, action state.Action) error {
		r, again := m.requested(action)
		parts, err := m.parts(action, r.Step == 0 || state.Back(m.journal.State().Step), sample().Processes)
		if err != nil {
			return err
		}
		told := fmt.Sprintf("make this change and RELOAD; it is waited for, for %v at most", h.Within)
		if again {
			told += "; it was asked for at " + stamp(r.At)
			if len(conf.ByHand.Change) > 0 {
				told += ", and by_hand.change is not run again"
			}
		}
		reporter.say(fmt.Sprintf("%s  by hand  %s\n%s:\n%s", at(), m.titled(r), told,
			partsText(parts))) // first: where the command fails, this is what is to be done
		if len(conf.ByHand.Change) > 0 && !again {
			return m.ordered(ctx, "by_hand.change", conf.ByHand.Change, r, parts)
		}
		return nil
	}
	callOff := func(ctx context.Context, r state.Request, why verdict.Reason) (closed bool) {
		text := fmt.Sprintf("%s  by hand  %s: no longer wanted", at(), m.titled(r))
		if why.Any() {
			text += ", because " + why.Text()
		}
		if len(conf.ByHand.Withdraw) == 0 {
			reporter.say(fmt.Sprintf("%s; leave it, and close its merge request; then pgbudget accept --request %d\n", text,
				r.Number))
			return false
		}
		parts, err := m.parts(r.Action, true, sample().Processes)
		if err == nil {
			err = m.ordered(ctx, "by_hand.withdraw", conf.ByHand.Withdraw, r, parts)
		}
		if err != nil {
			reporter.say(fmt.Sprintf("%s; leave it, and close its merge request: %v\n", text, err))
			return false
		}
		reporter.say(text + "; by_hand.withdraw has closed it\n")
		return true
	}
	return h, &bouncer.Hand{Within: h.Within, CallOff: callOff}
}

// requested is the request for an action: the one that is open, again, or the one that is to be.
func (m *runner) requested(action state.Action) (r state.Request, again bool) {
	now := m.journal.State()
	if r, again = now.Requests.Of(action); again {
		return r, true
	}
	r = state.Request{Number: now.Requested + 1, Action: action}
	if now.Step != nil && now.StepTo == 0 {
		r.Step = now.StepNumber
	}
	return r, false
}

// titled is what a request is called, in a line.
func (m *runner) titled(r state.Request) string {
	of := "of a rollback"
	if r.Step > 0 {
		of = fmt.Sprintf("of step %d", r.Step)
	}
	if name := m.source.config.Environment; name != "" {
		of += " in " + name
	}
	title := fmt.Sprintf("request %d %s: %s %s", r.Number, of, r.Action.Kind, state.Step{Changes: r.Action.Changes}.Text())
	if why := r.Action.Reason.Text(); why != "" {
		title += ", because " + why
	} else if why := m.journal.State().Why.Text(); why != "" && r.Step > 0 {
		title += ", because " + why
	}
	return quote.Line(title)
}

// partsText are parts as they are shown, each with its group.
func partsText(parts []form.Part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Group != "" {
			fmt.Fprintf(&b, "group %s:\n", p.Group)
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

// requestHint is what to type once nobody makes what was called off; empty: nothing was.
func requestHint(r state.Requests) string {
	for _, x := range r.Open {
		if !x.Wanted() {
			return fmt.Sprintf("close request %d, and then pgbudget accept --request %[1]d", x.Number)
		}
	}
	return ""
}

// standing says which requests are open though nobody waits for them; empty: none.
func standing(r state.Requests) string {
	var texts []string
	for _, x := range r.Open {
		text := fmt.Sprintf("request %d (%s %s)", x.Number, x.Action.Kind, state.Step{Changes: x.Action.Changes}.Text())
		if x.Wanted() {
			texts = append(texts, text+" stands: it may be made at any time")
		} else {
			texts = append(texts, text+" was called off and may be made all the same: "+
				fmt.Sprintf("close it, then pgbudget accept --request %d", x.Number))
		}
	}
	return strings.Join(texts, "; ")
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

// parts are what is asked for, in the form of the config, of processes as they are now. What goes back and has no place
// in the form is said line by line: nothing else would take it back.
func (m *runner) parts(action state.Action, back bool, now []fleet.Process) ([]form.Part, error) {
	lines := []form.Part{{Text: linesOfChange(action.Changes, now)}}
	if m.source.config.ByHand.Form == "" {
		return lines, nil
	}
	f, err := form.Of(m.source.config.ByHand.Form)
	if err != nil {
		return nil, err
	}
	sizes, err := form.SizesOf(action.Changes, nil, now)
	if err != nil {
		return partsOr(lines, back, err)
	}
	parts, err := f.Parts(sizes)
	if err != nil {
		return partsOr(lines, back, err)
	}
	return parts, nil
}

// partsOr are lines of what goes back, and of what goes forward the reason why its form does not have it.
func partsOr(lines []form.Part, back bool, err error) ([]form.Part, error) {
	if !back {
		return nil, err
	}
	return lines, nil
}

// linesOfChange are changes line by line, those left out that processes have.
func linesOfChange(sets []fleet.SettingChange, now []fleet.Process) string {
	var b strings.Builder
	for _, x := range sets {
		if a, ok := fleet.FindAlias(fleet.Observation{Processes: now}, x.Process, x.Alias); ok &&
			(x.Key == fleet.KeySize && a.SizeConns == x.To || x.Key == fleet.KeyReserve && a.ReserveConns == x.To) {
			continue
		}
		fmt.Fprintf(&b, "%s: %s of %s %d → %d\n", x.Process, x.Key, x.Alias, x.From, x.To)
	}
	return b.String()
}

// sayable says why the form of the config has no place for a step's changes; nil: it has, or nobody is asked in one.
func (m *runner) sayable(sets []fleet.SettingChange, now []fleet.Process) error {
	grants := slices.DeleteFunc(slices.Clone(sets), func(x fleet.SettingChange) bool { return !x.Grows() })
	releases := slices.DeleteFunc(slices.Clone(sets), fleet.SettingChange.Grows)
	name := m.source.config.ByHand.Form
	if name == "" {
		return nil
	}
	f, err := form.Of(name)
	if err != nil {
		return err
	}
	for _, part := range []struct{ sets, before []fleet.SettingChange }{{releases, nil}, {grants, releases}} {
		if len(part.sets) == 0 {
			continue
		}
		sizes, err := form.SizesOf(part.sets, part.before, now)
		if err == nil {
			_, err = f.Parts(sizes)
		}
		if err != nil {
			return &operr.Error{Kind: operr.KindInfeasible, Subject: "by_hand.form " + name, Err: err, Hint: operr.HintOf(err)}
		}
	}
	return nil
}

// ordered gives a request to a command of by_hand, a part at a time, which may open its merge request, or close it.
func (m *runner) ordered(ctx context.Context, key string, argv []string, r state.Request, parts []form.Part) error {
	conf := m.source.config
	for _, p := range parts {
		env := []string{"PGBUDGET_ENVIRONMENT=" + conf.Environment, fmt.Sprintf("PGBUDGET_REQUEST=%d", r.Number),
			fmt.Sprintf("PGBUDGET_STEP=%d", r.Step), "PGBUDGET_ACTION=" + string(r.Action.Kind), "PGBUDGET_GROUP=" + p.Group,
			"PGBUDGET_TITLE=" + m.titled(r)}
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, conf.Hooks.Within())
			defer cancel()
			_, err := external.Call{Argv: argv, Env: env, Stdin: []byte(p.Text), Mask: conf.Mask}.Run(ctx)
			return err
		}()
		if err != nil {
			return &operr.Error{Kind: operr.KindHeld, Subject: key, Err: err,
				Hint: "correct the command, or make the change by hand; hooks.timeout bounds it"}
		}
	}
	return nil
}
