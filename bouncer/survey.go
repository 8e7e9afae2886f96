package bouncer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
	"github.com/pgbudget/pgbudget/planner/words"
)

// Survey is how far a Pipeline has come: each station fills in its fields. It is what a run begins with.
type Survey struct {
	Evidence load.Evidence           // of the samples; from Estimate on with the history
	Recent   control.RecentSamples   // what a release and a soak are judged by
	Guard    control.SaturationGuard // what the signals say
	Declared budget.Declared         // as they were counted with; ToGoBack may leave pools out and add ledger lines
	Loads    []load.Load             // as measured, or as they were before the newest traffic change; nil: not known
	Traffic  []Traffic               // of the pipeline; LoadsAt is where each switch stood while Loads were measured
	Shifts   []shift.Shift           // where they stand now
	Readings []state.Reading         // of their switches
	Measured budget.Fleet            // with Loads
	Fleet    budget.Fleet            // with the loads of where each switch stands now
	Plan     sizing.Plan
	Goal     sizing.Goal
	RollTo   int64    // every step that began at that event or later is taken back; 0: it goes forward
	Notes    []string // for a person: what could not be had, and what stands in for it
	Gone     []string // pools that the config declares and that no console shows any more, ToGoBack
}

func (s *Survey) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

// dropSignals leaves the signals of the newest sample out: no size is planned by them.
func (s *Survey) dropSignals(to Purpose) {
	for _, x := range s.Evidence.Last.Signals {
		if !x.Read() && to == ToGoBack {
			s.note("%s of %s is not known: %s; the rollback goes on without", x.Name, x.Server, x.Error)
		}
	}
	s.Evidence.Last.Signals = nil
}

// dropGone leaves out declared pools that no console shows, and whose loads are not declared.
func (s *Survey) dropGone() {
	shown := fleet.PoolIDs(s.Evidence.Last)
	s.Declared.Pools = slices.DeleteFunc(slices.Clone(s.Declared.Pools), func(p budget.DeclaredPool) bool {
		gone := p.Load == nil && !slices.Contains(shown, p.ID)
		if gone {
			s.Gone = append(s.Gone, p.ID)
		}
		return gone
	})
}

func (s *Survey) model() (err error) {
	s.Measured, s.Fleet, err = Pipeline{Declared: s.Declared}.Modelled(s.Evidence.To, s.Evidence, s.Loads, s.Shifts)
	return err
}

// Planned is the last station: the plan for the loads of where each switch stands, and its goal. On an error of
// KindInfeasible the plan says what clashes, and the goal stays as it was.
func (s Survey) Planned(o sizing.Options) (Survey, error) {
	var err error
	if s.Plan, err = sizing.Solve(s.Fleet, o); err == nil {
		s = s.Towards(s.Plan)
	}
	return s, err
}

// Towards is the survey with a plan and its goal, as Planned finds it, or as one was reviewed.
func (s Survey) Towards(p sizing.Plan) Survey {
	s.Plan, s.Goal = p, sizing.GoalOf(p)
	return s
}

// HasPlan reports whether the survey has come to a plan: without one, nobody knows whether a step is wanted, and what
// the step would change.
func (s Survey) HasPlan() bool { return len(s.Plan.Servers) > 0 }

// Renewed is a planned survey with newer samples, and with the shifts as they stand now: what a step is judged by that
// begins after the plan was made. Without a plan, no shift is asked. The error is Standing's.
func (p Pipeline) Renewed(ctx context.Context, planned, now Survey) (Survey, error) {
	s := planned
	s.Evidence.Last, s.Recent, s.Guard = now.Evidence.Last, now.Recent, now.Guard
	if !s.HasPlan() || len(s.Shifts) > 0 {
		return s, nil
	}
	var err error
	s.Shifts, s.Readings, _, err = p.Standing(ctx, ToPlan)
	s.Traffic = p.Traffic
	return s, err
}

// State is what the next step is decided from before a run: refusals are of the run before.
func (s Survey) State(policy state.Policy, m state.JournalState) control.State {
	m.Refused, m.AbortsInARow = nil, state.AbortsInARow{} // they are of the run that has ended
	m = m.Bound(s.RollTo)
	return control.State{Samples: control.Samples{Fleet: s.Fleet, Sample: s.Evidence.Last, Recent: s.Recent,
		Guard: s.Guard},
		TrafficNow: control.TrafficNow{AsMeasured: s.Measured, Shifts: s.Shifts, Readings: s.Readings},
		RunGoal:    control.RunGoal{Goal: s.Goal, Target: s.Goal}, Policy: policy, Journal: m}
}

// FirstStep is the step that a run would take: the one in hand, or the next; blocked says why there is none.
func (s Survey) FirstStep(policy state.Policy, m state.JournalState) (step state.Step, blocked verdict.Reason) {
	if m.Step != nil {
		return *m.Step, verdict.Reason{}
	}
	step, _, blocked = s.State(policy, m).NextStep()
	return step, blocked
}

// HeldNow says what would hold a step at its first sample; none: nothing would.
func (s Survey) HeldNow(policy state.Policy, m state.JournalState, step state.Step) verdict.Reason {
	return s.State(policy, m).HeldNow(step)
}

