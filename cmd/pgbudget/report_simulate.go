package main

import (
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/report"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/sim"
	"github.com/pgbudget/pgbudget/sim/batch"
)

// report writes the first variant's first run to --report.
func (s simulation) report(c *cli.Context, r batch.Report) error {
	if c.String("report") == "" {
		return nil
	}
	first := r.Variants[0]
	if len(first.Timeline) == 0 {
		fmt.Fprintln(stderr, "note: the first run has not ended, so no report was written")
		return nil
	}
	page := report.Page{Title: s.title(), Subtitle: fmt.Sprintf("%s, seed %d, %s of virtual time after %s of warm-up",
		filepath.Base(s.file), r.FirstSeed, spell(first.Horizon), spell(first.Warmup)), Notes: s.warnings()}
	if first.Name != "" {
		page.Subtitle += ", " + first.Name
	}
	page.Notes = append(page.Notes, "a simulation: its numbers are those of a model, whose errors sim/README.md lists")
	begin := sim.Epoch.Add(first.Timeline[0].At)
	page.Series = timelineOf(first.Timeline)
	var at []time.Time
	for _, x := range page.Series.At {
		at = append(at, begin.Add(x))
	}
	page.Series.Shares = sharesOf(first.Journal, at)
	page.Events = reportEvents(first.Journal, begin, func(t time.Time) string {
		if first.Horizon > 24*time.Hour {
			return t.Format("Mon 2 Jan 15:04:05")
		}
		return t.Sub(sim.Epoch).Round(time.Second).String()
	})
	if len(first.Journal) > 0 {
		page.Learned = learnt(bouncer.Replay(first.Journal))
		if last := first.Journal[len(first.Journal)-1]; last.Kind == state.RunEnded {
			page.Outcome = string(last.Outcome) + ": " + last.Reason.Text()
		}
	}
	for _, v := range first.Expect {
		page.Learned = append(page.Learned, fmt.Sprintf("expected %s: %s", v.Text, v.State))
	}
	return writeReport(c, page)
}

// timelineOf is a run's timeline as a series. What a server's pools have open is what PostgreSQL has, direct and
// leaving ones apart.
func timelineOf(samples []sim.Sample) report.Series {
	var out report.Series
	for _, x := range samples {
		out.At = append(out.At, x.At-samples[0].At)
	}
	for i, srv := range samples[0].Servers {
		one, known := report.ServerSeries{Name: srv.Name}, false
		for _, x := range samples {
			f := x.Servers[i]
			budget := float64(f.Budget)
			if f.Budget == 0 {
				budget = math.NaN()
			}
			one.Budget, one.Worst = append(one.Budget, budget), append(one.Worst, float64(f.Worst))
			one.Direct, one.CPU = append(one.Direct, float64(f.Direct+f.Leaving)), append(one.CPU, f.CPU)
			known = known || !math.IsNaN(f.CPU)
		}
		if !known {
			one.CPU = nil
		}
		out.Servers = append(out.Servers, one)
	}
	for i, p := range samples[0].Pools {
		one := report.PoolSeries{ID: p.ID, Server: p.Server}
		for _, x := range samples {
			f := x.Pools[i]
			one.Conns, one.Size = append(one.Conns, float64(f.Conns)), append(one.Size, float64(f.Allowed))
			one.Wait = append(one.Wait, f.WaitAvg.Seconds())
		}
		out.Pools = append(out.Pools, one)
	}
	return out
}
