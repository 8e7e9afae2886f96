package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/bouncer/trafficswitch"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// pathFlags are those of plan that ask for the path of a shift.
func pathFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "path",
			Usage: "plan the path of traffic `FROM:TO`, two pools, or of the config's next shift (`config`), sizes and " +
				"traffic together"},
		&cli.StringFlag{Name: "fraction",
			Usage: "with --path: the `PART` of FROM's load that moves at 100 %, as 35% or 25%-45%; exit code 3 where one end " +
				"has no path (default: the config's, with the soaks so far)"},
		&cli.Float64Flag{Name: "percent", DefaultText: "policy.percent",
			Usage: "with --path: at most `P` percentage points of traffic a step, and P % of each server's budget"},
		&cli.IntFlag{Name: "at", DefaultText: "the switch's own",
			Usage: "with --path: `X`, the percentage that the traffic switch reports now"},
		&cli.IntFlag{Name: "until", Value: 100, Usage: "with --path: `X`, the percentage to reach"},
	}
}

// pathless refuses flags of a path where none is asked for.
func pathless(c *cli.Context) error {
	for _, name := range []string{"out", "compare", "report", "detailed-exitcode", "best-effort"} {
		if c.IsSet("path") && c.IsSet(name) {
			return usage("leave this flag out, or plan without --path",
				"--%s is about sizes alone, and --path plans a path of sizes and traffic", name)
		}
	}
	for _, f := range pathFlags() {
		if name := f.Names()[0]; c.IsSet(name) && !c.IsSet("path") {
			return usage("add --path FROM:TO, or --path config", "--%s is about the path of a shift, and --path is not given",
				name)
		}
	}
	return nil
}

// planned is what -o json and yaml print of a path.
type planned struct {
	shift.Path
	// the path is that of the middle of the fraction; at one of its ends there is none
	Tails *shift.Blocked `json:"tails_blocked,omitempty"`
	Steps []plannedStep  `json:"steps"`
	Ends  string         `json:"ends,omitempty"` // why the steps do not lead there
}

// plannedStep is one step of a path.
type plannedStep struct {
	Step state.Step `json:"step"`
	// before, after its releases, after its grants; of the shift's server
	WorstConns []int                  `json:"worst_conns"`
	Budget     int                    `json:"budget_conns"`
	Sizes      map[string]int         `json:"sizes"`
	P99        map[string]fleet.Float `json:"wait_p99_seconds"` // modelled, of the two pools, with the traffic at its end
	Command    string                 `json:"command,omitempty"`
	after      budget.Fleet
}

// leastPercent is the least --percent, as of policy.percent.
const leastPercent = 0.01

// planPath plans and prints the path of a shift.
func planPath(c *cli.Context, out output, s source, survey bouncer.Survey) error {
	sh, sw, journalState, err := s.shiftOf(c, survey)
	if err != nil {
		return err
	}
	fleet := survey.Fleet
	if sh.LoadsAt != sh.At {
		fleet = survey.Measured
	}
	policy := state.DefaultPolicy()
	if s.config != nil {
		policy = s.config.MovingPolicy()
	}
	if c.IsSet("percent") {
		policy.Percent = c.Float64("percent")
	}
	if !(policy.Percent >= leastPercent && policy.Percent <= 100) {
		return usage("5 is a careful step", "--percent is %g, want %g to 100", policy.Percent, leastPercent)
	}
	var path shift.Path
	var tails *shift.Blocked
	if stopped := whileWanted(c.Context, func() {
		path, tails, err = shift.Passage(fleet, sh,
			policy.MostIncrement())
	}); stopped != nil {
		return stopped
	}
	if err == nil || path.Blocked != nil {
		if wrong := sh.Begins(fleet); wrong != nil {
			return wrong
		}
		room := survey.PathRoom(sh, path)
		if noted(room.Notes()); room.Refused != nil {
			return room.Refused
		}
	}
	if err != nil && path.Blocked == nil {
		return err
	}
	result := planned{Path: path, Tails: tails}
	if tails != nil {
		sh = sh.Middle()
	}
	if err == nil {
		count := func() { result.Steps, result.Ends = schedule(fleet, sh, policy, journalState, sw) }
		if stopped := whileWanted(c.Context, count); stopped != nil {
			return stopped
		}
	}
	if out.format != "table" {
		if printing := out.data(result); printing != nil {
			return printing
		}
	} else {
		out.path(result, policy)
	}
	switch {
	case err != nil:
		return &operr.Error{Kind: operr.KindInfeasible, Err: err, Hint: path.Blocked.Cures()}
	case tails != nil: // what was printed is a path only where the fraction is its middle
		return &operr.Error{Kind: operr.KindInfeasible, Hint: tails.Cures(),
			Err: fmt.Errorf("no path past %d %% for the whole interval of the fraction: %s", tails.X, tails.Text)}
	}
	return nil
}

// whileWanted computes something pure until the context ends; then the error is the context's and nothing may be read
// of what was being computed.
func whileWanted(ctx context.Context, compute func()) error {
	done := make(chan any, 1)
	go func() {
		defer func() { done <- recover() }()
		compute()
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case defect := <-done:
		if defect != nil {
			panic(defect)
		}
		return nil
	}
}

