package prom_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/prom"
	promfix "github.com/pgbudget/pgbudget/fixtures/prom"
)

// The constructed past: two days, scraped every 15 s. Everything in it is invented, so every true load is known; the
// Prometheus that answers is real.
const (
	pastLength = 48 * time.Hour
	pastScrape = 15 * time.Second
)

var (
	pastStart = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	pastEnd   = pastStart.Add(pastLength)

	legacy = []promfix.Prefix{{Name: "pgbouncer_stats_"}}
	modern = []promfix.Prefix{{Name: "pgbouncer_stats_totals_"}}
)

// The fleets of the constructed past.
var (
	// wave carries 60 Erlangs ± 50 % over the day on two processes, with a queue that must not count.
	wave = promfix.Fleet{Job: "pgb-wave", Alias: "app", Hold: 10 * time.Millisecond, Processes: []promfix.Process{
		{Instance: "w1:9127", Load: promfix.Load{Mean: 40, Swing: 0.5}, Waiting: 2, Size: 100, Prefixes: legacy},
		{Instance: "w2:9127", Load: promfix.Load{Mean: 20, Swing: 0.5}, Waiting: 1, Size: 100, Prefixes: legacy},
	}}
	// flat carries 30 Erlangs all the time, whatever happens to its processes: any sum over less than all of them shows.
	flat = promfix.Fleet{Job: "pgb-flat", Alias: "app", Hold: 20 * time.Millisecond,
		FullOnce: []promfix.Span{{From: hours(30), To: hours(40)}},
		Logins:   []promfix.Span{{From: hours(21), To: hours(23)}},
		Free:     []promfix.Span{{From: hours(2), To: hours(4)}},
		Brimful:  []promfix.Span{{From: hours(14), To: hours(20)}},
		Processes: []promfix.Process{
			{Instance: "f1:9127", Size: 40, Prefixes: modern, Waiting: 0.5, // takes over when f2 retires
				Load:   promfix.Load{Mean: 10, Factors: []promfix.Factor{{From: hours(24), By: 2}}},
				Silent: []promfix.Span{{From: hours(6) + 20*time.Second, To: hours(6) + 10*time.Minute}}},
			{Instance: "f2:9127", Size: 40, Prefixes: modern, Load: promfix.Load{Mean: 10}, Alive: promfix.Span{From: 0,
				To: hours(24)}},
			// takes over when f4 is not used
			{Instance: "f3:9127", Size: 40, Prefixes: modern, Resets: []time.Duration{hours(12) + 7*time.Second},
				Load:   promfix.Load{Mean: 5, Factors: []promfix.Factor{{From: hours(40), By: 2}}},
				Silent: []promfix.Span{{From: hours(47.5), To: hours(49)}}}, // and does not come back
			{Instance: "f4:9127", Size: 40, Prefixes: modern, Unused: []promfix.Span{{From: hours(40), To: hours(49)}},
				Load: promfix.Load{Mean: 5, Factors: []promfix.Factor{{From: hours(40), By: 0}}}},
		}}
	// full is at its size for an hour, and upgraded its exporter after a day.
	full = promfix.Fleet{Job: "pgb-full", Host: "pgb1", Alias: "app", Hold: 5 * time.Millisecond,
		Full: []promfix.Span{{From: hours(10), To: hours(11)}},
		Processes: []promfix.Process{{Instance: "u1:9127", Size: 20, Load: promfix.Load{Mean: 12},
			Prefixes: []promfix.Prefix{{Name: "pgbouncer_stats_"}, {From: hours(24), Name: "pgbouncer_stats_totals_"}}}}}
	// bounded has a size of 20 and a limit of 5: of its user, or of its role in PostgreSQL. It is at it from 9 to 18 of
	// both days, and carries 1 Erlang by night. From 20 to 21 of the first day others hold all that the limit allows.
	bounded = promfix.Fleet{Job: "pgb-within", Alias: "app", Hold: 5 * time.Millisecond,
		Bounded: []promfix.Span{{From: hours(9), To: hours(18)}, {From: hours(33), To: hours(42)}},
		Starved: []promfix.Span{{From: hours(20), To: hours(21)}},
		Processes: []promfix.Process{{Instance: "b1:9127", Size: 20, Prefixes: modern,
			Load: promfix.Load{Mean: 1, Factors: []promfix.Factor{
				{From: hours(9), By: 5}, {From: hours(18), By: 1}, {From: hours(20), By: 0}, {From: hours(21), By: 1},
				{From: hours(33), By: 5}, {From: hours(42), By: 1}}}}}}
	// worker carries 3 Erlangs, and a transaction of half an hour every two hours.
	worker = promfix.Fleet{Job: "pgb-worker", Alias: "app", Hold: 5 * time.Millisecond, Processes: []promfix.Process{
		{Instance: "n1:9127", Size: 10, Prefixes: modern, Load: promfix.Load{Mean: 3}, Long: every(2, 1, 30*time.Minute)}}}
	// workers carries 1 Erlang, and twenty transactions of 200 s every quarter of an hour.
	workers = promfix.Fleet{Job: "pgb-workers", Alias: "app", Hold: 5 * time.Millisecond, Processes: []promfix.Process{
		{Instance: "n2:9127", Size: 40, Prefixes: modern, Load: promfix.Load{Mean: 1},
			Long: every(0.25, 20, 200*time.Second)}}}
	// star has a line of its own for the database own. By its * live shop, full for an hour, with 4 Erlangs, news with 6,
	// whose counters start again once, and for four hours brief, with 5.
	star = []promfix.Fleet{
		{Job: "pgb-zoo", Alias: "own", Hold: 5 * time.Millisecond, Processes: []promfix.Process{inStar(30)}},
		{Job: "pgb-zoo", Alias: "shop", Beside: true, Hold: 5 * time.Millisecond, Processes: []promfix.Process{inStar(4)},
			Full: []promfix.Span{{From: hours(40), To: hours(41)}}},
		{Job: "pgb-zoo", Alias: "news", Beside: true, Hold: 5 * time.Millisecond,
			Processes: []promfix.Process{inStar(6, hours(20)+7*time.Second)}},
		{Job: "pgb-zoo", Alias: "brief", Beside: true, Hold: 5 * time.Millisecond, Processes: []promfix.Process{inBrief()}},
	}
)

