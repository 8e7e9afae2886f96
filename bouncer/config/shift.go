package config

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/goccy/go-yaml"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
)

// Shift is traffic that moves from a pool to another.
type Shift struct {
	From        string   `yaml:"from"`
	To          string   `yaml:"to"`
	Fraction    Fraction `yaml:"fraction"`
	Set         []string `yaml:"set"` // the command that sets the switch, word by word; {{.Percent}} is the percentage
	Get         Ask      `yaml:"get"`
	FromPercent Int      `yaml:"from_percent"` // what the switch says where neither it nor the journal tells
	ToPercent   Int      `yaml:"to_percent"`
	Share       Percent  `yaml:"share"`  // of a scenario: what the switch says at the start
	Actual      Share    `yaml:"actual"` // of a scenario: the fraction that really moves
}

// Fraction is the part of a pool's load that moves, as estimated: "35%", or "25%-45%".
type Fraction struct {
	IsSet bool       // the key is there
	R     load.Range // lower, target and upper
	bad   error
}

// DoubtOf is how many times larger, or smaller, than the one number that was given a fraction may be. chosen: 2 because
// somebody has estimated the number from dashboards; who knows better gives a range.
const DoubtOf = 2

// Percent is a percentage: 5 and 5% are the same. A traffic switch speaks so.
type Percent struct {
	Set bool    // the key is there
	P   float64 // 0..100
	bad error
}

// Ask is how a switch is asked: a command, or a PromQL expression.
type Ask struct {
	Argv  []string // a command that prints the percentage, 0 to 100, alone; nil: Query
	Query string   // PromQL whose value is that percentage; empty: Argv
	bad   error
}

var (
	_ yaml.InterfaceUnmarshaler = (*Fraction)(nil)
	_ yaml.InterfaceUnmarshaler = (*Percent)(nil)
	_ yaml.InterfaceUnmarshaler = (*Ask)(nil)
)

// UnmarshalYAML never fails: what is wrong is kept for Validate.
func (f *Fraction) UnmarshalYAML(unmarshal func(any) error) error {
	s, bad := Text(unmarshal)
	*f = Fraction{IsSet: true, bad: bad}
	if bad == nil {
		f.R, f.bad = ParseFraction(s)
	}
	return nil
}

// ParseFraction reads "35%", "0.35", or a range of either, "25%-45%": the part of a load that moves, 0 to 1; of one
// number the range is DoubtOf to both sides. bad is the text of a fault; nil: r is the value.
func ParseFraction(s string) (r load.Range, bad error) {
	low, high, ranged := strings.Cut(s, "-")
	lower, bad := ParseShare(strings.TrimSpace(low))
	switch upper, worse := ParseShare(strings.TrimSpace(high)); {
	case bad != nil || ranged && worse != nil:
		return r, fmt.Errorf("is %q, want the part of the load that moves, 0 to 100%%, or 0 to 1, "+
			"such as 35%% or 25%%-45%%", s)
	case !ranged:
		return load.Range{Lower: lower / DoubtOf, Target: lower, Upper: min(1, lower*DoubtOf)}, nil
	case upper < lower:
		return r, fmt.Errorf("is %q, want the smaller end first", s)
	default:
		return load.Range{Lower: lower, Target: (lower + upper) / 2, Upper: upper}, nil
	}
}

// UnmarshalYAML never fails: what is wrong is kept for Validate.
func (p *Percent) UnmarshalYAML(unmarshal func(any) error) error {
	s, bad := Text(unmarshal)
	*p = Percent{Set: true, bad: bad}
	if bad != nil {
		return nil
	}
	v, bad := number(strings.TrimSpace(strings.TrimSuffix(s, "%")))
	switch {
	case bad != nil:
		p.bad = fmt.Errorf("is %q, want a percentage such as 5 or 5%%", s)
	case !(v >= 0 && v <= 100):
		p.bad = fmt.Errorf("is %s, want 0 to 100 (%%)", s)
	default:
		p.P = v
	}
	return nil
}

// UnmarshalYAML never fails: what is wrong is kept for Validate.
func (a *Ask) UnmarshalYAML(unmarshal func(any) error) error {
	*a = Ask{}
	if unmarshal(&a.Argv) == nil {
		return nil
	}
	s, bad := Text(unmarshal)
	*a = Ask{Query: s, bad: bad}
	return nil
}

// OK reports whether the switch can be asked.
func (a Ask) OK() bool { return a.bad == nil && (len(a.Argv) > 0 || a.Query != "") }

// AllShifts lists the shifts in the order in which they are made: that of shift:, or those of shifts:.
func (f *File) AllShifts() []Shift {
	if f.Shift != nil {
		return []Shift{*f.Shift}
	}
	return f.Shifts
}

