package state

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// EventKind says what an Event records.
type EventKind string

// The kinds of events, in the order in which a run writes them.
const (
	RunBegan  EventKind = "run"    // Goal, Soaks, Switches, Baselines
	Replanned EventKind = "replan" // Goal, Reason: a load has grown beyond what the goal was for
	StepBegan EventKind = "step"   // Step is in hand, on its path to Goal
	Intended  EventKind = "intend" // Action: on disk before the action
	Asked     EventKind = "asked"  // Action: somebody was asked to carry it out, who has not yet
	// Request, Action: what was asked for is no longer wanted, for Reason; Outcome Done: nobody makes it any more
	CalledOff   EventKind = "call-off"
	Acted       EventKind = "done"      // Action: written, told, and read back
	Failed      EventKind = "failed"    // Action, Reason, Outcome: what Apply said; part of it may have happened
	HoldBegan   EventKind = "hold"      // nothing moves any more, for Reason
	HoldEnded   EventKind = "resume"    // signals are below their resume levels again
	StepTrimmed EventKind = "trim"      // Step: what of it was achieved; Reason
	StepAbort   EventKind = "abort"     // Step: the undo; Reason; Soak, where traffic goes back
	StepEnded   EventKind = "step-done" // the step is soaked, or its undo is done; Until: it is provisional until then
	// the newest step is no longer provisional: Peaks is what its peak showed
	StepConfirmed EventKind = "confirm"
	// the newest step stays provisional, until Until, because its peak was not watched: Reason
	StepProlonged EventKind = "prolong"
	// the newest step is provisional, and what was seen since wants it back: Reason, Peaks
	StepReopened EventKind = "reopen"
	RunEnded     EventKind = "end"    // Outcome, Reason
	Relocked     EventKind = "relock" // Reason: the lock was lost, nobody had taken it, and it is held again
	Noted        EventKind = "note"   // Reason: something beside the run, such as a hook that failed; it decides nothing
	Adjusted     EventKind = "set"    // Reason: a person has changed settings of the run, which goes on with them
	Accepted     EventKind = "accept" // a person takes responsibility for what the fleet is now
)

// Event is one line of the journal.
type Event struct {
	Seq    int64        `json:"seq"` // 1, 2, … without a gap; the journal gives it
	At     time.Time    `json:"at"`  // by the run's clock
	Kind   EventKind    `json:"kind"`
	Goal   *sizing.Goal `json:"goal,omitempty"`
	Step   *Step        `json:"step,omitempty"`
	Action *Action      `json:"action,omitempty"`
	// of what somebody was asked for, and of its end: its number
	Request int    `json:"request,omitempty"`
	By      string `json:"by,omitempty"` // who, as user@host; of lines of older journals only a run's and an accept's

	verdict.Reason // as its field Reason
	// of a run: the command that goes on with it; of one that has ended: a better one, where its reason knows it
	Next      string             `json:"next,omitempty"`
	Reviewed  *Reviewed          `json:"reviewed,omitempty"` // of a run: the plan whose sizes it moves to; nil: its own
	Outcome   Outcome            `json:"outcome,omitempty"`
	Soak      *learn.SoakResult  `json:"soak,omitempty"`      // of a step that shifted traffic: what its soak saw
	Soaks     []learn.SoakResult `json:"soaks,omitempty"`     // of a run: what the samples before it saw of each shift
	Switches  []Switch           `json:"switches,omitempty"`  // of a run: what each traffic switch says
	Baselines []learn.Baseline   `json:"baselines,omitempty"` // of a run: the loads of each shift that it goes by
	Servers   []Origin           `json:"servers,omitempty"`   // of a run: which they are
	Seen      []Seen             `json:"seen,omitempty"`      // of a run: every process, alias and user
	To        int64              `json:"to,omitempty"`        // of a run: it takes back the steps from that event on
	Until     time.Time          `json:"until,omitzero"`      // of a step that ends: it is provisional until then
	Peaks     []Peak             `json:"peaks,omitempty"`     // of a step that was provisional: the highest loads since
}

// Spoken is the event as a journal keeps it: every reason in it with its sentence. Nothing that it points to is
// changed.
func (e Event) Spoken() Event {
	e.Reason = e.Reason.Spoken()
	e.Step, e.Soak = spoken(e.Step), spoken(e.Soak)
	if e.Action != nil {
		a := *e.Action
		a.Reason, a.Step, a.Soak = a.Reason.Spoken(), spoken(a.Step), spoken(a.Soak)
		e.Action = &a
	}
	e.Soaks = slices.Clone(e.Soaks)
	for i, p := range e.Soaks {
		e.Soaks[i] = p.Spoken()
	}
	return e
}

// spoken is a copy of a part of an event as a journal keeps it; nil of nil.
func spoken[T interface{ Spoken() T }](part *T) *T {
	if part == nil {
		return nil
	}
	p := (*part).Spoken()
	return &p
}

// Reviewed is a saved plan that a run moves to.
type Reviewed struct {
	File string    `json:"file"` // an absolute path on the run's host
	At   time.Time `json:"at"`   // when the plan was made
}

// Origin says which PostgreSQL a server's name stands for.
type Origin struct {
	Name        string `json:"name"`
	SystemID    string `json:"system_id"`             // system_identifier of pg_control_system()
	DirectConns int    `json:"direct_conns,omitzero"` // of the ledger's line, as a run began; 0: it was not known
}

// OriginsOf lists the servers of a sample, those whose identity may not be read left out.
func OriginsOf(o fleet.Observation) []Origin {
	var out []Origin
	for _, s := range o.Servers {
		if s.SystemID != "" {
			out = append(out, Origin{Name: s.Name, SystemID: s.SystemID})
		}
	}
	return out
}
