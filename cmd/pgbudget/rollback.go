package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func rollbackCommand() *cli.Command {
	return &cli.Command{
		Name:  "rollback",
		Usage: "take back the step in hand, or the newest completed step, in safe steps",
		Description: "Checks first whether the earlier sizes still fit. With --to, this step and all later ones are\n" +
			"taken back; pgbudget status lists the steps with their numbers. policy.windows do not apply.\n\n" +
			"Examples:\n" +
			"  pgbudget rollback --dry-run\n" +
			"  pgbudget rollback --to 2\n" +
			"  pgbudget rollback --now --yes     as fast as drains allow",
		Flags: slices.Concat(moveFlags(), formatFlags(), []cli.Flag{
			&cli.IntFlag{Name: "to", DefaultText: "the newest", Usage: "take back step `N` and every later one"},
			&cli.BoolFlag{Name: "now",
				Usage: "without soaks between actions and without --percent; drains are still waited for"},
		}),
		Action: withFacts(func(c *cli.Context, out output, s source) error {
			policy, err := policyOf(c, s)
			if err != nil {
				return err
			}
			if c.Bool("now") && c.IsSet("percent") {
				return usage("choose one", "--now has no percent")
			}
			if c.IsSet("to") && c.Int("to") < 1 {
				return usage(listsThem, "--to is %d, want the number of a step, 1 at least", c.Int("to"))
			}
			if c.Bool("now") {
				policy.Percent, policy.Soak = 100, 0
			}
			journalState, err := journalStateOf(s.config)
			if err != nil {
				return err
			}
			if err := unbegun(s.config.Journal, "take back"); err != nil {
				return err
			}
			if _, err := stepNumbered(journalState, c.Int("to"), c.IsSet("to")); err != nil {
				return err
			}
			if err := cmp.Or(nothingTaken(journalState), askable(c, s)); err != nil {
				return err
			}
			m, err := newRunner(c.Context, s, c.Bool("dry-run"))
			if err != nil {
				return goneForGood(err)
			}
			defer m.close()
			if c.Bool("dry-run") {
				if err := m.alone(c.Context); err != nil {
					return err
				}
			}
			return goneForGood(m.rollback(c, out, policy))
		}),
	}
}

// goneForGood adds, to the error of a process that does not answer, what to type where its host is lost and the others
// are to be taken back.
func goneForGood(err error) error {
	if operr.KindOf(err) != operr.KindUnreachable {
		return err
	}
	next := "where the process is gone for good: take it out of the config, then pgbudget accept --sizes and pgbudget " +
		"rollback"
	if hint := operr.HintOf(err); hint != "" {
		next = hint + "; " + next
	}
	return &operr.Error{Kind: operr.KindUnreachable, Err: err, Hint: next}
}

