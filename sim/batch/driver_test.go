package batch

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

// rebalance is the shipped scenario that a controller moves, shortened, one seed, with settings on top.
func rebalance(t *testing.T, settings ...string) Batch {
	t.Helper()
	return shipped(t, "rebalance.yaml", append([]string{"policy.percent=20", "policy.soak=10s"}, settings...)...)
}

// shipped is a shipped scenario, one seed, with settings on top.
func shipped(t *testing.T, name string, settings ...string) Batch {
	t.Helper()
	file := "../../fixtures/scenarios/" + name
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var sets []scenario.Set
	for _, text := range settings {
		path, value, _ := strings.Cut(text, "=")
		sets = append(sets, scenario.Set{Path: path, Value: value})
	}
	s, err := scenario.Parse(file, data, os.LookupEnv, sets...)
	if err != nil {
		t.Fatal(err)
	}
	return Batch{Variants: []Variant{VariantOf(s, nil)}, FirstSeed: 1, Seeds: 1, Workers: 1}
}

func moved(t *testing.T, b Batch) VariantReport {
	t.Helper()
	r, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r.Variants[0]
}

func TestTheControllerMovesAScenarioToItsPlan(t *testing.T) {
	v := moved(t, rebalance(t, "horizon=6m"))
	if v.Value("", "run_done").Mean != 1 || v.Value("", "steps").Mean < 2 ||
		v.Value("main", "budget_violations").Max != 0 {
		t.Errorf("done %v after %v steps", v.Value("", "run_done").Mean, v.Value("", "steps").Mean)
	}
	first, last := v.Timeline[0], v.Timeline[Steps]
	goal := v.Journal[0].Goal
	for i, p := range last.Pools {
		if g, ok := goal.Pool(p.ID); !ok || p.Size != g.Size || p.Size == first.Pools[i].Size {
			t.Errorf("%s: %d at the start, %d at the end, planned %+v", p.ID, first.Pools[i].Size, p.Size, g)
		}
	}
	if len(v.Timeline) != Steps+1 {
		t.Errorf("%d samples", len(v.Timeline))
	}
}

func TestARunMayGoWhereItIsToldAndNoFurther(t *testing.T) {
	v := moved(t, rebalance(t, "horizon=6m", "run.to={main/app: 40}"))
	goal := v.Journal[0].Goal
	if len(goal.Pools) != 1 || v.Timeline[Steps].Pools[0].Size != 10 { // ci/app
		t.Errorf("%+v", goal)
	}
	v = moved(t, rebalance(t, "horizon=6m", "run.steps=1"))
	if v.Value("", "steps").Mean != 1 || v.Value("", "run_done").Mean != 1 {
		t.Errorf("%v steps", v.Value("", "steps").Mean)
	}
}

func TestARunThatHasNotEndedAtTheHorizonIsNotDone(t *testing.T) {
	v := moved(t, rebalance(t, "horizon=2m30s", "policy.soak=1m"))
	if v.Value("", "run_done").Mean != 0 || v.Runs != 1 || v.Timeline[Steps].At.Seconds() != 210 {
		t.Errorf("done %v, last sample at %v", v.Value("", "run_done").Mean, v.Timeline[Steps].At)
	}
	if last := v.Journal[len(v.Journal)-1]; last.Kind == state.RunEnded {
		t.Errorf("it ended: %+v", last)
	}
}

func TestARunWithoutAPlanIsAnOutcomeAndNoError(t *testing.T) {
	v := moved(t, rebalance(t, "horizon=3m", "pools.ci/app.max=9")) // it needs twice as many
	if v.Runs != 1 || v.Value("", "run_done").Mean != 0 || len(v.Journal) != 0 {
		t.Errorf("%d runs, done %v, %d events", v.Runs, v.Value("", "run_done").Mean, len(v.Journal))
	}
}

// TestARunWhoseTrafficHasNoPathNeverBegins, as `pgbudget run` refuses it before it moves anything.
func TestARunWhoseTrafficHasNoPathNeverBegins(t *testing.T) {
	v := moved(t, shipped(t, "gitlab-phase-4-run.yaml", "horizon=4m", "pools.ci/gitlabhq_production.max=6"))
	if v.Runs != 1 || v.Value("", "run_done").Mean != 0 || len(v.Journal) != 0 {
		t.Errorf("%d runs, done %v, %d events", v.Runs, v.Value("", "run_done").Mean, len(v.Journal))
	}
}

func TestRunsDoNotDependOnTheNumberOfWorkers(t *testing.T) {
	var first string
	for _, workers := range []int{1, 3} {
		b := rebalance(t, "horizon=4m")
		b.Seeds, b.Workers = 3, workers
		text, err := json.Marshal(moved(t, b))
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(text)
		}
		if string(text) != first || !strings.Contains(first, `"kind":"step"`) {
			t.Errorf("%d workers report something else, or no step", workers)
		}
	}
}
