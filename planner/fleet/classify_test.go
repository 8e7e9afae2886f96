package fleet_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

func TestClassifyTellsOwnersApart(t *testing.T) {
	for _, c := range []struct {
		name string
		s    fleet.Sighting
		want fleet.Owner
	}{
		{"listed by a console", fleet.Sighting{Listed: true, BouncerHost: true, PoolIdentity: true, Working: true}, fleet.OwnerPool},
		{"listed at the look before, gone from the console, still there", fleet.Sighting{ListedBefore: true, BouncerHost: true, PoolIdentity: true, Working: true}, fleet.OwnerLeaving},
		{"first sight of an unlisted backend is not yet direct", fleet.Sighting{}, fleet.OwnerUnclear},
		{"first sight of an unlisted backend is not yet an orphan", fleet.Sighting{BouncerHost: true, PoolIdentity: true, Working: true}, fleet.OwnerUnclear},
		{"working, from the bouncer's host, with a pool's role", fleet.Sighting{UnlistedTwo: true, BouncerHost: true, PoolIdentity: true, Working: true}, fleet.OwnerOrphan},
		{"idle cannot be an orphan", fleet.Sighting{UnlistedTwo: true, BouncerHost: true, PoolIdentity: true}, fleet.OwnerDirect},
		{"another host cannot be an orphan", fleet.Sighting{UnlistedTwo: true, PoolIdentity: true, Working: true}, fleet.OwnerDirect},
		{"another role cannot be an orphan", fleet.Sighting{UnlistedTwo: true, BouncerHost: true, Working: true}, fleet.OwnerDirect},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := fleet.Classify(c.s); got != c.want {
				t.Errorf("Classify(%+v) = %s, want %s", c.s, got, c.want)
			}
		})
	}
}
