package state_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

func TestAUserThatIsNotThereNowKeepsItsPool(t *testing.T) {
	look := func(users ...string) fleet.Observation {
		a := fleet.Alias{Name: "db", SizeConns: 5}
		for _, u := range users {
			a.Pools = append(a.Pools, fleet.PoolGauges{User: u, ServersIdle: 2})
		}
		return fleet.Observation{Processes: []fleet.Process{{ID: "a/1", Group: "a", Aliases: []fleet.Alias{a}}}}
	}
	m := state.JournalState{}.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{},
		Seen: state.SeenIn(look("app", "batch"))})
	m = m.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}, Seen: state.SeenIn(look("app", "cron"))})
	got := m.Recall(look("app"))
	pools := got.Processes[0].Aliases[0].Pools
	if len(pools) != 3 || pools[1].User != "batch" || pools[2].User != "cron" || pools[1].Conns() != 0 ||
		pools[0].Conns() != 2 {
		t.Errorf("%+v", pools)
	}
	if m.Missing(look()).Any() {
		t.Error("a process that is there is missed")
	}
	if why := m.Missing(fleet.Observation{}); !strings.Contains(why.Text(), "a/1") {
		t.Errorf("%q", why.Text())
	}
	if m = m.After(state.Event{Kind: state.Accepted}); m.Missing(fleet.Observation{}).Any() ||
		len(m.Recall(look("app")).Processes[0].Aliases[0].Pools) != 1 {
		t.Error("what a person has accepted is still expected")
	}
}

func TestAProcessIsThatOfItsConsole(t *testing.T) {
	look := func(consoles ...string) (o fleet.Observation) {
		for i, c := range consoles {
			id := fmt.Sprintf("a/%d", i+1)
			o.Processes = append(o.Processes, fleet.Process{ID: id, Group: "a", Console: c,
				Aliases: []fleet.Alias{{Name: "db"}}})
		}
		return o
	}
	m := state.JournalState{}.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{},
		Seen: state.SeenIn(look("h1:6432", "h2:6432"))})
	for _, c := range []struct {
		name string
		now  fleet.Observation
		want []string // nil: nothing is said
	}{
		{"as before", look("h1:6432", "h2:6432"), nil},
		{"one more at the end", look("h1:6432", "h2:6432", "h3:6432"), nil},
		{"in another order", look("h2:6432", "h1:6432"), []string{"a/1", "h2:6432", "where a/2 was"}},
		{"the first is gone", look("h2:6432"), []string{"a/1", "where a/2 was"}},
		{"one more at the front", look("h0:6432", "h1:6432", "h2:6432"), []string{"a/2", "h1:6432", "where a/1 was"}},
		{"the same at a new address", look("h1:6432", "pod9:6432"), nil},
		{"one more at the address of another", look("h1:6432", "h2:6432", "h1:6432"), nil},
		{"all at new addresses", look("pod8:6432", "pod9:6432"), nil},
		{"the last is gone", look("h1:6432"), []string{"a/2", "not observed any more"}},
	} {
		got := m.Stranger(c.now)
		if c.want == nil && got.Any() {
			t.Errorf("%s: %q", c.name, got.Text())
		}
		for _, w := range c.want {
			if !strings.Contains(got.Text(), w) {
				t.Errorf("%s: %q, want %q in it", c.name, got.Text(), w)
			}
		}
	}
	// A new address is the one that counts from the next run on, and what was there before is nobody's.
	moved := m.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{},
		Seen: state.SeenIn(look("h1:6432", "pod9:6432"))})
	if why := moved.Stranger(look("pod9:6432", "h1:6432")); !why.Any() {
		t.Error("a new address is not kept")
	}
	if why := moved.Stranger(look("h2:6432", "pod9:6432")); why.Any() {
		t.Errorf("an address that was given up: %q", why.Text())
	}
	// Journals from before knew no consoles: the next run tells them.
	without := []state.Seen{{Process: "a/1", Alias: "db"}, {Process: "a/2", Alias: "db"}}
	old := state.JournalState{}.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}, Seen: without})
	if why := old.Stranger(look("h2:6432", "h1:6432")); why.Any() {
		t.Errorf("%q", why.Text())
	}
	old = old.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{},
		Seen: state.SeenIn(look("h1:6432", "h2:6432"))})
	if why := old.Stranger(look("h2:6432", "h1:6432")); !why.Any() {
		t.Error("a console that was told later is not kept")
	}
	if why := m.After(state.Event{Kind: state.Accepted}).Stranger(look("h2:6432", "h1:6432")); why.Any() {
		t.Errorf("accepted: %q", why.Text())
	}
}
