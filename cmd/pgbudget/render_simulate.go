package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/sim"
	"github.com/pgbudget/pgbudget/sim/batch"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

// simulatedData is what -o json and yaml print.
type simulatedData struct {
	Title       string   `json:"title"`
	Scenario    string   `json:"scenario"`
	NotModelled []string `json:"not_modelled"`
	batch.Report
}

// simulated prints a report in the chosen format.
func (o output) simulated(s simulation, r batch.Report) error {
	if o.format != "table" {
		return o.data(simulatedData{s.title(), s.file, s.notModelled(), r})
	}
	o.simulatedHead(s, r)
	detailed := min(len(r.Variants), max(1, detailRows/max(1, len(s.batch.Variants[0].Spec.Pools))))
	for i, v := range r.Variants[:detailed] {
		if v.Runs > 0 {
			o.simulatedVariant(s.batch.Variants[i], v)
		}
	}
	if rest := len(r.Variants) - detailed; rest > 0 {
		fmt.Fprintf(o.w, "\n%d more %s: -o json shows all of each\n", rest, plural(rest, "variant"))
	}
	o.sweep(r)
	o.expectations(s, r)
	fmt.Fprintf(o.w, "\nnot modelled: %s\n", strings.Join(s.notModelled(), ", "))
	fmt.Fprintln(o.w, s.advice(r))
	return nil
}

// detailRows is how many rows of pools are printed in a sweep before only the comparison is. chosen: a screenful.
const detailRows = 40

