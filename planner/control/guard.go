package control

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Threshold says what a saturation signal of a server means: above Hold nothing is granted there, below Resume it may
// be again, above Abort the step goes back.
type Threshold struct {
	Name   string  `json:"name"`
	Server string  `json:"server"` // empty: every server that has such a signal
	Hold   float64 `json:"hold"`   // in the unit of the signal, as Resume and Abort
	Resume float64 `json:"resume"` // at most Hold, in the unit of the signal
	Abort  float64 `json:"abort"`  // at least Hold, in the unit of the signal; +Inf: never
}

// How many samples decide. chosen: one sample is noise; going on again needs more than stopping does.
const (
	holdOf   = 2 // of the last three
	resumeOf = 3 // of the last three
	abortOf  = 2 // in a row
)

// SaturationGuard is the state of every signal over the last samples: open, or held with a reason. It is a value.
type SaturationGuard struct {
	signals []signalState // sorted by name, server
}

type signalState struct {
	name, server string
	last         []judged // the newest last, at most three
	held         bool
	abort        bool
	reason       verdict.Reason
}

// judged is what one sample's sample of a signal says.
type judged struct {
	above  bool // hold, or nothing is known
	abort  bool
	clear  bool // below resume
	reason verdict.Reason
	at     time.Time   // of the sample
	value  fleet.Float // not known where there is none, in the unit of the signal
	level  Threshold
}

// SignalNow is the newest reading of a signal, with its levels.
type SignalNow struct {
	Name   string      `json:"name"`
	Server string      `json:"server"`
	Value  fleet.Float `json:"value"`  // null: it cannot be read, or is too old
	Hold   fleet.Float `json:"hold"`   // in the unit of the signal, as the others; null: never
	Resume fleet.Float `json:"resume"` // in the unit of the signal; null: never held
	Abort  fleet.Float `json:"abort"`  // in the unit of the signal; null: never
	Held   bool        `json:"held"`   // nothing is granted on the server
	Why    string      `json:"why,omitempty"`
}

// never is a level, unknown where it is never reached.
func never(level float64) fleet.Float {
	if math.IsInf(level, 1) {
		return fleet.Unknown()
	}
	return fleet.Float(level)
}

// Now lists the newest reading of every signal, sorted by name and server.
func (g SaturationGuard) Now() (now []SignalNow) {
	for _, s := range g.signals {
		if len(s.last) == 0 {
			continue
		}
		v := s.last[len(s.last)-1]
		now = append(now, SignalNow{Name: s.name, Server: s.server, Value: v.value, Hold: never(v.level.Hold),
			Resume: never(v.level.Resume), Abort: never(v.level.Abort), Held: s.held, Why: s.reason.Text()})
	}
	return now
}

// Add returns the guard after one more reading. A signal that is missing, stale, an error or no number says hold, and
// never abort. A sample that was there at the reading before says nothing new.
func (g SaturationGuard) Add(signals []fleet.Signal, rules []Threshold, servers []string, stale time.Duration,
	now time.Time) SaturationGuard {
	var out SaturationGuard
	for _, r := range rules {
		for _, server := range servers {
			if r.Server != "" && r.Server != server {
				continue
			}
			s := g.of(r.Name, server)
			out.signals = append(out.signals, s.add(judge(signals, r, server, stale, now)))
		}
	}
	slices.SortFunc(out.signals, func(a, b signalState) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.server, b.server))
	})
	return out
}

func (g SaturationGuard) of(name, server string) signalState {
	for _, s := range g.signals {
		if s.name == name && s.server == server {
			return s
		}
	}
	return signalState{name: name, server: server}
}

// staleIntervals is how many intervals of its source a sample may be old. chosen: 3 because one that is lost is no
// outage, and two may be chance.
const staleIntervals = 3

