package main

import (
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
)

// generations runs a test on both PgBouncers, one after the other: the machine has two cores.
func generations(t *testing.T, test func(*testing.T, lab.Generation)) {
	for _, gen := range []lab.Generation{lab.Gen118, lab.Gen124} {
		t.Run(string(gen), func(t *testing.T) { test(t, gen) })
	}
}

// together runs a test on both PgBouncers in one lab, which measures both in the time of one. With a window of 60 s,
// whose transactions are as short as real ones (`make fidelity`, `make soak`), one after the other: the machine has two
// cores.
func together(t *testing.T, test func(*testing.T, []lab.Generation)) {
	if window(t) < time.Minute {
		test(t, []lab.Generation{lab.Gen118, lab.Gen124})
		return
	}
	generations(t, func(t *testing.T, gen lab.Generation) { test(t, []lab.Generation{gen}) })
}

// genOf is which of the generations of a fleet a group is of: main of the first, the others of the last, so that what
// leaves the one comes to the other.
func genOf(gens []lab.Generation, group string) lab.Generation {
	if group == "main" {
		return gens[0]
	}
	return gens[len(gens)-1]
}

// part is a group of a lab that holds several generations: what it is there for, and its name.
type part struct {
	part, name string
	gen        lab.Generation
}

// each lists the parts of every generation, as main-118.
func each(gens []lab.Generation, parts []string) []part {
	var out []part
	for _, gen := range gens {
		for _, p := range parts {
			out = append(out, part{p, p + "-" + strings.ReplaceAll(string(gen), ".", ""), gen})
		}
	}
	return out
}

// groupsOf is a fleet of two processes and two users a group, before one server that has room for all.
func groupsOf(parts []part, size int) lab.Spec {
	spec := lab.Spec{Servers: []lab.PostgresSpec{{Name: "main", MaxConnections: 20 + 4*size*len(parts)}},
		Users: []string{"app1", "app2"}}
	for _, p := range parts {
		spec.Groups = append(spec.Groups, lab.GroupSpec{Name: p.name, Processes: 2, Generation: p.gen,
			Aliases: []lab.AliasSpec{{Name: "app", PoolSize: size}}})
	}
	return spec
}
