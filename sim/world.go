package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// World is a fleet in virtual time. It has one caller at a time, and time passes only while that caller sleeps or
// observes.
type World struct {
	spec   Spec
	now    int64 // ns since spec.Start
	events int64
	cal    calendar
	agenda agenda
	base   int32 // slots of connections begin here; before come the agenda's (0), the loads' and the processors'
	slots  []slotOwner
	conns  []conn

	servers    []*server
	processes  []*process
	aliases    []*alias
	caps       []*capCount
	pools      []*pool
	linePools  map[string][]*pool // by pool id, process by process
	loads      []demand
	signals    []*signal
	faults     []string  // of each of the spec's faults: its name while it is on
	struck     []string  // that began since the last Sample, each once
	admitted   []int     // of each fault: the direct connections that found a slot
	shares     []float64 // of the traffic switches, in percent
	prevSample int64     // when Observe was last called; negative: never
	blind      int       // lost scrapes that are on

	tallies []*tally // one per pool_size line, sorted by id
	tallyOf map[string]*tally
	total   struct{ conns, maxConns, waiting, maxWaiting int } // of all pools
	since   int64                                              // when the results begin
	sampled int64                                              // when Sample was taken last

	awake *process // one of its pools has made room under a cap: another may launch at the end of this event

	after func() // tests check after every event
}

var (
	_ bouncer.Clock        = (*World)(nil)
	_ bouncer.Fleet        = (*World)(nil)
	_ bouncer.SignalSource = (*World)(nil)
)

// slotOwner says what a slot below base belongs to.
type slotOwner struct {
	kind ownerKind
	ref  int32 // load or server
	sub  int32 // closed client
}

type ownerKind uint8

const (
	ownAgenda ownerKind = iota
	ownArrival
	ownClient
	ownCPU
)

// process is one PgBouncer process.
type process struct {
	id, group      string
	spec           GroupSpec
	index          int
	weight         float64
	pools          []*pool
	aliases        []*alias
	up             bool
	avoided        int             // faults that send its clients to its siblings
	lost           int             // faults that keep it down
	restarts       int             // how often it has come back
	silent         int             // faults that keep its console from answering
	deaf           int             // faults that make its RELOAD fail
	waiting        int             // clients in its queues
	serving        int             // and those that it serves
	claims         map[*server]int // its part of each server's worst case, where users have a limit
	due            int64           // when one of its pools may be due; see pool.due
	maxClients     int
	reserveTimeout int64
	waitTimeout    int64
	idleTimeout    int64
	loginRetry     int64
	checkDelay     int64
	roundRobin     bool
	since121       bool
	since122       bool
	since123       bool
}

// alias is one [databases] line of one process.
type alias struct {
	xacts, assignments int64
	xactTime, waitTime int64
	lifetime           int64
	size               int // as the process has it
	reserve            int
	session            bool
	forced             bool
	conns              int

	waitTimeout int64 // query_wait_timeout in force for it; 0: none
	minConns    int
	maxConns    int
	claim       int                                     // its part of the server's worst case
	file        struct{ size, reserve, lifetime int64 } // as the file has it: a RELOAD may fail
	name        string
	proc        *process
	srv         *server
	pools       []*pool     // one per user
	caps        []*capCount // over it and others
	spec        PoolSpec
}

// At returns the virtual time since Spec.Start.
func (w *World) At() time.Duration { return time.Duration(w.now) }

// Now returns Spec.Start plus At.
func (w *World) Now() time.Time { return w.spec.Start.Add(time.Duration(w.now)) }

// patience is how many events pass between two questions whether the caller's context has ended. chosen: 2^14, because
// they take about a millisecond.
const patience = 1 << 14

// Sleep runs the world for d of virtual time. When ctx ends first it returns ctx's error, after Spec.MaxEvents one of
// KindUsage, and the world stands at a time in between, whole: it may be asked and run on.
func (w *World) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	until := w.now + int64(d)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if w.run(until, patience) {
			return nil
		}
		if m := w.spec.MaxEvents; m > 0 && w.events > m {
			return &operr.Error{Kind: operr.KindUsage, Subject: "after " + w.At().String() + " of virtual time",
				Err:  fmt.Errorf("more than %d events, many times what the loads let expect", m),
				Hint: "check for feedback: clients that are refused and ask again at once, logins that fail at once"}
		}
	}
}

// run handles events up to a time, at most a number of them; it reports whether it got there.
func (w *World) run(until int64, most int) bool {
	for range most {
		slot, t := w.cal.first()
		if t > until {
			w.now = until
			return true
		}
		w.now = t
		w.events++
		switch {
		case slot >= w.base:
			w.connEvent(slot - w.base)
		default:
			w.ownedEvent(slot)
		}
		for w.awake != nil {
			p := w.awake
			w.awake = nil
			p.loopPass()
		}
		if w.after != nil {
			w.after()
		}
	}
	return false
}

func (w *World) ownedEvent(slot int32) {
	switch o := w.slots[slot]; o.kind {
	case ownArrival:
		w.arrival(o.ref)
	case ownClient:
		w.ask(o.ref, o.sub)
	case ownCPU:
		w.servers[o.ref].cpu.event()
	default:
		e := w.agenda.pop()
		w.cal.set(0, w.agenda.next())
		w.entry(e)
	}
}

// note puts an entry into the agenda.
func (w *World) note(at int64, kind entryKind, ref int32) {
	w.agenda.push(at, kind, ref)
	w.cal.set(0, w.agenda.next())
}

func (w *World) entry(e entry) {
	switch e.kind {
	case atTick:
		w.note(e.at+tickPeriod, atTick, e.ref)
		w.tick(w.processes[e.ref])
	case atAct:
		_ = w.Do(w.spec.Script[e.ref]) // New has checked it
	case atFault:
		w.beginFault(e.ref)
	case atRelief:
		w.relieve(e.ref)
	case atBurst:
		w.switchBurst(e.ref)
	case atScrape:
		w.scrape(w.signals[e.ref], e.ref)
	}
}

// Observe takes one sample, as the live fleet does: consoles, then servers, Spec.SampleLatency of virtual time in all.
// A process that does not answer is an error of KindUnreachable, never a partial picture.
func (w *World) Observe(ctx context.Context) (fleet.Observation, error) {
	o := fleet.Observation{At: w.Now(), Took: w.spec.SampleLatency}
	for _, p := range w.processes {
		if !p.up || p.silent > 0 {
			return fleet.Observation{}, &operr.Error{Kind: operr.KindUnreachable, Subject: p.id,
				Err: errNoAnswer, Hint: "check faults: of the scenario: this one is simulated"}
		}
		if w.now >= p.due {
			p.loopPass() // a question on the console is a pass of the loop, too
		}
		o.Processes = append(o.Processes, w.showProcess(p))
	}
	if err := w.Sleep(ctx, w.spec.SampleLatency); err != nil {
		return fleet.Observation{}, err
	}
	for _, s := range w.servers {
		o.Servers = append(o.Servers, w.showServer(s))
	}
	o.Signals = w.cpuSignals()
	w.prevSample = w.now
	slices.SortFunc(o.Processes, func(a, b fleet.Process) int { return byID(a.ID, b.ID) })
	slices.SortFunc(o.Servers, func(a, b fleet.Server) int { return byID(a.Name, b.Name) })
	return o, nil
}
