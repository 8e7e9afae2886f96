package budget

import (
	"fmt"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// noHistory says that the loads are those of the samples alone, and what would add a history.
func noHistory(e load.Evidence) string {
	has := 0
	for _, p := range e.History.Pools {
		has = max(has, p.Erlangs.Samples)
	}
	text := fmt.Sprintf("loads are those of %s alone, so no earlier peak is planned for", load.Round(e.To.Sub(e.From)))
	switch {
	case e.History.Lookback == 0:
		text += fmt.Sprintf("; prometheus: in the config adds the history (%d minutes at least)", load.HistorySamples)
	case has == 0:
		text += "; Prometheus has none of the fleet's load: metrics: under groups: names the exporters that have"
	case has < load.HistorySamples:
		text += fmt.Sprintf("; Prometheus has %d minutes of the fleet's load, and a history takes %d at least", has,
			load.HistorySamples)
	}
	return text // else there is one, and no load is planned by it: all are declared, or not known
}

// unseenHint is what to do where a server of the config was not observed.
func unseenHint(o fleet.Observation) string {
	if seen := serversSeen(o); seen != "" {
		return "name it under servers: of the config as it is observed, or declare its max_connections: there" + seen
	}
	return "give its DSN (--postgres, or dsn: in the config), or declare max_connections: under servers:"
}

func serversSeen(o fleet.Observation) string {
	var names []string
	for _, s := range o.Servers {
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return ""
	}
	return "; the servers observed are " + strings.Join(names, ", ")
}