// inStar is the process of the fleets star, with its load of one alias and the times at which its counters start again.
func inStar(erlangs float64, resets ...time.Duration) promfix.Process {
	return promfix.Process{Instance: "z1:9127", Size: 20, Prefixes: modern,
		Load: promfix.Load{Mean: erlangs}, Resets: resets}
}

// every is so many transactions of a length that begin together, every so many hours.
func every(h float64, count int, long time.Duration) (spans []promfix.Span) {
	for at := hours(h); at+long < pastLength; at += hours(h) {
		for range count {
			spans = append(spans, promfix.Span{From: at, To: at + long})
		}
	}
	return spans
}

// inBrief is there for four hours.
func inBrief() promfix.Process {
	p := inStar(5)
	p.Unused = []promfix.Span{{From: 0, To: hours(30)}, {From: hours(34), To: hours(49)}}
	return p
}

func hours(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }

// steady is a series with a value that is always the same.
func steady(id string, v float64) promfix.Series {
	return promfix.Series{ID: id, At: promfix.Constant(v)}
}

// pastSeries is all that the Prometheus of the constructed past knows.
func pastSeries() []promfix.Series {
	var all []promfix.Series
	for _, f := range append(star, wave, flat, full, bounded, worker, workers) {
		all = append(all, f.Series()...)
	}
	xacts := func(f promfix.Fleet, t time.Duration) (perSec float64) {
		for _, p := range f.Processes {
			perSec += p.Load.Erlangs(t) / f.Hold.Seconds()
		}
		return perSec
	}
	return append(all,
		// The server's CPU: 5 % for itself, and what the transactions of wave cost.
		promfix.Series{ID: `cpu_ratio{server="main"}`, At: func(t time.Duration) (float64, bool) {
			return 0.05 +
				cpuPerTPS*xacts(wave, t), true
		}},
		steady(`cpu_percent`, 45),
		// PostgreSQL sees all that wave holds (active and 2 idle per process) and 7 more, once 25 more.
		promfix.Series{ID: `pg_stat_activity_count{job="pg",instance="pg1:9187",datname="real",state="active"}`,
			At: func(t time.Duration) (float64, bool) {
				sum := 7.0
				if (promfix.Span{From: hours(33), To: hours(34)}).Holds(t) {
					sum = 25
				}
				for _, s := range wave.Series() {
					if strings.HasPrefix(s.ID, "pgbouncer_pools_server_") {
						v, _ := s.At(t)
						sum += v
					}
				}
				return sum, true
			}},
		steady(`pg_stat_activity_count{job="pg",instance="pg1:9187",datname="real",state="idle"}`, 0),
		steady(`pg_stat_activity_count{job="pg",instance="pg1:9187",backend_type="autovacuum worker",state="active"}`, 3),
		steady(`up{job="pg",instance="pg1:9187"}`, 1),
		steady(`pg_stat_activity_count{job="pg-blind",instance="pg2:9187",state="active"}`, 1),
		steady(`up{job="pg-blind",instance="pg2:9187"}`, 1),
		// Exporters that are no use.
		steady(`pgbouncer_query_microseconds_total{job="python",instance="d:9127",database="app"}`, 1),
		steady(`pgbouncer_active_clients{job="python",instance="d:9127",database="app",user="u"}`, 1),
		steady(`cnpg_pgbouncer_pools_sv_active{job="cnpg",instance="c:9127",database="app",user="u"}`, 1),
		steady(`pgbouncer_stats_server_in_transaction_seconds{job="ancient",instance="a:9127",database="app"}`, 1),
		steady(`pgbouncer_stats_totals_server_in_transaction_seconds_total{job="stripped",instance="s:9127",database="app"}`,
			1),
	)
}

