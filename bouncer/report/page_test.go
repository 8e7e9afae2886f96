package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var keep = flag.String("keep", "", "write the page of the tests into this folder, to be looked at in a browser")

const hostile = `a<script>alert(1)</script>"b'&c`

// whole is a page with one of everything: two servers, a small pool beside a large one, a shift, and every mark.
func whole() Page {
	p := Page{Title: "gprd " + hostile, Subtitle: "from 2026-11-30", Outcome: "done", Notes: []string{"a note " + hostile},
		Ledgers: []Ledger{{Server: "main", Budget: 450, Now: 420, After: 450, CPU: "cpu 61 %",
			Lines: []Line{{"max_connections", "SHOW", 500}, {"direct", "highest of 7 d", -50}}}},
		Pools: []Pool{{ID: "main/app", Copies: "3 +5", From: 75, To: 64, Conns: 240, After: 207, Load: "154 (149–160)",
			Wait: "0 ms", Use: "68 → 80 %", BoundBy: "price"}, {ID: "ci/app", Copies: "3",
			From: 5, To: 28, Conns: 15, After: 84},
			{ID: hostile, To: 3, Conns: 3, After: 3}},
		Steps:   []Step{{"1", "ci/app 5 → 12", "420 → 441 of 450"}},
		Learned: []string{"the fraction is 31 to 36 %"}, Footer: "pgbudget (devel)"}
	s := Series{Begin: time.Date(2026, 11, 30, 0, 34, 13, 0, time.UTC)}
	one, two := ServerSeries{Name: "main", Ceiling: 0.85}, ServerSeries{Name: "other"}
	pools := []PoolSeries{{ID: "main/app", Server: "main"}, {ID: "ci/app", Server: "main"}, {ID: hostile, Server: "other"}}
	share := ShareSeries{Shift: "main/app:ci/app"}
	for i := range 700 {
		t := float64(i) / 700
		s.At = append(s.At, time.Duration(i)*5*time.Second)
		one.Budget, one.Worst = append(one.Budget, 500), append(one.Worst, 420+30*t)
		one.Direct, one.CPU = append(one.Direct, 20), append(one.CPU, 0.6+0.1*math.Sin(9*t))
		two.Budget, two.Worst, two.Direct = append(two.Budget, 20), append(two.Worst, 3), append(two.Direct, 0)
		for j, v := range []float64{240 - 30*t, 2, 3} {
			pools[j].Conns, pools[j].Size = append(pools[j].Conns, v), append(pools[j].Size, v+5)
			pools[j].Wait = append(pools[j].Wait, []float64{0, 0.002 + 3*t, math.NaN()}[j])
		}
		share.Percent = append(share.Percent, math.Floor(10*t)*10)
	}
	s.Servers, s.Pools, s.Shares = []ServerSeries{one, two}, pools, []ShareSeries{share}
	p.Series = s
	for i, k := range []EventKind{Release, Grant, Shift, Hold, Undo, ""} {
		p.Events = append(p.Events, Event{At: time.Duration(i*8) * time.Minute, When: "00:34:13Z", Kind: k,
			Text: fmt.Sprintf("%s of %s", k, hostile)})
	}
	return p
}

