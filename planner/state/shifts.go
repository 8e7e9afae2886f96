package state

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
)

// Switch is what a traffic switch should say, as far as the journal knows.
type Switch struct {
	Shift string `json:"shift"`     // its id
	X     int    `json:"x_percent"` // 0..100
	// percent: what it may report as well, after a change that is not confirmed or was made just now
	Or  int       `json:"or_percent"`
	At  time.Time `json:"at"`            // of the newest traffic change
	Any bool      `json:"any,omitempty"` // a person has taken responsibility for what it says
}

// Reading is what a traffic switch says.
type Reading struct {
	X    int   // percent, 0..100
	Said bool  // the switch was asked, and answered; else X is the journal's
	Err  error // why the switch could not be asked; nil: it could, or nobody asks
}

// TrafficSwitches are what each traffic switch should say.
type TrafficSwitches struct {
	Switches []Switch `json:"switches,omitzero"` // every traffic switch, as it should say; sorted by shift
}

// after folds an event in.
func (t TrafficSwitches) after(e Event, was JournalState) TrafficSwitches {
	switch e.Kind {
	case RunBegan:
		t.Switches = t.added(e.Switches)
	case StepAbort:
		if was.Intent != nil { // a traffic change of unknown fate is taken as made: it is undone
			t.Switches = t.changed(was.Intent.Traffic, e.At, true)
		}
	case Intended, Acted:
		t.Switches = t.changed(e.Action.Traffic, e.At, e.Kind == Acted)
	case Accepted:
		t.Switches = slices.Clone(t.Switches)
		for i := range t.Switches {
			t.Switches[i].Any = true
		}
	}
	return t
}

// Switch returns what the journal knows of a shift's switch.
func (m TrafficSwitches) Switch(shift string) (Switch, bool) {
	i, found := slices.BinarySearchFunc(m.Switches, shift, compareSwitch)
	if !found {
		return Switch{}, false
	}
	return m.Switches[i], true
}

func compareSwitch(s Switch, shift string) int { return cmp.Compare(s.Shift, shift) }

// added adds switches that are new.
func (m TrafficSwitches) added(said []Switch) []Switch {
	out := slices.Clone(m.Switches)
	for _, s := range said {
		i, found := slices.BinarySearchFunc(out, s.Shift, compareSwitch)
		switch {
		case !found:
			out = slices.Insert(out, i, s)
		case out[i].Any:
			out[i] = s
		}
	}
	return out
}

// changed notes what a switch should say now; where it is not known whether the change was made, both.
func (m TrafficSwitches) changed(t *shift.TrafficChange, at time.Time, done bool) []Switch {
	if t == nil {
		return m.Switches
	}
	out := slices.Clone(m.Switches)
	i, found := slices.BinarySearchFunc(out, t.Shift, compareSwitch)
	if !found {
		out = slices.Insert(out, i, Switch{Shift: t.Shift, X: t.From})
	}
	out[i].Or, out[i].At, out[i].Any = t.To, at, false
	if done {
		out[i].X, out[i].Or = t.To, t.From
	}
	return out
}

// Learned is what soaks and runs have found out about shifts.
type Learned struct {
	Baselines []learn.Baseline `json:"baselines,omitzero"` // the loads of shifts as runs took them; sorted by shift
	// what soaks saw of shifts, the newest last; the newest soaksKept of each
	Soaks []learn.SoakResult `json:"soaks,omitzero"`
	Peaks []Peak             `json:"peaks,omitzero"` // the highest loads of pools while steps were provisional; sorted
}

// Peak is the highest load of a pool that was seen while a step was provisional.
type Peak struct {
	At   time.Time `json:"at"` // of the newest sample behind it
	Load load.Load `json:"load"`
}

// PeakFor is how long a peak is planned with. chosen: a week, as long as the default lookback: the next one of its kind
// has come by then.
const PeakFor = 7 * 24 * time.Hour

// withPeaks notes peaks: a higher one, and one whose time is over, takes the place of the one before.
func (m Learned) withPeaks(peaks []Peak) []Peak {
	if len(peaks) == 0 {
		return m.Peaks
	}
	out := slices.Clone(m.Peaks)
	for _, p := range peaks {
		i, found := slices.BinarySearchFunc(out, p, func(a, b Peak) int { return cmp.Compare(a.Load.Pool, b.Load.Pool) })
		switch {
		case !found:
			out = slices.Insert(out, i, p)
		case p.Load.Erlangs.Target >= out[i].Load.Erlangs.Target || p.At.Sub(out[i].At) > PeakFor:
			out[i] = p
		}
	}
	return out
}

