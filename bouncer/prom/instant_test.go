package prom_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// presentPage is scraped every second: one gauge as of now, and samples that bear their own, older times.
func presentPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprintf(w, "fresh 0.25\n")
	fmt.Fprintf(w, "old 0.5 %d\n", time.Now().Add(-2*time.Minute).UnixMilli())
}

// scraped waits until the present has been scraped a few times.
func scraped(t *testing.T) {
	t.Helper()
	c := pastClient(t)
	for range 1800 {
		if v, _, err := c.Instant(t.Context(), "scrapes", `count_over_time(fresh[1m])`); err == nil && v >= 3 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the page was not scraped")
}

func TestAnInstantIsOneNumberWithItsSamplesTime(t *testing.T) {
	scraped(t)
	c := pastClient(t)
	for _, c2 := range []struct {
		query string
		want  float64
	}{
		{`fresh`, 0.25},
		{`fresh # the share`, 0.25},
		{`sum(fresh) * 2`, 0.5},
		{`1 - 0.25`, 0.75},
		{`vector(3)`, 3},
	} {
		before := time.Now().Add(-time.Minute) // scrapes are a second apart where the machine has time for them
		got, at, err := c.Instant(t.Context(), "cpu", c2.query)
		if err != nil || got != c2.want {
			t.Errorf("%s: got %v, %v, want %v", c2.query, got, err, c2.want)
		}
		if at.Before(before) || at.After(time.Now().Add(time.Second)) {
			t.Errorf("%s: got the time %s, want one just now", c2.query, at)
		}
	}
	// A plain selector's time is that of the scrape, an expression's that of the evaluation. Between two questions that
	// name the same scrape, so must the one in their midst.
	for range 100 {
		var scrapes [2]float64
		var at time.Time
		for i := range scrapes {
			var err error
			if scrapes[i], _, err = c.Instant(t.Context(), "cpu", `timestamp(fresh)`); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				if _, at, err = c.Instant(t.Context(), "cpu", `fresh`); err != nil {
					t.Fatal(err)
				}
			}
		}
		if scrapes[0] != scrapes[1] {
			continue
		}
		if got := float64(at.UnixMilli()) / 1e3; math.Abs(got-scrapes[0]) > 0.002 {
			t.Errorf("got the time %.3f, want that of the scrape, %.3f", got, scrapes[0])
		}
		return
	}
	t.Error("each of 100 scrapes was followed by another one between two questions")
}

func TestAnAnswerThatIsNotOneFiniteNumberIsAnError(t *testing.T) {
	scraped(t)
	five := `label_replace(vector(1), "n", "1", "", "")`
	for n := 2; n <= 7; n++ {
		five += fmt.Sprintf(` or label_replace(vector(1), "n", "%d", "", "")`, n)
	}
	for _, c := range []struct {
		query string
		kind  operr.Kind
		want  string
	}{
		{`nothing_of_the_kind`, operr.KindEvidence, "cpu: the query found no series: absent is not 0"},
		{five, operr.KindEvidence,
			`cpu: the query found 7 series where one is wanted: {n="1"}, {n="2"}, {n="3"}, {n="4"}, {n="5"}, and 2 more`},
		{`vector(0) / 0`, operr.KindEvidence, "cpu: the value is NaN"},
		{`1 / 0`, operr.KindEvidence, "cpu: the value is +Inf"},
		{`-vector(1) / 0`, operr.KindEvidence, "cpu: the value is -Inf"},
		{`fresh[1m]`, operr.KindUsage, "cpu: the query gives a range of samples, not one number"},
		{`"text"`, operr.KindUsage, "cpu: the query gives a string, not a number"},
		{`sum(`, operr.KindUsage, "refuses the query: invalid parameter"},
		{`fresh * on () group_left () (vector(1) or label_replace(vector(1), "n", "1", "", ""))`, operr.KindEvidence,
			"cannot evaluate the query"},
		{`old`, operr.KindEvidence, "cpu: the newest sample is 2m"},
	} {
		_, _, err := pastClient(t).Instant(t.Context(), "cpu", c.query)
		if err == nil {
			t.Errorf("%s: got no error, want %q", c.query, c.want)
			continue
		}
		contains(t, err.Error(), c.want)
		if got := operr.KindOf(err); got != c.kind {
			t.Errorf("%s: got kind %d, want %d", c.query, got, c.kind)
		}
		if operr.HintOf(err) == "" {
			t.Errorf("%s: got no hint", c.query)
		}
	}
}

func TestASignalCarriesItsErrorAndItsTime(t *testing.T) {
	scraped(t)
	c := pastClient(t)
	if got := c.Signal(t.Context(), "cpu", "main", `fresh`); got.Value != 0.25 || got.Error != "" || got.Name != "cpu" ||
		got.Server != "main" || got.At.IsZero() {
		t.Errorf("got %+v, want 0.25 with a time", got)
	}
	if got := c.Signal(t.Context(), "cpu", "main", `absent_metric`); got.Value.Known() ||
		!strings.Contains(got.Error, "absent is not 0") || !got.At.IsZero() {
		t.Errorf("got %+v, want an error and no value", got)
	}
	got := c.Signal(t.Context(), "cpu", "main", `old`)
	if age := time.Since(got.At); got.Value.Known() || got.Error == "" || age < 110*time.Second || age > 10*time.Minute {
		t.Errorf("got %+v, want an error and the old sample's own time", got)
	}
}
