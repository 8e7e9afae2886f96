package load

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/verdict"
	"github.com/pgbudget/pgbudget/planner/words"
)

// dropped says that pools which begin showed are gone at end; none: none is.
//
// PgBouncer's totals of an alias are the sums over its pools of users. A pool that goes (by KILL, or by a timeout of
// idle pools, which forks have) takes its share with it, and what the others carry meanwhile may hide that the sum
// fell. How large the share was is in no column, so what was counted between the two samples is not known. A pool that
// comes begins at 0, and all that it counts belongs to the time between. One that went and came back between two
// samples shows in nothing but a sum that fell.
func dropped(begin, end Level) verdict.Reason {
	left := map[string]int{}
	for _, u := range end.Users {
		left[u.User]++
	}
	var gone []string
	for _, u := range begin.Users { // sorted, and before PgBouncer 1.23 two pools may have one name
		if left[u.User]--; left[u.User] < 0 {
			gone = append(gone, u.User)
		}
	}
	switch len(gone) {
	case 0:
		return verdict.Reason{}
	case 1:
		return verdict.Of(verdict.UserPoolWent, gone[0])
	default:
		return verdict.Of(verdict.UserPoolsWent, strings.Join(gone, ", "))
	}
}

// Thresholds of the estimator.
const (
	// ClosedShare is the share of full samples above which a pool is examined for closed clients.
	// chosen: 0.9, because below it the unsaturated intervals carry the mean.
	ClosedShare = 0.9
	// HistorySamples is the least number of one-minute loads that make a history. chosen: 30,
	// because half an hour shows a load that comes and goes with a batch.
	HistorySamples = 30
	// LeastXacts is the least number of transactions seen that let a plan size a pool: they tell how long one holds
	// its connection, and without history how many come. chosen: 100, because they tell a rate to 20 %.
	LeastXacts = 100
)

// Estimate turns evidence into one Load per pool (group/alias), sorted. A pool whose counters show no usable interval
// gets a Load that says why it is unknown. At least two samples are needed, and one pool of which something can be
// said; otherwise the error is of KindEvidence.
func Estimate(e Evidence) ([]Load, error) {
	if e.Samples < 2 {
		return nil, &operr.Error{Kind: operr.KindEvidence, Subject: "estimate",
			Err:  fmt.Errorf("%d sample, 2 needed to subtract counters", e.Samples),
			Hint: "take samples for longer: --window 60s, or pgbudget record --for 10m"}
	}
	var loads []Load
	known := 0
	for _, id := range fleet.PoolIDs(e.Last) {
		l := estimatePool(id, e)
		if !l.Unknown.Any() {
			l = l.withHistory(e.History)
			l.Notes = append(l.Notes, holdersNote(e.Last, id)...)
			known++
		}
		if p, _ := e.History.pool(id); p.Note != "" { // also of a pool whose load is not known
			l.Notes = append(l.Notes, id+": "+p.Note)
		}
		loads = append(loads, l)
	}
	if known == 0 && len(loads) > 0 {
		return nil, &operr.Error{Kind: operr.KindEvidence, Subject: loads[0].Pool, Err: errors.New(loads[0].Unknown.Text()),
			Hint: "take samples for longer: --window 60s, or record again"}
	}
	return loads, nil
}

// estimatePool estimates one pool from the flows of its processes.
func estimatePool(id string, e Evidence) Load {
	unknown := func(why verdict.Reason) Load {
		return Load{Pool: id, MeanWaitSeen: fleet.Unknown(), InSystem: fleet.Unknown(), Method: MethodNone,
			Unknown: verdict.Printed{Reason: why}}
	}
	var all []Flow
	for _, p := range e.Last.Processes {
		for _, a := range p.Aliases {
			if p.Group+"/"+a.Name != id {
				continue
			}
			f, ok := e.Flow(p.ID, a.Name)
			if !ok || len(f.Intervals) == 0 && f.Last == e.Samples-1 && f.First < f.Last {
				return unknown(e.noInterval(p.ID + "/" + a.Name))
			}
			all = append(all, f)
		}
	}
	first, last, notes := e.steady(all)
	var flows []flowLoad
	var stood verdict.Reason
	for _, f := range all {
		v := f.view(first, last)
		if len(v.Intervals) == 0 && v.stopped == 0 { // it was not there
			flows = append(flows, flowLoad{process: f.Process, users: v.shares()})
			continue
		}
		l := estimateFlow(v)
		if l.unknown.Any() && stood.Any() {
			stood = stood.And(l.unknown)
			continue
		}
		if l.unknown.Any() {
			stood = l.unknown
			continue
		}
		flows = append(flows, l)
	}
	if stood.Any() { // what the others carry meanwhile is not what they carry otherwise
		return unknown(stood)
	}
	l := mergeFlows(id, flows)
	if l.Window == 0 {
		return unknown(verdict.Of(verdict.NoInterval, id, verdict.Samples(e.Samples)))
	}
	l.Notes = append(notes, l.Notes...)
	return l
}