// schedule is the steps that a run would take, as `run` chooses them.
func schedule(f budget.Fleet, s shift.Shift, policy state.Policy, journalState state.JournalState,
	sw trafficswitch.Switch) ([]plannedStep, string) {
	journalState.GoalOfStep = true // in the end the sizes are those of a plan
	survey := bouncer.Survey{Fleet: s.Loaded(f, s.At), Measured: f, Shifts: []shift.Shift{s},
		Readings: []state.Reading{{X: s.At}}}
	stations, ends := survey.State(policy, journalState).Forecast()
	f = survey.Fleet
	var out []plannedStep
	server := ""
	for _, p := range f.Pools {
		if p.ID == s.From {
			server = p.Server
		}
	}
	budget := f.SpareConns(server) + f.WorstConns(server)
	for _, st := range stations {
		p := plannedStep{Step: st.Step, Budget: budget, Sizes: map[string]int{}, P99: map[string]fleet.Float{},
			after: st.After}
		var releases []fleet.SettingChange
		for _, x := range st.Step.Changes {
			if x.To < x.From {
				releases = append(releases, x)
			}
		}
		p.WorstConns = []int{f.WorstConns(server), f.With(releases).Drained().WorstConns(server), st.After.WorstConns(server)}
		for _, x := range st.After.Pools {
			size, p99 := sizing.Serves(x)
			p.Sizes[x.ID] = size
			if x.ID == s.From || x.ID == s.To {
				p.P99[x.ID] = p99
			}
		}
		if st.Step.Traffic != nil && sw.Shift.From != "" {
			p.Command = sw.Command(st.Step.Traffic.To)
		}
		f = st.After
		out = append(out, p)
	}
	return out, ends.Text()
}

// shiftOf reads the flags, and where they are silent the config, its switch and its journal.
func (s source) shiftOf(c *cli.Context, survey bouncer.Survey) (shift.Shift, trafficswitch.Switch, state.JournalState,
	error) {
	var sh shift.Shift
	var sw trafficswitch.Switch
	var journalState state.JournalState
	traffic, err := s.switches()
	if err != nil {
		return sh, sw, journalState, err
	}
	if s.config != nil && s.config.Journal != "" {
		all, err := journalStateOf(s.config)
		if err != nil {
			return sh, sw, journalState, err
		}
		journalState.Soaks, journalState.Switches = all.Soaks, all.Switches
	}
	name := c.String("path")
	for _, t := range traffic {
		if name != t.ID() && name != "config" {
			continue
		}
		t.Fraction = learn.Learn(t.Fraction, journalState.SoaksOf(t.ID())).Fraction
		if !c.IsSet("at") {
			if s.from != "" {
				return sh, sw, journalState,
					usage("--at X", "a recording is of another time than the traffic switch's present percentage")
			}
			p := bouncer.Pipeline{Traffic: []bouncer.Traffic{t}, Journal: journalState}
			now, _, notes, err := p.Standing(c.Context, bouncer.ToPlan)
			if noted(notes); err != nil {
				return sh, sw, journalState, err
			}
			t.At = now[0].At
		}
		if sh, sw = t.Shift, t.Switch.(trafficswitch.Switch); sh.At != sh.Until || c.IsSet("until") {
			break
		}
	}
	from, to, ok := strings.Cut(name, ":")
	switch {
	case sh.From != "":
	case name == "config":
		return sh, sw, journalState, usage(
			"add shift: to the config (bouncer/SHIFT.md), or name two pools: --path main/app:ci/app",
			"--path is config, and the config has no shift:")
	case !ok:
		return sh, sw, journalState, usage("--path main/app:ci/app, or --path config with shift: in the config",
			"--path is %q, want two pools", name)
	default:
		sh = shift.Shift{From: from, To: to, Until: 100}
	}
	if c.IsSet("fraction") || sh.Fraction.Upper == 0 {
		r, bad := config.ParseFraction(c.String("fraction"))
		if bad != nil {
			return sh, sw, journalState, usage("--fraction 35%, or 30%-40% where the fraction is not certain",
				"--fraction %s", bad)
		}
		if r.Upper == 0 {
			return sh, sw, journalState, usage("--fraction 35%, or 30%-40% where the fraction is not certain",
				"--fraction is %s: no load would move", c.String("fraction"))
		}
		sh.Fraction = r
	}
	for _, f := range []struct {
		name string
		x    *int
	}{{"at", &sh.At}, {"until", &sh.Until}} {
		if !c.IsSet(f.name) {
			continue
		}
		if *f.x = c.Int(f.name); *f.x < 0 || *f.x > 100 {
			return sh, sw, journalState, usage("give a percentage of the traffic", "--%s is %d, want 0 to 100", f.name, *f.x)
		}
	}
	sh.LoadsAt = sh.At
	for _, x := range survey.Shifts { // its loads may have been measured before the newest traffic change
		if x.ID() == sh.ID() && x.At == sh.At && !c.IsSet("at") {
			sh.LoadsAt = x.LoadsAt
		}
	}
	return sh, sw, journalState, nil
}

// switches are the config's shifts, without a session.
func (s source) switches() ([]bouncer.Traffic, error) {
	x := session{source: s}
	if s.config != nil && s.config.Prometheus != nil {
		var err error
		if x.prom, err = prom.New(s.config.Prometheus.URL, s.config.Prometheus.HTTPConfig.YML); err != nil {
			return nil, err
		}
	}
	return x.traffic(), nil
}
