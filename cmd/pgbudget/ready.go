package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner"
)

// ready says why the step may not begin now. It is asked before a person is, and by --dry-run: what a run finds at its
// first look, and what a write would be refused for.
func (m *mover) ready(ctx context.Context, course course, policy planner.Policy, step planner.Step, blocked string) error {
	if err := m.drifted(course, policy); err != nil {
		return err
	}
	defer m.tell()
	switch {
	case len(step.Sets) > 0: // what cannot be edited is refused before a step is begun
		if err := planner.RecyclingRefused(course.fleet, policy); err != nil {
			return err
		}
		if err := m.hands.Check(ctx, step.Sets); err != nil || m.memory.Step != nil { // what is in hand goes on, or back
			return err
		}
		return m.hands.CheckShared(ctx, step.Sets)
	case step.Empty() && blocked == "": // the sizes are those of the plan, and the files may say something else
		return m.hands.CheckFiles(ctx)
	}
	return nil
}

// drifted says what of the fleet the journal does not explain.
func (m *mover) drifted(course course, policy planner.Policy) error {
	if err := m.stranger(course.evidence.Last); err != nil {
		return err
	}
	why := course.situation(policy, m.memory).Drift()
	if why == "" {
		return nil
	}
	return ended(bouncer.Report{Outcome: planner.Drifted, Reason: why, Memory: m.memory}, m.command())
}

// mayBegin says why no new step may begin now: a person's pause, or the time of day. A step in hand is not new. A run waits
// for both; a step does not.
func (m *mover) mayBegin(c *cli.Context, now time.Time) error {
	waits := c.Command.Name == "run"
	if err := stopped(m.source.config.Journal); err != nil && !waits {
		return err
	} else if err != nil {
		fmt.Fprintln(stderr, "note: "+paused(m.source.config.Journal)+"; the run waits for pgbudget resume")
		return nil
	}
	windows := m.source.config.Windows()
	why := planner.Closed(windows, now)
	switch {
	case c.Bool("outside-window") && len(windows) > 0: // they may close before the run ends
		m.notes = append(m.notes, fmt.Sprintf("%s; %s goes on with --outside-window", cmp.Or(why, "steps may begin outside of policy.windows"), who()))
	case why == "" || m.memory.Step != nil: // a step in hand is not new
	case waits:
		fmt.Fprintln(stderr, "note: "+why+"; the run waits for it, --outside-window does not")
	default:
		return &planner.Error{Err: fmt.Errorf("%w: %s", errHeld, why),
			Hint: "wait for it, or pgbudget step --outside-window"}
	}
	return nil
}

// stopped is the error for a person's pause; nil: there is none.
func stopped(journal string) error {
	why := paused(journal)
	if why == "" {
		return nil
	}
	return &planner.Error{Err: fmt.Errorf("%w: %s", errHeld, why), Hint: "pgbudget resume ends the pause"}
}

// alone says why this pgbudget could not begin: another one is at work. It is for whoever only looks, and takes no lock;
// the journal is read again, as nobody writes it now. It is asked first: what another one moves meanwhile is nobody's
// drift.
func (m *mover) alone(ctx context.Context) error {
	path := m.source.config.Journal
	if journal.Busy(path) {
		return &planner.Error{Kind: planner.KindBusy, Subject: "journal " + path, Err: errors.New("another pgbudget is at work with it"),
			Hint: "pgbudget status shows what it does; wait for its end, or stop it"}
	}
	err := m.fleet.Unlocked(ctx)
	if err == nil {
		m.memory, err = remembered(m.source.config)
		m.hands.Told(slices.Concat(m.memory.Unsettled(), flushes(m.memory)))
	}
	return err
}

// flushes are the sets of a flush that a run before has left in a file.
func flushes(m planner.Memory) []planner.Set {
	sets := m.Flushed()
	for i, x := range sets {
		sets[i] = x.Back()
	}
	return sets
}

// who is the person at work, as user@host. Under sudo, it is whoever called it.
func who() string {
	name := os.Getenv("SUDO_USER")
	if u, err := user.Current(); err == nil {
		name = cmp.Or(name, u.Username)
	}
	host, _ := os.Hostname() // nothing of it is fine, too
	return cmp.Or(name, fmt.Sprint(os.Geteuid())) + "@" + cmp.Or(host, "this host")
}
