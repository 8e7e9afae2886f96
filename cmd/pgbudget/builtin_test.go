package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/sim"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

// TestABuiltinSignalStandsWhereverItHasTo: in the config alone it would be taken, and hold every grant for want of a
// value.
func TestABuiltinSignalStandsWhereverItHasTo(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "bouncer/config/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	o := fleet.Observation{Servers: []fleet.Server{{Name: "pg", MaxConns: 100}}}
	elsewhere := []string{"cpu", "use", "lag", "alerts"} // asked of Prometheus, or about each pool
	for _, name := range config.Builtins {
		if _, ok := fleet.Builtin(name, o, "pg"); ok == slices.Contains(elsewhere, name) {
			t.Errorf("%s: fleet.Builtin (planner/fleet/builtin.go) knows it %v, want %v", name, ok, !ok)
		}
		if !strings.Contains(string(page), "\n| `"+name+"` | ") {
			t.Errorf("%s has no row in the table of bouncer/config/README.md", name)
		}
		if !inComment(config.Reference, "builtin: cpu", name) {
			t.Errorf("%s is not named beside builtin: in bouncer/config/reference.yaml", name)
		}
		if modelled := sim.Modelled(name) || name == "use"; inComment(scenario.Starter, "saturation:", name) != modelled {
			t.Errorf("%s is modelled %v (sim/signal.go), and sim/scenario/starter.yaml says otherwise", name, modelled)
		}
	}
}

// inComment reports whether a word stands in the comment of the first line with a key.
func inComment(text, key, word string) bool {
	_, rest, _ := strings.Cut(text, key)
	line, _, _ := strings.Cut(rest, "\n")
	_, comment, _ := strings.Cut(line, "#")
	words := strings.FieldsFunc(comment, func(r rune) bool { return strings.ContainsRune(" ,;", r) })
	return slices.Contains(words, word)
}