// Planned is the shift in the planner's terms: with the fraction as estimated before anything was seen, and where its
// switch is taken to stand where nothing tells.
func (s Shift) Planned() shift.Shift {
	p := shift.Shift{From: s.From, To: s.To, Fraction: s.Fraction.R, At: s.FromPercent.N, LoadsAt: s.FromPercent.N,
		Until: 100, ByHand: len(s.Set) == 0}
	if s.ToPercent.Set {
		p.Until = s.ToPercent.N
	}
	return p
}

// Percent checks a percentage.
func (k *Checker) Percent(path string, p Percent) {
	if p.bad != nil {
		k.Fault(path, "%s", p.bad)
	}
}

// shifts checks every shift.
func (k *Checker) shifts(f *File) {
	if f.Shift != nil && len(f.Shifts) > 0 {
		k.Fault("shifts", "stands beside shift:, want one of them")
	}
	if f.Shift != nil {
		k.shift("shift", *f.Shift, f)
	}
	for i, s := range f.Shifts {
		k.shift(fmt.Sprintf("shifts[%d]", i), s, f)
		for _, t := range f.Shifts[:i] {
			if s.From == t.From && s.To == t.To {
				k.Fault(fmt.Sprintf("shifts[%d]", i), "is from %s to %s, which is shifted already", s.From, s.To)
			}
			if s.From == t.To || s.To == t.From {
				k.Fault(fmt.Sprintf("shifts[%d]", i),
					"shares a pool with another shift in series: the load that each moves could not be told apart")
			}
		}
	}
}

func (k *Checker) shift(path string, s Shift, f *File) {
	for _, x := range []struct{ key, pool string }{{".from", s.From}, {".to", s.To}} {
		if g, a, ok := strings.Cut(x.pool, "/"); !ok || g == "" || a == "" {
			k.Fault(path+x.key, "is %q, want group/alias", x.pool)
		} else if len(f.Groups) > 0 && !slices.ContainsFunc(f.Groups, func(y Group) bool { return y.Name == g }) {
			k.Fault(path+x.key, "is %q, and there is no group %s", x.pool, g)
		}
	}
	if s.From == s.To && s.From != "" {
		k.Fault(path+".to", "is %q, the pool that the load is taken from", s.To)
	}
	switch fr := s.Fraction; {
	case !fr.IsSet:
		k.Fault(path+".fraction",
			"is missing: the part of the load of from: that has moved at 100 %%, such as 35%% or 25%%-45%%")
	case fr.bad != nil:
		k.Fault(path+".fraction", "%s", fr.bad)
	case fr.R.Upper == 0:
		k.Fault(path+".fraction", "is 0: no load would move")
	}
	k.Int(path+".from_percent", s.FromPercent, 0, 100)
	k.Int(path+".to_percent", s.ToPercent, 0, 100)
	k.Percent(path+".share", s.Share)
	k.Share(path+".actual", s.Actual)
	if k.Scenario { // its world has a switch of its own
		return
	}
	if s.Share.Set || s.Actual.Set {
		k.Fault(path, "has share: or actual:, which say how a simulated world is")
	}
	if s.Get.bad != nil {
		k.Fault(path+".get", "%s", s.Get.bad)
	}
	if s.Get.Query != "" && f.Prometheus == nil {
		k.Fault(path+".get", "is a query, but the config has no prometheus:; a command is a list, %s",
			asList(s.Get.Query, ""))
	}
	switch {
	case len(s.Set) == 0 && !s.Get.OK():
		k.Fault(path, "has neither set: nor get:, so the switch's percentage could not be known")
	case !s.Get.OK() && !s.FromPercent.Set:
		k.Fault(path+".from_percent", "is missing: without get:, from_percent: alone tells the switch's first percentage")
	}
	if len(s.Set) > 0 && !slices.ContainsFunc(s.Set, func(word string) bool {
		return strings.Contains(word,
			".Percent")
	}) {
		k.Fault(path+".set", "has no {{.Percent}} among its words, so the command would not get the percentage")
	}
	for _, word := range s.Set {
		if _, err := s.word(word, 0); err != nil {
			k.Fault(path+".set", "has the word %q: the one name that is filled in is {{.Percent}}", word)
		}
	}
	k.command(path+".set", s.Set)
	k.command(path+".get", s.Get.Argv)
}

// SetTo is the command that sets the switch to a percentage; nil: a person sets it.
func (s Shift) SetTo(percent int) ([]string, error) {
	var argv []string
	for _, word := range s.Set {
		w, err := s.word(word, percent)
		if err != nil {
			return nil, err
		}
		argv = append(argv, w)
	}
	return argv, nil
}

func (s Shift) word(text string, percent int) (string, error) {
	t, err := template.New("set").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, struct{ Percent int }{percent})
	return b.String(), err
}