// Saturated says why nothing may be granted on a server of the newest sample; none: on each it may.
func (s Survey) Saturated() verdict.Reason {
	for _, x := range s.Evidence.Last.Servers {
		if why := s.Guard.Held(x.Name); why.Any() {
			return why
		}
	}
	return verdict.Reason{}
}

// Shifting reports whether the traffic of a shift is between From and Until.
func (s Survey) Shifting() bool {
	return slices.ContainsFunc(s.Shifts, func(x shift.Shift) bool { return x.At != x.Until })
}

// Passable makes sure that there is a path for every shift before anything moves, in steps of at most so many percent
// points: with the fraction as it is estimated. Where there is none at one end of the estimate, a note says so: the
// path is planned anew from what is learnt. The error is of KindInfeasible, KindEvidence or KindUsage.
func (s Survey) Passable(points int) (notes []string, err error) {
	f, clients := s.Measured, s.clients()
	for _, x := range s.Shifts {
		if x.At == x.Until {
			f = x.Loaded(f, x.At)
			continue
		}
		if err := x.Begins(f); err != nil {
			return notes, err
		}
		path, tails, err := shift.Passage(f, x, points)
		switch {
		case err != nil && path.Blocked != nil:
			return notes, &operr.Error{Kind: operr.KindInfeasible, Subject: "shift " + x.ID(), Err: err,
				Hint: path.Blocked.Cures()}
		case err != nil:
			return notes, err
		case tails != nil:
			notes = append(notes, fmt.Sprintf("with a fraction of %s a path leads to %d %%; for all of %s to %s no path leads "+
				"past %d %%: %s. After each step the path is planned again from the load that has moved",
				words.Digits(x.Fraction.Target), x.Until, words.Digits(x.Fraction.Lower), words.Digits(x.Fraction.Upper),
				tails.X, tails.Text))
		}
		clients.Largest = path.Largest(clients.Largest)
		room := roomOf(clients, x)
		if notes = append(notes, room.Notes()...); room.Refused != nil {
			return notes, room.Refused
		}
		f, clients = x.Loaded(f, x.Until), clients.After(x) // shifts that come later begin from there
	}
	return notes, nil
}

// Room is what the limits of clients let a shift bring.
type Room struct {
	Refused error    // of KindInfeasible, about the limits that are too low; nil: none is
	Burst   []string // limits that are too low where all clients come at once
	Unknown []string // what is not held against anything
}

// Notes are what a person should know before the first step.
func (r Room) Notes() []string { return slices.Concat(r.Burst, r.Unknown) }

// Rooms are those of the survey's shifts that move traffic, one after the other.
func (s Survey) Rooms() (rooms []Room) {
	clients := s.clients()
	for _, x := range s.Shifts {
		if x.At != x.Until {
			rooms, clients = append(rooms, roomOf(clients, x)), clients.After(x)
		}
	}
	return rooms
}

// PathRoom is the room of a shift by itself, with the sizes of its path.
func (s Survey) PathRoom(x shift.Shift, path shift.Path) Room {
	clients := s.clients()
	clients.Largest = path.Largest(clients.Largest)
	return roomOf(clients, x)
}

// clients are those of the newest sample, and the largest sizes that are planned for today's loads.
func (s Survey) clients() shift.Clients {
	largest := map[string]int{}
	for _, g := range s.Goal.Pools {
		largest[g.Pool] = g.Size
	}
	return shift.Clients{Seen: s.Evidence.Last, Declared: s.Declared.Clients, Fleet: s.Fleet, Largest: largest}
}

func roomOf(clients shift.Clients, x shift.Shift) (r Room) {
	limits, unknown := clients.Limits(x)
	refused, cures, burst := x.ClientsRefused(limits)
	r.Unknown = unknown
	if r.Burst = burst; len(refused) > 0 {
		r.Refused = operr.By(operr.RuleClients, &operr.Error{Kind: operr.KindInfeasible, Subject: "shift " + x.ID(),
			Err:  fmt.Errorf("too many clients: %s", strings.Join(refused, "; ")),
			Hint: strings.Join(cures, "; ") + " (of PgBouncer's settings, by a RELOAD; more files need a restart)"})
	}
	return r
}

// Backwards is the survey of a rollback: each shift goes to where its switch was before the steps that are taken back,
// or stays where it stands.
func (s Survey) Backwards(rollback control.RollbackTo, inHand *state.Step) Survey {
	s.RollTo, s.Goal = rollback.To, rollback.Goal
	s.Traffic, s.Shifts = slices.Clone(s.Traffic), slices.Clone(s.Shifts)
	for i := range s.Traffic {
		t := &s.Traffic[i]
		t.Until, t.Stays = s.Shifts[i].At, true
		if inHand != nil && inHand.Traffic != nil && inHand.Traffic.Shift == t.ID() { // it goes back by itself
			t.Until, t.Stays = inHand.Traffic.From, false
			if inHand.Kind == state.Backward {
				t.Until = inHand.Traffic.To
			}
		}
		for _, change := range rollback.Traffic {
			t.Stays = t.Stays && change.Shift != t.ID()
			// a rollback that was not finished may be past it
			if on := change.To - t.Until; change.Shift == t.ID() && on*(change.To-change.From) >= 0 {
				t.Until = change.To
			}
		}
		s.Shifts[i].Until = t.Until
	}
	return s
}
