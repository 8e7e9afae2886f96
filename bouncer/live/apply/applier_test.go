package apply_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// processes are fakes of 1.24.1 with a file each that says what their SHOW DATABASES says. A RELOAD takes the file's
// pool_size of d1, where takes says so.
func processes(t *testing.T, n int, takes func(i int) bool) (*observe.Fleet, *apply.Applier, []*livetest.Fake,
	[]*livetest.Memory) {
	t.Helper()
	size := regexp.MustCompile(`(?m)^d1 = .*pool_size=(\d+)`)
	fakes, stores := make([]*livetest.Fake, n), make([]*livetest.Memory, n)
	for i := range fakes {
		f := livetest.NewFake(t, "1.24.1").Become(fmt.Sprint("p", i))
		f.Tables["RELOAD"] = [][]string{{"notice"}, {"reloaded"}}
		stores[i] = &livetest.Memory{Text: livetest.Lines}
		f.Hook(func(command string) {
			if command != "RELOAD" || !takes(i) {
				return
			}
			f.Mu.Lock()
			defer f.Mu.Unlock()
			for _, row := range f.Tables["SHOW DATABASES"] {
				if row[0] == "d1" {
					row[5] = size.FindStringSubmatch(stores[i].Text)[1]
				}
			}
		})
		fakes[i] = f
	}
	targets := livetest.Consoles(fakes...)
	targets.Timeout = livetest.Generous
	fleet := livetest.Open(t, targets)
	var configs []observe.Config
	for i := range fakes {
		configs = append(configs, observe.Config{Process: fmt.Sprintf("g/%d", i+1), Path: "/etc/pgbouncer.ini",
			Store: stores[i]})
	}
	return fleet, apply.New(fleet, configs), fakes, stores
}

// TestTheCanaryGoesFirstAndTheOthersAtOnce has 100 processes of which 99 answer RELOAD only once all 99 have been told
// to, and the first alone before any of them.
func TestTheCanaryGoesFirstAndTheOthersAtOnce(t *testing.T) {
	const n = 100
	var others sync.WaitGroup
	others.Add(n - 1)
	var mu sync.Mutex
	var order []int
	begun := time.Now()
	_, applier, fakes, stores := processes(t, n, func(i int) bool {
		mu.Lock()
		order = append(order, i)
		mu.Unlock()
		if i > 0 {
			others.Done()
			others.Wait()
		}
		return true
	})
	if err := applier.Apply(t.Context(), livetest.Release(n)); err != nil {
		t.Fatal(err)
	}
	if len(order) != n || order[0] != 0 {
		t.Errorf("%d RELOADs, the first on process %d", len(order), order[0])
	}
	for i, s := range stores {
		if !strings.Contains(s.Text, "pool_size=5 reserve_pool=2") || s.Writes != 1 {
			t.Errorf("process %d: %d writes, %s", i, s.Writes, s.Text)
		}
	}
	if err := applier.Apply(t.Context(), state.Action{Kind: state.Restore}); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
	if err := applier.Apply(t.Context(), livetest.Release(n)); err != nil {
		t.Errorf("done twice: %v", err)
	}
	fakes[0].WantLogins(t, 1, begun)
	for i, s := range stores {
		if s.Writes != 1 {
			t.Errorf("process %d was written %d times", i, s.Writes)
		}
	}
}

// TestAReloadThatDoesNotApplyIsUndoneAndStopsAtTheCanary has a process that answers RELOAD and keeps its sizes.
func TestAReloadThatDoesNotApplyIsUndoneAndStopsAtTheCanary(t *testing.T) {
	_, applier, _, stores := processes(t, 3, func(i int) bool { return i != 0 })
	err := applier.Apply(t.Context(), livetest.Release(3))
	if operr.KindOf(err) != operr.KindDrift || !strings.Contains(err.Error(), "pool_size of d1 is 6 instead of 5") ||
		!strings.Contains(err.Error(), "its old file is back") {
		t.Errorf("%v", err)
	}
	for i, s := range stores {
		if !strings.Contains(s.Text, "pool_size=6") || i > 0 && s.Writes > 0 {
			t.Errorf("process %d: %d writes, %s", i, s.Writes, s.Text)
		}
	}
}

