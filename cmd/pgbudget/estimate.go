package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/words"
)

func estimateCommand() *cli.Command {
	return &cli.Command{
		Name:  "estimate",
		Usage: "estimate the load of each pool, with the evidence",
		Description: "Examples:\n" +
			"  pgbudget estimate --from fleet.jsonl\n" +
			"  pgbudget estimate --postgres DSN --bouncer main=DSN --window 60s -o json",
		Flags: append(sourceFlags(), formatFlags()...),
		Action: withFacts(func(c *cli.Context, out output, s source) error {
			if s.from == "" && !s.live() {
				return s.nothing()
			}
			e, err := s.evidence(c.Context)
			if err != nil {
				return err
			}
			loads, err := bouncer.Loads(e)
			if err != nil {
				return err
			}
			return out.loads(e, loads)
		}),
	}
}

// loads prints the loads and what they rest on.
func (o output) loads(e load.Evidence, loads []load.Load) error {
	if o.format != "table" {
		return o.data(loads)
	}
	t := o.table("POOL", "LOAD", "LOW–HIGH", "ARRIVALS/S", "MEAN HOLD", "MEAN WAIT", "TRANSACTIONS", "FULL", "FOUND BY")
	for _, l := range loads {
		if l.Unknown.Any() {
			t.AppendRow(table.Row{l.Pool, "?"})
			continue
		}
		sign := ""
		if l.AtLeast {
			sign = "≥ "
		}
		t.AppendRow(table.Row{l.Pool, sign + words.Digits(l.Erlangs.Target), span(l.Erlangs),
			words.Digits(l.PerSec), seconds(fleet.Float(l.MeanHold.Seconds())), seconds(l.MeanWaitSeen), l.Xacts,
			percent(fleet.Float(l.Censored)), l.Method})
	}
	var right []table.ColumnConfig
	for n := 2; n <= 8; n++ {
		right = append(right, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(right)
	t.Render()
	for _, l := range loads {
		if l.Unknown.Any() {
			fmt.Fprintln(o.w, o.warn("! "+l.Pool+": "+l.Unknown.Text()))
		}
		for _, n := range l.Notes {
			fmt.Fprintln(o.w, o.warn("! "+n))
		}
	}
	for _, b := range e.Breaks {
		fmt.Fprintln(o.w, o.warn("! "+b.Text()))
	}
	fmt.Fprintf(o.w, "loads in Erlangs (mean busy connections that the demand needs), from %s\n", usedText(e, loads))
	return nil
}

// usedText says what loads rest on. The history of a pool counts from half an hour on, or where the pool was full in
// it.
func usedText(e load.Evidence, loads []load.Load) string {
	text := fmt.Sprintf("%s over %s", words.Count(e.Samples, "sample"), e.To.Sub(e.From).Round(time.Second))
	if e.History.Lookback == 0 {
		return text
	}
	var without []string
	known, longest := 0, 0
	for _, l := range loads {
		if l.Unknown.Any() {
			continue
		}
		known++
		minutes, full := 0, false
		for _, h := range e.History.Pools {
			if h.Pool == l.Pool {
				minutes, full = h.Erlangs.Samples, h.Censored > 0
			}
		}
		if minutes < load.HistorySamples && !full {
			without, longest = append(without, l.Pool), max(longest, minutes)
		}
	}
	few := fmt.Sprintf("is of %d %s, %d needed", longest, plural(longest, "minute"), load.HistorySamples)
	if len(without) == known {
		of := ""
		if e.History.Dialect != "" {
			of = " (" + e.History.Dialect + ")"
		}
		return fmt.Sprintf("%s alone: the history that Prometheus has%s %s", text, of, few)
	}
	text += fmt.Sprintf(", and the history of the last %s (%s)", spell(e.History.Lookback), e.History.Dialect)
	if len(without) > 0 {
		text += fmt.Sprintf(", except of %s: the history %s", strings.Join(without, ", "), few)
	}
	return text
}
