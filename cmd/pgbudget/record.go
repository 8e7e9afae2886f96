package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/bouncer/recording"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/words"
)

func recordCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.DurationFlag{Name: "for", Value: 10 * time.Minute, Usage: "take samples for `TIME`"},
		&cli.BoolFlag{Name: "redact",
			Usage: "leave out hosts, paths, application names, and names and identities of servers"},
		&cli.StringFlag{Name: "note", Usage: "a `TEXT` for the header: the recording's origin"},
	}
	for _, f := range sourceFlags() {
		switch f.Names()[0] {
		case "from", "window":
			continue
		case "every":
			f.(*cli.DurationFlag).DefaultText = "a twentieth of --for, at least 1s"
		}
		flags = append(flags, f)
	}
	return &cli.Command{
		Name:      "record",
		Usage:     "save samples of a live fleet in a file for other commands to read with --from",
		ArgsUsage: "FILE",
		Description: "Examples:\n" +
			"  pgbudget record --every 15s --for 10m fleet.jsonl\n" +
			"  pgbudget record --redact --postgres DSN --bouncer main=DSN fleet.jsonl",
		Flags: flags,
		Action: func(c *cli.Context) error {
			if err := noArguments(c, 1); err != nil {
				return err
			}
			if c.NArg() == 0 {
				return usage("pgbudget record [flags] FILE", "no file to write")
			}
			s, err := newSource(c, "for")
			if err != nil {
				return err
			}
			if _, err := os.Stat(c.Args().First()); err == nil {
				return recording.ErrExists(c.Args().First())
			}
			if !s.live() {
				return usage("--config FILE, or --postgres DSN --bouncer GROUP=DSN",
					"no fleet to record: no DSN, and no config with groups")
			}
			return s.record(c.Context, c.Args().First(), recording.Header{At: time.Now(), Pgbudget: version(), Every: s.every,
				Redacted: c.Bool("redact"), Note: c.String("note")})
		},
	}
}

// record writes samples until the window is over or the user interrupts; what was written stays and can be read.
func (s source) record(ctx context.Context, name string, h recording.Header) error {
	f, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer f.close()
	var w *recording.Writer
	looks := 0
	bar := newProgress("recording", s.window, s.every)
	var last fleet.Observation
	err = bouncer.Watch(ctx, clock.Wall{}, f, s.every, s.window, func(o fleet.Observation) error {
		if w == nil { // the file is made once the first sample has succeeded
			var err error
			if w, err = recording.Create(name, h); err != nil {
				return err
			}
		}
		looks++
		last = o
		bar.step()
		return w.Observation(o)
	})
	bar.done()
	if w == nil {
		return err
	}
	if err == nil && f.prom != nil {
		var history load.History
		if history, err = f.History(ctx, last); err == nil {
			err = w.History(history)
		}
	}
	fmt.Fprintf(stderr, "%s: %s\n", name, words.Count(looks, "sample"))
	return errors.Join(err, w.Close())
}