// rollback goes back. What the fleet is asked to carry is measured first: a size that was enough may be no more.
func (m *runner) rollback(c *cli.Context, out output, policy state.Policy) error {
	to, err := stepNumbered(m.journalState, c.Int("to"), c.IsSet("to"))
	if err != nil {
		return err
	}
	survey, err := m.survey(c.Context, bouncer.ToGoBack)
	if err != nil {
		return err
	}
	placed, doubts := m.journalState.Placed(survey.Evidence.Last) // a process may have another name than when it was moved
	m.journalState = placed
	back, any := control.Rollback(m.journalState, survey.Fleet, to)
	if why := m.journalState.Doubted(doubts, back.To); why.Any() {
		return &operr.Error{Kind: operr.KindDrift, Err: errors.New(why.Text()),
			Hint: orLater(m.journalState, back.To, "restore these sizes by hand: pgbudget status lists the steps")}
	}
	if !any {
		return cmp.Or(nothingTaken(m.journalState),
			usage(listsThem, "nothing to take back: the lines that the steps changed no longer exist"))
	}
	for _, t := range back.Traffic {
		if !slices.ContainsFunc(survey.Traffic, func(x bouncer.Traffic) bool { return x.ID() == t.Shift }) {
			return usage(orLater(m.journalState, back.To, "write its shift: into the config again"),
				"the steps to take back have set the traffic of %s to %d %%, and the config has no such shift", t.Shift, t.From)
		}
	}
	for _, gone := range back.Gone {
		m.notes = append(m.notes, gone+" no longer exists and is left out; the others are taken back")
	}
	for _, note := range m.notes {
		fmt.Fprintln(stderr, "note: "+note)
	}
	m.rollTo, survey = back.To, survey.Backwards(back, m.journalState.Step)
	say, why := rollbackText(m.journalState, back), control.Reachable(survey.Fleet, back.Goal)
	var part verdict.Reason
	hint := orLater(m.journalState, back.To, "free connections first")
	if !why.Any() {
		if why = control.AboveMax(survey.Fleet, back.Goal); why.Any() {
			hint = orLater(m.journalState, back.To, "raise that max: first")
		}
	}
	if in := m.journalState.Step; !why.Any() && in != nil {
		switch barred, none := survey.State(policy, m.journalState).Barred(); {
		case barred.Any() && none && in.Kind != state.Backward: // what goes back already is waited for
			why, hint = barred, "free connections first, or "+againOf(m.journalState)+" continues with the step in hand"
		case barred.Any(): // what fits goes back
			part = barred
		}
	}
	p := foresee(survey, policy, m.journalState, survey.State(policy, m.journalState).Back())
	stuck := m.journalState.Step == nil && p.step.Empty() && p.ends.Any()
	if !why.Any() && m.journalState.Step == nil {
		part = verdict.Or(part, p.ends)
	}
	var refused error
	if why.Any() {
		refused = &operr.Error{Kind: operr.KindInfeasible, Err: errors.New(why.Text()), Hint: hint}
	} else {
		refused = m.refusedBack(c, survey, policy, &p)
	}
	fmt.Fprintln(stderr, say+": "+possibleText(why, part, refused != nil))
	if c.Bool("dry-run") {
		if out.format != "table" {
			if err := out.data(backData{m.journalState.NumberOf(back.To), !why.Any(), verdict.Or(why, part).Text(), part.Any(),
				back.Goal,
				back.Traffic}); err != nil {
				return err
			}
			return refused
		}
		if !why.Any() {
			out.preview(p)
			out.later(p)
		} else {
			out.warnings(survey)
		}
		fmt.Fprintln(out.w, "nothing was changed")
	}
	if refused == nil && c.Bool("dry-run") && stuck {
		refused = held(orLater(m.journalState, back.To, "free connections first"), "%s", p.ends.Text())
	}
	if refused != nil || c.Bool("dry-run") {
		return refused
	}
	if err := m.ask(c, out, p, say); err != nil {
		return err
	}
	m.again = "pgbudget rollback"
	past := m.journalState
	past.Step = nil // once it is back, it has no number any more
	if n := past.NumberOf(back.To); n > 0 {
		m.again += fmt.Sprintf(" --to %d", n)
	}
	m.again += paceFlags(c)
	return m.run(c.Context, out, survey, policy, 0, nil, false)
}

// orLater adds to a hint the rollback that takes back one step less, where there is one.
func orLater(m state.JournalState, to int64, hint string) string {
	for _, p := range m.Past {
		if p.Seq > to {
			return fmt.Sprintf("%s, or pgbudget rollback --to %d", hint, p.Number)
		}
	}
	return hint
}

// refusedBack says why a rollback whose sizes fit may not begin now; of a preview it asks what changes in files.
func (m *runner) refusedBack(c *cli.Context, survey bouncer.Survey, policy state.Policy, p *preview) error {
	if err := m.readyBack(c.Context, survey, policy); err != nil {
		return err
	}
	if err := stopped(m.source.config.Journal); err != nil { // it would wait for the end of the pause
		return err
	}
	if !c.Bool("dry-run") {
		return nil
	}
	if err := p.edited(c.Context, m); err != nil {
		return err
	}
	return m.applier.CheckKept(c.Context, control.Processes(m.journalState)) // it would go back, and not end well
}

// listsThem is the hint of whoever names a step that is not there.
const listsThem = "pgbudget status lists the steps that can be taken back"

// nothingTaken says that no step can be taken back, which is no success: what was asked for was not done. A flush that
// a killed run has left is ended first.
func nothingTaken(m state.JournalState) error {
	switch {
	case m.Step != nil || m.RollTo > 0 || len(m.Past) > 0 || len(m.Flushed()) > 0:
		return nil
	case m.Numbered > 0:
		return usage(listsThem, "nothing to take back: all steps are taken back already")
	}
	return usage(listsThem, "nothing to take back: no step was completed yet")
}