// steady returns the samples from first to last through which the same processes served: the newest such time, if it is
// a quarter of all, else the longest. While processes come and go, each carries another part of the pool's load.
func (e Evidence) steady(flows []Flow) (first, last int, notes []string) {
	cuts := []int{0, e.Samples} // a time begins at each
	for _, f := range flows {
		cuts = append(cuts, f.First, f.Last+1)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	n := len(cuts)
	if n == 2 {
		return 0, e.Samples - 1, nil
	}
	begin, end := cuts[n-2], cuts[n-1]
	if 4*(end-begin) < e.Samples {
		for i := range n - 1 {
			if cuts[i+1]-cuts[i] >= end-begin {
				begin, end = cuts[i], cuts[i+1]
			}
		}
	}
	if end-begin < 2 {
		return 0, e.Samples - 1, nil
	}
	return begin, end - 1,
		[]string{fmt.Sprintf("its processes came or went while it was observed: %d of %s count, during which they were the "+
			"same", end-begin, words.Count(e.Samples, "sample"))}
}

// noInterval says that no two samples of process/alias can be subtracted, and why the first two could not.
func (e Evidence) noInterval(subject string) verdict.Reason {
	for _, b := range e.Breaks {
		if b.Is(verdict.IntervalOut) && b.Subject == subject {
			return verdict.Of(verdict.NoIntervalFor, subject, verdict.Samples(e.Samples), b.Args[0])
		}
	}
	return verdict.Of(verdict.NoInterval, subject, verdict.Samples(e.Samples))
}

// mergeFlows adds the processes of one pool. Half-widths add as independent errors do.
func mergeFlows(id string, flows []flowLoad) Load {
	l := Load{Pool: id, ArrivalSCV: 1, HoldSCV: 1, Method: MethodNone, MeanWaitSeen: fleet.Unknown()}
	var lower2, upper2, open, hold, waited, inSystem float64
	var served, timedOut float64
	var samples, full int
	for _, f := range flows {
		l.Erlangs.Target += f.erlangs
		lower2 += f.below * f.below
		upper2 += f.above * f.above
		open += f.open
		l.AtLeast = l.AtLeast || f.atLeast
		l.PerSec += f.perSec
		hold += f.busySeconds
		l.Xacts += f.xacts
		waited += f.waitedSeconds
		served += f.served
		timedOut += f.timedOut
		l.ServedPerSec += f.served / max(f.window.Seconds(), 1e-9)
		l.Session = l.Session || f.session
		inSystem += f.inSystem
		samples += f.samples
		full += f.fullSamples
		l.Window = max(l.Window, f.window)
		l.Method = strongerMethod(l.Method, f.method)
		l.Notes = append(l.Notes, f.notes...)
	}
	l.Notes = append(l.Notes, imbalanceNote(flows)...)
	l.Erlangs.Lower = max(0, l.Erlangs.Target-math.Sqrt(lower2))
	l.Erlangs.Upper = l.Erlangs.Target + math.Sqrt(upper2) + open
	l.InSystem = fleet.Float(inSystem)
	if served > 0 {
		l.MeanHold = time.Duration(hold / served * float64(time.Second))
		l.MeanWaitSeen = fleet.Float(waited / served)
	}
	l.TimedOut = int64(math.Round(timedOut))
	if samples > 0 {
		l.Censored = float64(full) / float64(samples)
	}
	l.LinePools = shares(flows)
	return l
}

// shares splits a pool's load among the pools of its line: processes by their own load, users by what
// SHOW POOLS showed of them (PgBouncer's counters are per database). A pool of the line never seen busy still counts,
// with 0.
func shares(flows []flowLoad) []LinePoolShare {
	var total float64
	for _, f := range flows {
		total += f.erlangs
	}
	var out []LinePoolShare
	for _, f := range flows {
		part := 1 / float64(len(flows))
		if total > 0 {
			part = f.erlangs / total
		}
		for _, u := range f.users {
			out = append(out, LinePoolShare{Process: f.process, User: u.user, Share: part * u.share, Approx: len(f.users) > 1})
		}
	}
	slices.SortFunc(out, func(a, b LinePoolShare) int {
		return cmp.Or(cmp.Compare(a.Process, b.Process), cmp.Compare(a.User, b.User))
	})
	return out
}

// imbalanceNote names a process that is full while its siblings idle: balance cures that, size does not.
func imbalanceNote(flows []flowLoad) []string {
	if len(flows) < 2 {
		return nil
	}
	least := slices.MinFunc(flows, func(a, b flowLoad) int { return cmp.Compare(a.erlangs, b.erlangs) })
	most := slices.MaxFunc(flows, func(a, b flowLoad) int { return cmp.Compare(a.erlangs, b.erlangs) })
	if 2*most.fullSamples < most.samples || least.fullSamples > 0 || least.erlangs > most.erlangs/2 {
		return nil
	}
	return []string{fmt.Sprintf("%s is full while %s carries %.3g of its %.3g Erlangs: the balancer is uneven, no "+
		"pool_size cures this",
		most.process, least.process, least.erlangs, most.erlangs)}
}

// strongerMethod keeps the method that says most about how far to trust the sum.
func strongerMethod(a, b Method) Method {
	rank := []Method{MethodNone, MethodCounters, MethodInteractive, MethodFlowBalance, MethodBusy, MethodGauge}
	if slices.Index(rank, b) > slices.Index(rank, a) {
		return b
	}
	return a
}

// withHistory puts the lookback's percentiles in place of the window's interval: lower, target and upper are p50, p95
// and p99 of one-minute loads. A window above what the lookback knows raises them: the present is part of history.
//
// Minutes in which the pool was full are left out of the histogram, and they are the peaks: the others are the lowest
// share of all. A percentile that lies among the full ones is only known to be at least what the pool carried then.
func (l Load) withHistory(h History) Load {
	p, ok := h.pool(l.Pool)
	if ok && !p.DayEndless {
		l.DayErlangs = p.Day
	}
	if !ok || p.Erlangs.Samples < HistorySamples && p.Censored == 0 {
		return l
	}
	window := l.Erlangs
	most := max(p.Erlangs.Max, p.Full)
	of := func(q float64) float64 {
		if seen := 1 - p.Censored; q < seen {
			return p.Erlangs.Quantile(q / seen)
		}
		return most
	}
	l.Erlangs = Range{Lower: of(0.50), Target: of(0.95), Upper: of(0.99)}
	full := p.Censored >= 1-0.99
	if !l.AtLeast && !full && window.Lower <= l.Erlangs.Upper {
		l.Method = MethodHistory
	}
	if full {
		l.AtLeast, l.Method = true, MethodBusy
		l.Notes = append(l.Notes,
			fmt.Sprintf("%s: it was full in %.0f %% of the minutes of the last %s: those are its peaks, and its load then was "+
				"at least %.3g Erlangs",
				l.Pool, 100*p.Censored, Round(h.Lookback), most))
	}
	if window.Lower > l.Erlangs.Upper {
		l.Notes = append(l.Notes,
			fmt.Sprintf("%s: the load now, %.3g Erlangs, is above the p99 of the last %s, %.3g: the window counts",
				l.Pool, window.Target, Round(p.Erlangs.Span()), l.Erlangs.Upper))
	}
	l.Erlangs.Target = max(l.Erlangs.Target, window.Lower)
	l.Erlangs.Upper = max(l.Erlangs.Upper, window.Upper, l.Erlangs.Target)
	switch {
	case p.PerSec > 0:
		l.PerSec = max(l.PerSec, p.PerSec)
	case l.MeanHold > 0:
		l.PerSec = l.Erlangs.Target / l.MeanHold.Seconds()
	}
	l.Censored = max(l.Censored, p.Censored)
	return l
}

// holdersNote names those who sit idle in a transaction: their connections are no demand that a larger pool cures.
func holdersNote(o fleet.Observation, pool string) []string {
	var n int
	var oldest fleet.IdleInTransaction
	for _, s := range o.Servers {
		for _, h := range s.IdleInTransaction {
			if h.Pool != pool {
				continue
			}
			n++
			if h.Age > oldest.Age {
				oldest = h
			}
		}
	}
	if n == 0 {
		return nil
	}
	who := oldest.User
	if oldest.Application != "" {
		who += " (" + oldest.Application + ")"
	}
	return []string{fmt.Sprintf("%d of its connections are idle in transaction, the longest for %s, pid %d of %s: no "+
		"pool_size cures this",
		n, Round(oldest.Age), oldest.PID, who)}
}

// Round rounds for people: to minutes from an hour on, to seconds from a minute on, to tenths of one from
// a second on, to milliseconds below.
func Round(d time.Duration) time.Duration {
	switch {
	case d >= time.Hour:
		return d.Round(time.Minute)
	case d >= time.Minute:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(100 * time.Millisecond)
	default:
		return d.Round(time.Millisecond)
	}
}
