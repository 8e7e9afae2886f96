package scenario

import (
	_ "embed"
	"fmt"

	"github.com/goccy/go-yaml"

	"github.com/pgbudget/pgbudget/bouncer/config"
)

// File is a scenario as written: the keys of pgbudget.yaml, and those below. Of the former servers, groups, pools,
// ledger, saturation, deadband and policy count; the others are read and have no effect. What each key means, its
// unit, its bounds and its default: starter.yaml and the tables of sim/README.md.
type File struct {
	config.File    `yaml:",inline"`
	Title          string     `yaml:"title"`
	Horizon        config.Dur `yaml:"horizon"` // after the warm-up
	Warmup         config.Dur `yaml:"warmup"`
	Seeds          config.Int `yaml:"seeds"` // how many, one run each
	Seed           config.Int `yaml:"seed"`  // of the first run
	Every          config.Dur `yaml:"every"` // between samples, as the planner takes them
	Oversubscribed Flag       `yaml:"oversubscribed"`
	Bouncers       []Bouncer  `yaml:"bouncers"`
	Postgres       []Postgres `yaml:"postgres"`
	Databases      []Database `yaml:"databases"`
	Load           []Load     `yaml:"load"`
	Script         []Step     `yaml:"script"`
	Run            *Run       `yaml:"run"`
	Faults         []Fault    `yaml:"faults"`
	Scrape         Scrape     `yaml:"scrape"`
	Expect         []string   `yaml:"expect"`
}

// Bouncer is what pgbudget.yaml lacks about the processes of one group.
type Bouncer struct {
	Group    string       `yaml:"group"`
	Version  string       `yaml:"version"` // of PgBouncer
	Weights  []config.Num `yaml:"weights"` // one a process
	Settings Settings     `yaml:"settings"`
}

// Settings are keys of [pgbouncer] under their own names. A time-out of 0 is none, as in PgBouncer.
type Settings struct {
	ReservePoolTimeout config.Dur `yaml:"reserve_pool_timeout"` // PgBouncer counts its time-outs in seconds
	QueryWaitTimeout   config.Dur `yaml:"query_wait_timeout"`
	ServerLifetime     config.Dur `yaml:"server_lifetime"`
	ServerIdleTimeout  config.Dur `yaml:"server_idle_timeout"`
	ServerLoginRetry   config.Dur `yaml:"server_login_retry"`
	ServerCheckDelay   config.Dur `yaml:"server_check_delay"`
	ServerRoundRobin   Flag       `yaml:"server_round_robin"`
	MaxClientConn      config.Int `yaml:"max_client_conn"`      // clients of one process
	MaxUserConnections config.Int `yaml:"max_user_connections"` // server connections of one user and process
}

// Postgres is what pgbudget.yaml lacks about one server.
type Postgres struct {
	Server          string                `yaml:"server"`
	Sigma           config.Num            `yaml:"sigma"`            // contention, 0..; of the universal scalability law
	Kappa           config.Num            `yaml:"kappa"`            // its coherency, 0..
	BackgroundCores config.Num            `yaml:"background_cores"` // cores that others use
	Direct          config.Int            `yaml:"direct"`           // connections
	Roles           map[string]config.Int `yaml:"roles"`            // CONNECTION LIMITs
	LoginLatency    config.Dur            `yaml:"login_latency"`    // of one connection
	ExitLatency     config.Dur            `yaml:"exit_latency"`     // of one backend, until its slot is free
}

// Database is what pgbudget.yaml lacks about one pool.
type Database struct {
	Pool        string                  `yaml:"pool"`
	Database    string                  `yaml:"database"` // in PostgreSQL
	Mode        string                  `yaml:"mode"`
	MinPoolSize config.Int              `yaml:"min_pool_size"` // connections
	WaitTimeout config.Dur              `yaml:"query_wait_timeout"`
	Users       map[string]config.Share `yaml:"users"`
	ForceUser   string                  `yaml:"force_user"`
}

// Load is one stream of transactions for one pool. Either Arrivals or Clients is set.
type Load struct {
	Name              string       `yaml:"name"`
	Pool              string       `yaml:"pool"`
	Arrivals          *Arrivals    `yaml:"arrivals"`
	Clients           *Clients     `yaml:"clients"`
	Hold              *Law         `yaml:"hold"`
	CPU               config.Share `yaml:"cpu"`                 // of a hold, 0..1, on a core
	IdleInTransaction config.Share `yaml:"idle_in_transaction"` // of holds, 0..1
	Vanish            config.Share `yaml:"vanish"`              // of clients, 0..1, that go away while their query runs
}

