package planner

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	shortOf  = regexp.MustCompile(`is (\d+) connections short: (\d+) needed, (\d+) there; (.*)$`)
	partOfIt = regexp.MustCompile(`^(?:\S+|\d+ more pools?|reserves and pools that the plan may not change) (\d+)(?: \(size \d+: .*\))?$`)
)

// TestWhatACertificateNamesAddsUp reads certificates of random fleets as a person would: the parts come to what is needed,
// and what is needed to what is short.
func TestWhatACertificateNamesAddsUp(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	seen, many, cured, promised := 0, 0, 0, 0
	for range 400 {
		d := randomDemands(r)
		_, err := trySolve(t, d, Options{})
		if KindOf(err) != KindInfeasible {
			continue
		}
		m := shortOf.FindStringSubmatch(err.Error())
		if m == nil {
			t.Fatalf("%v", err)
		}
		number := func(s string) int { n, _ := strconv.Atoi(s); return n }
		sum := 0
		parts := strings.Split(m[4], " + ")
		for _, part := range parts {
			p := partOfIt.FindStringSubmatch(part)
			if p == nil {
				t.Fatalf("%q in %v", part, err)
			}
			sum += number(p[1])
		}
		if short, need, there := number(m[1]), number(m[2]), number(m[3]); sum != need || need-there != short {
			t.Errorf("%d in all: %v", sum, err)
		}
		if seen++; len(parts) > mostNamed {
			many++
		}
		if _, err := trySolve(t, d, Options{BestEffort: true}); err != nil {
			cured++
			if text := err.Error() + HintOf(err); strings.Contains(text, "--best-effort") || strings.Contains(text, "allocate:") {
				t.Errorf("best effort: %v\n%s", err, HintOf(err))
			}
			if promises(t, d, HintOf(err)) {
				promised++
			}
		}
	}
	if seen < 100 || many < 10 || cured < 10 || promised < 3 || promised == cured {
		t.Errorf("%d certificates, %d of more pools than are named, %d that no best effort helps, %d of pools that also promise too much", seen, many, cured, promised)
	}
}

// promises reports whether a hint to lower min: of some pools says that what they promise needs more, too; it is to say so
// where their floors without a min do.
func promises(t *testing.T, d Declared, hint string) bool {
	t.Helper()
	names, ok := strings.CutPrefix(hint, "lower min: of ")
	if !ok {
		return false
	}
	names, _, _ = strings.Cut(names, ", or find")
	names, promises := strings.CutSuffix(names, " and what they are to promise (utilization:, max_wait:)")
	needs := false
	d.Pools = slices.Clone(d.Pools)
	for i, p := range d.Pools {
		if !slices.Contains(strings.Split(names, ", "), p.ID) {
			continue
		}
		min := p.Min
		d.Pools[i].Min = 1
		f, err := Model(noon, d, Evidence{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := f.pool(p.ID)
		size, _, err := Floor(x)
		if err != nil {
			t.Fatal(err)
		}
		needs = needs || size > min
	}
	if needs != promises {
		t.Errorf("%s: what they promise needs more than their min: %v", hint, needs)
	}
	return promises
}

// randomDemands are pools that often ask for more than there is.
func randomDemands(r *rand.Rand) Declared {
	server := declaredServer("pg", Declared{})
	server.MaxConns, server.DirectConns = ptr(20+r.IntN(200)), ptr(r.IntN(5))
	d := Declared{Servers: []DeclaredServer{server}}
	for i := range 1 + r.IntN(12) {
		p, _ := d.pool(fmt.Sprintf("g%02d/app", i))
		p.Copies, p.Size = 1+r.IntN(6), ptr(1+r.IntN(20))
		if r.IntN(3) == 0 {
			p.Min = 1 + r.IntN(20)
		}
		p.Load = &DeclaredLoad{ArrivalsPerSec: 10 * float64(1+r.IntN(200)), MeanHold: 10 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1}
		d.Pools = append(d.Pools, p)
	}
	return d
}

func TestAMaxThatIsTooSmallIsTheCure(t *testing.T) {
	d := whatIf(100)
	d.Pools[0].Max = 3
	_, err := trySolve(t, d, Options{})
	if want := "raise max: of ci/app to "; KindOf(err) != KindInfeasible || !strings.HasPrefix(HintOf(err), want) || strings.Contains(HintOf(err), "find ") {
		t.Errorf("%v\n%s, want %s", err, HintOf(err), want)
	}
}
