package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/planner"
)

// pathFlags are those of plan that ask for the way of a shift.
func pathFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "path", Usage: "plan the way of traffic `FROM:TO`, two pools, jump by jump, sizes and traffic together"},
		&cli.StringFlag{Name: "fraction", Usage: "with --path: the `PART` of FROM's load that moves at 100 %, as 35% or 30%-40%"},
		&cli.IntFlag{Name: "percent", Value: planner.DefaultPercent, Usage: "with --path: at most `P` points of traffic a jump"},
		&cli.IntFlag{Name: "at", Usage: "with --path: `X`, what the traffic switch says now"},
		&cli.IntFlag{Name: "until", Value: 100, Usage: "with --path: what it shall say in the end"},
	}
}

// shiftOf reads the flags.
func shiftOf(c *cli.Context) (planner.Shift, error) {
	s := planner.Shift{At: c.Int("at"), Until: c.Int("until")}
	var ok bool
	if s.From, s.To, ok = strings.Cut(c.String("path"), ":"); !ok {
		return s, usage("--path main/app:ci/app", "--path is %q, want two pools", c.String("path"))
	}
	low, high, ranged := strings.Cut(c.String("fraction"), "-")
	if !ranged {
		high = low
	}
	var err1, err2 error
	s.Fraction.Lower, err1 = ratio(low)
	s.Fraction.Upper, err2 = ratio(high)
	if err1 != nil || err2 != nil {
		return s, usage("--fraction 35%, or 30%-40% where it is not certain", "--fraction is %q, want the part of the load that moves at 100 %%", c.String("fraction"))
	}
	s.Fraction.Target = (s.Fraction.Lower + s.Fraction.Upper) / 2
	return s, nil
}

// ratio reads "35%" or 0.35.
func ratio(text string) (float64, error) {
	digits, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	f, err := strconv.ParseFloat(digits, 64)
	if percent {
		f /= 100
	}
	return f, err
}

// planPath plans and prints the way of a shift.
func planPath(c *cli.Context, out output, fleet planner.Fleet) error {
	s, err := shiftOf(c)
	if err != nil {
		return err
	}
	path, err := planner.PathOf(fleet, s, c.Int("percent"))
	if err != nil {
		return err
	}
	if out.format != "table" {
		return out.data(path)
	}
	out.path(path)
	return nil
}

// path prints a way, a line a jump.
func (o output) path(p planner.Path) {
	s := p.Shift
	fmt.Fprintf(o.w, "%s → %s   %d → %d %%, at 100 %% of it %s of %s's load has moved (%s to %s): %d %s\n", s.From, s.To, s.At, s.Until,
		percent(planner.Float(s.Fraction.Target)), s.From, percent(planner.Float(s.Fraction.Lower)), percent(planner.Float(s.Fraction.Upper)),
		len(p.Jumps), plural(len(p.Jumps), "jump"))
	fmt.Fprintln(o.w, "the sizes of each line are in force before its traffic moves, and serve every percentage of it")
	t := o.table("TRAFFIC", s.From, s.To, "WORST CASE", "P99 WAIT (model, at its end)", "OTHER SIZES")
	for _, j := range p.Jumps {
		row := table.Row{fmt.Sprintf("%d → %d %%", j.X, j.To)}
		var waits, others []string
		for _, id := range []string{s.From, s.To} {
			for _, x := range j.Plan.Pools {
				if x.ID == id {
					row = append(row, change(sizeText(x), fmt.Sprint(x.ToSize)))
					waits = append(waits, seconds(x.Wait.P99))
				}
			}
		}
		for _, x := range j.Plan.Pools {
			if x.ID != s.From && x.ID != s.To && sizeText(x) != fmt.Sprint(x.ToSize) && x.Frozen == "" {
				others = append(others, fmt.Sprintf("%s %s", x.ID, change(sizeText(x), fmt.Sprint(x.ToSize))))
			}
		}
		for _, srv := range j.Plan.Servers {
			for _, x := range j.Plan.Pools {
				if x.ID == s.From && x.Server == srv.Name {
					row = append(row, fmt.Sprintf("%d of %d", srv.PlannedConns, srv.BudgetConns))
				}
			}
		}
		t.AppendRow(append(row, strings.Join(waits, ", "), strings.Join(others, ", ")))
	}
	t.Render()
	fmt.Fprintln(o.w, "nothing was changed; measure after every jump, and plan the rest anew from what has moved: pgbudget plan --path with --at")
}
