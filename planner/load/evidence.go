package load

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// maxIntervals bounds the memory of a Flow: when it is reached, neighbouring intervals are merged, so that a longer
// watch is a coarser one and nothing is forgotten. chosen: 720, because an hour of samples every 5 s has so
// many, and 20 blocks of any width fit in.
const maxIntervals = 720

// Evidence is all that was seen of the loads so far: a fold over Observations, seeded with History. The zero value is
// no evidence. It is a value: Add returns a new one and leaves its receiver as it was.
type Evidence struct {
	From, To time.Time         // of the first sample
	Samples  int               // how many samples were added
	Last     fleet.Observation // the newest sample, with what earlier ones showed and it no longer does; see highest, too
	Flows    []Flow            // one per (process, alias), sorted
	Peaks    []Peak            // one per server, sorted
	History  History
	Breaks   []verdict.Reason // what had to be left out: verdict.IntervalOut, or what is gone
}

// Peak is what the samples say of one server: the highest count of direct connections, and the CPU readings.
type Peak struct {
	Server      string  // its name
	DirectConns int     // connections, the highest of the samples
	CPUSum      float64 // sum of the CPU readings, each a ratio 0..1 of all cores
	CPUReads    int     // how many readings CPUSum is of; 0: no CPU signal was read
}

// Flow is what was seen of one alias in one process.
type Flow struct {
	Process, Alias string // "main/1", the alias's name
	Session        bool   // session pooling: counters say nothing of holding time
	Intervals      []Interval
	Levels         []Level     // thinned out together with the intervals
	PeakConns      int         // over all samples
	Users          []UserLevel // sorted by user
	First, Last    int         // the numbers of the samples that showed it, from 0

	// how many entries the arrays behind Intervals and Levels have, whichever Evidence sees them
	intervals, samples *int
}

// appended returns s with x behind it. entries counts those of the array behind s: where another value has gone on from
// s already, its entries stay as they are, and s is copied.
func appended[T any](s []T, entries **int, x T) []T {
	if *entries == nil || **entries != len(s) {
		s, *entries = slices.Clip(s), new(int)
	}
	s = append(s, x)
	**entries = len(s)
	return s
}

// Interval is the difference of two samples' counters.
type Interval struct {
	Begin, End Level         // what was seen at its ends
	Span       time.Duration // by the clock of the console's own answers
	Busy       time.Duration // Δtotal_xact_time − Δtotal_wait_time + ΔPending: server-seconds held
	Waited     time.Duration // Δtotal_wait_time: seconds that clients waited for a connection, all clients together
	Xacts      int64         // transactions that arrived: PgBouncer counts one when its first query comes, served or not
	Assigned   int64         // Δserver assignments; -1 before PgBouncer 1.23, which does not count them
	Active     int           // Δsv_active: connections assigned and not given back, more at its end than at its beginning
	Growth     int           // Δ(sv_active + cl_waiting): clients that came and are not done yet
	Most       float64       // server-seconds that the settings allow in Span
	Cut        time.Duration // taken off Busy: more than that
	Stopped    bool          // paused, disabled or not served at one of its ends: it says nothing of the load
}

// Add returns e with one more sample. Counters that went backwards (a restart, KILL, an expired autodb), or may have
// while others' hid it (see dropped), make no interval: the gap is named in Breaks. An Observation that is not newer
// than the last one is refused.
func (e Evidence) Add(o fleet.Observation) (Evidence, error) {
	if e.Samples > 0 && !o.At.After(e.To) {
		return e, &operr.Error{Kind: operr.KindEvidence, Subject: "observations",
			Err: fmt.Errorf("a sample of %s follows one at %s: time went backwards", o.At.Format(time.RFC3339Nano),
				e.To.Format(time.RFC3339Nano)),
			Hint: "record again; samples of two recordings cannot be mixed"}
	}
	first := e.Samples == 0
	before := e.Last
	if err := fleet.SameServers(before, o); err != nil {
		return e, err
	}
	if first {
		e.From = o.At
	}
	e.Flows, e.Peaks, e.Breaks = slices.Clone(e.Flows), slices.Clone(e.Peaks), slices.Clone(e.Breaks)
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			e.addFlow(before, o, p, a, first)
		}
	}
	for _, s := range o.Servers {
		p := e.peak(s.Name)
		p.DirectConns = max(p.DirectConns, s.Backends.DirectConns)
	}
	for _, sig := range o.Signals {
		if sig.Name == fleet.SignalCPU && sig.Read() {
			p := e.peak(sig.Server)
			p.CPUSum += float64(sig.Value)
			p.CPUReads++
		}
	}
	merged, gone := fleet.WithVanished(before, o)
	for _, g := range gone {
		if !slices.ContainsFunc(e.Breaks, g.Same) {
			e.Breaks = append(e.Breaks, g)
		}
	}
	merged.Servers = slices.Clone(merged.Servers)
	for i, s := range merged.Servers {
		for _, was := range before.Servers {
			if was.Name == s.Name {
				merged.Servers[i].Roles = highest(was.Roles, s.Roles)
				merged.Servers[i].Databases = highest(was.Databases, s.Databases)
			}
		}
	}
	e.To, e.Last = o.At, merged
	e.Samples++
	return e, nil
}

