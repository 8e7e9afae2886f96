package config

import (
	"time"

	"github.com/pgbudget/pgbudget/bouncer/form"
)

// ByHand is the value of apply: that says that somebody else changes the files.
const ByHand = "by-hand"

// Hand says how a person, or what a person uses, is asked for a change of files.
type Hand struct {
	Form   string   `yaml:"form"`   // one of package form; empty: a line for each pool in each process
	Within Dur      `yaml:"within"` // how long a change is waited for
	Change []string `yaml:"change"` // a command that is given the change on its standard input; nil: it is printed
	// a command that is given a change that is no longer wanted, and closes it for good; nil: it is called off in words
	Withdraw []string `yaml:"withdraw"`
}

// DefaultWithin is how long a change by hand is waited for. chosen: an hour, as a merge request that nobody takes
// up in that time is one for another day.
const DefaultWithin = time.Hour

// HandWithin is how long a change by hand is waited for.
func (f File) HandWithin() time.Duration {
	if f.ByHand.Within.OK() {
		return f.ByHand.Within.D
	}
	return DefaultWithin
}

// hand checks apply and by_hand.
func (k *Checker) hand(f File) {
	k.OneOf("apply", f.Apply, ByHand)
	h := f.ByHand
	for _, x := range []struct {
		key string
		set bool
	}{{"form", h.Form != ""}, {"within", h.Within.Set}, {"change", len(h.Change) > 0}, {"withdraw", len(h.Withdraw) > 0}} {
		if x.set && f.Apply != ByHand {
			k.Fault("by_hand."+x.key, "is of apply: %s, which is not written", ByHand)
		}
	}
	k.OneOf("by_hand.form", h.Form, form.Names()...)
	k.command("by_hand.change", h.Change)
	k.command("by_hand.withdraw", h.Withdraw)
	switch d := h.Within; {
	case d.Set && !d.OK():
		k.Fault("by_hand.within", "%s", d.bad)
	case d.Set && (d.D < time.Second || d.D > 7*24*time.Hour):
		k.Fault("by_hand.within", "is %s, want 1s to 7d", d.D)
	}
}
