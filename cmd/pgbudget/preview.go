package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/reviewed"
	"github.com/pgbudget/pgbudget/bouncer/trafficswitch"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// preview is what a command is about to do, as --dry-run and the question to a person show it.
type preview struct {
	survey       bouncer.Survey
	policy       state.Policy
	journalState state.JournalState // bound to where the command goes
	step         state.Step         // the step in hand, forward or backward, or else the first one
	left         control.Left       // of that step
	edits        []ini.Edited       // for what is left
	ahead        []control.ForecastStep
	ends         verdict.Reason // why the forecast ends before the goal; none: it does not
}

// foresee is a preview as things stand; its edits are still to be asked for.
func foresee(x bouncer.Survey, policy state.Policy, m state.JournalState, step state.Step) preview {
	s := x.State(policy, m)
	p := preview{survey: x, policy: policy, journalState: s.Journal, step: step, left: s.Left(step)}
	if s.Journal.Step != nil {
		p.step = s.InHand()
		p.left = s.Left(p.step)
	}
	p.ahead, p.ends = s.Forecast()
	return p
}

// edited asks what is left of the step changes in files.
func (p *preview) edited(ctx context.Context, m *runner) (err error) {
	if m.source.byHand() {
		return nil
	}
	p.edits, err = m.applier.Edits(ctx, p.sets())
	return err
}

// sets are those that are left to be made, as files take them.
func (p preview) sets() []fleet.SettingChange {
	sets := slices.Concat(p.left.Releases, p.left.Grants)
	slices.SortFunc(sets, fleet.CompareChanges)
	return sets
}

// preview prints the actions that are to be done, and the steps after them.
func (o output) preview(p preview) {
	o.warnings(p.survey)
	if p.journalState.Step == nil && p.step.Empty() {
		if p.ends.Any() {
			fmt.Fprintln(o.w, o.warn("! no step is possible now: "+p.ends.Text()))
			return
		}
		fmt.Fprintln(o.w, "nothing to do: the sizes equal those of "+p.goal())
		return
	}
	if p.journalState.Step != nil {
		fmt.Fprintln(o.w, p.inHand())
	}
	for _, s := range p.survey.Fleet.Servers {
		fmt.Fprintf(o.w, "%s   %sworst case %d now, %d at most during the step, %d after; budget %d of max_connections %d\n",
			o.bold(s.Name), p.most(s), p.left.Before[s.Name], p.left.Most[s.Name], p.left.Then[s.Name], s.BudgetConns,
			s.MaxConns)
	}
	o.acts(p)
	if p.step.Note.Any() {
		fmt.Fprintln(o.w, o.warn("! "+p.step.Note.Text()))
	}
	for _, e := range p.edits {
		for _, l := range e.Lines {
			fmt.Fprintf(o.w, "  %s:%d  %s %s %s → %s\n", e.Path, l.Line, l.Alias, l.Key, l.OldDigits, l.NewDigits)
		}
	}
	o.undo(p)
	fmt.Fprintln(o.w, p.comes())
	if p.ends.Any() {
		fmt.Fprintln(o.w, o.warn("! the path ends before it is there: "+p.ends.Text()))
	}
}

// undo says how the step is taken back: by a command, and by hand where there is no pgbudget.
func (o output) undo(p preview) {
	if state.Back(&p.step) || p.journalState.RollTo > 0 {
		return
	}
	text := "undo: pgbudget abort while the step is in hand, pgbudget rollback after it"
	if len(p.edits) > 0 {
		text += "; by hand: the numbers at the left of these lines again, then RELOAD"
	}
	fmt.Fprintln(o.w, text)
}

// later prints every step after the first one.
func (o output) later(p preview) {
	steps := p.steps()
	if p.journalState.Step == nil && len(steps) > 0 {
		steps = steps[1:]
	}
	if len(steps) == 0 {
		return
	}
	t := o.table("STEP", "CHANGES", "WORST CASE")
	for i, x := range steps {
		t.AppendRow([]any{fmt.Sprintf("+%d", i+1), x.Step.Text(), worstText(x.Worst)})
	}
	t.Render()
}

