package livetest

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// AliasIn returns a process's alias "app".
func AliasIn(t *testing.T, o fleet.Observation, process string) fleet.Alias {
	t.Helper()
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			if p.ID == process && a.Name == "app" {
				return a
			}
		}
	}
	t.Fatalf("%s has no alias app", process)
	return fleet.Alias{}
}
