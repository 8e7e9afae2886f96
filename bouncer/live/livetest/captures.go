package livetest

import (
	"slices"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Open opens a fleet of consoles alone; it ends with the test.
func Open(t *testing.T, targets admin.Targets) *observe.Fleet {
	t.Helper()
	f, err := observe.Open(t.Context(), targets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// Consoles makes one group, g, of fakes.
func Consoles(fakes ...*Fake) admin.Targets {
	g := admin.GroupTarget{Name: "g"}
	for _, f := range fakes {
		g.Consoles = append(g.Consoles, f.Dsn(""))
	}
	return admin.Targets{Groups: []admin.GroupTarget{g}}
}

// Only observes the one process of a fleet.
func Only(t *testing.T, f *observe.Fleet) fleet.Process {
	t.Helper()
	o, err := f.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Processes) != 1 {
		t.Fatalf("%d processes, want 1", len(o.Processes))
	}
	return o.Processes[0]
}

func Alias(t *testing.T, p fleet.Process, name string) fleet.Alias {
	t.Helper()
	i := slices.IndexFunc(p.Aliases, func(a fleet.Alias) bool { return a.Name == name })
	if i < 0 {
		t.Fatalf("no alias %s in %v", name, p.Aliases)
	}
	return p.Aliases[i]
}
