package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/asked"
	external "github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/hook"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/bouncer/live/signals"
	"github.com/pgbudget/pgbudget/bouncer/reviewed"
	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// runner is what changes a live fleet: its sessions, its locks, its journal. Only one is there at a time.
type runner struct {
	source       source
	session      session
	fleet        *observe.Fleet
	applier      *apply.Applier
	journal      *journal.Journal
	journalState state.JournalState
	clock        bouncer.Clock
	over         func(time.Time) verdict.Reason
	unasked      verdict.Reason // why no step may begin; none: a person, or --yes, has agreed to steps
	again        string         // the command that goes on with it, --max-steps apart; empty: what the journal knows
	most         int            // of --max-steps; 0: it was not given
	rollTo       int64          // the run takes back what began at that event or later; 0: it goes forward
	notes        []string       // for the journal of the run, beside what the plan warns of
	plan         *reviewed.Plan // of --plan; nil: none was given
	planFile     string         // its absolute path
	watches      bool           // no step begins: what is provisional is watched
	report       runReport      // of --report
}

// newRunner opens the fleet of a movable source. To move it, it opens the journal for writing and takes the locks:
// nobody else moves this fleet meanwhile. To take samples alone, it reads the journal and takes no lock.
func newRunner(ctx context.Context, s source, lookOnly bool) (*runner, error) {
	outlivePipes()
	m := &runner{source: s, clock: clock.Wall{}}
	err := operr.By(operr.RuleJournal, recordable(s.config)) // before anybody is asked
	if err != nil {
		return nil, err
	}
	if err = m.reach(ctx); err != nil {
		if !lookOnly {
			m.endFlushAlone(ctx)
		}
		return nil, err
	}
	if !lookOnly {
		err = beginMoving()
	}
	var left asked.Left
	if !lookOnly {
		left = asked.LeftOf(s.config.Journal) // before it is locked, and somebody may ask this run
	}
	if err == nil {
		err = operr.By(operr.RuleJournal, m.remember(s.config, lookOnly))
	}
	if err == nil && !lookOnly {
		err = m.fleet.Lock(ctx)
	}
	m.applier.Told(leftInFiles(m.journalState))
	if err != nil {
		m.close()
		return nil, err
	}
	if !lookOnly {
		was, err := left.Clear()
		for _, text := range was {
			m.note("the run before was asked " + text + ", and had ended before it could heed that")
		}
		if err != nil {
			m.close()
			return nil, &operr.Error{Kind: operr.KindUsage, Subject: "journal " + s.config.Journal,
				Err:  fmt.Errorf("what was asked of an earlier run cannot be removed: %w", cause(err)),
				Hint: "make the folder of the journal writable, or remove the file by hand"}
		}
		if err := store.Beside(s.config.Journal).Sweep(); err != nil {
			fmt.Fprintf(stderr, "note: a temporary file of an interrupted run cannot be removed: %v\n", err)
		}
		m.endFlush(ctx)
	}
	return m, nil
}

// reach opens the fleet.
func (m *runner) reach(ctx context.Context) (err error) {
	if m.session, err = m.source.open(ctx); err != nil {
		return err
	}
	m.fleet = m.session.live
	m.applier = apply.New(m.fleet, configsOf(m.source.config))
	if m.source.config.MovingPolicy().Recycle {
		m.applier.AcceptRecycling()
	}
	m.applier.AcceptPending(m.source.accept)
	m.applier.Guard(m.fleet.LockedNow)
	return nil
}

// remember reads the journal, and opens it for writing unless it is only read.
func (m *runner) remember(c *config.Config, lookOnly bool) (err error) {
	if lookOnly {
		m.journalState, err = journalStateOf(c)
		return err
	}
	if m.journal, err = mirrorOf(c).Open(c.Journal); err == nil {
		m.journalState = m.journal.State()
	}
	return err
}

