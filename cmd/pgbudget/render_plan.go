package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/words"
)

// plan prints a plan in the chosen format.
func (o output) plan(p sizing.Plan) error {
	if o.format != "table" {
		return o.data(p)
	}
	if p.BestEffort {
		fmt.Fprintln(o.w, o.warn("BEST EFFORT: this plan breaks a promise; see below"))
	}
	for _, s := range p.Servers {
		o.server(s, proofFor(s.Gap, p.Pools, s.Name))
	}
	o.pools(p)
	fmt.Fprintln(o.w, "\n"+waitingLine(p))
	for _, w := range p.Warnings {
		fmt.Fprintln(o.w, o.warn("! "+w))
	}
	o.next(p)
	return nil
}

// waitingLine says how many clients are expected to wait, today and as planned. Pools of which only a lower bound of
// the load is known add what that bound lets wait.
func waitingLine(p sizing.Plan) string {
	ours, bounds := 0, 0
	for _, x := range p.Pools {
		if !x.Frozen.Any() {
			ours++
			if x.AtLeast {
				bounds++
			}
		}
	}
	least := ""
	switch {
	case ours == 0:
		return "waiting clients: not counted: every pool keeps its size"
	case bounds > 0 && bounds == ours:
		return "waiting clients: not known: each load is known as a lower bound alone"
	case bounds > 0:
		least = "at least "
	}
	return fmt.Sprintf("waiting clients: %s%s → %s%s expected, weighted (%s), %s",
		least, number(p.Now), least, number(p.Objective), p.WaitModel, proofFor(p.Gap, p.Pools, ""))
}

func (o output) server(s sizing.PlanServer, proved string) {
	indent := strings.Repeat(" ", len(s.Name))
	now := spareText(s.BudgetConns - s.WorstConns)
	fmt.Fprintf(o.w, "%s   max_connections %d   budget %d   worst case now %d (%s), planned %d (%s)   %s\n",
		o.bold(s.Name), s.MaxConns, s.BudgetConns, s.WorstConns, now, s.PlannedConns, spareText(s.SpareConns), proved)
	var terms []string
	own, pools := s.Lines()
	for i, l := range own {
		sign := "− "
		if i == 0 {
			sign = ""
		}
		terms = append(terms, fmt.Sprintf("%s%d %s (%s)", sign, l.Conns, l.Item, l.Source))
	}
	fmt.Fprintf(o.w, "%s   %s\n", indent, strings.Join(terms, " "))
	for _, l := range pools {
		fmt.Fprintf(o.w, "%s   %5d %s (%s)\n", indent, l.Conns, l.Item, l.Source)
	}
	if s.SavedConns > 0 {
		fmt.Fprintf(o.w, "%s   %5d limits of users (max_user_connections as this limit binds at the planned sizes)\n", indent,
			-s.SavedConns)
	}
	fmt.Fprintf(o.w, "%s   %s\n", indent, cpuLine(s.CPU))
	if line := marginalLine(s.Marginal); line != "" {
		fmt.Fprintf(o.w, "%s   %s\n", indent, line)
	}
}

// spareText says how much of a budget is left, or by how much it is exceeded.
func spareText(conns int) string {
	if conns < 0 {
		return fmt.Sprintf("%d OVER", -conns)
	}
	return fmt.Sprintf("spare %d", conns)
}

func cpuLine(c sizing.PlanCPU) string {
	if !c.Predicted.Known() {
		return fmt.Sprintf("cpu not known, %s ceiling", percent(c.Ceiling))
	}
	line := "cpu "
	if c.Now.Known() {
		line += percent(c.Now) + " now, "
	}
	line += percent(c.Predicted) + " planned"
	if c.Growth.Known() {
		line += fmt.Sprintf(" (total throughput × %.2f)", float64(c.Growth))
	}
	line += fmt.Sprintf(", %s ceiling; %s if all connections were busy", percent(c.Ceiling), percent(c.AllBusy))
	if c.Extrapolated {
		line += "; extrapolated"
	}
	return line
}

