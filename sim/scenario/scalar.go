package scenario

import (
	"fmt"

	"github.com/goccy/go-yaml"

	"github.com/pgbudget/pgbudget/bouncer/config"
)

// Flag is true or false.
type Flag struct {
	Set, On bool
	bad     string
}

// Words is one word or a list of them.
type Words struct {
	List []string
	bad  string
}

var (
	_ yaml.InterfaceUnmarshaler = (*Flag)(nil)
	_ yaml.InterfaceUnmarshaler = (*Words)(nil)
)

// UnmarshalYAML never fails: what is wrong is kept for the check.
func (f *Flag) UnmarshalYAML(unmarshal func(any) error) error {
	s, bad := config.Text(unmarshal)
	*f = Flag{Set: true, bad: bad}
	switch s {
	case "true", "1", "on", "yes":
		f.On = true
	case "false", "0", "off", "no":
	default:
		if bad == "" {
			f.bad = fmt.Sprintf("is %q, want true or false", s)
		}
	}
	return nil
}

// UnmarshalYAML never fails: what is wrong is kept for the check.
func (w *Words) UnmarshalYAML(unmarshal func(any) error) error {
	*w = Words{}
	if unmarshal(&w.List) == nil {
		return nil
	}
	s, bad := config.Text(unmarshal)
	*w = Words{bad: bad}
	if bad == "" {
		w.List = []string{s}
	}
	return nil
}
