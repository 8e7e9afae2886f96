package fleet_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

func TestClassifyTellsOwnersApart(t *testing.T) {
	for _, c := range []struct {
		name string
		s    fleet.BackendSample
		want fleet.Owner
	}{
		{"listed by a console", fleet.BackendSample{Listed: true, BouncerHost: true, PoolIdentity: true, Working: true},
			fleet.OwnerPool},
		{"listed at the sample before, gone from the console, still there", fleet.BackendSample{ListedBefore: true,
			BouncerHost: true, PoolIdentity: true, Working: true}, fleet.OwnerClosing},
		{"first sample of an unlisted backend is not yet direct", fleet.BackendSample{}, fleet.OwnerUnclear},
		{"first sample of an unlisted backend is not yet an orphan", fleet.BackendSample{BouncerHost: true,
			PoolIdentity: true,
			Working:      true}, fleet.OwnerUnclear},
		{"working, from the bouncer's host, with a pool's role", fleet.BackendSample{UnlistedTwo: true, BouncerHost: true,
			PoolIdentity: true, Working: true}, fleet.OwnerOrphan},
		{"idle cannot be an orphan", fleet.BackendSample{UnlistedTwo: true, BouncerHost: true, PoolIdentity: true},
			fleet.OwnerDirect},
		{"another host cannot be an orphan", fleet.BackendSample{UnlistedTwo: true, PoolIdentity: true, Working: true},
			fleet.OwnerDirect},
		{"another role cannot be an orphan", fleet.BackendSample{UnlistedTwo: true, BouncerHost: true, Working: true},
			fleet.OwnerDirect},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := fleet.Classify(c.s); got != c.want {
				t.Errorf("Classify(%+v) = %s, want %s", c.s, got, c.want)
			}
		})
	}
}
