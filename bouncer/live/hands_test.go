package live_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// memory is a store of one process in memory.
type memory struct {
	mu     sync.Mutex
	text   string
	writes int
}

func (m *memory) Read(context.Context, string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return []byte(m.text), nil
}

func (m *memory) Write(_ context.Context, _ string, old, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.text != string(old) && m.text != string(data) {
		return fmt.Errorf("the file is neither old nor new")
	}
	m.text = string(data)
	m.writes++
	return nil
}

// lines are what the captured SHOW DATABASES and SHOW CONFIG of 1.24.1 say.
const lines = "[databases]\nd1 = host=127.0.0.1 port=55440 pool_size=6 reserve_pool=2\n" +
	"d2 = host=127.0.0.1 port=55440 pool_size=3\n* = host=127.0.0.1 port=55440\n[pgbouncer]\nlisten_port = 6424\n" +
	"admin_users = postgres, watcher\nstats_users = stats\nauth_type = trust\nauth_file = /run/pgbouncer/userlist.txt\n" +
	"logfile = /run/pgbouncer/log\nmax_client_conn = 500\npool_mode = transaction\n"

// processes are fakes of 1.24.1 with a file each that says what their SHOW DATABASES says. A RELOAD takes the file's
// pool_size of d1, where takes says so.
func processes(t *testing.T, n int, takes func(i int) bool) (*live.Fleet, *live.Hands, []*fake, []*memory) {
	t.Helper()
	size := regexp.MustCompile(`(?m)^d1 = .*pool_size=(\d+)`)
	fakes, stores := make([]*fake, n), make([]*memory, n)
	for i := range fakes {
		f := newFake(t, "1.24.1").become(fmt.Sprint("p", i))
		f.tables["RELOAD"] = [][]string{{"notice"}, {"reloaded"}}
		stores[i] = &memory{text: lines}
		f.hook(func(command string) {
			if command != "RELOAD" || !takes(i) {
				return
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			for _, row := range f.tables["SHOW DATABASES"] {
				if row[0] == "d1" {
					row[5] = size.FindStringSubmatch(stores[i].text)[1]
				}
			}
		})
		fakes[i] = f
	}
	targets := consoles(fakes...)
	targets.Timeout = generous
	fleet := open(t, targets)
	var configs []live.Config
	for i := range fakes {
		configs = append(configs, live.Config{Process: fmt.Sprintf("g/%d", i+1), Path: "/etc/pgbouncer.ini", Store: stores[i]})
	}
	return fleet, fleet.Hands(configs), fakes, stores
}

func release(n int) state.Act {
	act := state.Act{Verb: state.Release}
	for i := range n {
		act.Sets = append(act.Sets, fleet.Set{Process: fmt.Sprintf("g/%d", i+1), Alias: "d1", Key: fleet.KeySize, From: 6, To: 5})
	}
	return act
}

// TestTheCanaryGoesFirstAndTheOthersAtOnce has 100 processes of which 99 answer RELOAD only once all 99 have been told
// to, and the first alone before any of them.
func TestTheCanaryGoesFirstAndTheOthersAtOnce(t *testing.T) {
	const n = 100
	var others sync.WaitGroup
	others.Add(n - 1)
	var mu sync.Mutex
	var order []int
	_, hands, fakes, stores := processes(t, n, func(i int) bool {
		mu.Lock()
		order = append(order, i)
		mu.Unlock()
		if i > 0 {
			others.Done()
			others.Wait()
		}
		return true
	})
	if err := hands.Apply(t.Context(), release(n)); err != nil {
		t.Fatal(err)
	}
	if len(order) != n || order[0] != 0 {
		t.Errorf("%d RELOADs, the first on process %d", len(order), order[0])
	}
	for i, s := range stores {
		if !strings.Contains(s.text, "pool_size=5 reserve_pool=2") || s.writes != 1 {
			t.Errorf("process %d: %d writes, %s", i, s.writes, s.text)
		}
	}
	if err := hands.Apply(t.Context(), state.Act{Verb: state.Restore}); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
	if err := hands.Apply(t.Context(), release(n)); err != nil || fakes[0].loggedIn() != 1 {
		t.Errorf("done twice: %v", err)
	}
	for i, s := range stores {
		if s.writes != 1 {
			t.Errorf("process %d was written %d times", i, s.writes)
		}
	}
}

// TestAReloadThatDoesNotApplyIsUndoneAndStopsAtTheCanary has a process that answers RELOAD and keeps its sizes.
func TestAReloadThatDoesNotApplyIsUndoneAndStopsAtTheCanary(t *testing.T) {
	_, hands, _, stores := processes(t, 3, func(i int) bool { return i != 0 })
	err := hands.Apply(t.Context(), release(3))
	if operr.KindOf(err) != operr.KindDrift || !strings.Contains(err.Error(), "pool_size of d1 is 6 instead of 5") || !strings.Contains(err.Error(), "its old file is back") {
		t.Errorf("%v", err)
	}
	for i, s := range stores {
		if !strings.Contains(s.text, "pool_size=6") || i > 0 && s.writes > 0 {
			t.Errorf("process %d: %d writes, %s", i, s.writes, s.text)
		}
	}
}

// TestNothingIsWrittenWhereOneFileCannotBe has a file whose edit waits for a RELOAD on the last of three processes.
func TestNothingIsWrittenWhereOneFileCannotBe(t *testing.T) {
	_, hands, _, stores := processes(t, 3, func(int) bool { return true })
	stores[2].text = strings.Replace(stores[2].text, "pool_size=3", "pool_size=4", 1)
	err := hands.Apply(t.Context(), release(3))
	if operr.KindOf(err) != operr.KindDrift || !strings.Contains(err.Error(), "pool_size of d2 is 4 there and 3 in g/3") {
		t.Errorf("%v", err)
	}
	for i, s := range stores {
		if s.writes > 0 {
			t.Errorf("process %d was written", i)
		}
	}
}

// TestWhatARELOADWouldDoBesidesIsRefused changes what the process or its file says, and wants nothing written.
func TestWhatARELOADWouldDoBesidesIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *fake, s *memory)
		says   string
	}{
		"a line that somebody has deleted": {func(_ *fake, s *memory) {
			s.text = strings.Replace(strings.Replace(s.text, "d2 = host=127.0.0.1 port=55440 pool_size=3\n", "", 1), "* = host=127.0.0.1 port=55440\n", "", 1)
		}, "would cut its clients"},
		"another host": {func(_ *fake, s *memory) {
			s.text = strings.Replace(s.text, "d2 = host=127.0.0.1", "d2 = host=127.0.0.2", 1)
		}, "host of d2 is 127.0.0.2 there and 127.0.0.1 in g/1"},
		"another default": {func(_ *fake, s *memory) { s.text += "default_pool_size = 33\n" }, "default_pool_size is 33 there and 20 in g/1"},
		"TLS that recycles everything": {func(f *fake, _ *memory) {
			f.version = "1.23.1/bouncer"
			f.set("server_tls_sslmode", "prefer")
			f.tables["SHOW VERSION"] = [][]string{{"version"}, {"PgBouncer 1.23.1"}}
		}, "recycles every server connection"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, "1.24.1").become("p")
			s := &memory{text: lines}
			c.change(f, s)
			targets := consoles(f)
			targets.Timeout = generous
			hands := open(t, targets).Hands([]live.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini", Store: s}})
			err := hands.Apply(t.Context(), release(1))
			if err == nil || !strings.Contains(err.Error(), c.says) || s.writes > 0 {
				t.Errorf("%d writes: %v", s.writes, err)
			}
			hands.AcceptRecycling()
			if err := hands.Check(t.Context(), release(1).Sets); (err == nil) != strings.Contains(name, "TLS") {
				t.Errorf("with recycling accepted: %v", err)
			}
		})
	}
}

// TestTheChangeOfAManagedFileIsShownAndNotWritten: whoever keeps the template needs to know what to write there.
func TestTheChangeOfAManagedFileIsShownAndNotWritten(t *testing.T) {
	_, hands, _, stores := processes(t, 1, func(int) bool { return true })
	stores[0].text = "# Ansible managed\n" + stores[0].text
	edits, err := hands.Edits(t.Context(), release(1).Sets)
	if err != nil || len(edits) != 1 || !strings.Contains(string(edits[0].New), "pool_size=5") {
		t.Errorf("%v, %v", edits, err)
	}
	if err := hands.Check(t.Context(), release(1).Sets); operr.KindOf(err) != operr.KindUsage {
		t.Errorf("checked: %v", err)
	}
	if err := hands.Apply(t.Context(), release(1)); operr.KindOf(err) != operr.KindUsage || stores[0].writes > 0 {
		t.Errorf("%d writes: %v", stores[0].writes, err)
	}
}
