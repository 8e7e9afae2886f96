package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer/flag"
	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
)

func stepCommand() *cli.Command {
	return &cli.Command{
		Name:  "step",
		Usage: "take one small verified step towards the plan, or continue the one in hand",
		Description: "Looks, plans, and moves sizes by at most --percent of each server's budget: releases, sees them drained in\n" +
			"PgBouncer and PostgreSQL, grants, turns the traffic switch of a shift: by at most as many points, and watches for the\n" +
			"soak. Whatever is uncertain holds (exit 5), and so does the time outside of policy.windows. It asks on a terminal.\n\n" +
			"Examples:\n" +
			"  pgbudget step --percent 5 --dry-run\n" +
			"  pgbudget step --percent 5\n" +
			"  pgbudget step --percent 5 --yes                       where there is no terminal",
		Flags: slices.Concat(moveFlags(), formatFlags(), []cli.Flag{
			outsideWindow(),
			&cli.StringFlag{Name: "emit", Usage: "`patch`: print what to change in the files, secrets masked, instead of changing them"},
		}),
		Action: withFacts(func(c *cli.Context, out output, s source) error { return move(c, out, s, 1) }),
	}
}

func runCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "take steps until the sizes are those of the plan",
		Description: "Repeats what step does, with a soak between, inside of policy.windows. A hold waits for its end, for policy.hold_for\n" +
			"at most. SIGINT and SIGTERM stop between two acts; a second run goes on where the first ended, after a crash, too.\n\n" +
			"Examples:\n" +
			"  pgbudget run\n" +
			"  pgbudget run --percent 2 --max-steps 3 --yes",
		Flags: slices.Concat(moveFlags(), formatFlags(), []cli.Flag{
			outsideWindow(),
			&cli.IntFlag{Name: "max-steps", DefaultText: "as many as it takes", Usage: "stop after `N` steps"},
			&cli.DurationFlag{Name: "until", DefaultText: "no end", Usage: "begin no step once `TIME` has passed since the command was given"},
		}),
		Action: withFacts(func(c *cli.Context, out output, s source) error { return move(c, out, s, 0) }),
	}
}

// move is step and run: one step that is not waited for when it is held, or as many as it takes.
func move(c *cli.Context, out output, s source, steps int) error {
	switch emit := c.String("emit"); {
	case emit != "" && emit != "patch":
		return usage("--emit patch", "--emit %s is not known", emit)
	case emit != "" && out.format != "table":
		return usage("choose one", "--emit patch prints a patch, and -o %s is none", out.format)
	case emit != "" && c.Bool("dry-run"):
		return usage("choose one", "--emit patch changes nothing, as --dry-run does, and prints something else")
	}
	if c.IsSet("until") && c.Duration("until") <= 0 {
		return usage("leave it out for no end", "--until is %v, want more than 0", c.Duration("until"))
	}
	ends := over(c)
	if c.IsSet("max-steps") {
		if steps = c.Int("max-steps"); steps < 1 {
			return usage("leave it out for as many as it takes", "--max-steps is %d, want 1 at least", steps)
		}
	}
	policy, err := policyOf(c, s)
	if err != nil {
		return err
	}
	m, err := newMover(c.Context, s, c.Bool("dry-run") || c.IsSet("emit"))
	if err != nil {
		return err
	}
	defer m.close()
	if c.Bool("dry-run") && !c.IsSet("emit") {
		if err := m.alone(c.Context); err != nil {
			return err
		}
	}
	course, err := m.survey(c.Context)
	if operr.KindOf(err) == operr.KindInfeasible && m.memory.Step != nil && m.memory.Goal != nil {
		fmt.Fprintf(stderr, "note: %v; the step in hand is finished, and no other is begun\n", err)
		course.goal, steps, err = *m.memory.Goal, 1, nil
	}
	if err == nil && m.memory.Step == nil {
		err = passable(course.measured, course.shifts, policy.Points())
	}
	if err != nil {
		return err
	}
	if c.Bool("dry-run") || c.IsSet("emit") {
		return m.preview(c, out, course, policy)
	}
	if c.Command.Name == "step" {
		policy.HoldFor, policy.Aborts = 0, 1 // a step that is held, or was taken back, ends, and says so
	}
	step, blocked := firstStep(course, policy, m.memory)
	if err := m.ready(c.Context, course, policy, step, blocked); err != nil {
		return err
	}
	what := asked(course, policy, m.memory, step, blocked, paused(s.config.Journal))
	if what != "" {
		if err := m.mayBegin(c, time.Now()); err != nil {
			return err
		}
		if err := m.confirm(c, what); err != nil {
			return err
		}
	}
	mayStep := what != "" || agreed(c, s)
	if !mayStep {
		m.unasked = "there was nothing to do when the fleet was looked at, and now there is: run it again, and it asks"
	}
	m.over = ends
	return m.run(c.Context, out, course, policy, steps, closing(c, s), c.Command.Name == "run" && mayStep)
}

