package config

import (
	"maps"
	"slices"
	"time"
)

// Hooks are commands that are run when a run does something.
type Hooks struct {
	OnStep   []string `yaml:"on_step"`
	OnHold   []string `yaml:"on_hold"`
	OnResume []string `yaml:"on_resume"`
	OnAbort  []string `yaml:"on_abort"`
	OnDone   []string `yaml:"on_done"`
	Timeout  Dur      `yaml:"timeout"`
}

// DefaultHookTimeout is the time that a hook has. chosen: a call over the network and a retry.
const DefaultHookTimeout = 10 * time.Second

// Argv returns the commands by the name of what they are run on, without "on_".
func (h Hooks) Argv() map[string][]string {
	out := map[string][]string{}
	for name, argv := range map[string][]string{"step": h.OnStep, "hold": h.OnHold, "resume": h.OnResume,
		"abort": h.OnAbort, "done": h.OnDone} {
		if len(argv) > 0 {
			out[name] = argv
		}
	}
	return out
}

// Within returns the time that each has.
func (h Hooks) Within() time.Duration {
	if h.Timeout.OK() {
		return h.Timeout.D
	}
	return DefaultHookTimeout
}

func (k *Checker) hooks(h Hooks) {
	all := h.Argv()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		k.command("hooks.on_"+name, all[name])
	}
	switch {
	case h.Timeout.Set && !h.Timeout.OK():
		k.Fault("hooks.timeout", "%s", h.Timeout.bad)
	case h.Timeout.Set && (h.Timeout.D < 100*time.Millisecond || h.Timeout.D > 10*time.Minute):
		k.Fault("hooks.timeout", "is %s, want 100ms to 10m", h.Timeout.D)
	}
}