// note says a text, and writes it into the journal of the run.
func (m *runner) note(text string) {
	noted([]string{text})
	m.notes = append(m.notes, text)
}

func (m *runner) close() {
	if m.journal != nil {
		_ = m.journal.Close() // every line is on disk
	}
	m.session.close()
}

// movable says what a config lacks first for moving the fleet.
func (s source) movable() error {
	if lacks := s.lacks(); len(lacks) > 0 {
		return lacks[0]
	}
	return nil
}

// lacks is all that a config lacks for moving the fleet.
func (s source) lacks() (errs []error) {
	lack := func(hint, format string, args ...any) { errs = append(errs, usage(hint, format, args...)) }
	switch {
	case s.config == nil:
		lack("pgbudget init writes one: give --config FILE",
			"a change of sizes needs a config: only the config has the path of each process's pgbouncer.ini")
		return errs
	case s.from != "" || len(s.postgres) > 0 || len(s.bouncers) > 0:
		lack("leave --from, --postgres and --bouncer out", "step, run and rollback move the fleet of the config alone")
		return errs
	case s.config.Journal == "":
		lack("add journal: /var/lib/pgbudget/fleet.jsonl, or another file in an existing folder",
			"the config names no journal:, and without a journal a crash cannot be told from a completed step")
	}
	for _, g := range s.config.Groups {
		for i, p := range g.Processes {
			if p.Config == nil && !s.fileless && !s.byHand() {
				lack("write config: with the path of its pgbouncer.ini beside its console:",
					"%s/%d: the config has no config: with the path of its pgbouncer.ini", g.Name, i+1)
			}
		}
	}
	if len(s.config.Servers) == 0 {
		lack("pgbudget init writes servers: with the dsn: of each",
			"the config names no server: without one pgbudget can neither take the lock nor see a drain in PostgreSQL")
	}
	for _, x := range s.config.Servers { // a declared limit is enough to plan with, and neither locks nor shows anything
		if x.DSN.Empty() {
			lack("add its dsn: under servers:; plan and simulate need no dsn:",
				"server %s: the config has no dsn:, so pgbudget can neither take the lock nor see a drain in PostgreSQL", x.Name)
		}
	}
	return errs
}

// configsOf says where each process's file is.
func configsOf(c *config.Config) []observe.Config {
	var out []observe.Config
	keep := store.Beside(c.Journal)
	for _, g := range c.Groups {
		for i, p := range g.Processes {
			if p.Config == nil {
				continue
			}
			x := observe.Config{Process: fmt.Sprintf("%s/%d", g.Name, i+1), Path: p.Config.Path, Folder: p.Config.Folder,
				Store: store.File{Keep: keep}}
			if len(p.Config.Read) > 0 {
				write := p.Config.Write
				if len(write) == 0 {
					write = []string{"false"} // apply: by-hand, and nothing is ever written
				}
				x.Store = store.Command{ReadArgv: p.Config.Read, WriteArgv: write, Path: p.Config.Path, Mask: c.Mask,
					Keep: keep, Within: observe.StoreCall}
			}
			out = append(out, x)
		}
	}
	return out
}

// lockedHands make sure before each action that the locks are still held.
type lockedHands struct {
	*apply.Applier
	fleet *observe.Fleet
}

// Apply refuses where another pgbudget may be at work. What ends a flush needs no lock: it moves no size.
func (h lockedHands) Apply(ctx context.Context, act state.Action) error {
	if err := h.fleet.Locked(); err != nil && act.Kind != state.Restore {
		return err
	}
	return h.Applier.Apply(ctx, act)
}

// spoken is a journal that also says what it records.
type spoken struct {
	bouncer.Journal
	say func(state.Event)
	by  string // who, as user@host: it stands in each event
}

// Record records first: what is said has happened.
func (s spoken) Record(e state.Event) (state.Event, error) {
	e.By = cmp.Or(e.By, s.by)
	e, err := s.Journal.Record(e)
	if err == nil {
		s.say(e)
	}
	return e, err
}