const cpuPerTPS = 0.00008

// past starts the Prometheus of the constructed past, once for all tests.
var past = sync.OnceValues(func() (*prometheus, error) {
	folder, err := os.MkdirTemp("", "pgbudget-prom-past-")
	if err != nil {
		return nil, err
	}
	text := filepath.Join(folder, "past.txt")
	f, err := os.Create(text)
	if err != nil {
		return nil, err
	}
	err = promfix.WriteOpenMetrics(f, pastSeries(), pastStart, pastLength, pastScrape)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	// one block: promtool reads the whole text again for each, and else makes one for every two hours
	if out, err := exec.Command("promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", "--max-block-duration=60h",
		text, filepath.Join(folder, "data")).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("promtool: %w\n%s", err, out)
	}
	// The present: a page with one sample that is always old, scraped for the tests of staleness.
	page := httptest.NewServer(http.HandlerFunc(presentPage))
	scrapes := fmt.Sprintf("scrape_configs: [{job_name: present, static_configs: [{targets: [%q]}]}]\n",
		strings.TrimPrefix(page.URL, "http://"))
	p, err := startPrometheus(folder, scrapes, readyPlainly)
	if err != nil {
		page.Close()
		os.RemoveAll(folder)
		return nil, err
	}
	stop := p.stop
	p.stop = func() { stop(); page.Close(); os.RemoveAll(folder) }
	return p, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if p, err := past(); err == nil {
		p.stop()
	}
	os.Exit(code)
}

// pastClient returns a client for the constructed past.
func pastClient(t *testing.T) *prom.Client {
	t.Helper()
	p, err := past()
	if err != nil {
		t.Fatal(err)
	}
	return client(t, p.url, "")
}

func client(t *testing.T, url, httpConfig string) *prom.Client {
	t.Helper()
	c, err := prom.New(url, []byte(httpConfig))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// pool is the spec of a fleet's one pool.
func pool(f promfix.Fleet) prom.PoolSpec {
	return prom.PoolSpec{ID: strings.TrimPrefix(f.Job, "pgb-") + "/" + f.Alias, Alias: f.Alias,
		Selector: fmt.Sprintf("job=%q", f.Job)}
}
