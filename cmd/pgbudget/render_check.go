package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer/static"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/words"
)

// printFit prints what files come to, and writes the JUnit report where one is asked for.
func printFit(c *cli.Context, out output, r static.Report) error {
	if file := c.String("junit"); file != "" {
		b, err := r.JUnit()
		if err != nil {
			return err
		}
		if err := writeWhole(file, b); err != nil {
			return err
		}
	}
	if out.format != "table" {
		return out.data(r)
	}
	out.fit(r)
	return nil
}

// fit prints the lines, then the ledger of each server.
func (o output) fit(r static.Report) {
	fmt.Fprintf(o.w, "as PgBouncer %s loads the files, %s each\n", r.Version, words.Count(r.Processes, "process"))
	t := o.table("line", "pools", "of each", "worst case", "where")
	for _, l := range r.Lines {
		worst, pools := fmt.Sprint(l.WorstConns), fmt.Sprint(l.Pools*r.Processes)
		switch {
		case len(l.Servers) == 0:
			worst = "elsewhere"
		case l.Unbounded != "":
			worst, pools = "not known", "not known"
		}
		each := fmt.Sprint(l.SizeConns)
		if l.ReserveConns > 0 {
			each += fmt.Sprintf(" + %d reserve", l.ReserveConns)
		}
		if l.MaxConns > 0 {
			each += fmt.Sprintf(", %d in all", l.MaxConns)
		}
		t.AppendRow([]any{l.Alias, pools, each, worst, l.At})
	}
	for _, s := range r.Shared {
		t.AppendRow([]any{s.Item, "", "", s.Conns, s.File})
	}
	t.Render()
	for _, s := range r.Servers {
		least := ""
		if s.Verdict == static.Unknown {
			least = "at least "
		}
		fmt.Fprintf(o.w, "%s   max_connections %d   budget %d   worst case %s%d (%s)\n", o.bold(s.Name), s.MaxConns, s.BudgetConns,
			least, s.WorstConns, spareText(s.SpareConns))
		terms := []string{fmt.Sprintf("%d max_connections", s.MaxConns)}
		for _, l := range s.Ledger {
			terms = append(terms, fmt.Sprintf("%d %s", l.Conns, l.Item))
		}
		fmt.Fprintf(o.w, "%s   %s\n", strings.Repeat(" ", len(s.Name)), strings.Join(terms, " − "))
	}
	for _, n := range r.Notes {
		fmt.Fprintln(o.w, o.warn("! "+n))
	}
}

// fitError is what the verdict is for a script: nil where the files fit.
func fitError(r static.Report) error {
	switch r.Verdict {
	case static.Over:
		i := slices.IndexFunc(r.Servers, func(s static.ServerReport) bool { return s.Verdict == static.Over })
		s := r.Servers[i]
		return &operr.Error{Kind: operr.KindInfeasible, Subject: s.Name,
			Err: fmt.Errorf("its pools may open %d connections, and the budget is %d: %d too many", s.WorstConns, s.BudgetConns,
				-s.SpareConns),
			Hint: "make pool_size or max_db_connections of a line smaller; pgbudget plan finds sizes by load"}
	case static.Unknown:
		i := slices.IndexFunc(r.Lines, func(l static.Line) bool { return l.Unbounded != "" })
		l := r.Lines[i]
		return &operr.Error{Kind: operr.KindEvidence, Subject: l.At, Err: fmt.Errorf("alias %s: %s", l.Alias, l.Unbounded.Text()),
			Hint: fmt.Sprintf("add --pools %s=N, or write user= or max_db_connections on the line", l.Alias)}
	}
	return nil
}
