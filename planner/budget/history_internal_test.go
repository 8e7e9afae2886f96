package budget

import (
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/load"
)

// TestAHistoryThatIsTooShortIsNotAskedForAgain: Prometheus is in the config already.
func TestAHistoryThatIsTooShortIsNotAskedForAgain(t *testing.T) {
	short := load.PoolHistory{Pool: "main/app", Erlangs: load.Histogram{Samples: 13}}
	enough := load.PoolHistory{Pool: "main/app", Erlangs: load.Histogram{Samples: 30}}
	for want, h := range map[string]load.History{
		"; prometheus: in the config adds the history (30 minutes at least)": {},
		"; Prometheus has 13 minutes of the fleet's load, and a history takes 30 at least": {Lookback: time.Hour,
			Pools: []load.PoolHistory{{Pool: "ci/app"}, short}},
		"alone, so no earlier peak is planned for": {Lookback: time.Hour, Pools: []load.PoolHistory{short, enough}},
	} {
		if got := noHistory(load.Evidence{History: h}); !strings.HasSuffix(got, want) {
			t.Errorf("%+v: %q, want %q", h, got, want)
		}
	}
}
