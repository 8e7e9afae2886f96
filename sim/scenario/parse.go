package scenario

import (
	"cmp"
	"errors"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Defaults of what a scenario leaves out.
const (
	// share of the horizon, 0..1. chosen: a tenth, because the statistics lose little by it
	DefaultWarmupShare = 0.1
	// the longest warm-up that nobody asked for. chosen: 5 minutes, because pools fill in seconds and backlogs of start-up
	// are gone by then
	DefaultWarmupMost = 5 * time.Minute
	// between two samples. chosen: 5 s, because a live run samples a soak as often
	DefaultEvery   = 5 * time.Second
	DefaultSeeds   = 5      // runs. chosen: 5, because a 95 % interval of fewer says nothing
	DefaultSeed    = 1      // of the first run. chosen: 1, because a report must not change from day to day
	DefaultVersion = "1.24" // of PgBouncer, where bouncers: names none
	// DefaultSuperuserReserved is PostgreSQL's superuser_reserved_connections.
	DefaultSuperuserReserved = 3
)

// Scenario is a parsed and valid scenario, every default applied. Spec returns the world that it describes.
type Scenario struct {
	Written  File          // what stands in the file, --set included
	Title    string        // title: of the file; empty: none
	Horizon  time.Duration // virtual time that counts in each run, after the warm-up
	Warmup   time.Duration // from the start; nothing of it counts in results
	Every    time.Duration // between two samples of the fleet, as the planner takes them
	Seeds    int           // how many replications
	Seed     uint64        // of the first; the others follow one by one
	Moves    *Moves        // what the controller does; nil: nothing
	Expect   []Expectation // in the order of the file
	Warnings []string      // what is legal and perhaps not meant, a sentence with its place each

	doc *config.Document
}

// Parse reads a scenario. name stands in messages; getenv finds the variables of ${NAME}; sets are applied in their
// order. The error is a *operr.Error of KindUsage that joins every config.Fault.
func Parse(name string, data []byte, getenv func(string) (string, bool), sets ...Set) (*Scenario, error) {
	s, err := parse(name, data, getenv, sets)
	if err != nil {
		return nil, &operr.Error{Kind: operr.KindUsage, Err: err,
			Hint: "pgbudget simulate --init prints a scenario with every key explained"}
	}
	return s, nil
}

func parse(name string, data []byte, getenv func(string) (string, bool), sets []Set) (*Scenario, error) {
	doc, err := config.Open(name, data)
	if err != nil {
		return nil, err
	}
	for _, set := range sets {
		if err := set.apply(doc); err != nil {
			return nil, err
		}
	}
	s := &Scenario{doc: doc}
	if err := doc.Decode(getenv, &s.Written); err != nil {
		return nil, err
	}
	k := &checker{Checker: &config.Checker{Doc: doc, Scenario: true}, f: &s.Written}
	k.check()
	s.resolve()
	s.Expect = k.expectations()
	s.Moves = s.moves()
	if len(k.Faults) > 0 {
		return nil, errors.Join(k.Faults...)
	}
	s.Warnings = k.warnings
	return s, nil
}

// resolve applies the defaults.
func (s *Scenario) resolve() {
	f := &s.Written
	s.Title = f.Title
	s.Horizon = f.Horizon.D
	s.Warmup = min(time.Duration(DefaultWarmupShare*float64(s.Horizon)), DefaultWarmupMost)
	if f.Warmup.Set {
		s.Warmup = f.Warmup.D
	}
	s.Every = cmp.Or(f.Every.D, DefaultEvery)
	s.Seeds = cmp.Or(f.Seeds.N, DefaultSeeds)
	s.Seed = DefaultSeed
	if f.Seed.Set {
		s.Seed = uint64(max(0, f.Seed.N))
	}
}

// Where returns file:line:column of a path such as "pools[2].size", or of the closest part of it that was written;
// "--set PATH=VALUE" for what came from there.
func (s *Scenario) Where(path string) string { return s.doc.Where(path) }

// Config returns the part of the scenario that a pgbudget.yaml would be.
func (s *Scenario) Config() *config.Config { return config.Of(s.Written.File, s.doc) }
