package main

import (
	"cmp"
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
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// sample is what a sample showed: a run leaves that of its newest one beside the journal, for status.
type sample struct {
	At                time.Time                 `json:"at"`
	Servers           []serverSample            `json:"servers"`
	IdleInTransaction []fleet.IdleInTransaction `json:"idle_in_transaction,omitempty"`
	Pools             []poolSample              `json:"pools,omitempty"`
	Signals           []control.SignalNow       `json:"signals,omitempty"`
	Doing             string                    `json:"doing,omitempty"` // what the run did about it; empty: it ended
	SoakLeft          time.Duration             `json:"soak_left_ns,omitempty"`

	// of a run that ended: the steps that are left to its plan, as it saw the fleet
	StepsAhead *int `json:"steps_ahead,omitempty"`
}

type serverSample struct {
	Name        string `json:"name"`
	WorstConns  int    `json:"worst_conns"`
	BudgetConns int    `json:"budget_conns"`
	SpareConns  int    `json:"spare_conns"`
	Gate        string `json:"guard"` // guardOpen, or why nothing may be granted
}

// poolSample is what a sample showed of a pool.
type poolSample struct {
	Pool    string  `json:"pool"`
	Size    int     `json:"size"`  // pool_size of its lines, the largest
	Conns   int     `json:"conns"` // open now
	Worst   int     `json:"worst_conns"`
	Server  string  `json:"server"`
	Goal    int     `json:"goal,omitempty"` // its size in the plan that the run goes to; 0: the plan leaves it alone
	Waiting int     `json:"clients_waiting"`
	Past    []point `json:"past"` // the newest last; at most mostPoints
}

// point is a moment of a pool.
type point struct {
	At     time.Time     `json:"at"`
	Active int           `json:"active"`       // connections in use
	Wait   time.Duration `json:"mean_wait_ns"` // of a transaction since the point before
}

// mostPoints is how many moments of a pool are kept for a picture of them. chosen: as many as a wide terminal has
// columns for.
const mostPoints = 60

// guardOpen is what a sample says of a saturation guard that bars no grant.
const guardOpen = "open"

// sampleOf sums a sample up. Without a guard there is no word of it.
func sampleOf(f budget.Fleet, o fleet.Observation, gate *control.SaturationGuard) sample {
	out := sample{At: f.At}
	for _, s := range f.Servers {
		x := serverSample{Name: s.Name, WorstConns: f.WorstConns(s.Name), BudgetConns: s.BudgetConns,
			SpareConns: f.SpareConns(s.Name)}
		if gate != nil {
			x.Gate = cmp.Or(gate.Held(s.Name).Text(), guardOpen)
		}
		out.Servers = append(out.Servers, x)
	}
	for _, s := range o.Servers {
		out.IdleInTransaction = append(out.IdleInTransaction, s.IdleInTransaction...)
	}
	return out
}

// sampleFile is where a run leaves what it saw.
func sampleFile(journal string) string { return journal + ".look" }

// leaver leaves what a run saw beside its journal.
type leaver struct {
	journal string
	past    map[string][]point // by pool
	asks    func() string      // what somebody is asked for, and how long still; empty: nothing. Nil: nobody ever is
}

// add notes a moment of each pool.
func (l *leaver) add(f budget.Fleet, recent control.RecentSamples, goal sizing.Goal) (pools []poolSample) {
	if l.past == nil {
		l.past = map[string][]point{}
	}
	for _, p := range f.Pools {
		now, shown := recent.PoolNow(p.ID)
		if !shown {
			continue
		}
		past := append(l.past[p.ID], point{f.At, now.Active, now.MeanWait})
		l.past[p.ID] = past[max(0, len(past)-mostPoints):]
		x := poolSample{Pool: p.ID, Size: p.LargestSize(), Conns: p.SeenConns, Worst: f.WorstOf(p.ID), Server: p.Server,
			Waiting: now.Waiting, Past: l.past[p.ID]}
		if to, ours := goal.Pool(p.ID); ours {
			x.Goal = to.Size
		}
		pools = append(pools, x)
	}
	return pools
}

// leave writes what a run saw. It is for status alone, so that a full disk does not end a run here: the journal does.
func (l *leaver) leave(s control.State, act state.Action) {
	if s.Now.IsZero() {
		return
	}
	seen := sampleOf(s.Fleet, s.Sample, &s.Guard)
	seen.Pools, seen.Signals = l.add(s.Fleet, s.Recent, s.Goal), s.Guard.Now()
	if in := s.Journal.Step; in != nil && !s.Journal.GoesBack() && act.Kind == state.Wait && !act.Held {
		seen.SoakLeft = max(0, s.Policy.Soak-s.Now.Sub(s.Journal.SettledAt))
	}
	if act.Kind != state.Stop {
		if seen.Doing = waitingFor(s, act); l.asks != nil {
			seen.Doing = cmp.Or(l.asks(), seen.Doing)
		}
	} else if s.Journal.RollTo == 0 {
		forecast, _ := s.Forecast()
		ahead := len(forecast)
		seen.StepsAhead = &ahead
	}
	if data, err := json.Marshal(seen); err == nil {
		name := sampleFile(l.journal)
		if os.WriteFile(name+".new", data, 0o600) == nil { // not synced: it is of no use after a crash
			_ = os.Rename(name+".new", name)
		}
	}
}

// lastSample reads what the newest run saw; nil where none has left anything.
func lastSample(journal string) (*sample, error) {
	data, err := os.ReadFile(sampleFile(journal))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var s sample
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", sampleFile(journal), err)
	}
	return &s, nil
}

// sampleNow takes two samples of the fleet itself, and counts.
func sampleNow(ctx context.Context, s source, m state.JournalState) (*sample, error) {
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
	out := sampleOf(x.Fleet, x.Evidence.Last, nil)
	out.Pools = (&leaver{}).add(x.Fleet, x.Recent, sizing.Goal{})
	return &out, nil
}
