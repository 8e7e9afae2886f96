package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	external "github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/bouncer/live/signals"
	"github.com/pgbudget/pgbudget/bouncer/trafficswitch"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/words"
)

// traffic are the config's shifts with their switches.
func (s session) traffic() []bouncer.Traffic {
	if s.source.config == nil {
		return nil
	}
	conf := s.source.config
	run := func(ctx context.Context, words []string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, conf.Hooks.Within())
		defer cancel()
		return external.Call{Argv: words, Mask: conf.Mask}.Run(ctx)
	}
	var out []bouncer.Traffic
	for _, x := range conf.AllShifts() {
		sw := trafficswitch.Switch{Shift: x, Mask: conf.Mask, Run: run}
		if s.prom != nil {
			sw.Query = func(ctx context.Context, name, query string) (float64, time.Time, error) {
				ctx, cancel := context.WithTimeout(ctx, signals.Timeout)
				defer cancel()
				return s.prom.Instant(ctx, name, query)
			}
		}
		out = append(out, bouncer.Traffic{Shift: x.Planned(), Switch: sw})
	}
	return out
}

// trafficStatus is what is known of a shift.
type trafficStatus struct {
	Shift    string                 `json:"shift"`
	X        *int                   `json:"x_percent"`            // as the journal has it; null: no traffic change yet
	Or       *int                   `json:"or_percent,omitempty"` // begun, with a result that is not known
	Until    int                    `json:"until_percent"`
	Estimate learn.FractionEstimate `json:"estimate"`
	Soaks    []learn.SoakResult     `json:"soaks"`
}

// trafficOf reads the shifts of the config off the journal.
func trafficOf(s source, m state.JournalState) []trafficStatus {
	var out []trafficStatus
	for _, x := range s.config.AllShifts() {
		p := x.Planned()
		st := trafficStatus{Shift: p.ID(), Until: p.Until, Soaks: m.SoaksOf(p.ID()), Estimate: learn.Learn(p.Fraction,
			m.SoaksOf(p.ID()))}
		if sw, known := m.Switch(p.ID()); known {
			if st.X = &sw.X; m.Intent != nil && m.Intent.Traffic != nil && m.Intent.Traffic.Shift == p.ID() {
				st.Or = &sw.Or
			}
		}
		out = append(out, st)
	}
	return out
}

// traffic prints what is known of a shift: where its switch is, and what each soak saw of what was expected.
func (o output) traffic(s trafficStatus) {
	if s.X == nil {
		return
	}
	f, at := s.Estimate.Fraction, fmt.Sprintf("%d %%", *s.X)
	if s.Or != nil {
		at += fmt.Sprintf(" or %d %%", *s.Or)
	}
	fmt.Fprintf(o.w, "%s   at %s, goes to %d %%; at 100 %% %s of the load has moved (%s to %s; %s)\n",
		o.bold("traffic of "+s.Shift), at, s.Until,
		percent(fleet.Float(f.Target)), percent(fleet.Float(f.Lower)), percent(fleet.Float(f.Upper)), s.Estimate.Method)
	t := o.table("AT", "SHARE EXPECTED", "SHARE SEEN", "ERLANGS FROM, TO", "CHANGE", " ")
	for _, p := range s.Soaks {
		expected, seen, note := "-", "-", p.Excluded.Text()
		if p.Expected != nil {
			expected = expectedShare(*p.Expected)
		}
		if !p.Excluded.Any() {
			share, _ := p.Share()
			seen = words.Digits(100*share) + " %"
			if p.Surprise().Any() {
				note = "outside: the next change is smaller"
			}
			if p.Survey {
				note = "before a run"
			}
		}
		t.AppendRow([]any{fmt.Sprintf("%d %%", p.X), expected, seen, words.Digits(p.From.Erlangs) + ", " +
			words.Digits(p.To.Erlangs), string(p.Verdict), note})
	}
	t.Render()
}
