package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/check"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// checked asks the fleet of a config.
func (s source) checked(c *cli.Context, out output) error {
	if s.config == nil {
		return usage("pgbudget init writes one: give --config FILE; check --static needs none",
			"check asks the fleet of a config")
	}
	r := s.findings(c.Context)
	if err := c.Context.Err(); err != nil {
		return err
	}
	if err := junitTo(c, r.JUnit); err != nil {
		return err
	}
	if out.format != "table" {
		if err := out.data(r); err != nil {
			return err
		}
	} else {
		out.findings(r)
	}
	if len(r.Findings) == 0 {
		if s.movable() == nil {
			fmt.Fprintln(stderr, "next: pgbudget step --dry-run")
		}
		return nil
	}
	return errFound
}

// errFound says that check or diff has found something, which it has printed.
var errFound = &operr.Error{Kind: operr.KindFound, Err: errors.New("something was found")}

// findings makes every check that a step makes, and goes on after each that fails, as far as anything follows.
func (s source) findings(ctx context.Context) check.Report {
	f := &check.Findings{}
	f.Add(operr.RuleConfig, errors.Join(s.lacks()...))
	f.Add(operr.RuleCommand, s.runnable())
	if !s.live() {
		return check.Report{Findings: *f, Unasked: "the fleet was not asked: the config names no groups"}
	}
	m := &runner{source: s, clock: clock.Wall{}}
	if s.config.Journal != "" {
		m.remembered(f)
	}
	if err := m.reach(ctx); err != nil {
		f.Add(operr.RuleAddress, err)
		return check.Report{Findings: *f, Unasked: "the fleet was not asked: not everything could be reached"}
	}
	defer m.close()
	m.applier.Told(leftInFiles(m.journalState))
	if s.config.Journal != "" {
		f.Add(operr.RuleAlone, m.alone(ctx))
	}
	survey, known := m.sampled(ctx, f)
	r := check.Report{Processes: len(survey.Evidence.Last.Processes), Servers: len(survey.Evidence.Last.Servers)}
	if known {
		m.files(ctx, f, survey.Fleet)
	} else {
		r.Unasked = "files, rights and limits were not asked: what is found above keeps them from being known"
	}
	r.Findings = *f
	return r
}

// remembered reads the journal, and adds what it says, and its folder: what keeps a step from beginning whatever the
// fleet shows. Of a run at work the step is no finding.
func (m *runner) remembered(f *check.Findings) {
	path := m.source.config.Journal
	if err := recordable(m.source.config); err != nil {
		f.Add(operr.RuleJournal, err)
	}
	if err := m.remember(m.source.config, true); err != nil {
		return // recordable has said it
	}
	f.Add(operr.RuleJournal, mirrorOf(m.source.config).Space(path))
	if !journal.Busy(path) {
		f.Add(operr.RuleJournal, m.goingBack())
		if in := m.journalState.Step; in != nil && !m.journalState.GoingBack() {
			f.Note(operr.RuleJournal, "", "a step is in hand: "+in.Text(), onward(m.journalState))
		}
		if p, is := m.journalState.Provisional(); is {
			f.Note(operr.RuleJournal, "", fmt.Sprintf("step %d is provisional until %s", p.Number, stamp(p.Until)),
				"pgbudget watch watches it; pgbudget accept --provisional takes it as it is")
		}
	}
	f.Add(operr.RulePause, stopped(path))
	if why := control.Closed(m.source.config.Windows(), m.clock.Now()); why.Any() && m.journalState.Step == nil {
		f.Add(operr.RuleWindow, held(outside, "%s", why.Text()))
	}
}