// runData is what -o json and yaml print.
type runData struct {
	Outcome state.Outcome `json:"outcome"`
	Reason  string        `json:"reason"`
	Steps   int           `json:"steps"`
	InHand  *state.Step   `json:"step_in_hand,omitempty"`
	// asked for by hand, and not known to be made
	Requests []state.Request `json:"requests,omitempty"`
}

// run lets the controller go, says what it does as it does it, and how it ended.
func (m *runner) run(ctx context.Context, out output, x bouncer.Survey, policy state.Policy, steps int,
	closed func(time.Time) verdict.Reason, replans bool) error {
	conf := m.source.config
	watched, levels := conf.Watched()
	half := policy.Every / 2 // chosen: what is done within an interval of a sample is not to wait one to hear of it
	poll := signals.NewPoll(ctx, m.session.prom, slices.Concat(signals.Queries(watched, conf.Servers,
		signals.CPUQueries(conf.Servers)), signals.SwitchQueries(x.Traffic)), half)
	defer poll.Close()
	newest, reporter := &signals.Newest{Fleet: signals.Polled(m.session.Fleet, poll)}, newReporter()
	leaver := leaver{journal: conf.Journal}
	for _, x := range watched {
		if x.Builtin == fleet.SignalCPU {
			m.report.cpu = x.Name
		}
	}
	hooks := hook.Hooks{Argv: conf.Hooks.Argv(), Call: calling(conf),
		Env: []string{"PGBUDGET_ENVIRONMENT=" + conf.Environment, "PGBUDGET_JOURNAL=" +
			conf.Journal}}.Decorate(spoken{m.journal, func(e state.Event) {
		reporter.event(e)
		m.report.event(e)
	}, who()})
	var hands bouncer.Applier = lockedHands{m.applier, m.fleet}
	kept, hand := m.applier.CheckKept, (*bouncer.Hand)(nil)
	if m.source.byHand() {
		asked, others := m.handed(reporter, newest.Sample)
		hands, kept, leaver.asks, hand = asked, m.stillRendered, asked.Waits, others
	}
	r := bouncer.Rebalancer{Clock: m.clock, Fleet: newest, Applier: hands, Journal: hooks, Hand: hand,
		Declared: x.Declared, Loads: x.Loads, Evidence: x.Evidence, Traffic: poll.Switches(x.Traffic),
		Ready: m.fleet.Locked, Policy: policy, Thresholds: levels, Steps: steps, Closed: closed,
		Beside: clock.Beside, RollTo: m.rollTo, Over: m.over, By: who(), Again: m.command(0), Reviewed: m.reviewed(),
		Notes:  slices.Concat(x.Measured.Warnings, m.notes, m.applier.Accepted()),
		Paused: func() verdict.Reason { return paused(conf.Journal) }, Recordable: m.journal.InPlace,
		Aborted:  func() verdict.Reason { return asked.Aborted(conf.Journal) },
		Adjusted: func(p state.Policy) (state.Policy, verdict.Reason) { return asked.Settings(conf.Journal, p) },
		Possible: m.possible(policy),
		Alone:    m.stillAlone, Kept: kept, Unasked: m.unasked,
		Signals: signals.Source{Watched: watched, Servers: conf.Servers, Poll: poll, Newest: newest},
		Seen: func(s control.State, a state.Action) {
			reporter.seen(s, a)
			m.report.sample(s)
			leaver.leave(s, a)
		}, Replans: replans, Fixed: m.plan != nil, Watch: m.watches}
	report, err := r.Run(ctx, x.Goal, m.journalState)
	// whoever asks waits for the run to end, and is told
	if _, unremoved := asked.LeftOf(conf.Journal).Clear(); unremoved != nil {
		fmt.Fprintf(stderr, "note: what was asked of the run cannot be removed: %v\n", cause(unremoved))
	}
	// chosen: the last two at their slowest
	left, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*conf.Hooks.Within())
	err = errors.Join(err, hooks.End(left))
	cancel()
	reporter.end()
	if err == nil && report.Outcome == state.Done && m.rollTo == 0 && !m.watches {
		reporter.far(x.Plan, report.State)
	}
	if p, is := m.journal.State().Provisional(); is {
		fmt.Fprintf(stderr, "note: step %d is provisional until %s, and nobody watches it now: pgbudget watch\n", p.Number,
			stamp(p.Until))
	}
	if err != nil {
		return both(unfinished(err, m.journal.State(), m.command(m.journal.State().Steps)), leftFlushed(report.Flushed))
	}
	err = both(ended(report, m.command(report.State.Steps)), leftFlushed(report.Flushed))
	if out.format != "table" {
		if untold := out.data(runData{report.Outcome, report.Reason.Text(), report.State.Steps,
			report.State.Step, report.State.Open}); untold != nil {
			fmt.Fprintf(stderr, "note: the result could not be written: %v\n", untold)
			if err == nil {
				return untold
			}
		}
	}
	if err != nil {
		return err
	}
	return errRan
}

