package state_test

import (
	"fmt"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestAUserThatIsNotThereNowKeepsItsPool(t *testing.T) {
	sample := func(users ...string) fleet.Observation {
		a := fleet.Alias{Name: "db", SizeConns: 5}
		for _, u := range users {
			a.Pools = append(a.Pools, fleet.PoolGauges{User: u, ServersIdle: 2})
		}
		return fleet.Observation{Processes: []fleet.Process{{ID: "a/1", Group: "a", Aliases: []fleet.Alias{a}}}}
	}
	m := state.JournalState{}.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{},
		Seen: state.SeenIn(sample("app", "batch"))})
	m = m.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}, Seen: state.SeenIn(sample("app", "cron"))})
	got := m.Recall(sample("app"))
	pools := got.Processes[0].Aliases[0].Pools
	if len(pools) != 3 || pools[1].User != "batch" || pools[2].User != "cron" || pools[1].Conns() != 0 ||
		pools[0].Conns() != 2 {
		t.Errorf("%+v", pools)
	}
	if m.Missing(sample()).Any() {
		t.Error("a process that is there is missed")
	}
	if why := m.Missing(fleet.Observation{}); !why.Is(verdict.ProcessMissing) || why.Subject != "a/1" {
		t.Errorf("%q", why.Text())
	}
	if m = m.After(state.Event{Kind: state.Accepted}); m.Missing(fleet.Observation{}).Any() ||
		len(m.Recall(sample("app")).Processes[0].Aliases[0].Pools) != 1 {
		t.Error("what a person has accepted is still expected")
	}
}

func TestAProcessIsThatOfItsConsole(t *testing.T) {
	sample := func(consoles ...string) (o fleet.Observation) {
		for i, c := range consoles {
			id := fmt.Sprintf("a/%d", i+1)
			o.Processes = append(o.Processes, fleet.Process{ID: id, Group: "a", Console: c,
				Aliases: []fleet.Alias{{Name: "db"}}})
		}
		return o
	}
	m := state.JournalState{}.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{},
		Seen: state.SeenIn(sample("h1:6432", "h2:6432"))})
	for _, c := range []struct {
		name string
		now  fleet.Observation
		want verdict.Code // empty: nothing is said
		of   string       // what it is said of, and its arguments
	}{
		{"as before", sample("h1:6432", "h2:6432"), "", ""},
		{"one more at the end", sample("h1:6432", "h2:6432", "h3:6432"), "", ""},
		{"in another order", sample("h2:6432", "h1:6432"), verdict.Renumbered, "a/1 [h2:6432 a/2]"},
		{"the first is gone", sample("h2:6432"), verdict.Renumbered, "a/1 [h2:6432 a/2]"},
		{"one more at the front", sample("h0:6432", "h1:6432", "h2:6432"), verdict.Renumbered,
			"a/2 [h1:6432 a/1]"},
		{"the same at a new address", sample("h1:6432", "pod9:6432"), "", ""},
		{"one more at the address of another", sample("h1:6432", "h2:6432", "h1:6432"), "", ""},
		{"all at new addresses", sample("pod8:6432", "pod9:6432"), "", ""},
		{"the last is gone", sample("h1:6432"), verdict.ProcessMissing, "a/2 []"},
	} {
		got := m.Stranger(c.now)
		if of := fmt.Sprint(got.Subject, " ", got.Args); got.Code != c.want || got.Any() && of != c.of {
			t.Errorf("%s: %q, want %s of %s", c.name, got.Text(), c.want, c.of)
		}
	}
	// A new address is the one that counts from the next run on, and what was there before is nobody's.
	moved := m.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{},
		Seen: state.SeenIn(sample("h1:6432", "pod9:6432"))})
	if why := moved.Stranger(sample("pod9:6432", "h1:6432")); !why.Any() {
		t.Error("a new address is not kept")
	}
	if why := moved.Stranger(sample("h2:6432", "pod9:6432")); why.Any() {
		t.Errorf("an address that was given up: %q", why.Text())
	}
	// Journals from before knew no consoles: the next run tells them.
	without := []state.Seen{{Process: "a/1", Alias: "db"}, {Process: "a/2", Alias: "db"}}
	old := state.JournalState{}.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}, Seen: without})
	if why := old.Stranger(sample("h2:6432", "h1:6432")); why.Any() {
		t.Errorf("%q", why.Text())
	}
	old = old.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{},
		Seen: state.SeenIn(sample("h1:6432", "h2:6432"))})
	if why := old.Stranger(sample("h2:6432", "h1:6432")); !why.Any() {
		t.Error("a console that was told later is not kept")
	}
	if why := m.After(state.Event{Kind: state.Accepted}).Stranger(sample("h2:6432", "h1:6432")); why.Any() {
		t.Errorf("accepted: %q", why.Text())
	}
}
