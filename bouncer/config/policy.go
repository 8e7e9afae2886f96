package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/pgbudget/pgbudget/bouncer/spelling"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// Policy says how carefully a fleet is moved.
type Policy struct {
	Percent   Num `yaml:"percent"` // of each server's budget, a step
	Soak      Dur `yaml:"soak"`
	DrainFor  Dur `yaml:"drain_for"`
	HoldFor   Dur `yaml:"hold_for"`
	Every     Dur `yaml:"every"`
	SoakEvery Dur `yaml:"soak_every"`
	MaxWait   Dur `yaml:"max_wait"`
	Stale     Dur `yaml:"stale"`
	Aborts    Int `yaml:"aborts"` // steps in a row that are taken back until a run ends
	// how long a step is provisional: a time, or peak
	ConfirmAfter ConfirmAfter `yaml:"confirm_after"`
	Windows      []string     `yaml:"windows"`
	Accept       []string     `yaml:"accept"`  // side effects of a step: acceptRecycle
	Confirm      string       `yaml:"confirm"` // confirmNever, or confirmAlways, which is what nothing says
}

// ConfirmAfter is how long a step is provisional after its soak: a time, or until the next peak of its pools.
type ConfirmAfter struct {
	Dur
	Peak bool
}

var _ yaml.InterfaceUnmarshaler = (*ConfirmAfter)(nil)

// confirmPeak waits for the next peak, as the history has it.
const confirmPeak = "peak"

// UnmarshalYAML never fails: what is wrong is kept for Validate.
func (c *ConfirmAfter) UnmarshalYAML(unmarshal func(any) error) error {
	if s, bad := Text(unmarshal); bad == nil && s == confirmPeak {
		*c = ConfirmAfter{Peak: true, Dur: Dur{Set: true, D: state.DefaultConfirmAfter}}
		return nil
	}
	*c = ConfirmAfter{}
	if err := c.Dur.UnmarshalYAML(unmarshal); err != nil {
		return err
	}
	if c.bad != nil {
		c.bad = fmt.Errorf("%w, or %s", c.bad, confirmPeak)
	}
	return nil
}

// Whether a person must agree before the fleet is touched.
const (
	confirmAlways = "always"
	confirmNever  = "never"
)

// Asks reports whether a person must agree before the fleet is touched.
func (p Policy) Asks() bool { return p.Confirm != confirmNever }

// acceptRecycle lets a RELOAD close and reopen every server connection, as PgBouncer 1.16 to 1.23 does with TLS.
const acceptRecycle = "recycle"

// policy checks policy: and what belongs to it.
func (k *Checker) policy(p Policy) {
	k.Num("policy.percent", p.Percent, 0.01, 100)
	k.Int("policy.aborts", p.Aborts, 1, 100)
	for _, d := range []struct {
		key    string
		v      Dur
		lo, hi time.Duration
	}{
		{"soak", p.Soak, 0, 7 * 24 * time.Hour}, {"drain_for", p.DrainFor, 2 * time.Second, 24 * time.Hour},
		{"hold_for", p.HoldFor, 0, 30 * 24 * time.Hour}, {"every", p.Every, state.LeastApart, time.Minute},
		{"soak_every", p.SoakEvery, state.LeastApart, time.Hour}, {"max_wait", p.MaxWait, time.Millisecond, time.Hour},
		{"stale", p.Stale, time.Second, 24 * time.Hour}, {"confirm_after", p.ConfirmAfter.Dur, 0, 30 * 24 * time.Hour},
	} {
		switch {
		case d.v.Set && !d.v.OK():
			k.Fault("policy."+d.key, "%s", d.v.bad)
		case d.v.Set && (d.v.D < d.lo || d.v.D > d.hi):
			k.Fault("policy."+d.key, "is %s, want %s to %s", d.v.D, d.lo, d.hi)
		}
	}
	for i, what := range p.Accept {
		if what != acceptRecycle {
			k.Fault(fmt.Sprintf("policy.accept[%d]", i), "is %q, want %s", what, acceptRecycle)
		}
	}
	if p.Confirm != "" && p.Confirm != confirmAlways && p.Confirm != confirmNever {
		k.Fault("policy.confirm", "is %q, want %s or %s", p.Confirm, confirmAlways, confirmNever)
	}
	for i, text := range p.Windows {
		if _, err := control.ParseWindow(text); err != nil {
			k.Fault(fmt.Sprintf("policy.windows[%d]", i), "%s", err)
		}
	}
}

// MovingPolicy returns the policy with every default applied.
func (c *Config) MovingPolicy() state.Policy {
	p, w := state.DefaultPolicy(), c.Policy
	if w.Percent.Set {
		p.Percent = w.Percent.F
	}
	if w.Aborts.Set {
		p.Aborts = w.Aborts.N
	}
	for _, d := range []struct {
		to   *time.Duration
		from Dur
	}{{&p.Soak, w.Soak}, {&p.DrainFor, w.DrainFor}, {&p.HoldFor, w.HoldFor}, {&p.Every, w.Every},
		{&p.SoakEvery, w.SoakEvery}, {&p.MaxWait, w.MaxWait}, {&p.Stale, w.Stale}} {
		if d.from.Set {
			*d.to = d.from.D
		}
	}
	p.ConfirmAfter, p.ConfirmPeak = w.ConfirmAfter.D, w.ConfirmAfter.Peak
	p.MaxUse, p.SwitchFor = c.maxUse(), p.HoldFor
	p.Recycle = slices.Contains(w.Accept, acceptRecycle)
	return p
}