// peak returns the server's entry, made where there is none. The caller has cloned e.Peaks.
func (e *Evidence) peak(server string) *Peak {
	i, found := slices.BinarySearchFunc(e.Peaks, server, func(p Peak, n string) int { return cmp.Compare(p.Server, n) })
	if !found {
		e.Peaks = slices.Insert(e.Peaks, i, Peak{Server: server})
	}
	return &e.Peaks[i]
}

func (e *Evidence) addFlow(before, o fleet.Observation, p fleet.Process, a fleet.Alias, first bool) {
	i, found := slices.BinarySearchFunc(e.Flows, Flow{Process: p.ID, Alias: a.Name}, compareFlows)
	if !found {
		e.Flows = slices.Insert(e.Flows, i, Flow{Process: p.ID, Alias: a.Name, First: e.Samples})
	}
	f := e.Flows[i]
	f.Session = a.PoolMode == "session"
	f.Users = slices.Clone(f.Users)
	level := levelOf(e.Samples, o, p, a)
	for _, g := range a.Pools {
		f.addUser(g)
	}
	if was, old, ok := fleet.FindIn(before, p.ID, a.Name); ok && !first {
		iv, broken := difference(was, p, old, a)
		n := len(f.Levels)
		switch {
		case broken.Any() || n == 0:
		case f.Last < e.Samples-1:
			broken = verdict.Of(verdict.NotShown, "")
		default:
			broken = dropped(f.Levels[n-1], level)
		}
		switch {
		case broken.Any():
			e.Breaks = append(e.Breaks, verdict.Of(verdict.IntervalOut, p.ID+"/"+a.Name, verdict.Of(verdict.LeftOut, "",
				broken, before.At.Format(time.TimeOnly), o.At.Format(time.TimeOnly))))
		case n > 0:
			f.Intervals = appended(f.Intervals, &f.intervals, iv.between(f.Levels[n-1], level))
		}
	}
	f.Levels = appended(f.Levels, &f.samples, level)
	f.PeakConns = max(f.PeakConns, level.Conns)
	f.Last = e.Samples
	if len(f.Intervals) > maxIntervals {
		f = f.coarser()
	}
	e.Flows[i] = f
}

func compareFlows(a, b Flow) int {
	return cmp.Or(cmp.Compare(a.Process, b.Process), cmp.Compare(a.Alias, b.Alias))
}

// coarser merges neighbouring intervals in pairs and keeps every second sample.
func (f Flow) coarser() Flow {
	var intervals []Interval
	for i := 0; i < len(f.Intervals); i += 2 {
		iv := f.Intervals[i]
		if i+1 < len(f.Intervals) {
			next := f.Intervals[i+1]
			iv = Interval{Begin: iv.Begin, End: next.End, Span: iv.Span + next.Span, Busy: iv.Busy + next.Busy,
				Waited: iv.Waited + next.Waited,
				Xacts:  iv.Xacts + next.Xacts, Assigned: iv.Assigned + next.Assigned, Active: iv.Active + next.Active,
				Growth: iv.Growth + next.Growth,
				Most:   iv.Most + next.Most, Cut: iv.Cut + next.Cut, Stopped: iv.Stopped || next.Stopped}
			if f.Intervals[i].Assigned < 0 || next.Assigned < 0 {
				iv.Assigned = -1
			}
		}
		intervals = append(intervals, iv)
	}
	var samples []Level
	for i := 0; i < len(f.Levels); i += 2 {
		samples = append(samples, f.Levels[i])
	}
	if last := f.Levels[len(f.Levels)-1]; samples[len(samples)-1].At != last.At {
		samples = append(samples, last)
	}
	f.Intervals, f.Levels, f.intervals, f.samples = intervals, samples, nil, nil
	return f
}

// between completes what the counters' difference says with the gauges at both ends.
//
// Busy is held to what the settings allow where it is far beyond: a transaction that began before the interval is
// booked whole when it ends. What was open at the ends is then all that counts. Up to three times as much is the blur
// of Pending, which evens out over intervals. chosen: the age of a queue's head moves by no more than an interval or
// two from sample to sample. Connections seen are no bound: a burst between two samples may open more and let them go
// again.
func (iv Interval) between(begin, end Level) Interval {
	iv.Begin, iv.End = begin, end
	iv.Span = end.At.Sub(begin.At)
	iv.Growth = end.Active + end.Waiting - begin.Active - begin.Waiting
	iv.Active = end.Active - begin.Active
	iv.Stopped = begin.Stopped || end.Stopped
	iv.Most = float64(max(begin.Limit, end.Limit)) * iv.Span.Seconds()
	if seen := time.Duration(max(begin.Conns, end.Conns)) * iv.Span; iv.Busy.Seconds() > 3*iv.Most {
		iv.Cut = iv.Busy - seen
		iv.Busy = seen
	}
	iv.Busy += end.Pending - begin.Pending
	return iv
}

