package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Key is a setting of one [databases] line.
type Key string

// The keys that a step changes.
const (
	KeySize    Key = "pool_size"
	KeyReserve Key = "reserve_pool"

	// KeyLifetime is server_lifetime in seconds, for as long as a Flush lasts. Before PgBouncer 1.23 a line has none: it is
	// the process's then, and no file is touched.
	KeyLifetime Key = "server_lifetime"
)

// Set is one setting of one alias in one process, from a value to another: in connections for each of its users, a lifetime
// in seconds.
type Set struct {
	Process string `json:"process"`
	Alias   string `json:"alias"`
	Key     Key    `json:"key"`
	From    int    `json:"from"`
	To      int    `json:"to"`
}

// Back returns the set that undoes s.
func (s Set) Back() Set { s.From, s.To = s.To, s.From; return s }

// Group returns the group of the set's process.
func (s Set) Group() string { group, _, _ := strings.Cut(s.Process, "/"); return group }

// Pool returns the pool whose line it changes.
func (s Set) Pool() string { return s.Group() + "/" + s.Alias }

// Grows reports whether the set lets a pool open more connections.
func (s Set) Grows() bool { return s.Key != KeyLifetime && s.To > s.From }

// Same reports whether both are about one setting of one line.
func (s Set) Same(t Set) bool { return s.Process == t.Process && s.Alias == t.Alias && s.Key == t.Key }

func compareSets(a, b Set) int {
	return cmp.Or(cmp.Compare(a.Process, b.Process), cmp.Compare(a.Alias, b.Alias), cmp.Compare(a.Key, b.Key))
}

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
	Sets    []Set         `json:"sets,omitempty"`    // sorted by process, alias, key
	Step    *Step         `json:"step,omitempty"`    // of Open and Abort
	Turn    *Turn         `json:"turn,omitempty"`    // of Flip
	Goal    *Goal         `json:"goal,omitempty"`    // of Open, where the step has one of its own, and of Aim
	Point   *Point        `json:"point,omitempty"`   // of Close: what the soak saw
	Pool    string        `json:"pool,omitempty"`    // of Undo: whose release was wrong
	For     time.Duration `json:"for_ns,omitempty"`  // of Wait: until the next look
	Held    bool          `json:"held,omitempty"`    // of Wait: nothing moves, because of Reason
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
	Kind StepKind `json:"kind"`
	Sets []Set    `json:"sets"`           // sorted; no line twice
	Turn *Turn    `json:"turn,omitempty"` // of the traffic switch, once all sets stand; on the way back before any goes
	Note string   `json:"note,omitempty"`
}

// Empty reports whether there is nothing to do in it.
func (s Step) Empty() bool { return len(s.Sets) == 0 && s.Turn == nil }

// Moves are the step's sets by pool, key, and from what to what, sorted: for people. Process is the group.
func (s Step) Moves() []Set {
	var out []Set
	for _, m := range s.moves() {
		out = append(out, m.Set)
	}
	return out
}

// move is what lines of one pool have in common: from what to what they go.
type move struct {
	Set // Process: the group
	in  []string
	one bool // no other line of the pool goes from or to something else
}

func (s Step) moves() []move {
	var out []move
	for _, x := range s.Sets {
		m := move{Set{x.Group(), x.Alias, x.Key, x.From, x.To}, nil, true}
		i := slices.IndexFunc(out, func(o move) bool { return o.Set == m.Set })
		if i < 0 {
			i, out = len(out), append(out, m)
		}
		out[i].in = append(out[i].in, x.Process)
	}
	slices.SortStableFunc(out, func(a, b move) int { return compareSets(a.Set, b.Set) })
	for i := range out {
		out[i].one = !slices.ContainsFunc(out, func(o move) bool { return o.Same(out[i].Set) && o.Set != out[i].Set })
	}
	return out
}

// Text is the step in words: "main/app 40 → 36, ci/app 5 → 8, traffic of main/app:ci/app 5 → 10 %". Where the lines of a
// pool differ, or are made equal, it says which: "main/app 6 → 5 (main/1, main/3), main/app 4 → 5 (main/2)".
func (s Step) Text() string {
	var parts []string
	for _, m := range s.moves() {
		what, where := "", ""
		if m.Key != KeySize {
			what = " " + string(m.Key)
		}
		if !m.one || s.Kind == Equalise {
			where = " (" + linesText(m.in) + ")"
		}
		parts = append(parts, fmt.Sprintf("%s/%s%s %d → %d%s", m.Process, m.Alias, what, m.From, m.To, where))
	}
	if s.Turn != nil {
		parts = append(parts, s.Turn.Text())
	}
	return strings.Join(parts, ", ")
}

// linesText names processes, or says how many they are.
func linesText(processes []string) string {
	if len(processes) > mostNamed {
		return fmt.Sprintf("%d processes", len(processes))
	}
	return strings.Join(processes, ", ")
}
