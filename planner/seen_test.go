package planner

import (
	"strings"
	"testing"
)

func TestAUserThatIsNotThereNowKeepsItsPool(t *testing.T) {
	look := func(users ...string) Observation {
		a := Alias{Name: "db", SizeConns: 5}
		for _, u := range users {
			a.Pools = append(a.Pools, PoolGauges{User: u, ServersIdle: 2})
		}
		return Observation{Processes: []Process{{ID: "a/1", Group: "a", Aliases: []Alias{a}}}}
	}
	m := Memory{}.After(Event{Kind: RunBegan, Goal: &Goal{}, Seen: SeenIn(look("app", "batch"))})
	m = m.After(Event{Kind: RunBegan, Goal: &Goal{}, Seen: SeenIn(look("app", "cron"))})
	got := m.Recall(look("app"))
	pools := got.Processes[0].Aliases[0].Pools
	if len(pools) != 3 || pools[1].User != "batch" || pools[2].User != "cron" || pools[1].Conns() != 0 || pools[0].Conns() != 2 {
		t.Errorf("%+v", pools)
	}
	if m.Missing(look()) != "" {
		t.Error("a process that is there is missed")
	}
	if why := m.Missing(Observation{}); !strings.Contains(why, "a/1") {
		t.Errorf("%q", why)
	}
	if m = m.After(Event{Kind: Accepted}); m.Missing(Observation{}) != "" || len(m.Recall(look("app")).Processes[0].Aliases[0].Pools) != 1 {
		t.Error("what a person has accepted is still expected")
	}
}
