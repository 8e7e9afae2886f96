package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// The scalars below remember whether they were written and what was wrong with them, so that Validate can report every
// fault with its place instead of the decoder stopping at the first. (The decoder alone would also read 1.5 as 1.)

// Int is a whole number.
type Int struct {
	Set     bool // the key is there
	N       int  // 0 unless OK
	bad     error
	written string // that is no number; what is wanted depends on the key
}

// Num is a finite number.
type Num struct {
	Set     bool    // the key is there
	F       float64 // 0 unless OK
	bad     error
	written string // that is no number; what is wanted depends on the key
}

// Dur is a length of time: "10ms", "1h30m", "7d".
type Dur struct {
	Set bool          // the key is there
	D   time.Duration // 0 unless OK
	bad error
}

// Share is a ratio, written as "5%" or 0.05.
type Share struct {
	Set  bool    // the key is there
	F    float64 // 0..1; bounds are checked by the key
	text string  // as written
	bad  error
}

// ConnsOrShare is a count of connections, or a share of max_connections written with %.
type ConnsOrShare struct {
	Set   bool    // the key is there; then one of Conns and Share counts
	Conns *int    // nil: a share was written
	Share float64 // of max_connections, 0..1
	bad   error
}

// OK tells whether it was written and could be read.
func (i Int) OK() bool { return i.Set && i.bad == nil }

// OK tells whether it was written and could be read.
func (f Num) OK() bool { return f.Set && f.bad == nil }

// OK tells whether it was written and could be read.
func (d Dur) OK() bool { return d.Set && d.bad == nil }

// OK tells whether it was written and could be read.
func (f Share) OK() bool { return f.Set && f.bad == nil }

var (
	_ yaml.InterfaceUnmarshaler = (*Int)(nil)
	_ yaml.InterfaceUnmarshaler = (*Num)(nil)
	_ yaml.InterfaceUnmarshaler = (*Dur)(nil)
	_ yaml.InterfaceUnmarshaler = (*Share)(nil)
	_ yaml.InterfaceUnmarshaler = (*ConnsOrShare)(nil)
)

// Text reads a scalar as it was written, without blanks around it, for an UnmarshalYAML. bad says what is wrong with
// the value, such as a list, and is made for Checker.Fault: the text of the fault without its place; nil: s is the
// value.
func Text(unmarshal func(any) error) (s string, bad error) {
	var v any
	if err := unmarshal(&v); err != nil {
		return "", errors.New("cannot be read")
	}
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v), nil
	case nil:
		return "", errors.New("is empty")
	case bool, int64, uint64, float64, int:
		return fmt.Sprint(v), nil
	default:
		return "", errors.New("is a list or a map, want one value")
	}
}

// UnmarshalYAML never fails: what is wrong is kept for Validate.
func (i *Int) UnmarshalYAML(unmarshal func(any) error) error {
	s, bad := Text(unmarshal)
	*i = Int{Set: true, bad: bad}
	if bad == nil {
		n, err := strconv.Atoi(s)
		if err != nil {
			i.bad, i.written = fmt.Errorf("is %q, want a whole number%s", s, bare(s)), s
		}
		i.N = n
	}
	return nil
}

// UnmarshalYAML never fails: what is wrong is kept for Validate.
func (f *Num) UnmarshalYAML(unmarshal func(any) error) error {
	s, bad := Text(unmarshal)
	*f = Num{Set: true, bad: bad}
	if bad == nil {
		if f.F, f.bad = number(s); f.bad != nil {
			f.written = s
		}
	}
	return nil
}

func number(s string) (f float64, bad error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("is %q, want a finite number%s", s, bare(s))
	}
	return f, nil
}

// bare is what to say of a sign where a number alone is wanted.
func bare(s string) string {
	if strings.HasSuffix(s, "%") {
		return ", without %"
	}
	return ""
}

// UnmarshalYAML never fails: what is wrong is kept for Validate.
func (d *Dur) UnmarshalYAML(unmarshal func(any) error) error {
	s, bad := Text(unmarshal)
	*d = Dur{Set: true, bad: bad}
	if bad == nil {
		d.D, d.bad = ParseDuration(s)
	}
	return nil
}

// ParseDuration reads a Go duration of at least 0, or a whole number of days up to 3650, "7d". bad is the text of a
// fault; nil: d is the value.
func ParseDuration(s string) (d time.Duration, bad error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err == nil && n >= 0 && n <= 3650 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("is %q, want a time with its unit, such as 10ms, 15m or 7d", s)
	case d < 0:
		return 0, fmt.Errorf("is %s, want at least 0", s)
	}
	return d, nil
}

// UnmarshalYAML never fails: what is wrong is kept for Validate.
func (f *Share) UnmarshalYAML(unmarshal func(any) error) error {
	s, bad := Text(unmarshal)
	*f = Share{Set: true, bad: bad}
	if bad == nil {
		f.text = s
		f.F, f.bad = ParseShare(s)
	}
	return nil
}

// ParseShare reads "5%" or "0.05", a share of 0 to 1. bad is the text of a fault; nil: f is the value.
func ParseShare(s string) (f float64, bad error) {
	if f, bad = ratio(s); bad == nil && (f < 0 || f > 1) {
		return 0, outside(s, 0, 1)
	}
	return f, bad
}

// outside says that a share is not within bounds, in both ways in which one may be written.
func outside(s string, lo, hi float64) error {
	return fmt.Errorf("is %s, want %g to %g%%, or %g to %g", s, 100*lo, 100*hi, lo, hi)
}

// ratio reads a share of any size.
func ratio(s string) (f float64, bad error) {
	percent, isPercent := strings.CutSuffix(s, "%")
	f, bad = number(strings.TrimSpace(percent))
	if bad != nil {
		return 0, fmt.Errorf("is %q, want a share such as 5%% or 0.05", s)
	}
	if isPercent {
		f /= 100
	}
	return f, nil
}

// UnmarshalYAML never fails: what is wrong is kept for Validate.
func (c *ConnsOrShare) UnmarshalYAML(unmarshal func(any) error) error {
	s, bad := Text(unmarshal)
	*c = ConnsOrShare{Set: true, bad: bad}
	if bad != nil {
		return nil
	}
	if strings.HasSuffix(s, "%") {
		if c.Share, c.bad = ratio(s); c.bad == nil && (c.Share < 0 || c.Share > 1) {
			c.bad = fmt.Errorf("is %s, want 0 to 100%%", s)
		}
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		c.bad = fmt.Errorf("is %q, want connections such as 25, or a share such as 5%%", s)
		return nil
	}
	c.Conns = &n
	return nil
}

// raw is a part of the file that somebody else's package understands; it is handed on as YAML.
type raw struct {
	Set bool
	YML []byte
}

// UnmarshalYAML keeps the part as it stands, environment variables replaced.
func (r *raw) UnmarshalYAML(unmarshal func(any) error) error {
	var v any
	if err := unmarshal(&v); err != nil {
		return err
	}
	b, err := yaml.Marshal(v)
	*r = raw{Set: true, YML: b}
	return err
}
