//go:build soak

package main

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/load"
)

// liveWindows are observed one after the other, of each load of each generation.
const liveWindows = 4

// windowsOf is what the windows of one load came to.
type windowsOf struct {
	part
	what   string
	waits  bool // clients wait in it: what the generator times is what PgBouncer does
	hidden bool // closed clients hide their load: no more than a bound is identified
	loads  []load.Load
}

// TestLiveWindowsHoldTheLoad samples real loads of real servers for minutes, in windows of one each, all at the same
// time. Each interval must hold the load that the generator has offered in all of them.
func TestLiveWindowsHoldTheLoad(t *testing.T) {
	look := max(window(t), 20*time.Second)
	var all []*windowsOf
	for _, p := range each([]lab.Generation{lab.Gen118, lab.Gen124}, []string{"few", "open", "closed", "hidden", "grows",
		"away"}) {
		s := &windowsOf{part: p, what: map[string]string{
			"few":    "0.5 Erlangs on 40 connections",
			"open":   "4 Erlangs on 40 connections",
			"closed": "40 closed clients on 40 connections",
			"hidden": "48 closed clients on 2 connections",
			"grows":  "2.6 Erlangs on 2 connections",
			"away":   "2.6 Erlangs on 2 connections, clients wait for 3 s at most",
		}[p.part]}
		s.waits = p.part == "grows" || p.part == "away" || p.part == "hidden"
		s.hidden = p.part == "hidden"
		all = append(all, s)
	}
	atRest(t, func(float64) (map[string]clients.Ledger, func()) {
		for _, s := range all {
			s.loads = nil
		}
		var parts []part
		for _, s := range all {
			parts = append(parts, s.part)
		}
		spec := groupsOf(parts, 10)
		for i, s := range all {
			settings := map[string]string{"query_wait_timeout": "0", "max_client_conn": "15000"}
			if s.part.part == "away" {
				settings["query_wait_timeout"] = "3"
			}
			spec.Groups[i].Settings = settings
			if s.waits {
				spec.Groups[i].Aliases[0].PoolSize = 1
			}
		}
		l := labtest.Start(t, spec)
		defer l.Stop()
		runs := map[string][]*clients.Run{}
		for _, s := range all {
			runs[s.name] = s.offer(t, l)
			defer stopAll(runs[s.name]...)
		}
		time.Sleep(10 * time.Second) // connections are being opened, queues are there, and the first waiters leave
		from := ledgersOf(runs)
		for range liveWindows {
			loads := decode[[]load.Load](t, l, append([]string{"estimate", "--window", look.String(), "--every", "1s"},
				fleetArgs(l)...)...)
			for _, s := range all {
				s.loads = append(s.loads, loadOf(t, loads, s.name+"/app"))
			}
		}
		seen := sinceOf(runs, from)
		return seen, func() { judgeWindows(t, all, seen, look) }
	})
}

// offer begins the load at each process of its group.
func (s *windowsOf) offer(t testing.TB, l *lab.Lab) []*clients.Run {
	n, think := 10, 360*time.Millisecond // the four pools ask for an Erlang each
	switch s.part.part {
	case "few":
		return offer(t, l, s.name, 6.25, 20*time.Millisecond)
	case "open":
		return offer(t, l, s.name, 25, 40*time.Millisecond)
	case "grows", "away":
		return offerAs(t, l, []string{"app1"}, s.name, 26, 50*time.Millisecond)
	case "hidden":
		n, think = 24, 500*time.Millisecond
	}
	users := []string{"app1", "app2"}
	if s.hidden {
		users = users[:1]
	}
	var runs []*clients.Run
	for i, user := range users {
		for j, dsn := range l.DSNs(s.name, user, "app") {
			r, err := clients.ClosedLoop{DSN: dsn, Clients: n, Think: clients.Exp(think),
				Body: clients.Body{Hold: clients.Exp(40 * time.Millisecond)}, Seed: uint64(1 + 10*i + j)}.Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			runs = append(runs, r)
		}
	}
	return runs
}

// judgeWindows asks of all intervals what `make coverage` asks of simulated ones, and writes the table with -update.
func judgeWindows(t testing.TB, all []*windowsOf, seen map[string]clients.Ledger, look time.Duration) {
	var table strings.Builder
	given, held, windows := 0, 0, 0
	for _, s := range all {
		least, most := seen[s.name].OfferedErlangs(), seen[s.name].MostErlangs()
		if s.waits {
			most = least
		}
		mine, good := 0, 0
		var said []string
		for _, g := range s.loads {
			r := g.Erlangs
			said = append(said, saidOf(g))
			switch {
			case g.Unknown.Any():
			case g.AtLeast:
				if r.Lower > most {
					t.Errorf("%s: at least %.3f, and %.3f is true", s.name, r.Lower, most)
				}
			default:
				mine++
				if s.hidden {
					t.Errorf("%s: %.3f–%.3f, and nothing tells closed clients' load", s.name, r.Lower, r.Upper)
				}
				if r.Lower <= most && r.Upper >= least {
					good++
				} else {
					t.Logf("%s: %.3f–%.3f Erlangs, and %.3f to %.3f are true", s.name, r.Lower, r.Upper, least, most)
				}
				if far := math.Max(r.Lower-most, least-r.Upper); far > r.Upper-r.Lower {
					t.Errorf("%s: %.3f–%.3f Erlangs, three half-widths from %.3f to %.3f", s.name, r.Lower, r.Upper, least, most)
				}
			}
		}
		given, held, windows = given+mine, held+good, windows+len(s.loads)
		fmt.Fprintf(&table, "| %s | %s | %d of %d | %s | %s |\n", s.what, s.gen, good, mine, strings.Join(said, ", "),
			between(least, most))
	}
	t.Logf("%d windows of %v: %d intervals, %d hold\n%s", windows, look, given, held, table.String())
	if windows < 20 || given < windows/2 {
		t.Errorf("%d intervals in %d windows", given, windows)
	}
	if want := .94*float64(given) - 3*math.Sqrt(.94*.06*float64(given)); float64(held) < want {
		t.Errorf("%d of %d intervals hold the load, want %.1f", held, given, want)
	}
	if !*update {
		return
	}
	head := fmt.Sprintf("%d windows of %v of real loads on real servers, by `make coverage`, which writes this table: %d "+
		"intervals, of which %d hold the load that the generator offered.\n\n"+
		"| load | PgBouncer | intervals that hold | what `estimate` said, Erlangs | true |\n|---|---|---|---|---|\n", windows,
		look, given, held)
	tabled(t, "windows", head+table.String())
}

// saidOf is what the command says of a load in one window.
func saidOf(l load.Load) string {
	switch {
	case l.Unknown.Any():
		return "?"
	case l.AtLeast:
		return fmt.Sprintf("≥ %.2f", l.Erlangs.Lower)
	}
	return fmt.Sprintf("%.2f–%.2f", l.Erlangs.Lower, l.Erlangs.Upper)
}

// between is the generator's load, which does not know how much of a BEGIN's round trip holds a connection.
func between(least, most float64) string {
	if most-least < .005 {
		return fmt.Sprintf("%.2f", least)
	}
	return fmt.Sprintf("%.2f to %.2f", least, most)
}
