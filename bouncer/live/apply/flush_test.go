package apply_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAFlushDrainsWhatTurnoverPins flushes a pool that waiting clients keep above its size, through both generations:
// by server_lifetime on its line, and by SET where a line has none. The file is afterwards as it was but for the size.
func TestAFlushDrainsWhatTurnoverPins(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, labtest.TwoGenerations(1, 10))
	targets := livetest.TargetsOf(l)
	for i, p := range l.Processes {
		targets.Groups[i].Consoles = admin.At(p.ConsoleDSN(lab.ConsoleAdmin))
	}
	f := livetest.Open(t, targets)
	var configs []observe.Config
	for _, p := range l.Processes {
		configs = append(configs, observe.Config{Process: fmt.Sprintf("%s/%d", p.Group, p.Index+1), Path: p.IniPath,
			Store: store.File{}})
		livetest.Run(t, clients.ClosedLoop{DSN: p.DSN("app1", "app"), Clients: 20,
			Body: clients.Body{Hold: clients.Exp(20 * time.Millisecond)}})
	}
	applier := apply.New(f, configs)
	for k, p := range l.Processes {
		conns := func(o fleet.Observation) int {
			for _, g := range livetest.AliasIn(t, o, configs[k].Process).Pools {
				if g.User == "app1" {
					return g.Conns()
				}
			}
			return 0
		}
		drained := func() error {
			if n := conns(livetest.Observed(t, f)); n > 4 {
				return fmt.Errorf("%d connections are open", n)
			}
			return nil
		}
		apply := func(kind state.ActionKind, key fleet.Key, from, to int) {
			t.Helper()
			if err := applier.Apply(t.Context(), state.Action{Kind: kind,
				Changes: []fleet.SettingChange{{Process: configs[k].Process, Alias: "app", Key: key, From: from,
					To: to}}}); err != nil {
				t.Fatal(err)
			}
		}
		labtest.Eventually(t, func() error {
			if n := conns(livetest.Observed(t, f)); n < 10 {
				return fmt.Errorf("%d connections are open yet", n)
			}
			return nil
		})
		apply(state.Release, fleet.KeySize, 10, 4)
		cut, err := os.ReadFile(p.DatabasesPath)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond)
		if drained() == nil {
			t.Errorf("%s: it drains by itself: the test shows nothing", p.Name())
		}
		apply(state.Flush, fleet.KeyLifetime, 3600, 1)
		if got := livetest.AliasIn(t, livetest.Observed(t, f), configs[k].Process).Lifetime; got != time.Second {
			t.Errorf("%s: a lifetime of %v while it is flushed", p.Name(), got)
		}
		labtest.Eventually(t, drained)
		apply(state.Restore, fleet.KeyLifetime, 1, 3600)
		if got := livetest.AliasIn(t, livetest.Observed(t, f), configs[k].Process).Lifetime; got != time.Hour {
			t.Errorf("%s: a lifetime of %v afterwards", p.Name(), got)
		}
		if now, err := os.ReadFile(p.DatabasesPath); err != nil || string(now) != string(cut) {
			t.Errorf("%s: the file is not as it was (%v):\n%s", p.Name(), err, now)
		}
	}
}

// TestAFlushThatASiblingHasTakenIsGivenBackThere: three real processes read one file. Somebody RELOADs one while
// the file says that another is flushed; the end of the flush ends it in both. To an action of the third the flush is
// no stranger's edit meanwhile.
func TestAFlushThatASiblingHasTakenIsGivenBackThere(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 50}}, Users: []string{"app1"},
		Groups: []lab.GroupSpec{{Name: "main", Processes: 3, Generation: lab.Gen124, Shared: true,
			Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 6}, {Name: "other", DBName: "app", PoolSize: 2}}}}})
	targets := livetest.TargetsOf(l)
	for i, p := range l.Processes {
		targets.Groups[0].Consoles[i] = admin.Place{DSN: p.ConsoleDSN(lab.ConsoleAdmin)}
	}
	f := livetest.Open(t, targets)
	var configs []observe.Config
	for _, p := range l.Processes {
		configs = append(configs, observe.Config{Process: fmt.Sprintf("%s/%d", p.Group, p.Index+1), Path: p.IniPath,
			Store: store.File{}})
	}
	f.Know(configs)
	applier := apply.New(f, configs)
	livetest.Observed(t, f)
	before, err := os.ReadFile(l.Processes[0].DatabasesPath)
	if err != nil {
		t.Fatal(err)
	}
	lifetimes := func() (out []time.Duration) {
		o := livetest.Observed(t, f)
		for _, c := range configs {
			out = append(out, livetest.AliasIn(t, o, c.Process).Lifetime)
		}
		return out
	}
	apply := func(kind state.ActionKind, process, alias string, key fleet.Key, from, to int) {
		t.Helper()
		if err := applier.Apply(t.Context(), state.Action{Kind: kind, Changes: []fleet.SettingChange{{Process: process,
			Alias: alias, Key: key, From: from, To: to}}}); err != nil {
			t.Fatal(err)
		}
	}
	apply(state.Flush, "main/1", "app", fleet.KeyLifetime, 3600, 1)
	if got := lifetimes(); got[0] != time.Second || got[1] != time.Hour || got[2] != time.Hour {
		t.Fatalf("lifetimes of %v while main/1 is flushed", got)
	}
	if err := l.Processes[1].Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	labtest.Eventually(t, func() error {
		if got := lifetimes(); got[1] != time.Second {
			return fmt.Errorf("lifetimes of %v after a RELOAD by somebody else", got)
		}
		return nil
	})
	set := []fleet.SettingChange{{Process: "main/3", Alias: "other", Key: fleet.KeySize, From: 2, To: 1}}
	if err := applier.Check(t.Context(), set); err != nil {
		t.Errorf("an action of main/3 is refused for our own flush: %v", err)
	}
	apply(state.Restore, "main/1", "app", fleet.KeyLifetime, 1, 3600)
	if got := lifetimes(); got[0] != time.Hour || got[1] != time.Hour || got[2] != time.Hour {
		t.Errorf("lifetimes of %v after the end of the flush", got)
	}
	if now, err := os.ReadFile(l.Processes[0].DatabasesPath); err != nil || string(now) != string(before) {
		t.Errorf("the file is not as it was (%v):\n%s", err, now)
	}
}
