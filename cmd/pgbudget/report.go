package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer/quote"
	"github.com/pgbudget/pgbudget/bouncer/report"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/words"
)

// pageBegins is what a report begins with.
var pageBegins = []string{"<!DOCTYPE html>"}

// reportFlag is the flag of every command that writes a report.
func reportFlag(of string) cli.Flag {
	return &cli.StringFlag{Name: "report", Usage: "write " + of + " to `FILE` as one HTML page"}
}

// reportable refuses a --report that could not be written, before anything is done.
func reportable(c *cli.Context, s source) error {
	file := c.String("report")
	if file == "" {
		return nil
	}
	if err := s.notOurs("report", file); err != nil {
		return err
	}
	if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
		return usage("choose a folder that can be written", "%s: the folder does not exist", file)
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() && printedTo(info) == nil {
		return usage("give a file: --report report.html", "--report %s is no file", file)
	}
	return replaceable(file, "report", pageBegins)
}

// notOurs refuses a file that the config has for something else, where it does not exist yet, too.
func (s source) notOurs(flag, file string) error {
	if s.config == nil {
		return nil
	}
	at, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	for _, x := range []struct{ key, path string }{{"journal", s.config.Journal}, {"mirror", s.config.Mirror.Path}} {
		its, err := filepath.Abs(x.path)
		switch {
		case x.path == "" || err != nil:
		case its == at:
			return usage("choose another file", "--%s %s is %s: of the config", flag, file, x.key)
		case strings.HasPrefix(at, its+"."):
			return usage("choose another file", "--%s %s is named as the files that pgbudget keeps beside its %s", flag, file,
				x.key)
		}
	}
	return nil
}

// writeReport writes the page to --report, where one is asked for.
func writeReport(c *cli.Context, p report.Page) error {
	file := c.String("report")
	if file == "" {
		return nil
	}
	p.Footer = "pgbudget " + builtOf(buildInfo())
	quote.All(&p) // names and texts of consoles stand in it
	b, err := p.HTML()
	if err != nil {
		return err
	}
	return writeWhole(file, b)
}

// planPage is what a report shows of a plan: its arithmetic.
func planPage(p sizing.Plan) report.Page {
	page := report.Page{Notes: p.Warnings}
	for _, s := range p.Servers {
		l := report.Ledger{Server: s.Name, Budget: s.BudgetConns, Now: s.WorstConns, After: s.PlannedConns,
			CPU: cpuLine(s.CPU)}
		own, _ := s.Lines()
		for i, x := range own {
			conns := x.Conns
			if i > 0 {
				conns = -conns
			}
			l.Lines = append(l.Lines, report.Line{Item: x.Item, Source: x.Source, Conns: conns})
		}
		page.Ledgers = append(page.Ledgers, l)
	}
	for _, x := range p.Pools {
		from := 0
		if x.FromSize != nil {
			from = *x.FromSize
		}
		page.Pools = append(page.Pools, report.Pool{ID: x.ID, Copies: linePools(x), From: from, To: x.ToSize,
			Conns: x.WorstConns.Before, After: x.WorstConns.After, Load: loadText(x),
			Wait: waitsReported(x),
			Use:  change(useText(x.UseNow), useText(x.Utilization)), BoundBy: x.Bound})
	}
	return page
}

// markOf is how an event is marked in pictures.
func markOf(e state.Event) report.EventKind {
	switch e.Kind {
	case state.HoldBegan:
		return report.Hold
	case state.StepAbort, state.StepReopened:
		return report.Undo
	case state.Acted:
		switch e.Action.Kind {
		case state.Release:
			return report.Release
		case state.Grant:
			return report.Grant
		case state.ShiftTraffic:
			return report.Shift
		case state.Undo, state.Retreat:
			return report.Undo
		}
	}
	return ""
}

// reportEvents are the events that have a line, with their times since the begin of the series.
func reportEvents(events []state.Event, begin time.Time, when func(time.Time) string) (out []report.Event) {
	for _, e := range events {
		if line := eventLine(e); line != "" {
			out = append(out, report.Event{At: e.At.Sub(begin), When: when(e.At), Text: line, Kind: markOf(e)})
		}
	}
	return out
}

// sharesOf are the percentages of the switches at the moments of a series, as traffic changes made them. A switch that
// none moves is left out.
func sharesOf(events []state.Event, at []time.Time) (shares []report.ShareSeries) {
	where := map[string]int{}
	for _, e := range events {
		if e.Kind != state.Acted || e.Action.Traffic == nil {
			continue
		}
		t := e.Action.Traffic
		i, known := where[t.Shift]
		if !known {
			i = len(shares)
			where[t.Shift] = i
			s := report.ShareSeries{Shift: t.Shift}
			for range at {
				s.Percent = append(s.Percent, float64(t.From))
			}
			shares = append(shares, s)
		}
		for j, moment := range at {
			if !moment.Before(e.At) {
				shares[i].Percent[j] = float64(t.To)
			}
		}
	}
	return shares
}

// learnt is what a run has found out, a sentence each.
func learnt(m state.JournalState) (texts []string) {
	for _, r := range m.Refused {
		texts = append(texts, fmt.Sprintf("%s is not made smaller than %d: %s", r.Pool, r.Least, r.Reason.Text()))
	}
	for _, s := range m.Soaks {
		texts = append(texts, s.Shift+" "+pointText(s))
	}
	for _, p := range m.Peaks {
		texts = append(texts, fmt.Sprintf("%s carried %s Erlangs at its peak at %s", p.Load.Pool,
			words.Digits(p.Load.Erlangs.Target), stamp(p.At)))
	}
	return texts
}
