package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/words"
	"github.com/pgbudget/pgbudget/sim/batch"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

func simulateCommand() *cli.Command {
	return &cli.Command{
		Name:      "simulate",
		Usage:     "run a scenario in virtual time, with many seeds, and check its expectations",
		ArgsUsage: "SCENARIO.yaml",
		Description: "Examples:\n" +
			"  pgbudget simulate --init > scenario.yaml                a scenario with every key explained\n" +
			"  pgbudget simulate --chart timeline.svg scenario.yaml    run it, and draw the first run\n" +
			"  pgbudget simulate --set pools.main/app.size=8,10,14 scenario.yaml\n" +
			"                                                          compare three sizes, equal arrivals\n" +
			"  pgbudget simulate --junit report.xml scenario.yaml      for CI: exit code 9 on a failure",
		Flags: slices.Concat([]cli.Flag{
			&cli.BoolFlag{Name: "init", Usage: "print a commented scenario instead"},
			&cli.StringSliceFlag{Name: "set",
				Usage: "`KEY=VALUE` in place of the file's; KEY=V1,V2,… compares; repeatable, every combination is run"},
			&cli.IntFlag{Name: "seeds", DefaultText: "the scenario's", Usage: "run every variant with `N` seeds"},
			&cli.Uint64Flag{Name: "seed", DefaultText: "the scenario's", Usage: "begin with seed `N`"},
			&cli.DurationFlag{Name: "horizon", DefaultText: "the scenario's",
				Usage: "let `TIME` of virtual time count in each run"},
			&cli.IntFlag{Name: "workers", DefaultText: "one for each CPU",
				Usage: "run `N` worlds at a time; the result does not depend on N"},
			&cli.BoolFlag{Name: "estimate",
				Usage: "sample one more run as the planner samples a live fleet, and print the estimated loads beside the true " +
					"ones"},
			&cli.StringSliceFlag{Name: "chart", Usage: "draw the first run to `FILE`, .svg or .png; repeatable"},
			&cli.StringFlag{Name: "junit", Usage: "write the results of the expectations to `FILE` as JUnit XML"},
			reportFlag("the first run"),
		}, formatFlags()),
		Action: func(c *cli.Context) error {
			if c.Bool("init") {
				if err := noArguments(c, 0); err != nil {
					return err
				}
				for _, f := range c.Command.Flags {
					if name := f.Names()[0]; name != "init" && given(c, name) {
						return usage("leave this flag out", "--%s applies to a run, and --init runs nothing", name)
					}
				}
				_, err := fmt.Fprint(c.App.Writer, scenario.Starter)
				return err
			}
			if err := noArguments(c, 1); err != nil {
				return err
			}
			if c.NArg() == 0 {
				return usage("pgbudget simulate --init prints one to begin with", "no scenario to run")
			}
			out, err := newOutput(c)
			if err != nil {
				return err
			}
			s, err := newSimulation(c)
			if err != nil {
				return err
			}
			return s.run(c, out)
		},
	}
}

// simulation is a scenario with what the flags make of it.
type simulation struct {
	file      string
	scenarios []*scenario.Scenario // one a variant, as batch.Variants
	batch     batch.Batch
	horizon   time.Duration // 0: the scenario's
	pictures  []string
	junit     string
}

