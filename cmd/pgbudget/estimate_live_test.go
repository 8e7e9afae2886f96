package main

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/fixtures/lab/pace"
	"github.com/pgbudget/pgbudget/planner/load"
)

// ledgersOf is what the loads of each group have done so far.
func ledgersOf(runs map[string][]*clients.Run) map[string]clients.Ledger {
	out := map[string]clients.Ledger{}
	for name, r := range runs {
		out[name] = ledgers(r)
	}
	return out
}

// sinceOf is what they have done since then.
func sinceOf(runs map[string][]*clients.Run, from map[string]clients.Ledger) map[string]clients.Ledger {
	seen := ledgersOf(runs)
	for name := range seen {
		seen[name] = seen[name].Since(from[name])
	}
	return seen
}

func loadOf(t testing.TB, loads []load.Load, pool string) load.Load {
	t.Helper()
	for _, l := range loads {
		if l.Pool == pool {
			return l
		}
	}
	t.Fatalf("no load of %s in %+v", pool, loads)
	return load.Load{}
}

// agree compares an estimate with the generator's own ledger of the same window. Where nothing waits, the part of
// BEGIN's round trip that holds the connection, which the client cannot time, is no fault of the estimate.
func agree(t testing.TB, what string, got load.Load, want clients.Ledger, waits bool, within float64) {
	t.Helper()
	if want.Starved > 0 {
		t.Fatalf("%s: the generator was starved %d times: its load did not reach PgBouncer", what, want.Starved)
	}
	least, most := want.OfferedErlangs(), want.MostErlangs()
	if waits {
		most = least
	}
	off := got.Erlangs.Target/min(max(got.Erlangs.Target, least), most) - 1
	t.Logf("%s: estimated %.3f Erlangs (%.3f–%.3f, %s), the generator's ledger says %.3f to %.3f: off by %+.1f %%", what,
		got.Erlangs.Target, got.Erlangs.Lower, got.Erlangs.Upper, got.Method, least, most, 100*off)
	if !waits && (got.Erlangs.Upper < least || got.Erlangs.Lower > most) {
		t.Errorf("%s: %.3f–%.3f Erlangs, and %.3f to %.3f are true", what, got.Erlangs.Lower, got.Erlangs.Upper, least, most)
	}
	if math.Abs(off) > within {
		t.Errorf("%s: off by %+.1f %%, want within %.0f %%", what, 100*off, 100*within)
	}
}

// atRest measures a load that must not be slowed down; see pace.Twice. measure makes its load anew each time, and says
// what the generator has seen. Its holds are eased times as long as usual, at as many fewer transactions a second: 1 at
// first, and then what the first measurement has shown that this machine needs.
func atRest(t *testing.T, measure func(eased float64) (seen map[string]clients.Ledger, compare func())) {
	t.Helper()
	rested(t, func(...clients.Ledger) string { return "" }, measure)
}

// atRestUnqueued is atRest of loads of which nothing waits.
func atRestUnqueued(t *testing.T, measure func(eased float64) (seen map[string]clients.Ledger, compare func())) {
	t.Helper()
	rested(t, pace.Vague, measure)
}

func rested(t *testing.T, vague func(...clients.Ledger) string,
	measure func(eased float64) (seen map[string]clients.Ledger, compare func())) {
	t.Helper()
	eased := 1.0
	pace.Twice(t, func(int) (string, func()) {
		heart := pace.NewHeart()
		defer heart.Stop()
		groups, compare := measure(eased)
		seen := slices.Collect(maps.Values(groups))
		eased = pace.Ease(seen...)
		why := vague(seen...)
		if why != "" {
			// chosen: what made one BEGIN long makes the next so, and of a longer hold it is a smaller part
			eased = max(eased, 3)
		}
		return strings.Trim(pace.Unjudged(heart, stall, seen...)+"; "+why, "; "), compare
	})
}

// times is so many times as long.
func times(d time.Duration, n float64) time.Duration {
	return time.Duration(n * float64(d)).Round(time.Millisecond)
}

// easyHold is the hold of pools too small to measure a pace through, and how many times it is one of 10 ms: in `make
// fidelity` as short as real ones are, else long against what a busy machine adds to one.
func easyHold(t testing.TB) (hold time.Duration, longer float64) {
	if longer = 10; window(t) >= time.Minute {
		longer = 1
	}
	return time.Duration(longer * float64(10*time.Millisecond)), longer
}

func stopAll(runs ...*clients.Run) {
	for _, r := range runs {
		r.Stop()
	}
}

// TestEstimateAgreesWithTheGeneratorsLedger offers four Erlangs to each group: in `make test` in transactions long
// enough to leave a small machine air, in `make fidelity` in ones as short as real ones.
func TestEstimateAgreesWithTheGeneratorsLedger(t *testing.T) {
	full := window(t) >= time.Minute
	together(t, func(t *testing.T, gens []lab.Generation) {
		groups := each(gens, []string{"main", "ci"})
		l := labtest.Start(t, groupsOf(groups, 10))
		atRestUnqueued(t, func(eased float64) (map[string]clients.Ledger, func()) {
			perSec, hold, look := 100.0, 10*time.Millisecond, window(t)
			if !full {
				perSec, hold = 10, 100*time.Millisecond
				speed := paceFor(t, l, groups[0].name, float64(4*len(groups))*perSec, hold)
				perSec, hold = speed.Of(perSec, hold)
				look = slower(look, speed)
			}
			perSec, hold, look = perSec/eased, times(hold, eased), times(look, eased)
			runs := map[string][]*clients.Run{}
			for _, g := range groups {
				runs[g.name] = offer(t, l, g.name, perSec, hold)
				defer stopAll(runs[g.name]...)
			}
			time.Sleep(time.Second) // the first connections are being opened
			from := ledgersOf(runs)
			loads := decode[[]load.Load](t, l, append([]string{"estimate", "--window", look.String(), "--every", "1s"},
				fleetArgs(l)...)...)
			seen := sinceOf(runs, from)
			return seen, func() {
				for _, g := range groups {
					agree(t, g.name+"/app", loadOf(t, loads, g.name+"/app"), seen[g.name], false, 0.05)
				}
			}
		})
	})
}

