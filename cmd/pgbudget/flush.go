package main

import (
	"context"
	"fmt"

	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// endFlush gives lines their lifetime back that a run before has left flushed, and says so. It comes before all that
// may keep this one from beginning: a file that another process cannot load, a disk that is full.
func (m *runner) endFlush(ctx context.Context) {
	flushed := m.journalState.Flushed()
	if len(flushed) == 0 {
		return
	}
	act := state.RestoreOf(flushed, verdict.Reason{})
	if err := m.applier.Apply(context.WithoutCancel(ctx), act); err != nil {
		fmt.Fprintf(stderr, "note: an earlier run left a flush (server_lifetime = 1) that cannot be ended yet: %v\n", err)
		return
	}
	for _, x := range flushed {
		fmt.Fprintf(stderr, "note: server_lifetime of %s in %s has its old value again: an earlier run had left a flush\n",
			x.Alias, x.Process)
	}
	if in := m.journalState.Intent; in != nil && in.Kind != state.Flush && in.Kind != state.Restore {
		return // its fate is for a sample to tell, and the run finds this done
	}
	e, err := m.journal.Record(state.Event{At: m.clock.Now(), Kind: state.Acted, Action: &act})
	if err == nil {
		m.journalState = m.journalState.After(e)
	}
}

// endFlushAlone is endFlush where the fleet could not be opened: of the processes that are flushed, which may answer.
// Where another pgbudget is at work with the journal, it is that one's.
func (m *runner) endFlushAlone(ctx context.Context) {
	c := m.source.config
	journalState, err := journalStateOf(c)
	if err != nil || len(journalState.Flushed()) == 0 || beginMoving() != nil {
		return
	}
	targets, err := m.source.targets()
	if err != nil || m.remember(c, false) != nil {
		return
	}
	defer m.journal.Close()
	m.fleet, err = observe.Of(targets, processesOf(m.journalState.Flushed()))
	if err != nil {
		return
	}
	defer m.fleet.Close()
	m.applier = apply.New(m.fleet, configsOf(c))
	m.applier.Told(leftInFiles(m.journalState))
	m.endFlush(ctx)
}

// processesOf are those that sets name.
func processesOf(sets []fleet.SettingChange) (ids []string) {
	for _, x := range sets {
		ids = append(ids, x.Process)
	}
	return ids
}
