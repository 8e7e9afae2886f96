package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// digest runs a world and hashes when each event came and what the world was like after it.
func digest(t *testing.T, spec Spec, seed uint64, d time.Duration) string {
	t.Helper()
	w, err := New(spec, seed)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	var b [8]byte
	put := func(n int64) {
		binary.LittleEndian.PutUint64(b[:], uint64(n))
		h.Write(b[:])
	}
	w.after = func() {
		put(w.now)
		for _, x := range w.tallies {
			put(x.done<<32 ^ int64(x.waitSum) ^ int64(x.conns))
		}
	}
	if err := w.Sleep(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestEverythingAtOnceKeepsTheInvariants checks every count, the ledger and every size limit after every event.
func TestEverythingAtOnceKeepsTheInvariants(t *testing.T) {
	w, err := New(rich(), 7)
	if err != nil {
		t.Fatal(err)
	}
	watched(t, w, 40*time.Second)
	w.ResetResults()
	for range fleets(16, 8, 16) {
		watched(t, w, 5*time.Second)
	}
	r := w.Results()
	for _, p := range r.Pools {
		if p.Done < 50 {
			t.Errorf("%s: only %d done", p.ID, p.Done)
		}
	}
	if r.Total.TimedOut == 0 || r.Total.Refused == 0 || r.Total.Vanished == 0 || r.Servers[0].Orphans == 0 ||
		r.Servers[0].BudgetViolations == 0 {
		t.Errorf("not everything happened: %+v %+v", r.Total, r.Servers)
	}
}

// TestEqualSeedsGiveEqualRuns is about events; that reports are equal bytes for any number of workers is tested there.
func TestEqualSeedsGiveEqualRuns(t *testing.T) {
	runs := 3
	if os.Getenv("PGBUDGET_SOAK") != "" {
		runs = 100
	}
	first := digest(t, rich(), 7, 30*time.Second)
	for range runs - 1 {
		if again := digest(t, rich(), 7, 30*time.Second); again != first {
			t.Fatal("two runs with one seed differ")
		}
	}
	if digest(t, rich(), 8, 30*time.Second) == first {
		t.Error("another seed gives the same run")
	}
}

// TestTrajectoryIsPrinted prints the digest for TestAPlainHeapWalksTheSameTrajectory.
func TestTrajectoryIsPrinted(t *testing.T) {
	fmt.Println("trajectory", digest(t, rich(), 7, 2*time.Minute), digest(t, fleetOfPools(40, true), 3, 5*time.Second))
}

// TestAPlainHeapWalksTheSameTrajectory builds the package with the other calendar and wants the same events.
func TestAPlainHeapWalksTheSameTrajectory(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the package once more")
	}
	want := "trajectory " + digest(t, rich(), 7, 2*time.Minute) + " " + digest(t, fleetOfPools(40, true), 3, 5*time.Second)
	out, err := exec.Command("go", "test", "-count=1", "-tags", "heap", "-v", "-run", "^TestTrajectoryIsPrinted$",
		".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), want+"\n") {
		t.Errorf("the tree's %q, with the heap:\n%s", want, out)
	}
}

// TestOneMorePoolDoesNotReshuffleTheOthers adds pools and wants what the first did to be as it was, to the byte.
func TestOneMorePoolDoesNotReshuffleTheOthers(t *testing.T) {
	results := func(pools int) string {
		s := fleetOfPools(3, true)
		more := fleetOfPools(pools, true)
		s.Pools, s.Loads = append(slices.Clone(more.Pools[3:]), s.Pools...), append(slices.Clone(more.Loads[3:]), s.Loads...)
		w, err := New(s, 5)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Sleep(t.Context(), 10*time.Second); err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, p := range w.Results().Pools {
			if slices.Contains([]string{"main/app0", "main/app1", "main/app2"}, p.ID) {
				b, err := json.Marshal([]any{p.Arrivals, p.Done, p.Waited, p.WaitSum, p.Wait.Quantile(0.99), p.BusyErlangs,
					p.MaxConns})
				if err != nil {
					t.Fatal(err)
				}
				text.Write(b)
			}
		}
		return text.String()
	}
	if few, many := results(3), results(9); few != many {
		t.Errorf("%s\n%s", few, many)
	}
}

// TestOtherSizesMeetTheSameArrivals: common random numbers, without which a comparison of sizes is noise.
func TestOtherSizesMeetTheSameArrivals(t *testing.T) {
	arrivals := func(size int) (int64, int64) {
		s := rich()
		s.Pools[1].SizeConns = size
		s.Faults = nil
		w, err := New(s, 5)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Sleep(t.Context(), 25*time.Second); err != nil {
			t.Fatal(err)
		}
		return w.tallyOf["main/app"].arrivals, w.tallyOf["ci/app"].arrivals
	}
	a, b := arrivals(5)
	if c, d := arrivals(12); a != c || b != d {
		t.Errorf("arrivals %d, %d with one size, %d, %d with another", a, b, c, d)
	}
}

// TestNoAllocationsAfterTheWarmUp counts them over many events.
func TestNoAllocationsAfterTheWarmUp(t *testing.T) {
	s := rich()
	s.Faults, s.Script, s.Signals = nil, nil, nil
	w, err := New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Sleep(t.Context(), 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	before := w.events
	allocs := testing.AllocsPerRun(5, func() {
		if err := w.Sleep(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
	})
	if perEvent := allocs / (float64(w.events-before) / 6); perEvent > 1e-4 {
		t.Errorf("%v allocations per event", perEvent)
	}
}