// stillAlone asks the servers for the locks of this run. One that was lost with its session, and that nobody has taken,
// is taken anew: what was seen before is observed again.
func (m *runner) stillAlone(ctx context.Context) (again bool, err error) {
	if err = m.fleet.LockedNow(ctx); operr.KindOf(err) != operr.KindBusy {
		return false, err
	}
	err = m.fleet.Relock(ctx)
	return err == nil, err
}

// possible makes the checks of a first step before each of them.
func (m *runner) possible(policy state.Policy) func(context.Context, control.State, state.Step) error {
	return func(ctx context.Context, s control.State, step state.Step) error {
		if err := m.asReviewed(s.Shifting(), step); err != nil {
			return err
		}
		return m.changeable(ctx, s.Fleet, policy, step.Changes, s.Sample.Processes, false)
	}
}

// calling runs a command of the config's within the time that hooks have.
func calling(c *config.Config) func(words, env []string) error {
	return func(words, env []string) error {
		ctx, cancel := context.WithTimeout(context.Background(), c.Hooks.Within())
		defer cancel()
		_, err := external.Call{Argv: words, Env: env, Mask: c.Mask}.Run(ctx)
		return err
	}
}

// moveFlags are those of every command that moves the fleet.
func moveFlags() []cli.Flag {
	var flags []cli.Flag
	for _, f := range sourceFlags() {
		switch f.Names()[0] {
		case "config", "window", "every", "timeout":
			flags = append(flags, f)
		}
	}
	return append(flags,
		&cli.Float64Flag{Name: "percent", DefaultText: "policy.percent",
			Usage: "grants of one step, and releases, are at most `P` % of each server's budget, and traffic shifts by at " +
				"most P percentage points"},
		&cli.BoolFlag{Name: "dry-run", Usage: "show what would be done; change nothing"},
		&cli.StringSliceFlag{Name: "accept-pending",
			Usage: "let a RELOAD also apply a pending change of `KEY`: query_timeout, ALIAS.pool_mode, ALIAS.line, " +
				"users.NAME.KEY, peers.ID.KEY; repeatable"},
		&cli.BoolFlag{Name: "yes", Usage: "do not ask"})
}

// policyOf is the policy of a config that can move a fleet, with the flags on top. Whether a person can be asked is
// asked last: a command that is wrong is wrong on a terminal, too.
func policyOf(c *cli.Context, s source) (state.Policy, error) {
	if err := s.movable(); err != nil {
		return state.Policy{}, err
	}
	p := s.config.MovingPolicy()
	if c.IsSet("percent") {
		if p.Percent = c.Float64("percent"); !(p.Percent >= leastPercent && p.Percent <= 100) {
			return p, usage("5 is a careful step", "--percent is %g, want %g to 100", p.Percent, leastPercent)
		}
	}
	return p, nil
}
