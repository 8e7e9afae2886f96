package batch

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/pgbudget/pgbudget/sim/scenario"
)

// starter is `pgbudget simulate --init`, cut short, with two sizes of one pool.
func starter(t *testing.T, horizon string) Batch {
	t.Helper()
	b := Batch{FirstSeed: 1, Seeds: 3, Estimate: true}
	for _, size := range []string{"12", "13"} {
		s, err := scenario.Parse("starter.yaml", []byte(scenario.Starter), func(string) (string, bool) { return "", false },
			scenario.Set{Path: "horizon", Value: horizon}, scenario.Set{Path: "pools.main/app.size", Value: size})
		if err != nil {
			t.Fatal(err)
		}
		b.Variants = append(b.Variants, VariantOf(s, []Setting{{Key: "pools.main/app.size", Value: size, Varies: true}}))
	}
	return b
}

func TestRealWorldsGiveOneReportForAnyNumberOfWorkers(t *testing.T) {
	var first []byte
	for _, workers := range []int{1, 2, 5} {
		b := starter(t, "1m")
		b.Workers = workers
		r, err := b.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if string(got) != string(first) {
			t.Errorf("%d workers give another report than one", workers)
		}
		if len(r.Variants[0].Expect) == 0 || r.Variants[0].Expect[0].State == NotJudged {
			t.Error("the starter's expectations were not judged")
		}
	}
}

// TestObservingChangesNothing: the planner's looks are taken in a world of their own.
func TestObservingChangesNothing(t *testing.T) {
	with, without := starter(t, "1m"), starter(t, "1m")
	without.Estimate = false
	a, errA := with.Run(t.Context())
	b, errB := without.Run(t.Context())
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	for i := range a.Variants {
		if len(a.Variants[i].Demands) == 0 || b.Variants[i].Demands != nil {
			t.Errorf("%d loads with --estimate, %d without", len(a.Variants[i].Demands), len(b.Variants[i].Demands))
		}
		a.Variants[i].Demands = nil
	}
	with1, _ := json.Marshal(a)
	without1, _ := json.Marshal(b)
	if string(with1) != string(without1) {
		t.Error("the results differ with the samples")
	}
}

func TestThePlannerFindsTheTrueLoadOfRealWorlds(t *testing.T) {
	b := starter(t, "5m")
	b.Seeds = 1
	r, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Variants {
		for _, d := range v.Demands {
			if d.Pool != "main/app" {
				continue
			}
			if got, want := d.Found.Erlangs.Target, float64(d.True); math.Abs(got-want) > 0.05*want {
				t.Errorf("%s: the planner finds %.3g Erlangs, %.3g are true", v.Name, got, want)
			}
		}
	}
}

// TestTheHighestCPUDoesNotDependOnTheTimeline: only the first seed keeps its samples, every seed takes them.
func TestTheHighestCPUDoesNotDependOnTheTimeline(t *testing.T) {
	b := starter(t, "1m")
	b.Estimate, b.Seeds = false, 2
	both, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.FirstSeed, b.Seeds = 2, 1
	second, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pair, one := both.Variants[0].Value("main", "cpu_max"), second.Variants[0].Value("main", "cpu_max")
	if one.Max != pair.Max && one.Max != pair.Min {
		t.Errorf("seed 2 alone has a highest CPU of %g, with seed 1 before it %g or %g", float64(one.Max), float64(pair.Min),
			float64(pair.Max))
	}
}