// Arrivals come whatever becomes of those before them.
type Arrivals struct {
	PerSec config.Num `yaml:"per_sec"` // transactions per second, the mean
	SCV    config.Num `yaml:"scv"`     // squared coefficient of variation of the times between; 1 is Poisson
	Burst  *Burst     `yaml:"burst"`
	Curve  []Corner   `yaml:"curve"`
	Sine   *Sine      `yaml:"sine"`
}

// Burst makes the rate change at random between two multiples of per_sec.
type Burst struct {
	Low     config.Num `yaml:"low"`     // times per_sec
	High    config.Num `yaml:"high"`    // times per_sec
	LowFor  config.Dur `yaml:"low_for"` // mean stays
	HighFor config.Dur `yaml:"high_for"`
}

// Corner is one corner of a curve: from At on the rate is Times the mean, straight lines between.
type Corner struct {
	At    config.Dur `yaml:"at"`
	Times config.Num `yaml:"times"`
}

// Sine makes the rate go up and down.
type Sine struct {
	Amplitude config.Share `yaml:"amplitude"` // of per_sec, 0..1
	Period    config.Dur   `yaml:"period"`
	Phase     config.Share `yaml:"phase"` // of the period, 0..1
}

// Clients think, ask, wait, and think again.
type Clients struct {
	Count config.Int `yaml:"count"` // clients
	Think *Law       `yaml:"think"`
}

// Step is what is changed on purpose at one time.
type Step struct {
	At        config.Dur            `yaml:"at"`
	Set       map[string]config.Int `yaml:"set"`     // pool: pool_size
	Reserve   map[string]config.Int `yaml:"reserve"` // pool: reserve_pool_size
	Lifetime  map[string]config.Dur `yaml:"lifetime"`
	Reconnect Words                 `yaml:"reconnect"` // pools
	Share     config.Percent        `yaml:"share"`     // of the traffic that shift: moves
}

// Run lets the controller move the fleet, as `pgbudget run` moves a live one: it takes samples for a while, plans, and
// moves.
type Run struct {
	At     config.Dur `yaml:"at"`     // from the start
	Window config.Dur `yaml:"window"` // samples before the plan
	// pool: pool_size, and no traffic moves; default: what a plan finds, and traffic goes where shift: says
	To    map[string]config.Int `yaml:"to"`
	Steps config.Int            `yaml:"steps"` // at most
}

// Fault is one thing that goes wrong. What each kind needs stands in faultKinds; sim.Fault has the units.
type Fault struct {
	Kind    string     `yaml:"kind"`
	From    config.Dur `yaml:"from"`
	For     config.Dur `yaml:"for"`
	Every   config.Dur `yaml:"every"`
	Server  string     `yaml:"server"`
	Process string     `yaml:"process"`
	Pool    string     `yaml:"pool"`
	Cores   config.Num `yaml:"cores"` // CPU cores
	Conns   config.Int `yaml:"conns"` // connections
	Times   config.Num `yaml:"times"` // a factor
}

// Scrape says how the signals under saturation are sampled.
type Scrape struct {
	Interval config.Dur `yaml:"interval"`
	Lag      config.Dur `yaml:"lag"`
}

// Flag is true or false.
type Flag struct {
	Set, On bool // the key is there; its value
	bad     error
}

// Words is one word or a list of them.
type Words struct {
	List []string // in the order written
	bad  error
}

var (
	_ yaml.InterfaceUnmarshaler = (*Flag)(nil)
	_ yaml.InterfaceUnmarshaler = (*Words)(nil)
)

// UnmarshalYAML never fails: what is wrong is kept for the check.
func (f *Flag) UnmarshalYAML(unmarshal func(any) error) error {
	s, bad := config.Text(unmarshal)
	*f = Flag{Set: true, bad: bad}
	switch s {
	case "true", "1", "on", "yes":
		f.On = true
	case "false", "0", "off", "no":
	default:
		if bad == nil {
			f.bad = fmt.Errorf("is %q, want true or false", s)
		}
	}
	return nil
}

// UnmarshalYAML never fails: what is wrong is kept for the check.
func (w *Words) UnmarshalYAML(unmarshal func(any) error) error {
	*w = Words{}
	if unmarshal(&w.List) == nil {
		return nil
	}
	s, bad := config.Text(unmarshal)
	*w = Words{bad: bad}
	if bad == nil {
		w.List = []string{s}
	}
	return nil
}

// Starter is a small valid scenario that explains every key.
//
//go:embed starter.yaml
var Starter string
