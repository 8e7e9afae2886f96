package config

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
)

const shiftBase = "servers: [{name: pg, dsn: host=x}]\ngroups: [{name: main, processes: [{console: a}]}, {name: ci, " +
	"processes: [{console: b}]}]\n"

func TestAShiftIsReadWithItsDefaults(t *testing.T) {
	c := parse(t, shiftBase+"shift: {from: main/app, to: ci/app, fraction: 35%, set: [flag, set, '{{.Percent}}'], "+
		"from_percent: 5}\n")
	got := c.AllShifts()[0].Planned()
	want := shift.Shift{From: "main/app", To: "ci/app", Fraction: load.Range{Lower: 0.175, Target: 0.35, Upper: 0.7},
		At: 5, LoadsAt: 5, Until: 100}
	if got != want {
		t.Errorf("%+v", got)
	}
	argv, err := c.AllShifts()[0].SetTo(15)
	if err != nil || strings.Join(argv, " ") != "flag set 15" {
		t.Error(argv, err)
	}
	c = parse(t, shiftBase+"shifts: [{from: main/app, to: ci/app, fraction: 0.25-0.45, get: [cat, f], to_percent: 50}, "+
		"{from: main/app, to: ci/sec, fraction: 10%, get: [cat, g]}]\n")
	if got := c.AllShifts()[0].Planned(); got.Until != 50 || !got.ByHand || got.Fraction.Lower != 0.25 ||
		got.Fraction.Upper != 0.45 || len(c.AllShifts()) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestAShiftThatCannotBeIsRefusedWithItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		"{to: ci/app, fraction: 35%, get: " +
			"[f]}": `shift.from is "", want group/alias`,
		"{from: web/app, to: ci/app, fraction: 35%, get: [f]}": "there is no group web",
		"{from: main/app, to: main/app, fraction: 35%, get: [f]}": "the pool that the load is " +
			"taken from",
		"{from: main/app, to: ci/app, get: [f]}":                    "shift.fraction is missing",
		"{from: main/app, to: ci/app, fraction: 45%-25%, get: [f]}": "want the smaller end first",
		"{from: main/app, to: ci/app, fraction: some, get: [f]}": "want the part of the load " +
			"that moves",
		"{from: main/app, to: ci/app, fraction: 0, get: [f]}": "there is nothing to shift",
		"{from: main/app, to: ci/app, fraction: 35%}":         "neither set: nor get:",
		"{from: main/app, to: ci/app, fraction: 35%, set: [f, '{{.Percent}}']}": "shift.from_percent is " +
			"missing",
		"{from: main/app, to: ci/app, fraction: 35%, get: [f], set: [f, on]}": "no {{.Percent}} among its " +
			"words",
		"{from: main/app, to: ci/app, fraction: 35%, get: [f], set: [f, '{{.Percent}}{{.X}}']}": `has the word`,
		"{from: main/app, to: ci/app, fraction: 35%, get: flag_percent}": "the config has no " +
			"prometheus:",
		"{from: main/app, to: ci/app, fraction: 35%, get: [f], to_percent: 101}": "is 101, want 0 to 100",
		"{from: main/app, to: ci/app, fraction: 35%, get: [f], share: 5}": "which say how a simulated " +
			"world is",
		"{from: main/app, to: ci/app, fraction: 35%, get: {a: b}}": "shift.get",
		"{from: main/app, to: ci/app, fraction: 35%, get: ['']}":   "begins with an empty word",
	} {
		_, err := Parse("c.yaml", []byte(shiftBase+"shift: "+text+"\n"), func(string) (string, bool) { return "", false })
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "c.yaml:3:") {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"[{from: main/app, to: ci/app, fraction: 1, get: [f]}, {from: main/app, to: ci/app, fraction: 1, get: " +
			"[f]}]": "which is shifted already",
		"[{from: main/app, to: ci/app, fraction: 1, get: [f]}, {from: ci/app, to: main/x, fraction: 1, get: " +
			"[f]}]": "could not be told apart",
	} {
		_, err := Parse("c.yaml", []byte(shiftBase+"shifts: "+text+"\n"), func(string) (string, bool) { return "", false })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
}
