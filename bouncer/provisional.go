package bouncer

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/state"
)

// provisionalUntil is until when the step that ends now is provisional; zero: it is not.
func (w *run) provisionalUntil() time.Time {
	step := w.state.Step
	if step == nil || step.Empty() || step.Kind == state.Backward || w.state.RollTo > 0 || w.Policy.ConfirmAfter <= 0 {
		return time.Time{}
	}
	return w.peakOver(*step)
}

// peakOver is when the next peak of a step's pools is over, as the policy says what a peak is.
func (w *run) peakOver(step state.Step) time.Time {
	now := w.Clock.Now()
	if w.Policy.ConfirmPeak {
		var pools []string
		for _, x := range step.Changes {
			pools = append(pools, x.Pool())
		}
		for _, t := range w.Traffic {
			if step.Traffic != nil && t.ID() == step.Traffic.Shift {
				pools = append(pools, t.From, t.To)
			}
		}
		if at, known := w.Evidence.History.NextPeak(pools, now); known {
			return at
		}
	}
	return now.Add(cmp.Or(w.Policy.ConfirmAfter, state.DefaultConfirmAfter))
}

// peaksEvery is how often the loads of a time are looked at for its peak. chosen: a minute, as the loads of a history
// are.
const peaksEvery = time.Minute

// peaked keeps the highest loads while a step is provisional.
func (w *run) peaked(now time.Time) {
	p, is := w.state.Provisional()
	if !is {
		w.peaks, w.peaksAt = nil, now
		return
	}
	if now.After(p.Until) { // the peak that the step was to carry is over
		return
	}
	if now.Sub(w.peaksAt) < peaksEvery {
		return
	}
	w.peaksAt = now
	w.peaks = higher(w.peaks, w.recent)
}

// higher are peaks with those of newer samples.
func higher(peaks []state.Peak, recent load.Evidence) []state.Peak {
	lately, err := Loads(recent)
	if err != nil {
		return peaks
	}
	out := slices.Clone(peaks)
	for _, l := range lately {
		if l.Unknown.Any() || l.Xacts < load.LeastXacts {
			continue
		}
		i, found := slices.BinarySearchFunc(out, l.Pool, func(p state.Peak, id string) int {
			return strings.Compare(p.Load.Pool, id)
		})
		l.LinePools, l.Notes = nil, nil
		switch {
		case !found:
			out = slices.Insert(out, i, state.Peak{At: recent.To, Load: l})
		case l.Erlangs.Target > out[i].Load.Erlangs.Target:
			out[i] = state.Peak{At: recent.To, Load: l}
		}
	}
	return out
}

// settled writes down that the newest step is no longer provisional, with what its peak showed: the next step is
// planned for that.
func (w *run) settled(e state.Event) error {
	e.Peaks = higher(w.peaks, w.recent)
	return w.record(e)
}
