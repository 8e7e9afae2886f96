package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/bouncer/quote"
	"github.com/pgbudget/pgbudget/planner/state"
)

// newestShown is how many events history shows where no flag asks for more. chosen: 50 because a step is about ten, and
// a screen holds as many lines.
const newestShown = 50

func historyCommand() *cli.Command {
	return &cli.Command{
		Name:  "history",
		Usage: "list what was done to the fleet: when, by whom, what, and why; asks no server",
		Description: "Reads the journal, the oldest event first. Times are UTC.\n\n" +
			"Examples:\n" +
			"  pgbudget history\n" +
			"  pgbudget history --since 24h\n" +
			"  pgbudget history --last 0 -o json     every event",
		Flags: slices.Concat(journalFlags(), []cli.Flag{
			&cli.IntFlag{Name: "last", Value: newestShown, Usage: "the newest `N` events; 0: all"},
			&cli.StringFlag{Name: "since", Usage: "events since `TIME`: 24h, 7d, or 2026-11-30T00:34:13Z"},
		}, formatFlags()),
		Action: withJournal(0, func(c *cli.Context, s source) error {
			out, err := newOutput(c)
			if err != nil {
				return err
			}
			last, since := c.Int("last"), time.Time{}
			if last < 0 {
				return usage("--last 0 shows every event", "--last is %d, want 0 or more", last)
			}
			if text := c.String("since"); text != "" {
				if since, err = beginning(text, time.Now()); err != nil {
					return err
				}
				if !c.IsSet("last") {
					last = 0
				}
			}
			events, err := newest(s.config.Journal, last, since)
			if err != nil {
				return err
			}
			if out.format != "table" {
				return out.data(events)
			}
			if len(events) == 0 {
				text, err := noEvents(s.config.Journal)
				if err == nil && !since.IsZero() {
					text = "no event since " + stamp(since)
				}
				fmt.Fprintln(out.w, text)
				return err
			}
			if first := events[0].Seq; !c.IsSet("last") && since.IsZero() && first > 1 {
				fmt.Fprintf(out.w, "%d older events: pgbudget history --last 0\n", first-1)
			}
			out.history(events)
			return nil
		}),
	}
}

// beginning reads a time: so long before now, or a time of RFC 3339.
func beginning(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	if d, err := config.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, usage("--since 24h, --since 7d, or --since "+now.UTC().Format(time.RFC3339),
		"--since is %q, want how long ago, or a time", text)
}

// newest are the newest events since a time, the oldest first; at most so many, or all where last is 0.
func newest(path string, last int, since time.Time) ([]state.Event, error) {
	events := []state.Event{}
	for e, err := range journal.Newest(path) {
		if err != nil {
			return nil, err
		}
		if e.At.Before(since) || last > 0 && len(events) == last {
			break
		}
		events = append(events, e)
	}
	slices.Reverse(events)
	return events, nil
}

// history prints events, a line each. One that names nobody is of whoever began the run.
func (o output) history(events []state.Event) {
	by := ""
	for _, e := range events {
		if e.Kind == state.RunBegan {
			by = e.By
		}
		line := cmp.Or(eventLine(e), string(e.Kind))
		fmt.Fprintf(o.w, "%6d  %s  %s  %s\n", e.Seq, e.At.UTC().Format(time.DateTime), cmp.Or(e.By, by, "not known"),
			quote.Line(line))
	}
}
