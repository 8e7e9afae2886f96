package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer/check"
	"github.com/pgbudget/pgbudget/bouncer/static"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/words"
)

// junitTo writes a JUnit report where one is asked for.
func junitTo(c *cli.Context, report func() ([]byte, error)) error {
	file := c.String("junit")
	if file == "" {
		return nil
	}
	b, err := report()
	if err != nil {
		return err
	}
	return writeWhole(file, b)
}

// findings prints what was found, and how much was asked.
func (o output) findings(r check.Report) {
	for _, x := range r.Findings {
		text := fmt.Sprintf("%s   %s", x.Rule, x.Severity)
		fmt.Fprintf(o.w, "%s   %s%s\n", o.bold(text), subjectOf(x), x.Found)
		if x.Next != "" {
			fmt.Fprintf(o.w, "    next: %s\n", x.Next)
		}
	}
	fmt.Fprintln(o.w, r.Text())
}

// rules lists what check asks.
func (o output) rules() error {
	if o.format != "table" {
		return o.data(check.Rules())
	}
	for _, e := range check.Rules() {
		fmt.Fprintf(o.w, "%-17s %-9s %s\n", e.Rule, e.Severity, strings.ReplaceAll(e.Means, "`", ""))
	}
	return nil
}

// subjectOf is the beginning of a finding's sentence.
func subjectOf(x check.Finding) string {
	if x.Subject == "" {
		return ""
	}
	return x.Subject + ": "
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
		case l.WorstConns == 0 && l.Pools > 0: // with what else its users have
			worst = "counted below"
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
		least, spare := "", spareText(s.SpareConns)
		if s.Verdict == static.Unknown {
			least, spare = "at least ", spare+" at most"
		}
		fmt.Fprintf(o.w, "%s   max_connections %d   budget %d   worst case %s%d (%s)\n", o.bold(s.Name), s.MaxConns,
			s.BudgetConns, least, s.WorstConns, spare)
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
		return &operr.Error{Kind: operr.KindEvidence, Subject: l.At,
			Err: fmt.Errorf("alias %s: %s", l.Alias, l.Why()), Hint: l.Cure()}
	}
	return nil
}