// Windows returns the times at which steps may begin; none: always.
func (c *Config) Windows() []control.Window {
	var out []control.Window
	for _, text := range c.Policy.Windows {
		if w, err := control.ParseWindow(text); err == nil {
			out = append(out, w)
		}
	}
	return out
}

// resumeShare is what a signal resumes at where the file does not say, of its hold level. chosen: 0.94 because the
// presets resume at 0.80 of a hold at 0.85.
const resumeShare = 0.94

// Thresholds returns the levels of the saturation signals, sorted by name and server.
func (c *Config) Thresholds() []control.Threshold {
	var out []control.Threshold
	for _, s := range c.Signals() {
		out = append(out, control.Threshold{Name: s.Name, Server: s.Server, Hold: s.Hold.F,
			Resume: s.Resume.or(resumeShare * s.Hold.F), Abort: s.Abort.or(math.Inf(1))})
	}
	slices.SortFunc(out, func(a, b control.Threshold) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Server, b.Server))
	})
	return out
}

// Watched are the signals of the config, and the levels at which they hold. The CPU of a server that the plan protects
// by its cpu: is watched where no signal does: no level of it holds, and one that cannot be read does.
func (c *Config) Watched() ([]Signal, []control.Threshold) {
	signals, levels := c.Signals(), c.Thresholds()
	for _, x := range c.Servers {
		seen := slices.ContainsFunc(signals, func(s Signal) bool {
			return s.Builtin == fleet.SignalCPU && (s.Server == "" || s.Server == x.Name)
		})
		if x.CPU == "" || seen {
			continue
		}
		never := math.Inf(1)
		signals = append(signals, Signal{Name: fleet.SignalCPU, Builtin: fleet.SignalCPU, Server: x.Name})
		levels = append(levels, control.Threshold{Name: fleet.SignalCPU, Server: x.Name, Hold: never, Resume: never,
			Abort: never})
	}
	return signals, levels
}

// Settable are the keys of policy: that can be changed while a run is in progress.
var Settable = []string{"percent", "soak", "drain_for", "hold_for"}

// Settings are new values of keys of policy:, as a person has written them: percent → 2, soak → 5m.
type Settings map[string]string

// ParseSettings reads KEY=VALUE words, each key once. The error names the word, what it is and what is wanted.
func ParseSettings(words []string) (Settings, error) {
	s := Settings{}
	for _, word := range words {
		key, value, is := strings.Cut(word, "=")
		if !is {
			return nil, fmt.Errorf("%q is no KEY=VALUE", word)
		}
		if _, twice := s[key]; twice {
			return nil, fmt.Errorf("%s is given twice", key)
		}
		s[key] = value
	}
	_, _, err := s.Over(state.DefaultPolicy())
	return s, err
}

// Over is the policy with the settings in place of its own values, and each change in words; none: nothing changes. The
// error is that of the config: a key or a value that policy: does not take.
func (s Settings) Over(p state.Policy) (state.Policy, []string, error) {
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if slices.Contains(Settable, key) {
			continue
		}
		want := "want " + strings.Join(Settable, ", ")
		if name := spelling.Suggestion(key, Settable); name != "" {
			want = "did you mean " + name + "? W" + want[1:]
		}
		return p, nil, fmt.Errorf("%q cannot be set while a run is in progress; %s", key, want)
	}
	text, err := yaml.Marshal(map[string]string(s))
	if err != nil {
		return p, nil, err
	}
	doc, err := Open("policy", text)
	if err != nil {
		return p, nil, err
	}
	var own Policy
	if err := doc.Decode(func(string) (string, bool) { return "", false }, &own); err != nil {
		return p, nil, err
	}
	k := &Checker{Doc: doc}
	k.policy(own)
	if len(k.Faults) > 0 {
		text := k.Faults[0].Error()
		if f, is := errors.AsType[Fault](k.Faults[0]); is { // without its place
			text = strings.TrimPrefix(f.Text, "policy.")
		}
		return p, nil, errors.New(text)
	}
	var changes []string
	if own.Percent.Set && own.Percent.F != p.Percent {
		changes = append(changes, fmt.Sprintf("percent %g → %g", p.Percent, own.Percent.F))
		p.Percent = own.Percent.F
	}
	for _, d := range []struct {
		key  string
		to   *time.Duration
		from Dur
	}{{"soak", &p.Soak, own.Soak}, {"drain_for", &p.DrainFor, own.DrainFor}, {"hold_for", &p.HoldFor, own.HoldFor}} {
		if d.from.Set && d.from.D != *d.to {
			changes = append(changes, fmt.Sprintf("%s %v → %v", d.key, *d.to, d.from.D))
			*d.to = d.from.D
		}
	}
	return p, changes, nil
}