// sampled samples the fleet, and judges what the samples show; false: there is no fleet to go on with.
func (m *runner) sampled(ctx context.Context, f *check.Findings) (bouncer.Survey, bool) {
	p, watched, end := m.watching(ctx, m.source.every)
	defer end()
	s, err := m.session.gather(ctx, p, watched)
	if err != nil {
		f.Add(operr.RuleEvidence, err)
		return s, false
	}
	f.Add(operr.RuleDrift, m.stranger(s.Evidence.Last))
	unread := unreadSignals(f, s.Evidence.Last.Signals)
	// each is said once, and what needs none of them is judged
	s.Evidence.Last.Signals = slices.DeleteFunc(slices.Clone(s.Evidence.Last.Signals),
		func(x fleet.Signal) bool { return !x.Read() })
	said := func(why verdict.Reason) bool {
		return slices.ContainsFunc(unread, func(text string) bool { return strings.Contains(why.Text(), text) })
	}
	if why := s.Saturated(); why.Is(verdict.SignalUnknown) && !said(why) {
		f.Add(operr.RuleSignal, held("correct the query under saturation:, or what it asks", "%s", why.Text()))
	} else if why.Any() && !why.Is(verdict.SignalUnknown) {
		f.Add(operr.RuleSignal, held("wait until the signal is below its resume level", "%s", why.Text()))
	}
	if _, err := m.session.History(ctx, s.Evidence.Last); err != nil {
		f.Add(operr.RulePrometheus, err)
		p.History = nil
	}
	s, err = p.Estimate(ctx, s, bouncer.ToPlan)
	if err != nil {
		f.Add(operr.RuleEvidence, err)
		if s, err = p.Estimate(ctx, s, bouncer.ToCount); err != nil {
			return s, false
		}
	}
	policy := m.source.config.MovingPolicy()
	f.Add(operr.RuleDrift, m.drifted(s, policy))
	f.Add(operr.RuleRecycle, control.RecyclingRefused(s.Fleet, policy))
	counted(f, s.Fleet)
	planned, err := s.Planned(sizing.Options{})
	if err != nil {
		planned = s
	}
	if m.journalState.Step == nil {
		if err == nil {
			_, err = planned.Passable(policy.MostIncrement())
		}
		told := false // by the path, with its sizes
		for by := range operr.Each(err) {
			told = told || by == operr.RuleClients
		}
		for _, room := range planned.Rooms() {
			if !told {
				f.Add(operr.RuleClients, room.Refused)
			}
			for _, text := range room.Burst {
				f.Note(operr.RuleBurst, "", text, "raise the limit, or make sure that clients come as slowly as traffic moves")
			}
		}
	}
	f.Add(operr.RulePlan, err)
	m.source.againstAlerts(ctx, f, planned)
	return s, true
}

// unreadSignals notes signals that have no value: what does not answer by the rule of Prometheus, what answers no
// number by that of signals. It returns what their sources said.
func unreadSignals(f *check.Findings, signals []fleet.Signal) (texts []string) {
	for _, x := range signals {
		rule, next := operr.RuleSignal, "correct the query under saturation:, or take the signal out of the config"
		if x.Name == fleet.SignalCPU {
			next = "correct the query, cpu: of " + x.Server + " under servers:, or take it out"
		}
		if x.Fault == fleet.FaultSilent {
			rule, next = operr.RulePrometheus, "check url: of prometheus:, and that Prometheus runs there"
		}
		if !x.Read() {
			texts = append(texts, x.Error)
			f.Note(rule, x.Name+" of "+x.Server, x.Error, next)
		}
	}
	return texts
}

// againstAlerts holds the alerts of Prometheus against the planned sizes.
func (s source) againstAlerts(ctx context.Context, f *check.Findings, planned bouncer.Survey) {
	found, unread, err := s.alerts(ctx, planned)
	if operr.KindOf(err) != operr.KindUnreachable { // the rule of Prometheus says that
		f.Add(operr.RuleAlert, err)
	}
	for _, x := range found {
		f.Note(operr.RuleAlert, "", x.Text(), "change the constant together with the sizes")
	}
	for _, text := range unread {
		f.Note(operr.RuleAlert, "", text, "hold the constant against the planned sizes by hand")
	}
}

// counted is what the ledger and the limits show.
func counted(f *check.Findings, x budget.Fleet) {
	for _, s := range x.Servers {
		if spare := x.SpareConns(s.Name); spare < 0 {
			f.Note(operr.RuleBudget, s.Name, fmt.Sprintf("the worst case is %d, and the budget %d: %d too many",
				x.WorstConns(s.Name), s.BudgetConns, -spare), "pgbudget plan shows the ledger, and sizes that fit")
		}
	}
	for l, conns := range x.ShortLimits() {
		f.Note(operr.RuleLimit, l.Name, fmt.Sprintf("%s, and the pools under it may have %d by their sizes", l.Text(), conns),
			"raise the limit, or make the sizes smaller")
	}
	for _, p := range x.Pools {
		for _, own := range check.OwnSizes(p) {
			f.Note(operr.RuleUserSize, p.ID, own, "take pool_size of the user out of [users], or the pool out of pools:")
		}
	}
}

