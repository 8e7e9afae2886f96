package learn

import (
	"math"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// How far the load of both pools may leave that of the others before a soak result is excluded. chosen: a tenth,
// because that is more than pools of one site differ in their days within the hours of a shift; less than what traffic
// costs that is asked twice.
const drift = 0.1

// conserved is how many deviations the load of both pools may be off before it is not conserved. chosen: 3, because
// chance then excludes one soak in 370.
const conserved = 3

// NewSoakResult is what evidence says of a shift whose switch stood at x all the while: the loads, whether they are
// what the soaks before let one expect, and what the counters say of the traffic change before it, where there was one.
func NewSoakResult(e load.Evidence, s shift.Shift, x int, others []shift.Shift, before []SoakResult, prior load.Range,
	change *ObservedChange) SoakResult {
	p := SoakResult{Shift: s.ID(), At: e.To, X: x, Window: e.To.Sub(e.From), Survey: change == nil}
	e.History = load.History{} // it is about times when the switch said something else
	loads, err := load.Estimate(e)
	if err != nil {
		p.Excluded = excluded(verdict.NoLoad, err.Error())
		return p
	}
	load := func(id string) load.Load {
		if i := slices.IndexFunc(loads, func(l load.Load) bool { return l.Pool == id }); i >= 0 {
			return loads[i]
		}
		return load.Load{Unknown: verdict.Print(verdict.NeverShown, "")}
	}
	from, to := load(s.From), load(s.To)
	p.From, p.To = measure(from, from.MeanHold), measure(to, from.MeanHold)
	for _, l := range loads {
		moves := slices.ContainsFunc(append(slices.Clone(others), s), func(o shift.Shift) bool {
			return l.Pool == o.From ||
				l.Pool == o.To
		})
		if !moves && e.ServerOf(l.Pool) == e.ServerOf(s.From) && !l.Unknown.Any() && !l.AtLeast {
			m := measure(l, l.MeanHold)
			p.Others = Measure{p.Others.Erlangs + m.Erlangs, math.Hypot(p.Others.SD, m.SD)}
		}
	}
	p.Excluded = excludedBecause(from, to, p, before)
	if _, sd := p.Share(); !p.Excluded.Any() && math.IsInf(sd, 0) {
		p.Excluded = excluded(verdict.NothingCarried, "")
	} else if !p.Excluded.Any() {
		p.Expected = Learn(prior, before).Predict(x, sd)
	}
	if change != nil {
		change.Hold = from.MeanHold
		j := Judge(*change)
		p.Verdict, p.Why, p.Risen = j.Verdict, j.Why, p.risen(before)
		if p.Risen && p.Verdict == NotMoved { // arrivals of one sample, against loads that show it
			p.Verdict = CannotTell
		}
		if why := p.nothingComes(prior, before); why.Any() {
			p.Verdict, p.Why, p.All = NotMoved, why, true
		}
	}
	return p
}

// risen reports whether the share is inside of what was expected of it, and that of the newest soak before is outside.
func (p SoakResult) risen(before []SoakResult) bool {
	if p.Expected == nil || p.Excluded.Any() || p.Surprise().Any() {
		return false
	}
	for _, b := range slices.Backward(before) {
		if !b.Excluded.Any() {
			share, _ := b.Share()
			return share < p.Expected.Lower || share > p.Expected.Upper
		}
	}
	return false
}

// nothingComes says that the loads of all soaks together, this one the newest, show no traffic that moves, where one
// turn by itself may be too small to tell; none: they do, or do not tell.
func (p SoakResult) nothingComes(prior load.Range, before []SoakResult) verdict.Reason {
	if p.Excluded.Any() {
		return verdict.Reason{}
	}
	b := Learn(prior, append(slices.Clip(before), p))
	if b.prior || b.Fraction.Lower > 0 || b.Fraction.Upper >= prior.Lower/arrivalsPerSum {
		return verdict.Reason{}
	}
	return verdict.Of(verdict.NothingComes, "", p.X, b.Fraction.Upper, b.Method, prior.Lower)
}

// measure is a load with its sampling deviation: that of its interval, at least that of as many transactions of one
// length.
func measure(l load.Load, hold time.Duration) Measure {
	if l.MeanHold > 0 {
		hold = l.MeanHold
	}
	least := 0.0
	if l.Window > 0 {
		least = hold.Seconds() / l.Window.Seconds() * math.Sqrt(max(1, float64(l.Xacts)))
	}
	return Measure{l.Erlangs.Target, max(least, (l.Erlangs.Upper-l.Erlangs.Target)/load.Z95)}
}

// excluded is why nothing is learnt from a soak.
func excluded(code verdict.Code, subject string, args ...any) Excluded {
	return Excluded(verdict.Of(code, subject, args...))
}

// excludedBecause says why nothing is learnt from a soak; none: something is.
func excludedBecause(from, to load.Load, p SoakResult, before []SoakResult) Excluded {
	for _, l := range []load.Load{from, to} {
		switch {
		case l.Unknown.Any():
			return excluded(verdict.LoadUnknown, l.Pool, l.Unknown.Reason)
		case l.AtLeast || l.Censored > 0.5:
			return excluded(verdict.PoolFull, l.Pool)
		}
	}
	if from.Xacts+to.Xacts < load.LeastXacts {
		return excluded(verdict.TooFewXacts, "", from.Xacts+to.Xacts, load.LeastXacts)
	}
	var q SoakResult // the newest whose loads are known: a change that stays is one change
	for _, b := range before {
		if (!b.Excluded.Any() || b.Excluded.Code == verdict.NotConserved) && b.Others.Erlangs > 0 &&
			b.From.Erlangs+b.To.Erlangs > 0 {
			q = b
		}
	}
	if q.Others.Erlangs <= 0 || p.Others.Erlangs <= 0 {
		return Excluded{}
	}
	both := func(p SoakResult) (float64, float64) { // and its relative deviation
		sum := p.From.Erlangs + p.To.Erlangs
		return sum, math.Hypot(p.From.SD, p.To.SD) / sum
	}
	now, nowSD := both(p)
	was, wasSD := both(q)
	grown := math.Log(now/was) - math.Log(p.Others.Erlangs/q.Others.Erlangs)
	sd := math.Sqrt(nowSD*nowSD + wasSD*wasSD + math.Pow(p.Others.SD/p.Others.Erlangs, 2) +
		math.Pow(q.Others.SD/q.Others.Erlangs, 2))
	if math.Abs(grown) > conserved*sd+drift {
		return excluded(verdict.NotConserved, "", now/was, q.X, p.Others.Erlangs/q.Others.Erlangs)
	}
	return Excluded{}
}

// Blocks are the arrivals of a shift's pools between samples, in blocks of the longest time between two of them; none
// where the samples of their processes do not go together.
func Blocks(e load.Evidence, s shift.Shift) []Block {
	var all []Block
	var first []load.Interval
	longest := time.Duration(0)
	for _, f := range e.Flows {
		id := e.PoolOf(f)
		if id != s.From && id != s.To {
			continue
		}
		if all == nil {
			all, first = make([]Block, len(f.Intervals)), f.Intervals
		}
		if !slices.EqualFunc(f.Intervals, first, sameSamples) {
			return nil
		}
		for i, iv := range f.Intervals {
			all[i].Span = iv.Span
			longest = max(longest, iv.Span)
			if id == s.From {
				all[i].From += iv.Xacts
			} else {
				all[i].To += iv.Xacts
			}
		}
	}
	var out []Block
	var b Block
	for _, x := range all {
		b = Block{b.Span + x.Span, b.From + x.From, b.To + x.To}
		if b.Span >= longest*9/10 {
			out, b = append(out, b), Block{}
		}
	}
	return out
}

// sameSamples reports whether two flows' intervals lie between the same samples: one that was left out moves those
// behind it.
func sameSamples(a, b load.Interval) bool {
	return a.Begin.Sample == b.Begin.Sample && a.End.Sample == b.End.Sample
}