// backData is what a dry run prints with -o json and yaml.
type backData struct {
	Step     int                   `json:"step"` // this one and every later one is taken back; 0: there is none
	Possible bool                  `json:"possible"`
	Why      string                `json:"why,omitempty"` // it is not possible, or in part alone
	Partial  bool                  `json:"partial,omitempty"`
	Goal     sizing.Goal           `json:"goal"`
	Turns    []shift.TrafficChange `json:"traffic,omitempty"`
}

// possibleText says whether a rollback is possible: not, because of why; in part alone, because of part; and whether
// what fits is refused all the same.
func possibleText(why, part verdict.Reason, refused bool) string {
	possible, after := "possible", ""
	if refused {
		possible, after = "the sizes would fit", "; refused now"
	}
	switch {
	case why.Any():
		return "not possible as a whole: " + why.Text()
	case part.Any():
		return possible + " in part: " + part.Text() + after
	}
	return possible + after
}

// stepNumbered is the event at which a step began; 0 where no number is given.
func stepNumbered(m state.JournalState, number int, given bool) (int64, error) {
	if !given {
		return 0, nil
	}
	if seq := m.SeqOf(number); seq > 0 {
		return seq, nil
	}
	known := "no step can be taken back"
	if numbers := m.Numbers(); len(numbers) > 0 {
		list := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(numbers)), ", "), "[]")
		known = "the journal can take back " + plural(len(numbers), "step") + " " + list
	}
	return 0, usage(listsThem, "--to is %d, and the journal has no step of this number: %s", number, known)
}

// readyBack says why a rollback may not begin: what a run finds at its first sample, and what a write would be refused
// for. The step in hand goes back first.
func (m *runner) readyBack(ctx context.Context, survey bouncer.Survey, policy state.Policy) error {
	if err := m.drifted(survey, policy); err != nil {
		return err
	}
	s := survey.State(policy, m.journalState)
	step := s.Back()
	if held := s.HeldNow(step); held.Any() {
		fmt.Fprintf(stderr, "note: %s; the rollback waits for its end, for %v at most\n", held.Text(), policy.HoldFor)
	}
	if m.source.byHand() { // before anything is recorded: what is in progress keeps every step forward from beginning
		if err := m.renderedOver(ctx, step.Changes); err != nil {
			return err
		}
	}
	if len(step.Changes) == 0 { // the sizes are those of before, and the files may say something else
		if m.source.byHand() {
			return nil
		}
		defer m.tell()
		return m.applier.CheckFiles(ctx)
	}
	if err := control.RecyclingRefused(survey.Fleet, policy); err != nil {
		return err
	}
	defer m.tell()
	if m.source.byHand() {
		return nil
	}
	return m.applier.Check(ctx, step.Changes)
}

// rollbackText says what goes back, and to where: the step in hand, too.
func rollbackText(m state.JournalState, w control.RollbackTo) string {
	text := "rollback to its end, of which a step is in hand"
	if n := m.NumberOf(w.To); n > 0 {
		text = fmt.Sprintf("rollback to before step %d", n)
	}
	if in := m.Step; in != nil && m.StepTo == 0 {
		w = inHandToo(*in, w)
	}
	return strings.TrimSuffix(text+", "+wayText(w), ", ")
}

// inHandToo is a rollback with where the step in hand goes back to: what is not taken back besides.
func inHandToo(in state.Step, w control.RollbackTo) control.RollbackTo {
	goal, pools := w.Goal, slices.Clone(w.Goal.Pools)
	for _, x := range in.Moves() {
		to := x.From
		if in.Kind == state.Backward {
			to = x.To
		}
		if _, known := goal.Pool(x.Pool()); !known && x.Key == fleet.KeySize {
			pools = append(pools, sizing.GoalPool{Pool: x.Pool(), Size: to})
		}
	}
	slices.SortStableFunc(pools, func(a, b sizing.GoalPool) int { return cmp.Compare(a.Pool, b.Pool) })
	w.Goal.Pools = pools
	if t := in.Traffic; t != nil && !slices.ContainsFunc(w.Traffic,
		func(x shift.TrafficChange) bool { return x.Shift == t.Shift }) {
		back := t.Back()
		if in.Kind == state.Backward {
			back = *t
		}
		w.Traffic = append(slices.Clone(w.Traffic), back)
	}
	return w
}

// wayText says where a rollback goes.
func wayText(w control.RollbackTo) string {
	var parts []string
	if len(w.Goal.Pools) > 0 {
		parts = append(parts, goalText(w.Goal))
	}
	for _, t := range w.Traffic {
		parts = append(parts, t.Text())
	}
	return strings.Join(parts, ", ")
}
