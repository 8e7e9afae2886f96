package report

import "time"

// Page is what a report shows. What is empty is left out.
type Page struct {
	Title    string
	Subtitle string
	Outcome  string   // how a run ended, in a sentence
	Notes    []string // what a reader should know first: what a plan warns of, where the model is an approximation
	Ledgers  []Ledger
	Pools    []Pool
	Measured bool   // Pools are what a run came to: waits are measured, use and what bounds a size are left out
	Steps    []Step // of the path that is planned
	Series   Series
	Events   []Event
	Learned  []string
	Footer   string // who made it: the version
}

// Ledger is the arithmetic of one server, in connections.
type Ledger struct {
	Server string
	Lines  []Line
	Budget int // connections
	Now    int // worst case, connections
	After  int // as planned, connections; equal to Now where nothing is planned
	CPU    string
	// what Now and After are; empty: the worst case now, and as planned
	NowIs, AfterIs string
}

// Line is one line of a ledger.
type Line struct {
	Item, Source string
	Conns        int
}

// Pool is a row of the table of pools.
type Pool struct {
	ID, Copies   string
	From, To     int // pool_size; From is 0 where it is not known
	Conns, After int // worst case now, and as planned
	Load, Wait   string
	Use, BoundBy string
}

// Step is a step of a path.
type Step struct {
	Name, Changes, Worst string
}

// EventKind says how an event is marked in the pictures.
type EventKind string

// The kinds. The empty one has no mark.
const (
	Release EventKind = "release"
	Grant   EventKind = "grant"
	Shift   EventKind = "shift"
	Hold    EventKind = "hold"
	Undo    EventKind = "undo"
)

// Event is a decision.
type Event struct {
	At   time.Duration // since the begin of the series
	When string        // as it is printed
	Text string
	Kind EventKind
}

// Series are what was seen over time. Every slice of numbers is as long as At; NaN is a moment at which something is
// not known.
type Series struct {
	At      []time.Duration // since the first; rising
	Begin   time.Time       // the wall clock of the first; zero: times are virtual
	Stepped bool            // nothing changes between two moments
	Servers []ServerSeries
	Pools   []PoolSeries
	Shares  []ShareSeries
}

// ServerSeries is one server.
type ServerSeries struct {
	Name    string
	Budget  []float64 // connections
	Worst   []float64
	Direct  []float64
	CPU     []float64 // ratio 0..1; nil: not known
	Ceiling float64   // of the CPU, 0..1; 0: none
	Plans   bool      // Ceiling is what the plan allows; false: the level above which nothing is granted
}

// PoolSeries is one pool.
type PoolSeries struct {
	ID     string
	Server string
	Conns  []float64 // open
	Size   []float64 // pool_size × pools of its line: what it may open by its size
	Wait   []float64 // mean wait, in seconds
}

// ShareSeries is the percentage of a traffic switch.
type ShareSeries struct {
	Shift   string
	Percent []float64
}

// none reports whether there is nothing to draw.
func (s Series) none() bool { return len(s.At) < 2 || s.At[len(s.At)-1] <= s.At[0] }
