package shift_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// BenchmarkPath plans a path of a hundred changes of one percentage point each, against as many bare solves of the same
// fleet, taking turns in time.
func BenchmarkPath(b *testing.B) {
	for _, pools := range []int{10, 1000} {
		b.Run(fmt.Sprintf("pools=%d/steps=100", pools), func(b *testing.B) {
			f, s := plannertest.ManyPools(pools)
			var path, solves time.Duration
			for b.Loop() {
				begun := time.Now()
				p, err := shift.PathOf(f, s, 1)
				if err != nil || len(p.Jumps) != 100 {
					b.Fatal(err, len(p.Jumps))
				}
				path += time.Since(begun)
				begun = time.Now()
				for range 100 {
					if _, err := sizing.Solve(f, sizing.Options{}); err != nil {
						b.Fatal(err)
					}
				}
				solves += time.Since(begun)
			}
			b.ReportMetric(float64(path.Nanoseconds())/float64(b.N), "ns/path")
			b.ReportMetric(path.Seconds()/solves.Seconds(), "x-solves")
		})
	}
}