// TestEstimateSeesThroughAFullPool offers more than one connection carries: the clients' queue grows, or PgBouncer
// sends those away that have waited for three seconds.
func TestEstimateSeesThroughAFullPool(t *testing.T) {
	hold, longer := easyHold(t)
	perSec := map[string]float64{"grows": 115, "away": 130} // of the 100 that one connection carries
	if longer > 1 {
		perSec["grows"] = 180 // a queue of few long transactions must grow fast to be told from one that wanders
	}
	together(t, func(t *testing.T, gens []lab.Generation) {
		groups := each(gens, []string{"grows", "away"})
		spec := groupsOf(groups, 1)
		for i, g := range groups {
			spec.Groups[i].Settings = map[string]string{"query_wait_timeout": "0", "max_client_conn": "15000"}
			if g.part == "away" {
				spec.Groups[i].Settings["query_wait_timeout"] = "3"
			}
		}
		atRest(t, func(eased float64) (map[string]clients.Ledger, func()) {
			l := labtest.Start(t, spec)
			defer l.Stop()
			runs := map[string][]*clients.Run{}
			for _, g := range groups {
				runs[g.name] = offerAs(t, l, []string{"app1"}, g.name, perSec[g.part]/longer/eased, times(hold, eased))
				defer stopAll(runs[g.name]...)
			}
			time.Sleep(5 * time.Second) // the queue is there, and the first waiters leave
			from := ledgersOf(runs)
			loads := decode[[]load.Load](t, l, append([]string{"estimate", "--window", times(window(t), eased).String(),
				"--every", "1s"}, fleetArgs(l)...)...)
			seen := sinceOf(runs, from)
			return seen, func() {
				for _, g := range groups {
					seesThrough(t, g, loadOf(t, loads, g.name+"/app"), seen[g.name], longer > 1)
				}
			}
		})
	})
}

// seesThrough judges the estimate of one full pool. A short window of few transactions may not tell those who wait from
// those who ask less, where nobody is sent away.
func seesThrough(t testing.TB, g part, got load.Load, seen clients.Ledger, short bool) {
	t.Helper()
	if got.AtLeast && short && g.part == "grows" {
		truth := seen.OfferedErlangs()
		t.Logf("%s: estimated ≥ %.3f Erlangs (%.3f–%.3f), the generator's ledger says %.3f", g.name, got.Erlangs.Target,
			got.Erlangs.Lower, got.Erlangs.Upper, truth)
		if truth < got.Erlangs.Lower || truth > got.Erlangs.Upper || got.Erlangs.Target > 1.05*truth {
			t.Errorf("%s: at least %.3f (%.3f–%.3f), and %.3f is true", g.name, got.Erlangs.Target, got.Erlangs.Lower,
				got.Erlangs.Upper, truth)
		}
		return
	}
	agree(t, g.name+"/app", got, seen, true, 0.10)
	if got.Method != load.MethodFlowBalance || got.AtLeast {
		t.Errorf("%s: found by %s, at least: %v; want %s. Notes: %q", g.name, got.Method, got.AtLeast, load.MethodFlowBalance,
			got.Notes)
	}
}

// TestEstimateSaysAtLeastWhenClosedClientsHideTheirDemand: two processes with two connections each are busy all the
// time, and 24 clients want one.
func TestEstimateSaysAtLeastWhenClosedClientsHideTheirDemand(t *testing.T) {
	hold, longer := easyHold(t)
	think := time.Duration(longer * float64(5*time.Millisecond))
	together(t, func(t *testing.T, gens []lab.Generation) {
		groups := each(gens, []string{"main"})
		l := labtest.Start(t, groupsOf(groups, 2))
		atRest(t, func(eased float64) (map[string]clients.Ledger, func()) {
			runs := map[string][]*clients.Run{}
			for _, g := range groups {
				for _, dsn := range l.DSNs(g.name, "app1", "app") {
					r, err := clients.ClosedLoop{DSN: dsn, Clients: 12, Think: clients.Exp(times(think, eased)),
						Body: clients.Body{Hold: clients.Exp(times(hold, eased))}, Seed: 1}.Start(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					defer stopAll(r)
					runs[g.name] = append(runs[g.name], r)
				}
			}
			time.Sleep(time.Second)
			from := ledgersOf(runs)
			loads := decode[[]load.Load](t, l, append([]string{"estimate", "--window", times(8*time.Second, eased).String(),
				"--every", "400ms"}, fleetArgs(l)...)...)
			return sinceOf(runs, from), func() {
				for _, g := range groups {
					got := loadOf(t, loads, g.name+"/app")
					if !got.AtLeast || got.Method != load.MethodBusy {
						t.Errorf("%+v; want at least", got)
					}
					if got.Erlangs.Target < 3.4 || got.Erlangs.Target > 4.1 || float64(got.InSystem) < 12 {
						t.Errorf("%s: at least %g, in the system %g; want about 4 and about 24 less those that think", g.name,
							got.Erlangs.Target, float64(got.InSystem))
					}
				}
			}
		})
	})
}