// worstText are the worst cases of a step, of several servers with their names.
func worstText(worst []reviewed.Worst) string {
	var parts []string
	for _, w := range worst {
		name := ""
		if len(worst) > 1 {
			name = w.Server + " "
		}
		parts = append(parts, fmt.Sprintf("%s%d → %d of %d", name, w.Before, w.After, w.Budget))
	}
	return strings.Join(parts, ", ")
}

// steps are those that are still to come, the first one included where none is in hand.
func (p preview) steps() (steps []reviewed.Step) {
	from := p.survey.Fleet
	if p.journalState.Step != nil {
		from = from.With(p.sets()).Drained()
	}
	for _, x := range p.ahead {
		steps = append(steps, reviewed.Step{Step: x.Step, Worst: worstOf(from, x)})
		from = x.After
	}
	return steps
}

// previewData is what -o json and yaml print of --dry-run.
type previewData struct {
	Step   state.Step       `json:"step"`    // the first, or what is left of the one in hand
	InHand bool             `json:"in_hand"` // it has begun
	Worst  []reviewed.Worst `json:"worst_conns"`
	Edits  []editData       `json:"edits"`          // of that step
	Steps  []reviewed.Step  `json:"steps"`          // all that come, in order; without the one in hand
	Ends   string           `json:"ends,omitempty"` // why they do not lead to the plan
}

// editData is one number of a file that changes.
type editData struct {
	Path  string `json:"path"`
	Line  int    `json:"line"`
	Alias string `json:"alias"`
	Key   string `json:"key"`
	From  string `json:"from"` // as it stands there; empty: the key does not
	To    string `json:"to"`
}

// data is the preview for programs.
func (p preview) data() previewData {
	d := previewData{Step: p.step, InHand: p.journalState.Step != nil, Steps: p.steps(), Ends: p.ends.Text()}
	for _, s := range p.survey.Fleet.Servers {
		d.Worst = append(d.Worst, reviewed.Worst{Server: s.Name, Before: p.left.Before[s.Name], Most: p.left.Most[s.Name],
			After: p.left.Then[s.Name], Budget: s.BudgetConns})
	}
	for _, e := range p.edits {
		for _, l := range e.Lines {
			d.Edits = append(d.Edits, editData{e.Path, l.Line, l.Alias, l.Key, l.OldDigits, l.NewDigits})
		}
	}
	return d
}

// acts prints what is left of the step.
func (o output) acts(p preview) {
	n := 0
	act := func(verb, text string) {
		n++
		fmt.Fprintf(o.w, "  %d  %-8s %s\n", n, verb, text)
	}
	flip := func() {
		if t := p.left.Traffic; t != nil {
			act("shift", t.Text()+": "+switchCommand(p.survey.Traffic, *t))
		}
	}
	if state.Back(&p.step) { // traffic goes back first
		flip()
	}
	if len(p.left.Releases) > 0 {
		act("release", state.Step{Changes: p.left.Releases}.Text())
	}
	if p.left.Drains {
		act("drain", fmt.Sprintf("until two samples show them closed, %v at most", p.policy.DrainFor))
	}
	if len(p.left.Grants) > 0 {
		act("grant", state.Step{Changes: p.left.Grants}.Text())
	}
	if !state.Back(&p.step) {
		flip()
	}
	if p.left.Soak > 0 {
		act("soak", fmt.Sprintf("%v: signals below their hold levels, waits no longer than planned", p.left.Soak))
	}
	if n == 0 {
		fmt.Fprintln(o.w, "  no action is left")
	}
}

