package plannertest

import (
	"github.com/pgbudget/pgbudget/planner/fleet"
)

func AliasesOf(o fleet.Observation) []fleet.Alias {
	if len(o.Processes) == 0 {
		return nil
	}
	return o.Processes[0].Aliases
}
