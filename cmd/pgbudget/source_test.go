package main

import (
	"os"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/budget"
)

// TestAPlanKnowsWhatTheJournalOfItsFleetKnows, and of another fleet nothing.
func TestAPlanKnowsWhatTheJournalOfItsFleetKnows(t *testing.T) {
	file := turnedAlone(t)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse(file, data, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	if m := (source{config: c}).journalled(); len(m.Switches) != 1 || m.Switches[0].X != 5 {
		t.Errorf("switches %+v", m.Switches)
	}
	if m := (source{config: c, bouncers: []string{"main=host=x"}}).journalled(); len(m.Switches) != 0 {
		t.Errorf("of a fleet of flags: %+v", m.Switches)
	}
	if m := (source{}).journalled(); m.Seq != 0 {
		t.Errorf("without a config: %+v", m)
	}
	if err := os.WriteFile(c.Journal, []byte("{no journal\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if m := (source{config: c}).journalled(); m.Seq != 0 {
		t.Errorf("of a journal that cannot be read: %+v", m)
	}
}

// TestFlagsAloneDeclareWhatAnEmptyConfigDoes: every pool is sized, by the documented defaults.
func TestFlagsAloneDeclareWhatAnEmptyConfigDoes(t *testing.T) {
	d := (&config.Config{}).Declared()
	if !d.SizeAll || d.Deadband != budget.DefaultDeadband || d.LeastGain != budget.DefaultLeastGain ||
		len(d.Pools)+len(d.Servers)+len(d.Lines) != 0 {
		t.Errorf("%+v", d)
	}
}