// judge holds one sample against its threshold.
func judge(signals []fleet.Signal, r Threshold, server string, stale time.Duration, now time.Time) judged {
	unknown := func(code verdict.Code, subject string, args ...any) judged {
		return judged{above: true, value: fleet.Unknown(), level: r,
			reason: verdict.Of(verdict.SignalUnknown, server, r.Name, verdict.Of(code, subject, args...))}
	}
	var found []fleet.Signal
	for _, s := range signals {
		if s.Name == r.Name && (s.Server == server || s.Server == "" && r.Server == "") {
			found = append(found, s)
		}
	}
	switch {
	case len(found) == 0:
		return unknown(verdict.NoSuchSignal, "")
	case len(found) > 1:
		return unknown(verdict.SeveralSeries, "", len(found))
	}
	s := found[0]
	stale = max(stale, staleIntervals*s.Interval)
	v := float64(s.Value)
	age := now.Sub(s.At)
	switch {
	case s.Fault != "":
		return unknown(verdict.SignalError, s.Error)
	case !s.Value.Known():
		return unknown(verdict.NoNumber, "", v)
	case age > stale:
		return unknown(verdict.SignalOld, "", age.Round(time.Second), stale)
	case age < -stale:
		return unknown(verdict.SignalAhead, "", -age.Round(time.Second))
	}
	out := judged{above: v > r.Hold, abort: v > r.Abort, clear: v <= r.Resume, at: s.At, value: s.Value, level: r}
	switch {
	case out.abort:
		out.reason = verdict.Of(verdict.SignalAborts, server, r.Name, verdict.Apart(v, r.Abort), verdict.Exactly(r.Abort))
	case out.above:
		out.reason = verdict.Of(verdict.SignalHolds, server, r.Name, verdict.Apart(v, r.Hold), verdict.Exactly(r.Hold))
	case !out.clear:
		out.reason = verdict.Of(verdict.SignalResumes, server, r.Name, verdict.Apart(v, r.Resume),
			verdict.Exactly(r.Resume))
	}
	return out
}

func (s signalState) add(v judged) signalState {
	if n := len(s.last); n > 0 && !v.at.IsZero() && s.last[n-1].at.Equal(v.at) {
		return s
	}
	s.last = append(slices.Clone(s.last), v)
	s.last = s.last[max(0, len(s.last)-3):]
	above, clear, abort := 0, 0, 0
	for i, x := range s.last {
		above += b2i(x.above)
		clear += b2i(x.clear)
		if i >= len(s.last)-abortOf {
			abort += b2i(x.abort)
		}
	}
	s.abort = abort == abortOf
	switch {
	case above >= holdOf || len(s.last) < holdOf && v.above: // what is above at the first sample has not been seen below
		s.held = true
	case clear >= min(resumeOf, len(s.last)):
		s.held = false
	}
	if s.reason = (verdict.Reason{}); s.held || s.abort {
		s.reason = verdict.Or(v.reason, verdict.Of(verdict.SignalLow, s.server, s.name, clear, verdict.Samples(resumeOf)))
	}
	return s
}

// Held says why nothing may be granted on a server; none: it may.
func (g SaturationGuard) Held(server string) verdict.Reason {
	for _, s := range g.signals {
		if s.server == server && s.held {
			return s.reason
		}
	}
	return verdict.Reason{}
}

// Above is Held by what was read alone: a signal that is not known does not count.
func (g SaturationGuard) Above(server string) verdict.Reason {
	for _, s := range g.signals {
		if s.server != server || !s.held {
			continue
		}
		for _, v := range slices.Backward(s.last) {
			if !v.at.IsZero() && v.reason.Any() {
				return v.reason
			}
		}
	}
	return verdict.Reason{}
}

// Aborts says why what was done on a server should be taken back; none: nothing says so.
func (g SaturationGuard) Aborts(server string) verdict.Reason {
	for _, s := range g.signals {
		if s.server == server && s.abort {
			return s.reason
		}
	}
	return verdict.Reason{}
}

// b2i is 1 for true and 0 for false.
func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