// TestNothingIsWrittenWhereOneFileCannotBe has a file whose edit waits for a RELOAD on the last of three processes.
func TestNothingIsWrittenWhereOneFileCannotBe(t *testing.T) {
	_, applier, _, stores := processes(t, 3, func(int) bool { return true })
	stores[2].Text = strings.Replace(stores[2].Text, "pool_size=3", "pool_size=4", 1)
	err := applier.Apply(t.Context(), livetest.Release(3))
	if operr.KindOf(err) != operr.KindDrift || !strings.Contains(err.Error(), "pool_size of d2 is 4 there and 3 in g/3") {
		t.Errorf("%v", err)
	}
	for i, s := range stores {
		if s.Writes > 0 {
			t.Errorf("process %d was written", i)
		}
	}
}

// TestAFurtherChangeByARELOADIsRefused changes what the process or its file says, and wants nothing written.
func TestAFurtherChangeByARELOADIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *livetest.Fake, s *livetest.Memory)
		says   string
	}{
		"a line that somebody has deleted": {func(_ *livetest.Fake, s *livetest.Memory) {
			s.Text = strings.Replace(strings.Replace(s.Text, "d2 = host=127.0.0.1 port=55440 pool_size=3\n", "", 1),
				"* = host=127.0.0.1 port=55440\n", "", 1)
		}, "would cut its clients"},
		"another host": {func(_ *livetest.Fake, s *livetest.Memory) {
			s.Text = strings.Replace(s.Text, "d2 = host=127.0.0.1", "d2 = host=127.0.0.2", 1)
		}, "host of d2 is 127.0.0.2 there and 127.0.0.1 in g/1"},
		"another default": {func(_ *livetest.Fake, s *livetest.Memory) { s.Text += "default_pool_size = 33\n" },
			"default_pool_size is 33 there and 20 in g/1"},
		"TLS that recycles everything": {func(f *livetest.Fake, _ *livetest.Memory) {
			f.Version = "1.23.1/bouncer"
			f.Set("server_tls_sslmode", "prefer")
			f.Tables["SHOW VERSION"] = [][]string{{"version"}, {"PgBouncer 1.23.1"}}
		}, "recycles every server connection"},
	} {
		t.Run(name, func(t *testing.T) {
			f := livetest.NewFake(t, "1.24.1").Become("p")
			s := &livetest.Memory{Text: livetest.Lines}
			c.change(f, s)
			targets := livetest.Consoles(f)
			targets.Timeout = livetest.Generous
			applier := apply.New(livetest.Open(t, targets), []observe.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini",
				Store: s}})
			err := applier.Apply(t.Context(), livetest.Release(1))
			if err == nil || !strings.Contains(err.Error(), c.says) || s.Writes > 0 {
				t.Errorf("%d writes: %v", s.Writes, err)
			}
			applier.AcceptRecycling()
			if err := applier.Check(t.Context(), livetest.Release(1).Changes); (err == nil) != strings.Contains(name, "TLS") {
				t.Errorf("with recycling accepted: %v", err)
			}
		})
	}
}

// TestTheChangeOfAManagedFileIsShownAndNotWritten: whoever keeps the template needs to know what to write there.
func TestTheChangeOfAManagedFileIsShownAndNotWritten(t *testing.T) {
	_, applier, _, stores := processes(t, 1, func(int) bool { return true })
	stores[0].Text = "# Ansible managed\n" + stores[0].Text
	edits, err := applier.Edits(t.Context(), livetest.Release(1).Changes)
	if err != nil || len(edits) != 1 || !strings.Contains(string(edits[0].New), "pool_size=5") {
		t.Errorf("%v, %v", edits, err)
	}
	if err := applier.Check(t.Context(), livetest.Release(1).Changes); operr.KindOf(err) != operr.KindUsage {
		t.Errorf("checked: %v", err)
	}
	if err := applier.Apply(t.Context(), livetest.Release(1)); operr.KindOf(err) != operr.KindUsage ||
		stores[0].Writes > 0 {
		t.Errorf("%d writes: %v", stores[0].Writes, err)
	}
}
