package sizing_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/words"
)

// TestWhatACertificateNamesAddsUp reads certificates of random fleets as a person would: the parts come to what is
// needed, and what is needed to what is short.
func TestWhatACertificateNamesAddsUp(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	seen, many, cured, promised := 0, 0, 0, 0
	for range 400 {
		d := plannertest.RandomDemands(r)
		_, err := trySolve(t, d, sizing.Options{})
		if operr.KindOf(err) != operr.KindInfeasible {
			continue
		}
		m := plannertest.ShortOf.FindStringSubmatch(err.Error())
		if m == nil {
			t.Fatalf("%v", err)
		}
		number := func(s string) int { n, _ := strconv.Atoi(s); return n }
		sum := 0
		parts := strings.Split(m[4], " + ")
		for _, part := range parts {
			p := plannertest.PartOfIt.FindStringSubmatch(part)
			if p == nil {
				t.Fatalf("%q in %v", part, err)
			}
			sum += number(p[1])
		}
		if short, need, there := number(m[1]), number(m[2]), number(m[3]); sum != need || need-there != short {
			t.Errorf("%d in all: %v", sum, err)
		}
		if seen++; len(parts) > words.MostNamed {
			many++
		}
		if _, err := trySolve(t, d, sizing.Options{BestEffort: true}); err != nil {
			cured++
			if text := err.Error() + operr.HintOf(err); strings.Contains(text, "--best-effort") ||
				strings.Contains(text, "allocate:") {
				t.Errorf("best effort: %v\n%s", err, operr.HintOf(err))
			}
			if promises(t, d, operr.HintOf(err)) {
				promised++
			}
		}
	}
	if seen < 100 || many < 10 || cured < 10 || promised < 3 || promised == cured {
		t.Errorf("%d certificates, %d of more pools than are named, %d that no best effort helps, %d of pools that also "+
			"promise too much", seen, many, cured, promised)
	}
}

// promises reports whether a hint to lower min: of some pools says that what they promise needs more, too; it is to say
// so where their floors without a min do.
func promises(t *testing.T, d budget.Declared, hint string) bool {
	t.Helper()
	names, ok := strings.CutPrefix(hint, "lower min: of ")
	if !ok {
		return false
	}
	names, _, _ = strings.Cut(names, ", or find")
	names, promises := strings.CutSuffix(names, " and their promises (utilization:, max_wait:)")
	needs := false
	d.Pools = slices.Clone(d.Pools)
	for i, p := range d.Pools {
		if !slices.Contains(strings.Split(names, ", "), p.ID) {
			continue
		}
		min := p.Min
		d.Pools[i].Min = 1
		f, err := budget.Model(plannertest.Noon, d, load.Evidence{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := f.Pool(p.ID)
		size, _, err := sizing.Floor(x)
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

func TestAMaxThatIsTooSmallIsTheCure(t *testing.T) {
	d := plannertest.WhatIf(100)
	d.Pools[0].Max = 3
	_, err := trySolve(t, d, sizing.Options{})
	if want := "raise max: of ci/app to "; operr.KindOf(err) != operr.KindInfeasible ||
		!strings.HasPrefix(operr.HintOf(err), want) || strings.Contains(operr.HintOf(err), "find ") {
		t.Errorf("%v\n%s, want %s", err, operr.HintOf(err), want)
	}
}