func outsideWindow() cli.Flag {
	return &cli.BoolFlag{Name: "outside-window", Usage: "begin steps outside of policy.windows, too; the journal says so"}
}

// tell says what a RELOAD would change besides and may, and what nobody can tell.
func (m *mover) tell() {
	for _, text := range slices.Concat(m.hands.PendingNotes(), m.hands.Accepted()) {
		fmt.Fprintln(stderr, "note: "+text)
	}
}

// over ends a run before its next step once --until is over.
func over(c *cli.Context) func(time.Time) string {
	begun, until := time.Now(), c.Duration("until")
	return func(now time.Time) string {
		if until > 0 && now.Sub(begun) > until {
			return fmt.Sprintf("--until %s is over", until)
		}
		return ""
	}
}

// closing says when no step may begin.
func closing(c *cli.Context, s source) func(time.Time) string {
	if c.Bool("outside-window") {
		return nil
	}
	return func(now time.Time) string { return control.Closed(s.config.Windows(), now) }
}

// preview shows the first step and changes nothing. It ends as the step would that is refused, or held: --emit, which is
// for files that something else keeps, asks less.
func (m *mover) preview(c *cli.Context, out output, course course, policy state.Policy) error {
	step, blocked := firstStep(course, policy, m.memory)
	if !c.IsSet("emit") {
		if err := m.drifted(course, policy); err != nil {
			return err
		}
	}
	if blocked != "" {
		return &operr.Error{Err: fmt.Errorf("%w: %s", errHeld, blocked), Hint: "pgbudget plan shows the arithmetic"}
	}
	held := course.heldNow(policy, m.memory, step)
	edits, err := m.hands.Edits(c.Context, step.Sets)
	if err != nil {
		return err
	}
	if c.IsSet("emit") {
		if held != "" {
			fmt.Fprintln(stderr, "note: "+held+"; a step would be held for it")
		}
		return patches(out.w, edits)
	}
	if out.format != "table" {
		if err := out.data(step); err != nil {
			return err
		}
	} else {
		out.preview(course, policy, m.memory, step, edits)
	}
	if err := m.ready(c.Context, course, policy, step, blocked); err != nil {
		return err
	}
	if step.Empty() {
		if c.Command.Name == "run" {
			return nil
		}
		return stopped(m.source.config.Journal)
	}
	if err := m.mayBegin(c, time.Now()); err != nil || held == "" {
		return err
	}
	if c.Command.Name == "run" {
		fmt.Fprintf(stderr, "note: %s; the run waits for its end, for %v at most\n", held, policy.HoldFor)
		return nil
	}
	return &operr.Error{Err: fmt.Errorf("%w: %s", errHeld, held), Hint: "pgbudget step again once that is gone"}
}

// heldNow says what would hold a step at its first look; empty: nothing would.
func (c course) heldNow(policy state.Policy, m state.Memory, step state.Step) string {
	return c.situation(policy, m).HeldNow(step)
}

