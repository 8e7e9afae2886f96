package state

import (
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// BeginOf begins a step: Kind, Step, and Goal where the step has one of its own; else goal is nil.
func BeginOf(step Step, goal *sizing.Goal) Action {
	return Action{Kind: BeginStep, Step: &step, Goal: goal}
}

// ReleaseOf makes lines smaller: Kind, Changes, each with To below From, and Reason, which may be none. What takes a
// grant out of files again may make a line larger than it is there.
func ReleaseOf(changes []fleet.SettingChange, why verdict.Reason) Action {
	return Action{Kind: Release, Changes: changes, Reason: why}
}

// GrantOf makes lines larger: Kind, Changes, each with To above From, and Reason, which may be none.
func GrantOf(changes []fleet.SettingChange, why verdict.Reason) Action {
	return Action{Kind: Grant, Changes: changes, Reason: why}
}

// UndoOf takes the releases of a pool back: Kind, Pool, Changes, each of that pool with To above From, and Reason.
func UndoOf(pool string, changes []fleet.SettingChange, why verdict.Reason) Action {
	return Action{Kind: Undo, Changes: changes, Pool: pool, Reason: why}
}

// RetreatOf takes grants back, each process by itself: Kind, Changes, each with To below From, and Reason, which may be
// none.
func RetreatOf(changes []fleet.SettingChange, why verdict.Reason) Action {
	return Action{Kind: Retreat, Changes: changes, Reason: why}
}

// FlushOf lets the connections of one line end of age: Kind, Changes, which is that line's server_lifetime alone, in
// seconds, and Reason.
func FlushOf(line fleet.SettingChange, why verdict.Reason) Action {
	return Action{Kind: Flush, Changes: []fleet.SettingChange{line}, Reason: why}
}

// RestoreOf gives flushed lines their lifetime back: Kind, Changes, each of server_lifetime in seconds, and Reason,
// which may be none.
func RestoreOf(changes []fleet.SettingChange, why verdict.Reason) Action {
	return Action{Kind: Restore, Changes: changes, Reason: why}
}

// ShiftOf makes a traffic change: Kind, Traffic, in whole percent from 0 to 100, and Reason, which may be none.
func ShiftOf(t shift.TrafficChange, why verdict.Reason) Action {
	return Action{Kind: ShiftTraffic, Traffic: &t, Reason: why}
}

// SetGoalOf has the run go to a goal from now on: Kind, Goal and Reason.
func SetGoalOf(goal sizing.Goal, why verdict.Reason) Action {
	return Action{Kind: SetGoal, Goal: &goal, Reason: why}
}

// TrimOf gives up the rest of a step: Kind, Step, which is what of it was achieved, and Reason.
func TrimOf(achieved Step, why verdict.Reason) Action {
	return Action{Kind: TrimStep, Step: &achieved, Reason: why}
}

// CompleteOf ends a step: Kind, Soak where traffic has moved, else nil, and Reason where the step has no soak.
func CompleteOf(soak *learn.SoakResult, why verdict.Reason) Action {
	return Action{Kind: CompleteStep, Soak: soak, Reason: why}
}

// ConfirmOf ends that the newest step is provisional: Kind.
func ConfirmOf() Action { return Action{Kind: ConfirmStep} }

// ProlongOf lets the newest step be provisional for longer: Kind and Reason.
func ProlongOf(why verdict.Reason) Action { return Action{Kind: ProlongStep, Reason: why} }

// ReopenOf takes the newest step, which is provisional, in hand again, to go back: Kind and Reason.
func ReopenOf(why verdict.Reason) Action { return Action{Kind: ReopenStep, Reason: why} }

// AbortOf takes a step back: Kind, Step, which is the undo, Soak where traffic goes back, else nil, and Reason. No
// reason: a person wants it.
func AbortOf(back Step, soak *learn.SoakResult, why verdict.Reason) Action {
	return Action{Kind: AbortStep, Step: &back, Soak: soak, Reason: why}
}

// WaitFor takes the next sample after d, which is above 0: Kind and For.
func WaitFor(d time.Duration) Action { return Action{Kind: Wait, For: d} }

// WaitBecause takes the next sample after d, which is above 0, and says what for: Kind, For and Reason.
func WaitBecause(why verdict.Reason, d time.Duration) Action {
	return Action{Kind: Wait, For: d, Reason: why}
}

// HoldBecause moves nothing because of a reason, and takes the next sample after d, which is above 0: Kind, For, Held
// and Reason.
func HoldBecause(why verdict.Reason, d time.Duration) Action {
	return Action{Kind: Wait, For: d, Held: true, Reason: why}
}

// StopWith ends the run: Kind, Outcome and Reason.
func StopWith(outcome Outcome, why verdict.Reason) Action {
	return Action{Kind: Stop, Outcome: outcome, Reason: why}
}

// Holding is the action, of Restore alone, while a run is held because of a reason: with Held and Reason.
func (a Action) Holding(why verdict.Reason) Action {
	a.Held, a.Reason = true, why
	return a
}

// Saw is the action, of a hold or its end alone, with what a soak saw that the journal is to keep.
func (a Action) Saw(soak *learn.SoakResult) Action {
	a.Soak = soak
	return a
}

// Only is the action on some of its changes.
func (a Action) Only(changes []fleet.SettingChange) Action {
	a.Changes = changes
	return a
}
