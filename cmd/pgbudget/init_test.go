package main

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// autodbFleet is a group whose databases have the sizes given, process by process; the process's own is 8.
func autodbFleet(sizes ...map[string]int) fleet.Observation {
	o := fleet.Observation{Servers: []fleet.Server{{Name: "main", MaxConns: 100}}}
	for i, aliases := range sizes {
		p := fleet.Process{ID: "rw/" + string(rune('1'+i)), Group: "rw", Version: "1.24.1",
			Settings: fleet.Settings{DefaultPoolConns: 8, PoolMode: "transaction"}}
		for _, name := range []string{"*", "blog", "own", "shop"} {
			if size, ok := aliases[name]; ok {
				p.Aliases = append(p.Aliases, fleet.Alias{Name: name, SizeConns: size, PoolMode: "transaction", Server: "main",
					Proof: fleet.ProofBackends})
			}
		}
		o.Processes = append(o.Processes, p)
	}
	return o
}

// nowhere says that no file is on this host.
func nowhere(string) bool { return false }

func TestInitOffersTheDatabasesOfAStar(t *testing.T) {
	session := autodbFleet(map[string]int{"shop": 8})
	session.Processes[0].Aliases[0].PoolMode = "session"
	for _, c := range []struct {
		name string
		o    fleet.Observation
		want string // of the offer; "": there is none
	}{
		{"all follow", autodbFleet(map[string]int{"blog": 8, "shop": 8}), "rw/blog, rw/shop"},
		{"one has a size", autodbFleet(map[string]int{"own": 9, "shop": 8}), "rw/shop"},
		{"in one process alone", autodbFleet(map[string]int{"shop": 8}, map[string]int{"shop": 9}), ""},
		{"in the last process alone", autodbFleet(map[string]int{"shop": 9}, map[string]int{"shop": 8}), ""},
		{"in both", autodbFleet(map[string]int{"shop": 8}, map[string]int{"shop": 8, "blog": 8}), "rw/blog, rw/shop"},
		{"none follows", autodbFleet(map[string]int{"shop": 9}), ""},
		{"another pool_mode", session, ""},
		{"gathered already", autodbFleet(map[string]int{"*": 8, "shop": 8}), ""},
	} {
		text := initial(c.o, addressless(c.o), nowhere)
		_, offer, ok := strings.Cut(text, "# - {pool: 'rw/*'}   # their size is default_pool_size: ")
		got, _, _ := strings.Cut(offer, ".")
		if ok != (c.want != "") || got != c.want {
			t.Errorf("%s: offered for %q, want %q\n%s", c.name, got, c.want, text)
		}
	}
}
