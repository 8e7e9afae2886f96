package main

import (
	"os"
	"slices"
	"strconv"

	external "github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/sim/batch"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

// maxVariants bounds a sweep. chosen: more is a slip, or a search, which plan does better.
const maxVariants = 1000

// variants reads the file once for every combination of the values of --set, those of the last flag changing fastest.
func (s *simulation) variants(sets []string) error {
	data, err := readAtMost(s.file, config.MaxBytes)
	if err != nil {
		return &operr.Error{Kind: operr.KindUsage, Subject: s.file, Err: cause(err),
			Hint: "pgbudget simulate --init > scenario.yaml"}
	}
	all, err := combinations(sets)
	if err != nil {
		return err
	}
	for _, settings := range all {
		var changes []scenario.Set
		if s.horizon > 0 {
			changes = append(changes, scenario.Set{Path: "horizon", Value: s.horizon.String()})
		}
		for _, x := range settings {
			changes = append(changes, scenario.Set{Path: x.Key, Value: x.Value})
		}
		parsed, err := scenario.Parse(s.file, data, os.LookupEnv, changes...)
		if err != nil {
			return err
		}
		s.scenarios = append(s.scenarios, parsed)
		s.batch.Variants = append(s.batch.Variants, batch.VariantOf(parsed, settings))
	}
	return nil
}

// combinations multiplies out the values of every --set. Without any there is one combination, of nothing.
func combinations(sets []string) ([][]batch.Setting, error) {
	all := [][]batch.Setting{nil}
	var paths []string
	for _, arg := range sets {
		path, values, err := scenario.ParseSweep(arg)
		if err != nil {
			return nil, &operr.Error{Kind: operr.KindUsage, Err: err, Hint: "--set pools.main/app.size=8,10,14"}
		}
		switch {
		case path == "seed" || path == "seeds":
			return nil, usage("--"+path+" N", "--set %s: all variants run with the same seeds", path)
		case len(values) > 1 && slices.Contains([]string{"horizon", "warmup", "title", "expect", "every"}, path):
			return nil, usage("run them one by one",
				"--set %s: several values are allowed only for a key that changes the fleet", path)
		case slices.Contains(paths, path):
			return nil, usage("write all values into one: --set "+path+"=1,2", "--set %s stands twice", path)
		}
		paths = append(paths, path)
		if len(all)*len(values) > maxVariants {
			return nil, usage("give fewer values", "--set asks for more than %d combinations", maxVariants)
		}
		var more [][]batch.Setting
		for _, settings := range all {
			for _, v := range values {
				more = append(more, append(settings[:len(settings):len(settings)], batch.Setting{Key: path, Value: v,
					Varies: len(values) > 1}))
			}
		}
		all = more
	}
	return all, nil
}

// repeat words the command that runs one variant again and fails again: with the one seed that broke the expectation,
// or, where the runs were judged together, with all of them.
func (s simulation) repeat(v batch.VariantReport, e batch.Verdict) string {
	if !e.Alone() || e.Seed == nil {
		return s.command(v, "--seed", strconv.FormatUint(s.batch.FirstSeed, 10), "--seeds", strconv.Itoa(s.batch.Seeds))
	}
	return s.command(v, "--seed", strconv.FormatUint(*e.Seed, 10), "--seeds", "1")
}

// command words a command that runs one variant, with more flags.
func (s simulation) command(v batch.VariantReport, flags ...string) string {
	words := append([]string{"pgbudget", "simulate"}, flags...)
	if s.horizon > 0 {
		words = append(words, "--horizon", s.horizon.String())
	}
	for _, x := range v.Settings {
		words = append(words, "--set", x.Key+"="+x.Value)
	}
	return external.Line(append(words, s.file)...)
}
