package control

import (
	"time"

	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// provisional watches the newest step until its peak has been carried: no other begins meanwhile. What would take a
// step in hand back takes this one back, too, at any time of day. A rollback waits for no peak.
func (s State) provisional() (a state.Action, waits bool) {
	p, is := s.Journal.Provisional()
	if !is || s.Journal.RollTo > 0 {
		return a, false
	}
	switch o := s.breaks(p); {
	case o.pause:
		return state.HoldBecause(o.why, s.Policy.Every), true
	case o.any():
		return state.ReopenOf(verdict.Of(verdict.PeakNotCarried, "", p.Number, o.why)), true
	case !s.Now.Before(p.Until):
		most := s.unwatched()
		if late := s.Recent.late(most); late > 0 { // else it would be prolonged for ever
			return s.Hold(s.whatIsSlow(verdict.Of(verdict.PeakUnwatched, "", p.Number, late.Round(time.Second), most))), true
		}
		if gap := max(p.Unwatched, s.Recent.longestGap(p.Since)); gap > most {
			return state.ProlongOf(verdict.Of(verdict.PeakUnwatched, "", p.Number, gap.Round(time.Second), most)), true
		}
		return state.ConfirmOf(), true
	}
	why := verdict.Of(verdict.StillProvisional, "", p.Number, p.Until.UTC().Format("2006-01-02 15:04:05 UTC"))
	if s.Policy.HoldFor <= 0 { // a single step waits for nothing
		return s.Hold(why), true
	}
	return state.WaitBecause(why, s.Policy.SoakEvery), true
}

// mostUnwatched is how long a step that is provisional may go unwatched, at a time, and still be confirmed. chosen: a
// timer calls every five minutes, and a peak that is over within ten is one that a soak would see.
const mostUnwatched = 10 * time.Minute

// unwatched is mostUnwatched, and less where a step is provisional for a short while. chosen: a quarter of that, as a
// peak is rather in the three others; three samples at least.
func (s State) unwatched() time.Duration {
	if s.Policy.ConfirmAfter <= 0 {
		return mostUnwatched
	}
	return min(mostUnwatched, max(s.Policy.ConfirmAfter/4, 3*s.Policy.SoakEvery))
}

// breaks says what of a step that has ended is not carried: signals where it has granted or moved traffic, and the
// waiting of pools that it made smaller or gave traffic.
func (s State) breaks(p state.Past) obstacle {
	step := p.Step
	step.Changes = s.there(step.Changes)
	if o := s.abort(step); o.any() {
		return o
	}
	for _, x := range step.Changes {
		if at, _ := s.at(x); at != x.To || x.To > x.From {
			continue
		}
		if o := s.suffers(x.Pool(), time.Time{}); o.any() && !s.gives(step, x.Pool()) {
			return o
		}
	}
	return obstacle{}
}

// watched ends a run that only watches: nothing is provisional any more.
func (s State) watched() state.Action {
	if s.Journal.Aborts > 0 {
		return state.StopWith(state.Aborted, s.Journal.Aborted)
	}
	return state.StopWith(state.Done, verdict.Of(verdict.NoneProvisional, ""))
}