// firstStep is the step that would be taken: the one in hand, or the next.
func firstStep(c course, policy state.Policy, m state.Memory) (state.Step, string) {
	if m.Step != nil {
		return *m.Step, ""
	}
	step, _, blocked := c.situation(policy, m).NextStep()
	return step, blocked
}

// preview prints a step act by act.
func (o output) preview(c course, policy state.Policy, memory state.Memory, step state.Step, edits []ini.Edited) {
	o.warnings(c)
	if step.Empty() {
		fmt.Fprintln(o.w, "nothing to do: the sizes are those of the plan")
		return
	}
	for _, s := range c.plan.Servers {
		most := policy.StepConns(s.BudgetConns)
		fmt.Fprintf(o.w, "%s   at most %d connections are granted and %d released (%g %% of %d); worst case %d, spare %d now\n", o.bold(s.Name), most, most, policy.Percent, s.BudgetConns, s.WorstConns, s.BudgetConns-s.WorstConns)
	}
	n := 0
	act := func(verb string, grows bool) {
		part := state.Step{Sets: slices.DeleteFunc(slices.Clone(step.Sets), func(x fleet.Set) bool { return (x.To > x.From) != grows })}
		if len(part.Sets) > 0 {
			n++
			fmt.Fprintf(o.w, "  %d  %-8s %s\n", n, verb, part.Text())
		}
	}
	act("release", false)
	if n > 0 {
		n++
		fmt.Fprintf(o.w, "  %d  %-8s until two looks show them gone, %v at most\n", n, "drain", policy.DrainFor)
	}
	act("grant", true)
	if t := step.Turn; t != nil {
		n++
		fmt.Fprintf(o.w, "  %d  %-8s %s: %s\n", n, "flip", t.Text(), c.command(*t))
	}
	fmt.Fprintf(o.w, "  %d  %-8s %v: signals below their hold levels, nobody waits more than planned\n", n+1, "soak", policy.Soak)
	if step.Note != "" {
		fmt.Fprintln(o.w, o.warn("! "+step.Note))
	}
	for _, e := range edits {
		for _, l := range e.Lines {
			fmt.Fprintf(o.w, "  %s:%d  %s %s %s → %s\n", e.Path, l.Line, l.Alias, l.Key, l.OldDigits, l.NewDigits)
		}
	}
	way, blocked := c.situation(policy, memory).Ahead()
	ahead := len(way)
	fmt.Fprintf(o.w, "%d %s to the plan in all, about %v. %s\n", ahead, plural(ahead, "step"), control.Takes(policy, ahead).Round(time.Second), rollbackFrom(c.fleet, way))
	if blocked != "" {
		fmt.Fprintln(o.w, o.warn("! the way ends before the plan: "+blocked))
	}
	fmt.Fprintln(o.w, "nothing was changed")
}

// warnings prints what the plan warns of.
func (o output) warnings(c course) {
	for _, text := range c.measured.Warnings {
		fmt.Fprintln(o.w, o.warn("! "+text))
	}
}

// command is what turns a switch.
func (c course) command(t shift.Turn) string {
	for _, x := range c.traffic {
		if sw, ok := x.Switch.(flag.Switch); ok && x.ID() == t.Shift {
			return sw.Command(t.To)
		}
	}
	return ""
}

// rollbackFrom says whether today's sizes can be gone back to: they cannot where they are over the budget, or above what
// their pools may have.
func rollbackFrom(f budget.Fleet, way []control.Waystation) string {
	for _, s := range f.Servers {
		if spare := f.SpareConns(s.Name); spare < 0 {
			return fmt.Sprintf("Rollback: not possible on %s, whose sizes of today are %d connections over its budget.", s.Name, -spare)
		}
	}
	if why := control.Unreturnable(way); why != "" {
		return "Rollback: not possible: " + why + "."
	}
	return "Rollback from here: possible."
}

// patches prints every file's change once.
func patches(w io.Writer, edits []ini.Edited) error {
	seen := map[string]bool{}
	for _, e := range edits {
		if text := ini.Diff(e); !seen[text] {
			seen[text] = true
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
		}
	}
	return nil
}