// newSimulation reads the flags and the scenario; nothing runs yet.
func newSimulation(c *cli.Context) (simulation, error) {
	s := simulation{file: c.Args().First(), horizon: c.Duration("horizon"), pictures: c.StringSlice("chart"),
		junit: c.String("junit")}
	s.batch.Workers, s.batch.Estimate = runtime.NumCPU(), c.Bool("estimate")
	for _, p := range s.pictures {
		if ext := filepath.Ext(p); ext != ".svg" && ext != ".png" {
			return s, usage("--chart timeline.svg", "--chart %s: the name ends neither in .svg nor in .png", p)
		}
	}
	for _, file := range append(slices.Clone(s.pictures), s.junit) {
		if info, err := os.Stat(filepath.Dir(file)); file != "" && (err != nil || !info.IsDir()) {
			return s, usage("choose a folder that can be written", "%s: the folder does not exist", file)
		}
	}
	for _, file := range s.pictures {
		if err := replaceable(file, "picture", pictureBegins); err != nil {
			return s, err
		}
	}
	if err := replaceable(s.junit, "report", reportBegins); err != nil {
		return s, err
	}
	if err := reportable(c, source{}); err != nil {
		return s, err
	}
	if c.IsSet("horizon") && s.horizon <= 0 {
		return s, usage("give a time such as 1h", "--horizon is %s, want more than 0", s.horizon)
	}
	if c.IsSet("workers") {
		if s.batch.Workers = c.Int("workers"); s.batch.Workers < 1 {
			return s, usage("leave --workers out for one world for each CPU", "--workers is %d, want 1 at least",
				s.batch.Workers)
		}
	}
	if err := s.variants(c.StringSlice("set")); err != nil {
		return s, err
	}
	s.batch.Seeds, s.batch.FirstSeed = s.scenarios[0].Seeds, s.scenarios[0].Seed
	if c.IsSet("seed") {
		s.batch.FirstSeed = c.Uint64("seed")
	}
	if c.IsSet("seeds") {
		if s.batch.Seeds = c.Int("seeds"); s.batch.Seeds < 1 || s.batch.Seeds > maxSeeds {
			return s, usage("--seeds 10 is enough for most questions", "--seeds is %d, want 1 to %d", s.batch.Seeds, maxSeeds)
		}
	}
	if last := s.batch.FirstSeed + uint64(s.batch.Seeds) - 1; last < s.batch.FirstSeed {
		return s, usage("give a smaller --seed", "--seed %d: fewer than %d seeds follow", s.batch.FirstSeed, s.batch.Seeds)
	}
	runs := s.batch.Seeds
	if s.batch.Estimate {
		runs++
	}
	if err := scenario.CheckSizes(runs, s.scenarios...); err != nil {
		return s, err
	}
	return s, s.batch.Check()
}

// maxSeeds bounds the runs of one variant, as the scenario's own key does.
const maxSeeds = 10000

// title is what a person calls the scenario.
func (s simulation) title() string {
	if t := s.scenarios[0].Title; t != "" {
		return t
	}
	return strings.TrimSuffix(filepath.Base(s.file), filepath.Ext(s.file))
}

// run runs the batch, prints what it showed, writes the files that were asked for, and judges.
func (s simulation) run(c *cli.Context, out output) error {
	for _, w := range s.warnings() {
		fmt.Fprintln(stderr, "note: "+w)
	}
	bar := newRunProgress("simulating")
	s.batch.Progress = bar.reach
	begin := time.Now()
	report, err := s.batch.Run(c.Context)
	took := time.Since(begin)
	bar.done()
	if err != nil {
		return err
	}
	if report.Events > 0 {
		fmt.Fprintf(stderr, "%s of virtual time and %s events in %s: %s million events per second\n",
			spell(report.Virtual), thousands(report.Events), took.Round(time.Millisecond),
			words.Digits(float64(report.Events)/max(took.Seconds(), 1e-9)/1e6))
	}
	if err := errors.Join(out.simulated(s, report), stdout.err); err != nil {
		return err
	}
	return errors.Join(s.verdict(report), s.draw(report), s.writeJUnit(report), s.report(c, report))
}

// warnings of all variants, each once.
func (s simulation) warnings() []string {
	var all []string
	for _, x := range s.scenarios {
		for _, w := range x.Warnings {
			if !slices.Contains(all, w) {
				all = append(all, w)
			}
		}
	}
	return all
}

// verdict is the error of a whole batch in which an expectation failed. An interrupted batch has none: it exits with
// the code of the interrupt.
func (s simulation) verdict(r batch.Report) error {
	broken, all := r.Broken()
	if broken == 0 || r.Partial != nil {
		return nil
	}
	return &operr.Error{Kind: operr.KindUnmet, Subject: s.file,
		Err: fmt.Errorf("%d of %d %s failed", broken, all, plural(all, "expectation"))}
}
