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
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// ready says why the step may not begin now. It is asked before a person is, and by --dry-run: what a run finds at its
// first sample, and what a write would be refused for.
func (m *runner) ready(ctx context.Context, survey bouncer.Survey, policy state.Policy, step state.Step,
	blocked verdict.Reason) error {
	if err := m.drifted(survey, policy); err != nil {
		return err
	}
	if m.journalState.Step == nil {
		if err := m.asReviewed(survey.Shifting(), step); err != nil {
			return err
		}
	}
	defer m.tell()
	switch {
	case step.Empty() && !blocked.Any() && !m.source.byHand(): // the files may say something else than the plan
		return m.applier.CheckFiles(ctx)
	case step.Empty() && m.source.byHand():
		return m.renderedOver(ctx, nil)
	case step.Empty():
		return nil
	}
	if err := m.changeable(ctx, survey.Fleet, policy, step.Changes, survey.Evidence.Last.Processes,
		m.journalState.Step != nil); err != nil {
		return err
	}
	if m.source.byHand() {
		return nil
	}
	return m.applier.CheckKept(ctx, control.Processes(m.journalState)) // as the run does before it grants
}

// readyAhead says why a line of a step that is still to come could not be changed, as far as it can be known, so that
// a run does not end half-way for it. What is in hand goes on: then it is said alone.
func (m *runner) readyAhead(ctx context.Context, p preview, steps int) error {
	ahead := p.ahead
	if own := m.journalState.Step != nil && !m.journalState.GoesBack(); steps > 0 {
		ahead = ahead[:min(len(ahead), max(0, steps-b2i(own)))]
	}
	var sets []fleet.SettingChange
	for _, st := range ahead {
		for _, x := range st.Step.Changes {
			if i := slices.IndexFunc(sets, x.Same); i < 0 {
				sets = append(sets, x)
			}
		}
	}
	slices.SortFunc(sets, fleet.CompareChanges)
	if m.journalState.Step != nil { // its lines are as nobody can foresee them: they are observed before each step
		sets = slices.DeleteFunc(sets, func(x fleet.SettingChange) bool {
			return slices.ContainsFunc(m.journalState.Step.Changes,
				x.Same)
		})
	}
	err := m.changeable(ctx, p.survey.Fleet, p.policy, sets, p.survey.Evidence.Last.Processes, false)
	if err != nil && m.journalState.Step != nil {
		fmt.Fprintf(stderr, "note: the run ends after the step in hand: %v\n", err)
		return nil
	}
	return err
}

// goingBack refuses to go forward while a rollback is in progress: it would finish the rollback's half of a step and
// leave the rest as it is, and nobody asked for what comes of that.
func (m *runner) goingBack() error {
	if !m.journalState.GoingBack() {
		return nil
	}
	to := "a rollback"
	if n := m.journalState.NumberOf(m.journalState.RollTo); m.journalState.RollTo > 0 && n > 0 {
		to += fmt.Sprintf(" to before step %d", n)
	}
	return held(againOf(m.journalState)+" continues; pgbudget accept --sizes gives it up and accepts the present sizes",
		"%s is in progress, and no forward step begins before its end", to)
}

// changeable says why the lines of a step could not be changed now: what cannot be edited or written is refused before
// the step is begun. What is in hand goes on, or back, whoever shares its files. now are the processes of a sample.
func (m *runner) changeable(ctx context.Context, f budget.Fleet, policy state.Policy, sets []fleet.SettingChange,
	now []fleet.Process, inHand bool) error {
	if len(sets) == 0 {
		return nil
	}
	if err := control.RecyclingRefused(f, policy); err != nil {
		return err
	}
	if conf := m.source.config; !inHand && conf.Journal != "" {
		if err := mirrorOf(conf).Space(conf.Journal); err != nil {
			return err
		}
	}
	if m.source.byHand() { // whoever makes the change reads the files
		if inHand {
			return nil
		}
		if err := m.sayable(sets, now); err != nil {
			return err
		}
		return m.renderedOver(ctx, sets)
	}
	if err := m.applier.Check(ctx, sets); err != nil || inHand {
		return err
	}
	return m.applier.CheckShared(ctx, sets)
}

// drifted says what of the fleet the journal does not explain.
func (m *runner) drifted(survey bouncer.Survey, policy state.Policy) error {
	if err := m.stranger(survey.Evidence.Last); err != nil {
		return err
	}
	why := survey.State(policy, m.journalState).Drift()
	if !why.Any() {
		return nil
	}
	return ended(bouncer.Report{Outcome: state.Drifted, Reason: why, State: m.journalState}, m.command(0))
}

// mayBegin says why no new step may begin now: a person's pause, or the time of day. A step in hand is not new. A run
// waits for both; a step does not.
func (m *runner) mayBegin(c *cli.Context, now time.Time) error {
	waits := c.Command.Name == "run"
	if err := stopped(m.source.config.Journal); err != nil && !waits {
		return err
	} else if err != nil {
		fmt.Fprintln(stderr, "note: "+paused(m.source.config.Journal).Text()+"; the run waits for pgbudget resume")
		return nil
	}
	windows := m.source.config.Windows()
	why := control.Closed(windows, now)
	switch {
	case c.Bool("outside-window") && len(windows) > 0: // they may close before the run ends
		m.notes = append(m.notes, fmt.Sprintf("%s; %s continues with --outside-window",
			cmp.Or(why.Text(), "steps may begin outside of policy.windows"), who()))
	case !why.Any() || m.journalState.Step != nil: // a step in hand is not new
	case waits:
		fmt.Fprintln(stderr, "note: "+why.Text()+"; the run waits; --outside-window begins now")
	default:
		return held(outside, "%s", why.Text())
	}
	return nil
}

// outside is the hint where the time of day holds a step.
const outside = "wait for the next window, or pgbudget step --outside-window"

// stopped is the error for a person's pause; nil: there is none.
func stopped(journal string) error {
	why := paused(journal)
	if !why.Any() {
		return nil
	}
	return held("pgbudget resume ends the pause", "%s", why.Text())
}

// alone says why this pgbudget could not begin: another one is at work. It is for whoever only samples, and takes no
// lock; the journal is read again, as nobody writes it now. It is asked first: what another one moves meanwhile is
// nobody's drift.
func (m *runner) alone(ctx context.Context) error {
	path := m.source.config.Journal
	if journal.Busy(path) {
		return &operr.Error{Kind: operr.KindBusy, Subject: "journal " + path,
			Err:  errors.New("another pgbudget writes this journal"),
			Hint: "pgbudget status shows its step; wait for its end, or stop it"}
	}
	err := m.fleet.Unlocked(ctx)
	if err == nil {
		m.journalState, err = journalStateOf(m.source.config)
		m.applier.Told(leftInFiles(m.journalState))
	}
	return err
}

// leftInFiles are the sets that a run before has left in files: of actions of which nobody knows whether they were
// done, and of a flush.
func leftInFiles(m state.JournalState) []fleet.SettingChange {
	sets := m.Unsettled()
	for _, x := range m.Flushed() {
		sets = append(sets, x.Back())
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