// saturated reports whether the pool was full at both ends.
func (iv Interval) saturated() bool { return iv.Begin.Full && iv.End.Full }

func (f *Flow) addUser(g fleet.PoolGauges) {
	i, found := slices.BinarySearchFunc(f.Users, g.User, func(u UserLevel, n string) int { return cmp.Compare(u.User, n) })
	if !found {
		f.Users = slices.Insert(f.Users, i, UserLevel{User: g.User})
	}
	f.Users[i].Active += g.ServersActive
	f.Users[i].Waiting += g.ClientsWaiting
}

// difference subtracts two samples' counters; broken says why they cannot be subtracted, none: they can.
func difference(was, is fleet.Process, old, now fleet.Alias) (iv Interval, broken verdict.Reason) {
	a, b := old.Counters, now.Counters
	switch {
	case b.Xacts < a.Xacts || b.XactTime < a.XactTime || b.WaitTime < a.WaitTime:
		return Interval{}, verdict.Of(verdict.CountersBack, "total_xact_count", a.Xacts, b.Xacts)
	case b.Assignments >= 0 && b.Assignments < a.Assignments:
		return Interval{}, verdict.Of(verdict.CountersBack, "total_server_assignment_count", a.Assignments,
			b.Assignments)
	case was.Started != 0 && is.Started != 0 && was.Started != is.Started:
		return Interval{}, verdict.Of(verdict.ConsoleLost, "")
	case !was.At.IsZero() && !is.At.IsZero() && !is.At.After(was.At):
		return Interval{}, verdict.Of(verdict.AnsweredLate, "")
	}
	iv = Interval{
		Busy:   (b.XactTime - a.XactTime) - (b.WaitTime - a.WaitTime),
		Waited: b.WaitTime - a.WaitTime,
		Xacts:  b.Xacts - a.Xacts,
	}
	iv.Assigned = -1
	if a.Assignments >= 0 && b.Assignments >= 0 {
		iv.Assigned = b.Assignments - a.Assignments
	}
	return iv, verdict.Reason{}
}

// WithCPU returns e with the CPU readings of another evidence in place of its own, and what could not be read there.
func (e Evidence) WithCPU(of Evidence) Evidence {
	e.Last.Signals = of.Last.Signals
	e.Peaks = slices.Clone(e.Peaks)
	for i := range e.Peaks {
		p := &e.Peaks[i]
		p.CPUSum, p.CPUReads = 0, 0
		for _, q := range of.Peaks {
			if q.Server == p.Server {
				p.CPUSum, p.CPUReads = q.CPUSum, q.CPUReads
			}
		}
	}
	return e
}

// TooLittle says why a load is no ground to size a pool on; none: it is one.
func (l Load) TooLittle() verdict.Reason {
	switch {
	case l.Unknown.Any():
		return l.Unknown.Reason
	case l.Method == MethodGauge || l.Xacts >= LeastXacts:
		return verdict.Reason{}
	case l.Method == MethodHistory:
		return verdict.Of(verdict.FewForHold, "", l.Xacts, Round(l.Window), LeastXacts)
	default:
		return verdict.Of(verdict.FewForSize, "", l.Xacts, Round(l.Window), LeastXacts)
	}
}

// Flow returns the flow of an alias in a process; false where no sample has shown the alias.
func (e Evidence) Flow(process, alias string) (Flow, bool) {
	i, found := slices.BinarySearchFunc(e.Flows, Flow{Process: process, Alias: alias}, compareFlows)
	if !found {
		return Flow{}, false
	}
	return e.Flows[i], true
}

// P99Conns returns the p99 of a flow's server connections over its samples, the highest where there are fewer than 100.
func (f Flow) P99Conns() int {
	counts := make([]int, 0, len(f.Levels))
	for _, l := range f.Levels {
		counts = append(counts, l.Conns)
	}
	if len(counts) < 100 {
		return f.PeakConns
	}
	slices.Sort(counts)
	return counts[(99*len(counts)+99)/100-1]
}

// ServerOf is the server that a pool's connections were found on; empty: none were.
func (e Evidence) ServerOf(pool string) string {
	for _, p := range e.Last.Processes {
		for _, a := range p.Aliases {
			if p.Group+"/"+a.Name == pool && a.Server != "" {
				return a.Server
			}
		}
	}
	return ""
}

// PoolOf returns the pool (group/alias) to which a flow counts; empty where the newest sample does not show its
// process.
func (e Evidence) PoolOf(f Flow) string {
	for _, p := range e.Last.Processes {
		if p.ID == f.Process {
			return p.Group + "/" + f.Alias
		}
	}
	return ""
}
