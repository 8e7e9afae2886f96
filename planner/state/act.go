package state

import (
	"fmt"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/words"
)

// Verb is what an Act does.
type Verb string

// The verbs. Open, Aim, Cut, Close and Abort change nothing in the fleet: they are decisions that must outlive a crash.
const (
	Open    Verb = "open"    // begin Step
	Release Verb = "release" // write Sets that make lines smaller, RELOAD, read back
	Grant   Verb = "grant"   // write Sets that make lines larger
	Undo    Verb = "undo"    // a grant that takes a release back
	Retreat Verb = "retreat" // a release of what a step has granted, each process by itself, where no look shows the fleet
	Flush   Verb = "flush"   // let the connections of one line of one process end of age, for a while
	Restore Verb = "restore" // give a flushed line its lifetime back
	Flip    Verb = "flip"    // the traffic switch makes Turn
	Aim     Verb = "aim"     // the run goes to Goal from now on
	Cut     Verb = "cut"     // what is left of the step is given up: it no longer fits
	Close   Verb = "close"   // the step is done and soaked
	Abort   Verb = "abort"   // the step goes back
	Wait    Verb = "wait"    // look again
	Stop    Verb = "stop"    // the run ends with Outcome
)

// Act is the one thing to do now. Doing it twice is doing it once.
type Act struct {
	Verb    Verb          `json:"verb"`
	Sets    []fleet.Set   `json:"sets,omitempty"`    // sorted by process, alias, key
	Step    *Step         `json:"step,omitempty"`    // of Open and Abort
	Turn    *shift.Turn   `json:"turn,omitempty"`    // of Flip
	Goal    *sizing.Goal  `json:"goal,omitempty"`    // of Open, where the step has one of its own, and of Aim
	Point   *learn.Point  `json:"point,omitempty"`   // of Close: what the soak saw
	Pool    string        `json:"pool,omitempty"`    // of Undo: whose release was wrong
	For     time.Duration `json:"for_ns,omitempty"`  // of Wait: until the next look
	Held    bool          `json:"held,omitempty"`    // of Wait, and of an unseen Restore: nothing moves, because of Reason
	Outcome Outcome       `json:"outcome,omitempty"` // of Stop
	Reason  string        `json:"reason,omitempty"`
}

// Outcome is how a run ended.
type Outcome string

// The outcomes.
const (
	Done        Outcome = "done"        // the goal is reached, or as many steps as were asked for
	Held        Outcome = "held"        // safe; run again
	Aborted     Outcome = "aborted"     // the step was taken back; safe
	Drifted     Outcome = "drift"       // the fleet is not what we wrote; a person must look
	Blind       Outcome = "unreachable" // something did not answer for as long as a run may be held
	LockLost    Outcome = "lock lost"   // another pgbudget may be at work
	Interrupted Outcome = "interrupted" // between two acts; safe
)

// StepKind says which way a step goes.
type StepKind string

// The kinds.
const (
	Forward  StepKind = "step"
	Equalise StepKind = "equalise" // the processes of a group get the same sizes
	Backward StepKind = "back"     // an aborted step is taken back
)

// Step is a waypoint: lines and what they shall be, journalled before its first act.
type Step struct {
	Kind StepKind    `json:"kind"`
	Sets []fleet.Set `json:"sets"`           // sorted; no line twice
	Turn *shift.Turn `json:"turn,omitempty"` // of the traffic switch, once all sets stand; on the way back before any goes
	Note string      `json:"note,omitempty"`
}

// Empty reports whether there is nothing to do in it.
func (s Step) Empty() bool { return len(s.Sets) == 0 && s.Turn == nil }

// Moves are the step's sets by pool, key, and from what to what, sorted: for people. Process is the group.
func (s Step) Moves() []fleet.Set {
	var out []fleet.Set
	for _, m := range fleet.MovesOf(s.Sets) {
		out = append(out, m.Set)
	}
	return out
}

// Text is the step in words: "main/app 40 → 36, ci/app 5 → 8, traffic of main/app:ci/app 5 → 10 %". Where the lines of a
// pool differ, or are made equal, it says which: "main/app 6 → 5 (main/1, main/3), main/app 4 → 5 (main/2)".
func (s Step) Text() string {
	var parts []string
	for _, m := range fleet.MovesOf(s.Sets) {
		what, where := "", ""
		if m.Key != fleet.KeySize {
			what = " " + string(m.Key)
		}
		if !m.One || s.Kind == Equalise {
			where = " (" + words.LinesText(m.In) + ")"
		}
		parts = append(parts, fmt.Sprintf("%s/%s%s %d → %d%s", m.Process, m.Alias, what, m.From, m.To, where))
	}
	if s.Turn != nil {
		parts = append(parts, s.Turn.Text())
	}
	return strings.Join(parts, ", ")
}

func Back(step *Step) bool { return step != nil && step.Kind == Backward }

// RetreatFor is how long sizes that are to go back are tried to be written, whatever a run may be held for. chosen: a process
// that restarts, or a store that takes all of its time, is back by then.
const RetreatFor = time.Minute

// BackOf is what undoes the sets of a pool.
func BackOf(sets []fleet.Set, pool string) []fleet.Set {
	var out []fleet.Set
	for _, x := range sets {
		if x.Pool() == pool {
			out = append(out, x.Back())
		}
	}
	return out
}
