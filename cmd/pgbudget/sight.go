package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// sight is what a sample showed: a run leaves that of its newest one beside the journal, for status.
type sight struct {
	At      time.Time      `json:"at"`
	Servers []serverSight  `json:"servers"`
	Holders []fleet.Holder `json:"holders,omitempty"`
	Doing   string         `json:"doing,omitempty"` // what the run did about it; empty: it ended

	// of a run that ended: the steps that are left to its plan, as it saw the fleet
	StepsAhead *int `json:"steps_ahead,omitempty"`
}

type serverSight struct {
	Name        string `json:"name"`
	WorstConns  int    `json:"worst_conns"`
	BudgetConns int    `json:"budget_conns"`
	SpareConns  int    `json:"spare_conns"`
	Gate        string `json:"guard"` // open, or why nothing may be granted
}

// sightOf sums a look up. Without a guard there is no word of it.
func sightOf(f budget.Fleet, o fleet.Observation, gate *control.SaturationGuard) sight {
	out := sight{At: f.At}
	for _, s := range f.Servers {
		x := serverSight{Name: s.Name, WorstConns: f.WorstConns(s.Name), BudgetConns: s.BudgetConns,
			SpareConns: f.SpareConns(s.Name)}
		if gate != nil {
			if x.Gate = gate.Held(s.Name); x.Gate == "" {
				x.Gate = "open"
			}
		}
		out.Servers = append(out.Servers, x)
	}
	for _, s := range o.Servers {
		out.Holders = append(out.Holders, s.Holders...)
	}
	return out
}

// sightFile is where a run leaves what it saw.
func sightFile(journal string) string { return journal + ".look" }

// leave writes what a run saw. It is for status alone, so that a full disk does not end a run here: the journal does.
func leave(journal string, s control.State, act state.Action) {
	if s.Now.IsZero() {
		return
	}
	seen := sightOf(s.Fleet, s.Sample, &s.Guard)
	if act.Kind != state.Stop {
		seen.Doing = waitingFor(s, act)
	} else if s.Journal.RollTo == 0 {
		way, _ := s.Forecast()
		ahead := len(way)
		seen.StepsAhead = &ahead
	}
	if data, err := json.Marshal(seen); err == nil {
		name := sightFile(journal)
		if os.WriteFile(name+".new", data, 0o600) == nil { // not synced: it is of no use after a crash
			_ = os.Rename(name+".new", name)
		}
	}
}

// lastSight reads what the newest run saw; nil where none has left anything.
func lastSight(journal string) (*sight, error) {
	data, err := os.ReadFile(sightFile(journal))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var s sight
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", sightFile(journal), err)
	}
	return &s, nil
}

// lookNow takes two samples of the fleet itself, and counts.
func lookNow(ctx context.Context, s source, m state.JournalState) (*sight, error) {
	session, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	defer session.close()
	p := session.pipeline(m)
	p.Traffic, p.WithoutSignals = nil, true // the ledger needs neither
	x, err := p.Gather(ctx, clock.Wall{}, session.Fleet, time.Second, time.Second, nil)
	if err != nil {
		return nil, err
	}
	x, err = p.Estimate(ctx, x, bouncer.ToCount)
	if noted(x.Notes); err != nil {
		return nil, err
	}
	out := sightOf(x.Fleet, x.Evidence.Last, nil)
	return &out, nil
}