// inHand says which step is gone on with, and how far it has come.
func (p preview) inHand() string {
	m, what := p.journalState, "continues a step of the rollback"
	if m.StepTo == 0 {
		what = fmt.Sprintf("step %d", m.StepNumber)
		switch {
		case m.Unwind:
			what = "takes " + what + " back first, in hand since " + stamp(m.StepAt)
		case state.Back(m.Step):
			what = "continues to take back " + what + ", begun " + stamp(m.StepAt)
		default:
			what = "continues " + what + " of " + stamp(m.StepAt)
		}
	}
	var done []string
	for _, x := range []struct {
		text string
		is   bool
	}{{"released", p.left.Released}, {"granted", p.left.Granted}, {"traffic shifted", p.left.Shifted}} {
		if x.is {
			done = append(done, x.text)
		}
	}
	text := strings.Join(done, ", ")
	if p.left.Soak > 0 {
		text = strings.TrimPrefix(text+fmt.Sprintf("; %v of soak left", p.left.Soak), "; ")
	}
	if text != "" {
		text = " (" + text + ")"
	}
	return what + text + ", whatever --percent is"
}

// most is what a step may move on a server, where it is not in hand already, and that it moves more where no less can
// be.
func (p preview) most(s budget.FleetServer) string {
	if p.journalState.Step != nil {
		return ""
	}
	most := p.policy.StepConns(s.BudgetConns)
	text := fmt.Sprintf("at most %d connections are granted and %d released (%g %% of %d)",
		most, most, p.policy.Percent, s.BudgetConns)
	f := p.survey.Fleet
	granted := f.With(p.left.Grants).WorstConns(s.Name) - f.WorstConns(s.Name)
	released := f.WorstConns(s.Name) - f.With(p.left.Releases).Drained().WorstConns(s.Name)
	if max(granted, released) > most {
		because := "a size changes by one at least"
		if f.WorstConns(s.Name) > s.BudgetConns { // steps.Equal bounds no release that cures it
			because = "the server is over its budget"
		}
		text += fmt.Sprintf(", here %d and %d, because %s", max(0, granted), max(0, released), because)
	}
	return text + "; "
}

// goal names where the command goes.
func (p preview) goal() string {
	if p.journalState.RollTo > 0 {
		return "before"
	}
	return "the plan"
}

// comes says how many steps there are, how long they take, and whether a rollback is possible.
func (p preview) comes() string {
	ahead := len(p.ahead)
	takes := control.Takes(p.policy, ahead)
	back, toward := p.journalState.RollTo > 0, "to the plan"
	if back {
		toward = "back"
	}
	if p.journalState.Step != nil {
		takes += control.Takes(p.policy, 1) - p.policy.Soak + p.left.Soak
		toward = fmt.Sprintf("then %d %s %s, about %v in all.", ahead, plural(ahead, "step"), toward,
			takes.Round(time.Second))
	} else {
		toward = fmt.Sprintf("%d %s %s in all, about %v.", ahead, plural(ahead, "step"), toward, takes.Round(time.Second))
	}
	if back {
		return toward
	}
	return toward + " " + rollbackFrom(p.survey.Fleet, p.ahead)
}

// warnings prints what the plan warns of.
func (o output) warnings(s bouncer.Survey) {
	for _, text := range s.Measured.Warnings {
		fmt.Fprintln(o.w, o.warn("! "+text))
	}
}

// switchCommand is the command that sets a switch.
func switchCommand(traffic []bouncer.Traffic, t shift.TrafficChange) string {
	for _, x := range traffic {
		if sw, ok := x.Switch.(trafficswitch.Switch); ok && x.ID() == t.Shift {
			return sw.Command(t.To)
		}
	}
	return ""
}

// rollbackFrom says whether today's sizes can be gone back to: they cannot where they are over the budget, or above
// what their pools may have.
func rollbackFrom(f budget.Fleet, ahead []control.ForecastStep) string {
	for _, s := range f.Servers {
		if spare := f.SpareConns(s.Name); spare < 0 {
			return fmt.Sprintf("A rollback to today's sizes: not possible on %s: they are %d connections over the budget.",
				s.Name, -spare)
		}
	}
	if why := control.Unreturnable(ahead); why.Any() {
		return "A rollback to today's sizes: not possible: " + why.Text() + "."
	}
	return "A rollback to today's sizes: possible."
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
