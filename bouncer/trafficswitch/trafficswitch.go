package trafficswitch

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Switch is the switch of one shift of the config.
type Switch struct {
	Shift config.Shift
	// takes secrets out of what commands say
	Mask func(string) string
	// runs a command, and ends it where it takes too long
	Run func(ctx context.Context, argv []string) ([]byte, error)
	// PromQL, within a time; nil: there is no Prometheus
	Query func(ctx context.Context, name, query string) (float64, time.Time, error)
}

var _ bouncer.Switch = Switch{}

// Get asks the switch. What is no whole percentage is an error, as is no answer.
func (s Switch) Get(ctx context.Context) (int, bool, error) {
	ask := s.Shift.Get
	switch {
	case len(ask.Argv) > 0:
		out, err := s.Run(ctx, ask.Argv)
		if err != nil {
			return 0, false, s.failed("get", err)
		}
		return s.percent(string(out))
	case ask.Query != "" && s.Query != nil:
		v, _, err := s.Query(ctx, s.Subject(), ask.Query)
		if err != nil {
			return 0, false, err
		}
		return s.percent(strconv.FormatFloat(v, 'g', -1, 64))
	}
	return 0, false, nil
}

// percent reads "15", "15%" or "15.0".
func (s Switch) percent(text string) (int, bool, error) {
	v, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text), "%"), 64)
	if err != nil || v != math.Trunc(v) || v < 0 || v > 100 {
		said := strings.TrimSpace(text)
		if s.Mask != nil {
			said = s.Mask(said) // before it is cut: a part of a secret is one, too
		}
		if runes := []rune(said); len(runes) > 40 {
			said = string(runes[:40]) + "…"
		}
		return 0, false, &operr.Error{Kind: operr.KindEvidence, Subject: s.Subject(),
			Err:  fmt.Errorf("get: answers %q, want a whole percentage of 0 to 100", said),
			Hint: "make get: print the percentage alone"}
	}
	return int(v), true, nil
}

// Set runs the command of set: with a percentage, 0..100, and returns when the command has ended. The switch is not
// read back: one that is asked through a scrape says the new percentage only later. Errors: KindUsage where the shift
// has no such command, KindUnreachable where the command fails.
func (s Switch) Set(ctx context.Context, percent int) error {
	words, err := s.Shift.SetTo(percent)
	if err != nil {
		return &operr.Error{Kind: operr.KindUsage, Subject: s.Subject(), Err: err}
	}
	if _, err := s.Run(ctx, words); err != nil {
		return s.failed("set", err)
	}
	return nil
}

// Subject names the shift in messages, and what Prometheus is asked for it.
func (s Switch) Subject() string { return "shift " + s.Shift.From + ":" + s.Shift.To }

func (s Switch) failed(what string, err error) error {
	return &operr.Error{Kind: operr.KindUnreachable, Subject: s.Subject(), Err: fmt.Errorf("%s: %w", what, err),
		Hint: "run the command of " + what + ": by hand"}
}

// Command is how a person sets the switch to a percentage: the command of set:, or what to do without one.
func (s Switch) Command(percent int) string {
	words, err := s.Shift.SetTo(percent)
	if err != nil || len(words) == 0 {
		return fmt.Sprintf("by hand: %d %%", percent)
	}
	text := command.Line(words...)
	if s.Mask != nil {
		text = s.Mask(text)
	}
	return text
}