func pageOf(t *testing.T, p Page) string {
	t.Helper()
	b, err := p.HTML()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var picturesOf = regexp.MustCompile(`(?s)<svg.*?</svg>`)

// TestAPageIsWhole: every series, every mark and every text is in it, escaped, and its pictures are well-formed.
func TestAPageIsWhole(t *testing.T) {
	text := pageOf(t, whole())
	if *keep != "" {
		if err := os.WriteFile(filepath.Join(*keep, "page.html"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(text, "<script") || strings.Contains(text, "http") {
		t.Error("the page runs or fetches something")
	}
	planned := whole()
	planned.Series.Servers[0].Plans = true
	for p, want := range map[string]string{text: "level above which nothing is granted: 85 %",
		pageOf(t, planned): "the most that the plan allows; no signal holds a run at it: 85 %"} {
		if !strings.Contains(p, want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	if text != pageOf(t, whole()) {
		t.Error("equal contents make other bytes")
	}
	for _, want := range []string{`data-series="budget of main"`, `data-series="worst case of main"`,
		`data-series="direct"`, `data-series="main/app"`, `data-series="ci/app"`, `data-series="worst case of other"`,
		`data-series="CPU of main"`, `data-series="ceiling of main"`, `data-series="main/app:ci/app"`,
		`data-series="wait of ci/app"`, `data-series="connections of ci/app"`, `data-series="size of main/app"`,
		`class="mark release"`, `class="mark grant"`, `class="mark shift"`, `class="mark hold"`, `class="mark undo"`,
		"75 → 64 −11", "5 → 28 &#43;23", "the fraction is 31 to 36 %", "worst case as planned",
		"00:34:13Z", "name=\"viewport\""} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	pictures := picturesOf.FindAllString(text, -1)
	if len(pictures) != 2+1+1+1+3 {
		t.Errorf("%d pictures, want two servers, a CPU, traffic, waits and three pools", len(pictures))
	}
	for _, svg := range pictures {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("not well-formed: %v in %.200s", err, svg)
			}
		}
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("a number that is none: %.300s", svg)
		}
	}
}

// TestWhatIsSmallStaysVisible: a pool of two connections beside one of two hundred and forty has a band of its own.
func TestWhatIsSmallStaysVisible(t *testing.T) {
	p := whole()
	svg := picturesOf.FindString(pageOf(t, p))
	m := regexp.MustCompile(`data-series="ci/app"[^>]* d="M([\d.]+) ([\d.]+)L.*?L[\d.]+ ([\d.]+)Z"`).FindStringSubmatch(svg)
	if m == nil {
		t.Fatal("ci/app is not drawn")
	}
	var upper, lower float64
	_, err := fmt.Sscan(m[2], &upper)
	if _, also := fmt.Sscan(m[3], &lower); err != nil || also != nil || lower-upper < leastBand-0.11 {
		t.Errorf("the band of two connections is from %s to %s, want %v at least", m[2], m[3], leastBand)
	}
}

// TestNothingToDrawIsNoPicture, and what a plan of a what-if has is a page.
func TestNothingToDrawIsNoPicture(t *testing.T) {
	for name, s := range map[string]Series{"nothing": {}, "a moment": {At: []time.Duration{0}},
		"no time": {At: []time.Duration{5, 5}}} {
		p := whole()
		p.Series = s
		if text := pageOf(t, p); strings.Contains(text, "<svg") || !strings.Contains(text, "Ledger of main") {
			t.Errorf("%s: %d bytes", name, len(text))
		}
	}
	if b, err := (Page{}).HTML(); err != nil || !bytes.Contains(b, []byte("<!DOCTYPE html>")) {
		t.Errorf("an empty page: %v", err)
	}
}

// TestThinningKeepsTheHighest wait and CPU, and the moment with the most connections.
func TestThinningKeepsTheHighest(t *testing.T) {
	p := whole()
	p.Series.Pools[1].Wait[333], p.Series.Pools[0].Conns[501] = 77, 999
	p.Series.Servers[0].CPU[100] = math.NaN()
	thin := p.Series.thinned()
	var wait, conns float64
	for i := range thin.At {
		wait, conns = max(wait, orZero(thin.Pools[1].Wait[i])), max(conns, thin.Pools[0].Conns[i])
	}
	if len(thin.At) != mostPoints || wait != 77 || conns != 999 {
		t.Errorf("%d moments, a wait of %g, %g connections", len(thin.At), wait, conns)
	}
	for i := 1; i < len(thin.At); i++ {
		if thin.At[i] <= thin.At[i-1] {
			t.Fatalf("moment %d is not after the one before", i)
		}
	}
}

// TestTicksAreRoundAndFew whatever the span is.
func TestTicksAreRoundAndFew(t *testing.T) {
	for _, top := range []float64{0, 0.3, 1, 7, 99, 100, 530, 12345} {
		if marks, most := ticks(top, ""); len(marks) < 2 || len(marks) > 6 || most < top {
			t.Errorf("0 to %g: %v", top, marks)
		}
	}
	for _, span := range []time.Duration{3 * time.Second, time.Minute, time.Hour, 26 * time.Hour, 28 * 24 * time.Hour,
		400 * 24 * time.Hour} {
		for _, begin := range []time.Time{{}, time.Date(2026, 11, 30, 0, 34, 13, 0, time.UTC)} {
			s := Series{Begin: begin, At: []time.Duration{0, span}}
			if marks := s.times(); len(marks) < 1 || len(marks) > 15 || marks[0].at < 0 || marks[len(marks)-1].at > span {
				t.Errorf("%v from %v: %v", span, begin, marks)
			}
		}
	}
}