func marginalLine(p sizing.Marginal) string {
	var parts []string
	if m := p.OneMore; m != nil {
		parts = append(parts, fmt.Sprintf("%d more %s would save %s waiting clients (%s)", m.ShortConns,
			plural(m.ShortConns, "connection"), words.Digits(m.Saves), m.Pool))
	}
	if f := p.OneFewer; f != nil {
		parts = append(parts, fmt.Sprintf("%d fewer cost %s (%s)", f.UnitConns, words.Digits(f.Costs), f.Pool))
	}
	return strings.Join(parts, ", ")
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func (o output) pools(p sizing.Plan) {
	fmt.Fprintln(o.w)
	rows := [][]string{{"POOL", "COPIES", "SIZE", "CONNS", "LOAD (low–high)", "MEAN WAIT (seen)", "P99 WAIT (model)",
		"USE", "BOUND BY"}}
	for _, x := range p.Pools {
		rows = append(rows, []string{o.sign(x) + x.ID, linePools(x), change(sizeText(x), fmt.Sprint(x.ToSize)),
			change(fmt.Sprint(x.WorstConns.Before), fmt.Sprint(x.WorstConns.After)), loadText(x), seconds(x.Wait.MeanSeen),
			waitsText(x), change(useText(x.UseNow), useText(x.Utilization)), x.Bound})
	}
	// those that tell least go first where the terminal is too narrow
	rows, left := fitted(rows, o.width, []int{8, 6, 1, 5, 7, 4})
	t := o.table(cells(rows[0])...)
	for _, row := range rows[1:] {
		t.AppendRow(cells(row))
	}
	var right []table.ColumnConfig
	for n, name := range rows[0] {
		if name != "POOL" && name != "BOUND BY" {
			right = append(right, table.ColumnConfig{Number: n + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.SetColumnConfigs(right)
	t.SetRowPainter(func(row table.Row) text.Colors { return o.painted(fmt.Sprint(row[0])) })
	t.Render()
	if len(left) > 0 {
		fmt.Fprintf(o.w, "(%d columns are too narrow for %s; a wider terminal, or -o json, has them)\n", o.width,
			strings.Join(left, ", "))
	}
}

func linePools(x sizing.PlanPool) string {
	switch {
	case x.ReserveSize != x.ReserveFrom:
		return fmt.Sprintf("%d +%d → +%d", x.LinePools, x.ReserveFrom, x.ReserveSize)
	case x.ReserveSize > 0:
		return fmt.Sprintf("%d +%d", x.LinePools, x.ReserveSize)
	default:
		return fmt.Sprint(x.LinePools)
	}
}

func sizeText(x sizing.PlanPool) string {
	if x.FromSize != nil {
		return fmt.Sprint(*x.FromSize)
	}
	var sizes []string
	for _, s := range x.FromSizes {
		sizes = append(sizes, fmt.Sprint(s.Conns))
	}
	if len(sizes) == 0 {
		return "new"
	}
	return strings.Join(sizes, "/")
}

// change shows "a → b", or b alone where nothing moves.
func change(from, to string) string {
	if from == to {
		return to
	}
	return from + " → " + to
}

func loadText(x sizing.PlanPool) string {
	if x.LoadUnknown.Any() {
		return "?"
	}
	sign := ""
	if x.AtLeast {
		sign = "≥ "
	}
	return fmt.Sprintf("%s%s (%s)", sign, words.Digits(x.Load.Target), span(x.Load))
}

// span is the interval of a load.
func span(r load.Range) string { return words.Digits(r.Lower) + "–" + words.Digits(r.Upper) }

func useText(f fleet.Float) string {
	switch {
	case math.IsNaN(float64(f)):
		return "?"
	case float64(f) >= 1:
		return "full"
	default:
		return percent(f)
	}
}

func percent(f fleet.Float) string {
	if !f.Known() {
		return "?"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(f))
}

// seconds prints a time of waiting in milliseconds, with two digits where it is short.
func seconds(f fleet.Float) string {
	ms := 1000 * float64(f)
	switch {
	case math.IsInf(ms, 1):
		return "endless"
	case math.IsNaN(ms):
		return "-"
	case ms < 0.005:
		return "0 ms"
	case ms < 10:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 10000:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return fmt.Sprintf("%.0f s", ms/1000)
	}
}

func number(f fleet.Float) string {
	switch {
	case math.IsInf(float64(f), 1):
		return "endless"
	case !f.Known():
		return "?"
	default:
		return words.Digits(float64(f))
	}
}

// proofFor is the proof of sizes on one server, or on all where server is empty. What is the best for loads of which
// only a lower bound is known may not be the best for what they are.
func proofFor(gap fleet.Float, pools []sizing.PlanPool, server string) string {
	text := proof(gap)
	for _, x := range pools {
		if x.AtLeast && !x.Frozen.Any() && gap.Known() && (server == "" || x.Server == server) {
			return text + " if the loads marked ≥ are no larger"
		}
	}
	return text
}

func proof(gap fleet.Float) string {
	switch {
	case !gap.Known():
		return "not proved"
	case gap == 0:
		return "proved optimal"
	default:
		return fmt.Sprintf("%s waiting clients above the least possible",
			strings.Replace("at most "+words.Digits(float64(gap)), "at most less", "less", 1))
	}
}

// next says what doing nothing means, and what an operator would do with the plan by hand: releases before grants,
// judged process by process, because one that grows may do so only after others have drained.
func (o output) next(p sizing.Plan) {
	var full, hidden, release, grant []string
	for _, x := range p.Pools {
		switch {
		case x.AtLeast && x.UseNow.Known() && x.UseNow >= 1: // it was full at times, and what it asks for then is not known
			hidden = append(hidden, x.ID)
		case x.UseNow.Known() && x.UseNow >= 1:
			full = append(full, x.ID)
		}
		if !x.Frozen.Any() {
			r, g := acts(x)
			release, grant = append(release, r...), append(grant, g...)
		}
	}
	if len(full) > 0 {
		fmt.Fprintf(o.w, "without a change: %s cannot keep up with the load\n", strings.Join(full, ", "))
	}
	if len(hidden) > 0 {
		fmt.Fprintf(o.w, "without a change: %s may be overloaded: the pool was full while it was observed\n",
			strings.Join(hidden, ", "))
	}
	for _, s := range p.Servers {
		if s.RecycleConns == 0 || len(release)+len(grant) == 0 {
			continue
		}
		if s.WorstConns > s.BudgetConns {
			fmt.Fprintf(o.w, "by hand: no RELOAD: a RELOAD may open %s on %s, and the budget of %d does not hold them beside "+
				"today's worst case of %d\n",
				words.Count(s.RecycleConns, "connection"), s.Name, s.BudgetConns, s.WorstConns)
			fmt.Fprintln(o.w, "nothing was changed")
			return
		}
		if !o.recycle {
			fmt.Fprintf(o.w, "by hand: no RELOAD: a RELOAD closes and reopens the connections of the pools on %s, and may "+
				"open %d more; policy: {accept: [recycle]} allows pgbudget step to RELOAD\n",
				s.Name, s.RecycleConns)
			fmt.Fprintln(o.w, "nothing was changed")
			return
		}
	}
	switch {
	case len(release)+len(grant) == 0:
		fmt.Fprintln(o.w, "no size changes")
		return
	case len(release) > 0:
		fmt.Fprintf(o.w, "by hand, releases first: %s; RELOAD, then wait until SHOW POOLS and pg_stat_activity show the "+
			"drain\n", strings.Join(release, "; "))
	}
	if len(grant) > 0 {
		then := "by hand"
		if len(release) > 0 {
			then = "only then"
		}
		fmt.Fprintf(o.w, "%s: %s; RELOAD\n", then, strings.Join(grant, "; "))
	}
	fmt.Fprintln(o.w, "nothing was changed")
}

// acts lists what one pool releases and what it is granted. A line may do both: a smaller reserve and a larger size.
func acts(x sizing.PlanPool) (release, grant []string) {
	note := func(list *[]string, format string, args ...any) {
		text := x.ID + " " + fmt.Sprintf(format, args...)
		if x.Follows {
			text += " on a line of its own"
		}
		*list = append(*list, text)
	}
	if x.ReserveSize < x.ReserveFrom {
		note(&release, "reserve_pool_size %d → %d", x.ReserveFrom, x.ReserveSize)
	} else if x.ReserveSize > x.ReserveFrom {
		note(&grant, "reserve_pool_size %d → %d", x.ReserveFrom, x.ReserveSize)
	}
	if x.FromSize != nil {
		if *x.FromSize > x.ToSize {
			note(&release, "pool_size %d → %d", *x.FromSize, x.ToSize)
		} else if *x.FromSize < x.ToSize {
			note(&grant, "pool_size %d → %d", *x.FromSize, x.ToSize)
		}
		return release, grant
	}
	for _, s := range x.FromSizes {
		if s.Conns > x.ToSize {
			note(&release, "pool_size %d → %d in %s", s.Conns, x.ToSize, s.Process)
		} else if s.Conns < x.ToSize {
			note(&grant, "pool_size %d → %d in %s", s.Conns, x.ToSize, s.Process)
		}
	}
	if len(x.FromSizes) == 0 {
		note(&grant, "pool_size %d", x.ToSize)
	}
	return release, grant
}
