package main

import (
	"fmt"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/pgbudget/pgbudget/sim/batch"
)

// swept are the measures that a sweep compares; -o json has them all.
var swept = []string{"wait_mean", "wait_p99", "timed_out", "refused", "max_conns", "budget_violations", "worst_conns",
	"logins_refused", "cpu_mean"}

// maxSweepRows keeps a sweep readable. chosen: two screenfuls.
const maxSweepRows = 80

// sweep prints, for each measure that the variants differ in, what every variant showed and how it differs from the
// first, seed by seed.
func (o output) sweep(r batch.Report) {
	if len(r.Variants) < 2 {
		return
	}
	fmt.Fprintln(o.w)
	t := o.table("MEASURE", "VARIANT", "MEAN", "DIFFERENCE TO THE FIRST", "BEYOND CHANCE")
	rows, left := 0, 0
	for _, x := range moved(r) {
		if rows += len(r.Variants); rows > maxSweepRows && rows > len(r.Variants) {
			left++
			continue
		}
		name := x.Name
		if x.Subject != "" {
			name = x.Subject + "." + x.Name
		}
		for i, v := range r.Variants {
			row := table.Row{"", v.Name, v.Value(x.Subject, x.Name).ShowMean()}
			if i == 0 {
				row[0] = name
			} else {
				d := v.Difference(x.Subject, x.Name)
				row = append(row, d.ShowDifference(), beyondChance(d.Stat))
			}
			t.AppendRow(row)
		}
	}
	if rows == 0 {
		fmt.Fprintln(o.w, "the variants differ in no compared measure")
		return
	}
	alignRight(t, 3, 4)
	t.Render()
	if left > 0 {
		fmt.Fprintf(o.w, "%d more %s: -o json shows all\n", left, plural(left, "measure"))
	}
}

// moved lists the measures in which some variant differs from the first by more than the digits that are shown hide: of
// all pools together, of each pool, of each server.
func moved(r batch.Report) []batch.Value {
	var out []batch.Value
	pools := -1 // all of them together are no pool
	for _, x := range r.Variants[0].Values {
		if x.Name == "wait_mean" {
			pools++
		}
	}
	for _, x := range r.Variants[0].Values {
		if !slices.Contains(swept, x.Name) || x.Subject == "" && pools == 1 {
			continue
		}
		for _, v := range r.Variants[1:] {
			if d := v.Difference(x.Subject, x.Name); d.Mean.Known() && v.Value(x.Subject, x.Name).ShowMean() != x.ShowMean() {
				out = append(out, x)
				break
			}
		}
	}
	return out
}

// beyondChance says whether a difference is more than the seeds' chance.
func beyondChance(s batch.Stat) string {
	switch {
	case !s.Half.Known():
		return "one run: not known"
	case s.Significant():
		return "yes"
	default:
		return "no"
	}
}