// notModelled lists what the model leaves out, and the signals that read as errors.
func (s simulation) notModelled() []string {
	out := []string{"cancel requests", "TLS", "network latency", "server_connect_timeout", "server_reset_query"}
	for _, x := range s.batch.Variants[0].Spec.Signals {
		if text := "signal " + x.Name; !sim.Modelled(x.Builtin) && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// simulatedHead says what was run.
func (o output) simulatedHead(s simulation, r batch.Report) {
	fmt.Fprintln(o.w, o.bold(s.title()))
	first := r.Variants[0]
	runs := fmt.Sprintf("%d %s", r.Seeds, plural(r.Seeds, "run"))
	if n := len(r.Variants); n > 1 {
		runs = fmt.Sprintf("%d variants × %s", n, runs)
	}
	seeds := fmt.Sprintf("seed %d", r.FirstSeed)
	if r.Seeds > 1 {
		seeds = fmt.Sprintf("seeds %d to %d", r.FirstSeed, r.FirstSeed+uint64(r.Seeds)-1)
	}
	fmt.Fprintf(o.w, "%s of %s after %s of warm-up, %s; %s of virtual time, %s events\n", runs, spell(first.Horizon),
		spell(first.Warmup), seeds,
		spell(r.Virtual), thousands(r.Events))
	if p := r.Partial; p != nil {
		fmt.Fprintln(o.w, o.warn(fmt.Sprintf("PARTIAL: interrupted after %d of %d runs; the numbers below are of these "+
			"runs alone",
			p.Done, p.Of)))
	}
}

// simulatedVariant prints one variant: its pools, its servers, the loads that the planner found.
func (o output) simulatedVariant(v batch.Variant, r batch.VariantReport) {
	fmt.Fprintln(o.w)
	if r.Name != "" {
		fmt.Fprintln(o.w, o.bold(r.Name))
	}
	pools := []string{}
	for _, p := range v.Spec.Pools {
		pools = append(pools, p.ID)
	}
	slices.Sort(pools)
	if len(pools) > 1 {
		pools = append(pools, "")
	}
	t := o.table("POOL", "ARRIVALS/S", "MEAN WAIT", "P99 WAIT", "WAITED", "TIMED OUT", "REFUSED", "BUSY", "MOST CONNS",
		"MOST WAITING")
	for _, id := range pools {
		name := id
		if id == "" {
			name = "all"
		}
		arrivals, waited := r.Value(id, "arrivals"), r.Value(id, "waited")
		t.AppendRow(table.Row{name, erlangs(float64(arrivals.Mean) / v.Horizon.Seconds()),
			r.Value(id, "wait_mean").ShowMean(), r.Value(id, "wait_p99").ShowMean(),
			percent(waited.Mean / max(arrivals.Mean, 1)), mean(r, id, "timed_out"), mean(r, id, "refused"),
			r.Value(id, "busy").ShowMean(),
			most(r, id, "max_conns"), most(r, id, "max_waiting")})
	}
	alignRight(t, 2, 10)
	t.Render()
	for _, id := range pools {
		if u := r.Value(id, "unserved"); id != "" && u.Max > 0 && float64(u.Max) > 0.01*float64(r.Value(id, "arrivals").Max) {
			fmt.Fprintln(o.w, o.warn(fmt.Sprintf("! %s: up to %s clients still wait at the end; they count with what they have "+
				"waited so far: the true waits are longer", id, batch.Show(u.Max, u.Unit))))
		}
	}
	for _, x := range v.Spec.Servers {
		o.simulatedServer(x, r)
	}
	o.demands(r)
	o.simulatedRun(v, r)
}

// simulatedServer prints one server's line: the highest of all runs, and the mean of CPU.
func (o output) simulatedServer(x sim.ServerSpec, r batch.VariantReport) {
	budget := "no budget is checked"
	if x.Budget > 0 {
		violations := r.Value(x.Name, "budget_violations")
		budget = fmt.Sprintf("worst case at most %s of budget %d, above it %s times a run", most(r, x.Name, "worst_conns"),
			x.Budget, batch.Show(violations.Mean, violations.Unit))
		if violations.Max > 0 {
			budget = o.warn(budget + fmt.Sprintf(", for %s", r.Value(x.Name, "over_budget").ShowMean()))
		}
	}
	cpu := "CPU not modelled"
	if c := r.Value(x.Name, "cpu_mean"); c.Mean.Known() {
		cpu = fmt.Sprintf("cpu %s, at most %s", c.ShowMean(), most(r, x.Name, "cpu_max"))
	}
	fmt.Fprintf(o.w, "%s   backends at most %s of max_connections %d   %s   %s\n", o.bold(x.Name),
		most(r, x.Name, "max_backends"), x.MaxConns, budget, cpu)
	var odd []string
	for _, name := range []string{"logins_refused", "orphans"} {
		if v := r.Value(x.Name, name); v.Max > 0 {
			odd = append(odd, fmt.Sprintf("%s %s (at most %s)", name, v.ShowMean(), batch.Show(v.Max, v.Unit)))
		}
	}
	if len(odd) > 0 {
		fmt.Fprintln(o.w, o.warn(strings.Repeat(" ", len(x.Name))+"   in a run: "+strings.Join(odd, ", ")))
	}
}

// demands prints what the planner made of the samples, beside what is true.
func (o output) demands(r batch.VariantReport) {
	if r.Doubt != "" {
		fmt.Fprintln(o.w, o.warn("! the planner can estimate no load: "+r.Doubt))
	}
	if len(r.Demands) == 0 {
		return
	}
	fmt.Fprintln(o.w)
	t := o.table("POOL", "TRUE LOAD", "ESTIMATED", "LOW–HIGH", "FULL", "FOUND BY")
	for _, d := range r.Demands {
		if d.Found.Unknown.Any() {
			t.AppendRow(table.Row{d.Pool, erlangs(float64(d.True)), "?", "", "", d.Found.Unknown.Text()})
			continue
		}
		sign := ""
		if d.Found.AtLeast {
			sign = "≥ "
		}
		e := d.Found.Erlangs
		t.AppendRow(table.Row{d.Pool, erlangs(float64(d.True)), sign + erlangs(e.Target), erlangs(e.Lower) + "–" +
			erlangs(e.Upper),
			percent(fleet.Float(d.Found.Censored)), d.Found.Method})
	}
	alignRight(t, 2, 5)
	t.Render()
}

// expectations prints what became of each, and how to see a failure again.
func (o output) expectations(s simulation, r batch.Report) {
	if _, all := r.Broken(); all == 0 {
		return
	}
	fmt.Fprintln(o.w)
	header := table.Row{"EXPECTED", "RESULT", "GOT", "WHICH IS"}
	if len(r.Variants) > 1 {
		header = append(table.Row{"VARIANT"}, header...)
	}
	t := o.table(header...)
	for _, v := range r.Variants {
		for _, e := range v.Expect {
			row := table.Row{e.Text, string(e.State), batch.Show(e.Got, e.Unit), e.Basis}
			if e.State == batch.Failed {
				row[1] = o.warn(string(e.State))
			}
			if len(r.Variants) > 1 {
				row = append(table.Row{v.Name}, row...)
			}
			t.AppendRow(row)
		}
	}
	t.Render()
	for _, v := range r.Variants {
		for _, e := range v.Expect {
			if e.State == batch.Failed {
				fmt.Fprintf(o.w, "%s: repeat with %s\n", e.Text, s.repeat(v, e))
			}
		}
	}
}

// advice is the last line: what to do next.
func (s simulation) advice(r batch.Report) string {
	first := r.Variants[0]
	broken, _ := r.Broken()
	switch {
	case r.Partial != nil:
		return "next: run the scenario to its end, or run less: --seeds, --horizon"
	case broken > 0:
		for _, v := range r.Variants {
			for _, e := range v.Expect {
				if e.State == batch.Failed {
					return "next: " + s.command(v, "--seed", fmt.Sprint(*e.Seed), "--seeds", "1", "--chart", "timeline.svg")
				}
			}
		}
		panic("no expectation may fail")
	case r.Seeds == 1:
		return "next: " + s.command(first, "--seeds", "10") + " (one run alone has no intervals)"
	case len(s.pictures) == 0:
		return "next: " + s.command(first, "--chart", "timeline.svg")
	case len(r.Variants) == 1 && len(s.batch.Variants[0].Spec.Pools) > 0:
		p := s.batch.Variants[0].Spec.Pools[0]
		fewer := p.SizeConns - max(1, p.SizeConns/4)
		if fewer < 1 {
			fewer = p.SizeConns + 1
		}
		return "next: " + s.command(first, "--set", fmt.Sprintf("pools.%s.size=%d,%d", p.ID, p.SizeConns, fewer))
	default:
		return "next: " + s.command(first, "-o", "json") + " has every number"
	}
}

func mean(r batch.VariantReport, subject, name string) string {
	v := r.Value(subject, name)
	return batch.Show(v.Mean, v.Unit)
}

func most(r batch.VariantReport, subject, name string) string {
	v := r.Value(subject, name)
	return batch.Show(v.Max, v.Unit)
}

// erlangs writes a load or a rate.
func erlangs(v float64) string { return batch.Show(fleet.Float(v), scenario.Erlangs) }

func alignRight(t table.Writer, from, to int) {
	var right []table.ColumnConfig
	for n := from; n <= to; n++ {
		right = append(right, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(right)
}

// spell writes a time without empty units: 1h, not 1h0m0s.
func spell(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// thousands groups digits, so that millions can be told from billions.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
