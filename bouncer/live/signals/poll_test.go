package signals

import (
	"context"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/trafficswitch"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestNoSwitchWaitsForPrometheus: a run reads where a switch is off the newest answer, and an error where there is
// none.
func TestNoSwitchWaitsForPrometheus(t *testing.T) {
	never := func(ctx context.Context, _, _ string) (float64, time.Time, error) {
		<-ctx.Done() // Prometheus hangs
		return 0, time.Time{}, ctx.Err()
	}
	traffic := []bouncer.Traffic{
		{Switch: trafficswitch.Switch{Shift: config.Shift{From: "main/app", To: "ci/app", Get: config.Ask{Query: "moved"}},
			Query: never}},
		{Switch: trafficswitch.Switch{Shift: config.Shift{From: "main/app", To: "sec/app", Get: config.Ask{Query: "other"}},
			Query: never}},
		{Switch: trafficswitch.Switch{Shift: config.Shift{From: "main/app", To: "rw/app"}, Query: never}},
	}
	asked := SwitchQueries(traffic)
	if len(asked) != 2 || asked[0].PromQL != "moved" || asked[1].PromQL != "other" {
		t.Fatalf("asked %v", asked)
	}
	p := &Poll{newest: map[Query]fleet.Signal{asked[0]: {Value: 15},
		asked[1]: fleet.NoSignal("", "", fleet.FaultSource, "no answer within 5s")}}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	readings := bouncer.Readings(ctx, p.Switches(traffic), state.JournalState{})
	if r := readings[0]; r.X != 15 || !r.Said || r.Err != nil {
		t.Errorf("%+v, want 15 %% said", r)
	}
	if r := readings[1]; r.Said || r.Err == nil || r.Err.Error() != "no answer within 5s" {
		t.Errorf("%+v, want the error", r)
	}
	if r := readings[2]; r.Said || r.Err != nil {
		t.Errorf("%+v, want that nobody is asked", r)
	}
	if ctx.Err() != nil {
		t.Error("somebody waited for Prometheus")
	}
}