// AtPeak are loads with those of peaks in their place, where they are more and not too old; pools of a shift apart,
// whose load is another by now. Each that was taken says so in its notes.
func (m Learned) AtPeak(loads []load.Load, shifts []shift.Shift, now time.Time) []load.Load {
	out := slices.Clone(loads)
	for i, l := range out {
		j, found := slices.BinarySearchFunc(m.Peaks, l.Pool, func(p Peak, id string) int {
			return cmp.Compare(p.Load.Pool, id)
		})
		moves := slices.ContainsFunc(shifts, func(s shift.Shift) bool { return s.From == l.Pool || s.To == l.Pool })
		if !found || moves || l.Unknown.Any() || l.Method == load.MethodDeclared {
			continue
		}
		p := m.Peaks[j]
		if now.Sub(p.At) > PeakFor || p.Load.Erlangs.Target <= l.Erlangs.Target {
			continue
		}
		out[i].Erlangs, out[i].PerSec = p.Load.Erlangs, p.Load.PerSec
		out[i].Notes = append(slices.Clone(l.Notes), fmt.Sprintf("its load is that of the peak at %s, seen while a step was "+
			"provisional; now it is %.3g Erlangs", p.At.UTC().Format(time.DateTime), l.Erlangs.Target))
	}
	return out
}

// after folds an event in.
func (l Learned) after(e Event) Learned {
	switch e.Kind {
	case RunBegan:
		l.Soaks, l.Baselines = l.withSoaks(e.Soaks...), l.withBaselines(e.Baselines)
	case StepConfirmed, StepReopened:
		l.Peaks = l.withPeaks(e.Peaks)
	case StepBegan, StepAbort, StepEnded:
		if e.Soak != nil {
			l.Soaks = l.withSoaks(*e.Soak)
		}
	}
	return l
}

// withBaselines notes baselines; one that says what is known already keeps its time.
func (m Learned) withBaselines(bases []learn.Baseline) []learn.Baseline {
	out := slices.Clone(m.Baselines)
	for _, b := range bases {
		i, found := slices.BinarySearchFunc(out, b.Shift, func(x learn.Baseline, id string) int {
			return cmp.Compare(x.Shift,
				id)
		})
		switch {
		case !found:
			out = slices.Insert(out, i, b)
		case out[i].X != b.X || out[i].From.Erlangs != b.From.Erlangs || out[i].To.Erlangs != b.To.Erlangs:
			out[i] = b
		}
	}
	return out
}

// Rebased are loads, with history in them, as they may be gone by now: of a shift whose switch was set since an earlier
// run took them, those that it took. The shifts come back with what their switches said when their loads were measured.
// Of several shifts of one pool, the loads are left as they are.
func (m JournalState) Rebased(loads []load.Load, shifts []shift.Shift, now time.Time) ([]load.Load, []shift.Shift) {
	loads, shifts = slices.Clone(loads), slices.Clone(shifts)
	for i, s := range shifts {
		j, found := slices.BinarySearchFunc(m.Baselines, s.ID(),
			func(x learn.Baseline, id string) int { return cmp.Compare(x.Shift, id) })
		shared := slices.ContainsFunc(shifts, func(o shift.Shift) bool {
			return o.ID() != s.ID() && (o.From == s.From || o.To == s.To)
		})
		if !found || shared {
			continue
		}
		b := m.Baselines[j]
		sw, _ := m.Switch(s.ID())
		if !sw.At.After(b.At) || s.At == b.X || now.Sub(sw.At) > learn.BaselineFor {
			continue
		}
		shifts[i].LoadsAt = b.X
		for k := range loads {
			switch loads[k].Pool {
			case s.From:
				loads[k] = b.From
			case s.To:
				loads[k] = b.To
			}
		}
	}
	return loads, shifts
}

// MostIncrement is how far a step may set a switch, in percentage points: half as far after each soak that was not what
// was expected, until one is.
func (m JournalState) MostIncrement(shift string, policy Policy) int {
	most := policy.MostIncrement()
	for _, p := range slices.Backward(m.Soaks) {
		if p.Shift != shift || p.Survey {
			continue
		}
		if !p.Surprise().Any() && !p.Excluded.Any() {
			break
		}
		most = max(1, most/2)
	}
	return most
}

// SoaksOf are the soaks of one shift, the newest last.
func (m JournalState) SoaksOf(shift string) []learn.SoakResult {
	return slices.DeleteFunc(slices.Clone(m.Soaks), func(p learn.SoakResult) bool { return p.Shift != shift })
}
