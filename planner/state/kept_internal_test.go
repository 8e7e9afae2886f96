package state

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestAJournalStateOfYearsStaysSmall takes more steps and soaks than are kept.
func TestAJournalStateOfYearsStaysSmall(t *testing.T) {
	var m JournalState
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	take := func(e Event) {
		e.Seq, e.At = m.Seq+1, at
		if err := m.Refuses(e); err != nil {
			t.Fatal(err)
		}
		m = m.After(e)
	}
	for i := range 3 * pastKept / 2 {
		step := Step{Kind: Forward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: i,
			To: i + 1}}}
		take(Event{Kind: StepBegan, Step: &step})
		take(Event{Kind: StepEnded, Soak: &learn.SoakResult{Shift: "a/db:b/db", X: i}})
		if i%7 == 0 {
			take(Event{Kind: HoldBegan, Reason: verdict.Of(verdict.Note, "x")})
			take(Event{Kind: RunBegan, Goal: &sizing.Goal{}, Soaks: []learn.SoakResult{{Shift: "few", X: i}}})
		}
	}
	if len(m.Past) != pastKept || m.Past[0].Step.Changes[0].From != pastKept/2 {
		t.Errorf("%d steps are kept, the oldest from %d; want %d from %d", len(m.Past), m.Past[0].Step.Changes[0].From,
			pastKept, pastKept/2)
	}
	many, few := m.SoaksOf("a/db:b/db"), m.SoaksOf("few")
	if len(many) != soaksKept || many[0].X != pastKept/2 || len(few) != 3*pastKept/2/7+1 {
		t.Errorf("%d and %d soaks are kept, the oldest of %d", len(many), len(few), many[0].X)
	}
}
