package sim

import (
	"context"
	"errors"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// failing is an applier whose first action fails.
type failing struct {
	bouncer.Applier
	err error
}

func (h failing) Apply(context.Context, state.Action) error { return h.err }

// TestARunThatEndsSaysWhatEndsIt: what bars a step, what a file says by now, or what an action has met, knows what to
// do next, such as the command that puts a file back; the report and the journal have it.
func TestARunThatEndsSaysWhatEndsIt(t *testing.T) {
	const next = "its old bytes come back with: put < kept"
	met := map[string]int{}
	for seed := range fleets(20, 8, 100) {
		kind := []operr.Kind{operr.KindDrift, operr.KindUsage, operr.KindUnreachable}[seed%3]
		want := map[operr.Kind]state.Outcome{operr.KindDrift: state.Drifted, operr.KindUsage: state.Held,
			operr.KindUnreachable: state.Held}[kind]
		cut := errors.Join(&operr.Error{Kind: kind, Subject: "main.ini", Err: errors.New("the write was cut short"),
			Hint: next})
		for name, set := range map[string]func(r *bouncer.Rebalancer){
			"before a step": func(r *bouncer.Rebalancer) {
				r.Possible = func(context.Context, control.State, state.Step) error { return cut }
			},
			"before a grant": func(r *bouncer.Rebalancer) { r.Kept = func(context.Context, []string) error { return cut } },
			"in an action":   func(r *bouncer.Rebalancer) { r.Applier = failing{r.Applier, cut} },
		} {
			x := newRigWith(t, 7000+seed, func(spec *Spec) { spec.Faults = nil })
			if x == nil {
				continue
			}
			r := x.rebalancer()
			set(&r)
			report, err := r.Run(t.Context(), x.goal, state.JournalState{})
			if err != nil {
				t.Fatal(err)
			}
			if name == "in an action" && kind == operr.KindUnreachable {
				want = state.Blind
			}
			if report.Outcome != want || report.Reason.Text() != cut.Error() {
				continue
			}
			met[name+" "+string(want)]++
			if last := x.events[len(x.events)-1]; report.Hint != next || last.Kind != state.RunEnded || last.Next != next {
				t.Errorf("seed %d, %s: next %q, and %q in the event %s", seed, name, report.Hint, last.Next, last.Kind)
			}
		}
	}
	if len(met) < 7 {
		t.Errorf("too few runs came that far: %v", met)
	}
}
