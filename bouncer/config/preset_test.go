package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestThePresetHasItsSignals writes gitlab's out, beside one of the user's own.
func TestThePresetHasItsSignals(t *testing.T) {
	c := parse(t, "servers: [{name: main, dsn: host=x}]\nsaturation:\n  - {preset: gitlab, server: main}\n  - {name: "+
		"lag, builtin: lag, hold: 5}\n")
	got := ""
	for _, r := range c.Thresholds() {
		got += r.Name + " " + r.Server + "; "
	}
	if got != "busy connections main; cpu main; lag ; " {
		t.Errorf("signals: %s", got)
	}
	cpu := c.Thresholds()[1]
	if cpu.Hold != 0.80 || cpu.Resume != 0.75 || cpu.Abort != 0.90 || c.MovingPolicy().MaxUse != 0.85 ||
		c.Declared().Servers[0].CPUHold != 0.80 {
		t.Errorf("%+v, use %g, CPU ceiling below %g", cpu, c.MovingPolicy().MaxUse, c.Declared().Servers[0].CPUHold)
	}
	if bare := parse(t, "servers: [{name: main, dsn: host=x}]\n"); bare.MovingPolicy().MaxUse != 0 {
		t.Errorf("a use of %g that nobody asked for", bare.MovingPolicy().MaxUse)
	}
}

// TestAPresetIsThatOfItsDate: by its levels, and the ceiling that a plan has under them.
func TestAPresetIsThatOfItsDate(t *testing.T) {
	for name, want := range map[string]string{"gitlab": "0.80 0.75 0.90", "gitlab-2022": "0.80 0.75 0.90",
		"gitlab-2024-12": "0.70 0.65 0.90"} {
		c := parse(t, "servers: [{name: main, dsn: host=x}]\nsaturation: [{preset: "+name+"}]\n")
		cpu := c.Thresholds()[1]
		if got := fmt.Sprintf("%.2f %.2f %.2f", cpu.Hold, cpu.Resume, cpu.Abort); got != want ||
			c.Declared().Servers[0].CPUHold != cpu.Hold || len(c.Thresholds()) != 2 || c.MovingPolicy().MaxUse != 0.85 {
			t.Errorf("%s: %s, want %s; CPU ceiling below %g", name, got, want, c.Declared().Servers[0].CPUHold)
		}
	}
}

func TestHooksAreReadAndChecked(t *testing.T) {
	c := parse(t, "servers: [{name: main, dsn: host=x}]\nhooks: {on_step: [a, b], on_done: [c], timeout: 3s}\n")
	if argv := c.Hooks.Argv(); len(argv) != 2 || strings.Join(argv["step"], " ") != "a b" ||
		c.Hooks.Within() != 3*time.Second {
		t.Errorf("%v within %v", argv, c.Hooks.Within())
	}
	if d := parse(t, "servers: [{name: main, dsn: host=x}]\n").Hooks.Within(); d != DefaultHookTimeout {
		t.Errorf("%v", d)
	}
	for text, want := range map[string]string{
		"hooks: {on_step: ['']}":                                        "hooks.on_step begins with an empty word",
		"hooks: {timeout: 1h}":                                          "hooks.timeout is 1h",
		"saturation: [{preset: github}]":                                `saturation[0].preset is "github"`,
		"saturation: [{preset: gitlab, hold: 0.5}]":                     "more than a server",
		"saturation: [{name: u, builtin: use, resume: 0.5, hold: 0.8}]": "has a name: and hold: alone",
	} {
		_, err := Parse("test.yaml", []byte("servers: [{name: main, dsn: host=x}]\n"+text+"\n"), noEnv)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
