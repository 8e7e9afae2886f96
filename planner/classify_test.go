package planner

import "testing"

func TestClassifyTellsOwnersApart(t *testing.T) {
	for _, c := range []struct {
		name string
		s    Sighting
		want Owner
	}{
		{"listed by a console", Sighting{Listed: true, BouncerHost: true, PoolIdentity: true, Working: true}, OwnerPool},
		{"listed at the look before, gone from the console, still there", Sighting{ListedBefore: true, BouncerHost: true, PoolIdentity: true, Working: true}, OwnerLeaving},
		{"first sight of an unlisted backend is not yet direct", Sighting{}, OwnerUnclear},
		{"first sight of an unlisted backend is not yet an orphan", Sighting{BouncerHost: true, PoolIdentity: true, Working: true}, OwnerUnclear},
		{"working, from the bouncer's host, with a pool's role", Sighting{UnlistedTwo: true, BouncerHost: true, PoolIdentity: true, Working: true}, OwnerOrphan},
		{"idle cannot be an orphan", Sighting{UnlistedTwo: true, BouncerHost: true, PoolIdentity: true}, OwnerDirect},
		{"another host cannot be an orphan", Sighting{UnlistedTwo: true, PoolIdentity: true, Working: true}, OwnerDirect},
		{"another role cannot be an orphan", Sighting{UnlistedTwo: true, BouncerHost: true, Working: true}, OwnerDirect},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Classify(c.s); got != c.want {
				t.Errorf("Classify(%+v) = %s, want %s", c.s, got, c.want)
			}
		})
	}
}
