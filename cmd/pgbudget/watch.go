package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

func watchCommand() *cli.Command {
	flags := []cli.Flag{&cli.DurationFlag{Name: "window", EnvVars: []string{"PGBUDGET_WINDOW"}, Value: watchWindow,
		Usage: "take samples for `TIME` before anything is decided"}}
	for _, f := range moveFlags() {
		if slices.Contains([]string{"config", "every", "timeout", "accept-pending"}, f.Names()[0]) {
			flags = append(flags, f)
		}
	}
	return &cli.Command{
		Name:  "watch",
		Usage: "watch a provisional step until its peak, and take it back where that is too much",
		Description: "With policy.confirm_after, a step is provisional after its soak. pgbudget run watches it, and so\n" +
			"does this command, which begins no step. Where signals are above their abort levels, or a pool\n" +
			"waits more than it may, the step is taken back, at any time of day, without a question (exit\n" +
			"code 6). What the peak showed is planned with from then on. Ends once nothing is provisional.\n\n" +
			"Examples:\n" +
			"  pgbudget watch\n" +
			"  pgbudget watch --until 2m     by a timer, every five minutes",
		Flags: slices.Concat(flags, formatFlags(), []cli.Flag{
			&cli.DurationFlag{Name: "until", DefaultText: "no end", Usage: "end once `TIME` has passed"}}),
		Action: withFacts(func(c *cli.Context, out output, s source) error {
			if c.IsSet("until") && c.Duration("until") <= 0 {
				return usage("leave --until out for no end", "--until is %v, want more than 0", c.Duration("until"))
			}
			policy, err := policyOf(c, s)
			if err != nil {
				return err
			}
			journalState, err := journalStateOf(s.config)
			if err != nil {
				return err
			}
			if in := journalState.Step; in != nil {
				return held(onward(journalState), "a step is in hand: %s", in.Text())
			}
			p, is := journalState.Provisional()
			if !is {
				fmt.Fprintln(said(c), "no step is provisional")
				return nil
			}
			fmt.Fprintf(stderr, "step %d is provisional until %s: %s\n", p.Number, stamp(p.Until), p.Step.Text())
			m, err := newRunner(c.Context, s, false)
			if err != nil {
				return err
			}
			defer m.close()
			return m.watch(c, out, policy)
		}),
	}
}

// watchWindow is how long watch samples before it decides. chosen: 3 s, because loads are not planned by it, and a
// timer calls it often.
const watchWindow = 3 * time.Second

// watch samples the fleet until nothing is provisional any more.
func (m *runner) watch(c *cli.Context, out output, policy state.Policy) error {
	survey, err := m.survey(c.Context, bouncer.ToCount)
	if err != nil {
		return err
	}
	if err := m.drifted(survey, policy); err != nil {
		return err
	}
	if m.journalState.Goal != nil {
		survey.Goal = *m.journalState.Goal
	}
	m.watches, m.over, m.again = true, over(c), "pgbudget watch"
	return m.run(c.Context, out, survey, policy, 0, nil, false)
}

// provisionalYet refuses a single step while the newest one is provisional; nil: none is. A run waits.
func (m *runner) provisionalYet() error {
	p, is := m.journalState.Provisional()
	if !is {
		return nil
	}
	why := fmt.Sprintf("until %s: its peak is still to come", stamp(p.Until))
	if time.Now().After(p.Until) {
		why = fmt.Sprintf("still: its peak has passed at %s, and nothing has confirmed it", stamp(p.Until))
	}
	return &operr.Error{Kind: operr.KindHeld, Err: fmt.Errorf("held: step %d is provisional %s", p.Number, why),
		Hint: "pgbudget watch watches it; pgbudget rollback takes it back; pgbudget accept --provisional takes it as it is"}
}
