package load_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// TestEvidenceForksApart goes on from the same evidence along two paths, again and again: neither sees anything of the
// other.
func TestEvidenceForksApart(t *testing.T) {
	sample := func(second int, xacts int64) fleet.Observation {
		return fleet.Observation{At: time.Unix(int64(second), 0).UTC(),
			Servers: []fleet.Server{{Name: "main", MaxConns: 100}},
			Processes: []fleet.Process{{ID: "main/1", Group: "main", Aliases: []fleet.Alias{{Name: "app", SizeConns: 5,
				Counters: fleet.Counters{Xacts: xacts, Assignments: -1},
				Pools:    []fleet.PoolGauges{{User: "u", ServersActive: second % 7}}}}}}}
	}
	alone := func(n, other int) load.Evidence { // n samples, of which the last one is another
		var e load.Evidence
		for i := range n {
			xacts := int64(i)
			if i == n-1 {
				xacts += int64(other)
			}
			var err error
			if e, err = e.Add(sample(i, xacts)); err != nil {
				t.Fatal(err)
			}
		}
		return e
	}
	var e load.Evidence
	const samples = 40
	for n := 1; n <= samples; n++ {
		var forks []load.Evidence
		for other := range 3 {
			fork, err := e.Add(sample(n-1, int64(n-1+other)))
			if err != nil {
				t.Fatal(err)
			}
			forks = append(forks, fork)
		}
		for other, fork := range forks {
			if diff := cmp.Diff(alone(n, other), fork, cmpopts.IgnoreUnexported(load.Flow{})); diff != "" {
				t.Fatalf("%d samples, path %d:\n%s", n, other, diff)
			}
		}
		e = forks[0]
	}
}

// BenchmarkEvidence adds samples up to the number at which they are merged.
func BenchmarkEvidence(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var e load.Evidence
		for i := range 720 {
			o := fleet.Observation{At: time.Unix(int64(i), 0), Servers: []fleet.Server{{Name: "main", MaxConns: 100}}}
			for _, id := range []string{"main/1", "main/2"} {
				o.Processes = append(o.Processes, fleet.Process{ID: id, Group: "main",
					Aliases: []fleet.Alias{{Name: "app", SizeConns: 5, Counters: fleet.Counters{Xacts: int64(i)}}}})
			}
			var err error
			if e, err = e.Add(o); err != nil {
				b.Fatal(err)
			}
		}
	}
}