// files makes the checks of a step that changes every pool that may be sized, of each process by itself. What a file
// says besides is noted.
func (m *runner) files(ctx context.Context, f *check.Findings, x budget.Fleet) {
	var sets []fleet.SettingChange
	for _, p := range x.Pools {
		if p.Frozen.Any() && !p.FrozenByLoad() { // one that is idle now may be busy when a step changes it
			continue
		}
		for _, s := range p.Sizes {
			sets = append(sets, fleet.SettingChange{Process: s.Process, Alias: p.Alias, Key: fleet.KeySize, From: s.Conns,
				To: s.Conns + 1})
		}
	}
	slices.SortFunc(sets, fleet.CompareChanges)
	tried := map[string]bool{}
	filed := map[string]bool{}
	for _, c := range configsOf(m.source.config) {
		filed[c.Process] = true
	}
	if m.source.byHand() { // no step writes them
		clear(filed)
	}
	for _, of := range byProcess(sets) {
		if tried[of[0].Process] = true; !filed[of[0].Process] { // that is a finding of the config
			continue
		}
		f.Add(operr.RuleFile, m.applier.Check(ctx, of))
		f.Add(operr.RuleFile, m.applier.CheckShared(ctx, of))
		f.Add(operr.RuleFile, m.applier.CheckKept(ctx, []string{of[0].Process})) // it may say what the step would write
	}
	for _, g := range m.source.config.Groups {
		for i := range g.Processes {
			if id := fmt.Sprintf("%s/%d", g.Name, i+1); filed[id] && !tried[id] {
				f.Add(operr.RuleFile, m.applier.CheckFiles(ctx, id))
			}
		}
	}
	waits, err := m.applier.Rendered(ctx)
	if m.source.byHand() { // elsewhere what cannot be read is found above
		f.Add(operr.RuleRendered, err)
	}
	for _, r := range waits {
		f.Note(operr.RuleRendered, r.Process, r.Text(), renderedHint)
	}
	next := map[operr.Rule]string{operr.RuleRestart: "restart the process at a good time, or take the line back",
		operr.RuleConffile: "give config: the file that the process was started with, as this host has it",
		operr.RulePending:  "RELOAD to apply the change, or take it back"}
	noted := m.applier.Noted()
	for _, rule := range slices.Sorted(maps.Keys(noted)) {
		for _, text := range noted[rule] {
			if !slices.ContainsFunc(*f, func(x check.Finding) bool { // what a step is refused for says it, and more
				return x.Rule == rule && (strings.Contains(x.Subject+": "+x.Found, text) || strings.Contains(x.Found, text))
			}) {
				f.Note(rule, "", text, next[rule])
			}
		}
	}
}

// runnable says which commands of the config are not there, or may not be run.
func (s source) runnable() error {
	if s.config == nil {
		return nil
	}
	c := s.config
	var errs []error
	try := func(key string, argv []string) {
		if len(argv) == 0 {
			return
		}
		if _, err := exec.LookPath(argv[0]); err != nil {
			errs = append(errs, &operr.Error{Kind: operr.KindUsage, Subject: key,
				Err:  fmt.Errorf("the command %s cannot be run: %w", argv[0], cause(err)),
				Hint: "correct the path, install the command, or make it executable for this user"})
		}
	}
	hooks := c.Hooks.Argv()
	for _, name := range slices.Sorted(maps.Keys(hooks)) {
		try("hooks.on_"+name, hooks[name])
	}
	for _, x := range c.AllShifts() {
		try("shift "+x.From+":"+x.To+" set", x.Set)
		try("shift "+x.From+":"+x.To+" get", x.Get.Argv)
	}
	for _, x := range c.Servers {
		try("dsn.via of "+x.Name, x.DSN.Via)
	}
	for _, g := range c.Groups {
		for i, p := range g.Processes {
			id := fmt.Sprintf("%s/%d", g.Name, i+1)
			try("console.via of "+id, p.Console.Via)
			if p.Config != nil {
				try("config.read of "+id, p.Config.Read)
				try("config.write of "+id, p.Config.Write)
			}
		}
	}
	try("mirror", c.Mirror.Argv)
	try("by_hand.change", c.ByHand.Change)
	try("by_hand.withdraw", c.ByHand.Withdraw)
	return errors.Join(errs...)
}
