package fleet_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

func TestARELOADRecyclesFrom116To123WithTLS(t *testing.T) {
	for _, c := range []struct {
		version, tls string
		want         bool
	}{
		{"1.15.0", "require", false}, {"1.16.0", "prefer", true}, {"1.18.0", "disable", false}, {"1.18.0", "prefer", true},
		{"1.20.1", "prefer", true},
		{"1.23.1", "verify-full", true}, {"1.23.1", "disable", false}, {"1.23.1", "", false}, {"1.24.0", "prefer", false},
		{"1.25.2", "require", false}, {"", "prefer", false},
	} {
		if got := fleet.Recycles(c.version, c.tls); got != c.want {
			t.Errorf("%s with %s: %v, want %v", c.version, c.tls, got, c.want)
		}
	}
}
