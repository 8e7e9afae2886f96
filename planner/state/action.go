package state

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/verdict"
	"github.com/pgbudget/pgbudget/planner/words"
)

// ActionKind is what an Action does.
type ActionKind string

// SameSets reports whether another action is of the same kind and sets the same lines to the same values.
func (a Action) SameSets(other Action) bool {
	return a.Kind == other.Kind && slices.Equal(a.Changes, other.Changes)
}

// The kinds of actions. BeginStep, SetGoal, TrimStep, CompleteStep, ConfirmStep, ProlongStep, ReopenStep and
// AbortStep change nothing in the fleet: they are decisions that must outlive a crash.
const (
	BeginStep ActionKind = "begin-step" // Step is taken in hand; nothing in the fleet changes yet
	Release   ActionKind = "release"    // write Sets that make lines smaller, RELOAD, read back
	Grant     ActionKind = "grant"      // write Sets that make lines larger
	Undo      ActionKind = "undo"       // a grant that takes a release back
	// a release of what a step has granted, each process by itself, where no sample shows the fleet
	Retreat      ActionKind = "retreat"
	Flush        ActionKind = "flush"         // let the connections of one line of one process end of age, for a while
	Restore      ActionKind = "restore"       // give a flushed line its lifetime back
	ShiftTraffic ActionKind = "shift"         // the traffic switch makes Traffic
	SetGoal      ActionKind = "set-goal"      // the run goes to Goal from now on
	TrimStep     ActionKind = "trim-step"     // what is left of the step is given up: it no longer fits
	CompleteStep ActionKind = "complete-step" // the step is done and soaked
	ConfirmStep  ActionKind = "confirm-step"  // the newest step is provisional no more: its peak was carried
	ProlongStep  ActionKind = "prolong-step"  // the newest step stays provisional: its peak was not watched
	ReopenStep   ActionKind = "reopen-step"   // the newest step is provisional, and is taken in hand again to go back
	AbortStep    ActionKind = "abort-step"    // the step goes back
	Wait         ActionKind = "wait"          // take the next sample
	Stop         ActionKind = "stop"          // the run ends with Outcome
)

// Action is the one thing to do now. Doing it twice is doing it once. Each kind has a constructor, which says what is
// set; the zero value is no action.
type Action struct {
	Kind    ActionKind            `json:"kind"`
	Changes []fleet.SettingChange `json:"changes,omitempty"` // sorted by process, alias, key
	Step    *Step                 `json:"step,omitempty"`    // of BeginStep and AbortStep
	Traffic *shift.TrafficChange  `json:"traffic,omitempty"` // of ShiftTraffic
	// of BeginStep, where the step has one of its own, and of SetGoal
	Goal *sizing.Goal      `json:"goal,omitempty"`
	Soak *learn.SoakResult `json:"soak,omitempty"`   // of CompleteStep: what the soak saw
	Pool string            `json:"pool,omitempty"`   // of Undo: whose release was wrong
	For  time.Duration     `json:"for_ns,omitempty"` // of Wait: until the next sample
	// of Wait, and of an unseen Restore: nothing moves, because of Reason
	Held           bool    `json:"held,omitempty"`
	Outcome        Outcome `json:"outcome,omitempty"` // of Stop
	verdict.Reason         // as its field Reason: why; none: that needs no reason
}

// Outcome is how a run ended.
type Outcome string

// The outcomes.
const (
	Done        Outcome = "done"        // the goal is reached, or as many steps as were asked for
	Held        Outcome = "held"        // safe; run again
	Aborted     Outcome = "aborted"     // the step was taken back; safe
	Drifted     Outcome = "drift"       // the fleet is not what pgbudget wrote; a person must look
	Blind       Outcome = "unreachable" // something did not answer for as long as a run may be held
	LockLost    Outcome = "lock lost"   // another pgbudget may be at work
	Interrupted Outcome = "interrupted" // between two actions; safe
)

// StepKind says whether a step goes forward or back.
type StepKind string

// The kinds.
const (
	Forward  StepKind = "step"     // towards the goal
	Equalise StepKind = "equalise" // the processes of a group get the same sizes
	Backward StepKind = "back"     // an aborted step is taken back
)

// Step is a next step: lines and what they shall be, journalled before its first action.
type Step struct {
	Kind    StepKind              `json:"kind"`
	Changes []fleet.SettingChange `json:"changes"` // sorted; no line twice
	// of the traffic switch, once all changes stand; of an undo before any goes back
	Traffic *shift.TrafficChange `json:"traffic,omitempty"`
	// what a person should know of the step, such as a unit larger than the percent; none: nothing
	Note verdict.Reason `json:"note,omitzero"`
}

// Spoken is the step as a journal keeps it: its note with its sentence.
func (s Step) Spoken() Step {
	s.Note = s.Note.Spoken()
	return s
}

// Empty reports whether there is nothing to do in it.
func (s Step) Empty() bool { return len(s.Changes) == 0 && s.Traffic == nil }

// Moves are the step's changes by pool, key, and from what to what, sorted: for people. Process is the group.
func (s Step) Moves() []fleet.SettingChange {
	var out []fleet.SettingChange
	for _, m := range fleet.MovesOf(s.Changes) {
		out = append(out, m.SettingChange)
	}
	return out
}

// Text is the step in words: "main/app 40 → 36, ci/app 5 → 8, traffic of main/app:ci/app 5 → 10 %". Where the lines of
// a pool differ, or are made equal, it says which: "main/app 6 → 5 (main/1, main/3), main/app 4 → 5 (main/2)".
func (s Step) Text() string {
	var parts []string
	for _, m := range fleet.MovesOf(s.Changes) {
		what, where := "", ""
		if m.Key != fleet.KeySize {
			what = " " + string(m.Key)
		}
		if !m.One || s.Kind == Equalise {
			where = " (" + words.LinesText(m.In) + ")"
		}
		parts = append(parts, fmt.Sprintf("%s/%s%s %d → %d%s", m.Process, m.Alias, what, m.From, m.To, where))
	}
	if s.Traffic != nil {
		parts = append(parts, s.Traffic.Text())
	}
	return strings.Join(parts, ", ")
}

// Back reports whether a step takes an aborted step back; false for nil.
func Back(step *Step) bool { return step != nil && step.Kind == Backward }

// RetreatFor is how long sizes that are to go back are tried to be written, whatever a run may be held for. chosen: a
// process that restarts, or a store that takes all of its time, is back by then.
const RetreatFor = time.Minute

// BackOf is what undoes the changes of a pool.
func BackOf(changes []fleet.SettingChange, pool string) []fleet.SettingChange {
	var out []fleet.SettingChange
	for _, x := range changes {
		if x.Pool() == pool {
			out = append(out, x.Back())
		}
	}
	return out
}
