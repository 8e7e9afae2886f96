package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
)

// path prints a path: what there is to know of it, then a line a step.
func (o output) path(p planned, policy state.Policy) {
	s := p.Shift
	fmt.Fprintf(o.w, "%s   %d → %d %%: at 100 %% %s of %s's load has moved (%s to %s)\n", o.bold(s.From+" → "+s.To), s.At,
		s.Until,
		percent(fleet.Float(s.Fraction.Target)), s.From, percent(fleet.Float(s.Fraction.Lower)),
		percent(fleet.Float(s.Fraction.Upper)))
	if b := p.Blocked; b != nil {
		fmt.Fprintf(o.w, "%s\n", o.warn(fmt.Sprintf("! no path past %d %%, %s: %s", b.X, b.Kind, b.Text)))
		if b.WorstText != "" {
			fmt.Fprintf(o.w, "  worst at %d %%, planned by itself: %s\n", b.Worst, b.WorstText)
		}
		fmt.Fprintf(o.w, "  to make it possible: %s\n", b.Cures())
		return
	}
	if b := p.Tails; b != nil {
		fmt.Fprintln(o.w, o.warn(fmt.Sprintf("! no path past %d %% for the whole interval of the fraction, %s: %s", b.X,
			b.Kind, b.Text)))
		fmt.Fprintf(o.w, "  to make it possible: %s\n  what follows is for %s exactly\n", b.Cures(),
			percent(fleet.Float(s.Fraction.Target)))
	}
	more := ""
	if slices.ContainsFunc(p.Steps, func(x plannedStep) bool { return x.exceeds(policy) }) {
		more = ", or one connection of each pool of the line where this is more,"
	}
	fmt.Fprintf(o.w, "%d %s of at most %d percentage points would do; with at most %g %% of the budget a step%s the "+
		"path takes %d %s, about %v\n",
		len(p.Jumps), plural(len(p.Jumps), "traffic change"), policy.MostIncrement(), policy.Percent, more, len(p.Steps),
		plural(len(p.Steps), "step"), control.Takes(policy, len(p.Steps)).Round(time.Minute))
	if p.Repair {
		fmt.Fprintln(o.w, o.warn("! today's sizes do not serve today's loads: they are changed before any traffic moves"))
	}
	fmt.Fprintln(o.w, "in each step: release, see the drain, grant, shift traffic; its sizes serve every percentage "+
		"from the last one to its own, and the return")
	t := o.table("STEP", "TRAFFIC", "RELEASE", "GRANT", "WORST CASE", "P99 WAIT (model)", "BUDGET", "SHIFT BY")
	for i, x := range p.Steps {
		traffic := ""
		if x.Step.Traffic != nil {
			traffic = fmt.Sprintf("%d → %d %%", x.Step.Traffic.From, x.Step.Traffic.To)
		}
		w := x.WorstConns
		t.AppendRow([]any{i + 1, traffic, movesText(x.Step, false), movesText(x.Step, true), fmt.Sprintf("%d → %d → %d of %d",
			w[0], w[1], w[2], x.Budget),
			seconds(x.P99[s.From]) + ", " + seconds(x.P99[s.To]), budgetBar(x, s), x.Command})
	}
	t.Render()
	fmt.Fprintf(o.w, "BUDGET: █ %s  ▓ %s  ▒ other pools  · spare\n", s.From, s.To)
	if p.Ends != "" {
		fmt.Fprintln(o.w, o.warn("! the steps end before the goal: "+p.Ends))
	}
	fmt.Fprintln(o.w, "nothing was changed; after each step the rest is planned again from the load that has moved")
}

// exceeds reports whether a step grants, or releases, more than the policy's share of the budget: one more of a pool is
// one in every copy. What cures a server that is over its budget has no such bound.
func (x plannedStep) exceeds(policy state.Policy) bool {
	before, released, granted, most := x.WorstConns[0], x.WorstConns[1], x.WorstConns[2], policy.StepConns(x.Budget)
	return granted-released > most || before-released > most && before <= x.Budget
}

// movesText is a step's lines that grow, or those that shrink.
func movesText(s state.Step, grow bool) string {
	var parts []string
	for _, m := range s.Moves() {
		if m.To > m.From == grow {
			parts = append(parts, fmt.Sprintf("%s/%s %d → %d", m.Process, m.Alias, m.From, m.To))
		}
	}
	return strings.Join(parts, "\n")
}

// budgetBar is a picture of who has the budget after a step.
func budgetBar(x plannedStep, s shift.Shift) string {
	const width = 40
	var of [3]int // From, To, others
	for _, p := range x.after.Pools {
		conns := x.after.WorstOf(p.ID)
		switch {
		case p.ID == s.From:
			of[0] += conns
		case p.ID == s.To:
			of[1] += conns
		default:
			of[2] += conns
		}
	}
	bar, sum := "", 0
	for i, sign := range []string{"█", "▓", "▒"} {
		was := sum * width / max(1, x.Budget)
		sum += of[i]
		bar += strings.Repeat(sign, max(0, min(width, sum*width/max(1, x.Budget))-was))
	}
	return bar + strings.Repeat("·", max(0, width-len([]rune(bar))))
}
