package sim

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// promoted is a rig whose server is another one of its cluster from the first action on.
type promoted struct{ *rig }

func (p promoted) Observe(ctx context.Context) (fleet.Observation, error) {
	o, err := p.rig.Observe(ctx)
	if slices.ContainsFunc(p.events, func(e state.Event) bool { return e.Kind == state.Acted }) {
		o.Servers = slices.Clone(o.Servers)
		o.Servers[0].Timeline++
	}
	return o, err
}

// TestAfterAFailoverTheSameCommandGoesOn: the run ends at once, names the command, and that goes on to the plan.
func TestAfterAFailoverTheSameCommandGoesOn(t *testing.T) {
	met := 0
	for seed := range uint64(20) {
		x := newRigWith(t, 700+seed, func(spec *Spec) { spec.Faults = nil })
		if x == nil {
			continue
		}
		b := x.rebalancer()
		b.Fleet = promoted{x}
		report, err := b.Run(t.Context(), x.goal, state.JournalState{})
		if err != nil {
			t.Fatal(err)
		}
		if len(x.events) < 5 { // there was nothing to do
			continue
		}
		if met++; report.Outcome != state.Drifted || !strings.Contains(report.Reason.Text(), "timeline") ||
			!strings.Contains(report.Hint, "the same command again") {
			t.Fatalf("seed %d: %s: %s; %s", seed, report.Outcome, report.Reason.Text(), report.Hint)
		}
		if last := x.events[len(x.events)-1]; last.Next != report.Hint {
			t.Errorf("seed %d: the journal has %q as the next command, want %q", seed, last.Next, report.Hint)
		}
		x.measure(5*time.Second, time.Minute)
		b = x.rebalancer()
		if report, err = b.Run(t.Context(), x.goal, report.State); err != nil || report.Outcome == state.Drifted {
			t.Errorf("seed %d, again: %s: %s (%v)", seed, report.Outcome, report.Reason.Text(), err)
		}
		if met == 3 {
			return
		}
	}
	t.Errorf("only %d runs moved anything", met)
}
