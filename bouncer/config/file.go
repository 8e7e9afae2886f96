package config

import (
	"errors"

	"github.com/goccy/go-yaml"
)

// File is pgbudget.yaml as written. Every pointer and Set flag tells whether the key was there at all. What each key
// means, its unit, its bounds and its default: reference.yaml, which `pgbudget init --reference` prints.
type File struct {
	Environment   string       `yaml:"environment"`
	Servers       []Server     `yaml:"servers"`
	Groups        []Group      `yaml:"groups"`
	Pools         []Pool       `yaml:"pools"`
	Ledger        []LedgerLine `yaml:"ledger"`
	Caps          []Cap        `yaml:"caps"`
	Prometheus    *Prometheus  `yaml:"prometheus"`
	Saturation    []Signal     `yaml:"saturation"`
	Deadband      Share        `yaml:"deadband"`
	Policy        Policy       `yaml:"policy"`
	Journal       string       `yaml:"journal"` // file that remembers every action
	Mirror        Mirror       `yaml:"mirror"`  // of the journal
	MirrorTimeout Dur          `yaml:"mirror_timeout"`
	Hooks         Hooks        `yaml:"hooks"`
	Apply         string       `yaml:"apply"` // by-hand
	ByHand        Hand         `yaml:"by_hand"`
	Shift         *Shift       `yaml:"shift"`
	Shifts        []Shift      `yaml:"shifts"` // several, one after the other
}

// Server is one PostgreSQL server: how to reach it, what to leave free, and facts that stand in for observed ones.
type Server struct {
	Name                         string   `yaml:"name"`
	DSN                          Place    `yaml:"dsn"`
	Headroom                     Headroom `yaml:"headroom"`
	CPU                          string   `yaml:"cpu"`     // PromQL: share of all cores in use, 0..1
	Metrics                      string   `yaml:"metrics"` // label matchers of its postgres_exporter
	Direct                       Direct   `yaml:"direct"`
	Cores                        Num      `yaml:"cores"`
	MaxConnections               Int      `yaml:"max_connections"`
	SuperuserReservedConnections Int      `yaml:"superuser_reserved_connections"`
	ReservedConnections          Int      `yaml:"reserved_connections"`
}

// Headroom is what is never planned.
type Headroom struct {
	Connections ConnsOrShare `yaml:"connections"`
	CPU         Share        `yaml:"cpu"`
}

// Direct says how connections that use no PgBouncer are counted.
type Direct struct {
	Count string `yaml:"count"` // peak or p99
	Conns Int    `yaml:"conns"` // declared: so many at least, more where more are seen
	Query string `yaml:"query"` // PromQL for their history
}

// Group is the set of PgBouncer processes that play one role and carry the same sizes.
type Group struct {
	Name      string    `yaml:"name"`
	Metrics   string    `yaml:"metrics"` // label matchers of its processes' exporters
	Processes []Process `yaml:"processes"`
	// limits of clients that no console tells
	ClientLimits struct {
		Files    Int `yaml:"files"`    // file descriptors of each process
		Balancer Int `yaml:"balancer"` // connections that the balancer before the group lets through
	} `yaml:"client_limits"`
}

// Process is one PgBouncer process: the DSN of its admin console, and the place of its pgbouncer.ini.
type Process struct {
	Console Place  `yaml:"console"` // its admin console
	Config  *Store `yaml:"config"`  // its pgbouncer.ini
}

// Pool holds one pool's promises and bounds, and facts that stand in for observed ones.
type Pool struct {
	Pool             string     `yaml:"pool"` // group/alias
	Server           string     `yaml:"server"`
	Class            string     `yaml:"class"` // throttle
	Min              Int        `yaml:"min"`
	Max              Int        `yaml:"max"`
	Weight           Num        `yaml:"weight"`
	Utilization      Share      `yaml:"utilization"`
	MaxWait          MaxWait    `yaml:"max_wait"`
	SurviveLoss      Int        `yaml:"survive_loss"`
	Count            string     `yaml:"count"` // worst, peak or p99
	Reserve          *Reserve   `yaml:"reserve"`
	Users            []PoolUser `yaml:"users"`
	Size             Int        `yaml:"size"`
	ReserveSize      Int        `yaml:"reserve_size"`
	LinePools        Int        `yaml:"line_pools"`
	MaxDBConnections Int        `yaml:"max_db_connections"`
	Load             *Load      `yaml:"load"`
}

// PoolUser is a user that may come, or one that opens at most Max connections in each process.
type PoolUser struct {
	Name string
	Max  Int
	bad  error
}

// UnmarshalYAML reads a name, or {name, max}. It never fails: what is wrong is kept for Check.
func (u *PoolUser) UnmarshalYAML(unmarshal func(any) error) error {
	var v any
	if unmarshal(&v) != nil {
		*u = PoolUser{bad: errors.New("cannot be read")}
		return nil
	}
	if _, isMap := v.(map[string]any); !isMap {
		name, bad := Text(unmarshal)
		*u = PoolUser{Name: name, bad: bad}
		return nil
	}
	if bad := unknownOf(unmarshal, "a name, or {name, max}", "name", "max"); bad != nil {
		*u = PoolUser{bad: bad}
		return nil
	}
	var x struct {
		Name string `yaml:"name"`
		Max  Int    `yaml:"max"`
	}
	if unmarshal(&x) != nil {
		*u = PoolUser{bad: errors.New("is neither a name nor {name, max}")}
		return nil
	}
	*u = PoolUser{Name: x.Name, Max: x.Max}
	return nil
}

var _ yaml.InterfaceUnmarshaler = (*PoolUser)(nil)

// UserNames lists the users of a pool that may come besides those seen.
func (p Pool) UserNames() []string {
	var out []string
	for _, u := range p.Users {
		out = append(out, u.Name)
	}
	return out
}

// MaxWait bounds the waiting for a server connection at upper load.
type MaxWait struct {
	Mean Dur `yaml:"mean"`
	P99  Dur `yaml:"p99"`
}

// Reserve is the range in which the plan may choose reserve_pool_size.
type Reserve struct {
	Min Int `yaml:"min"`
	Max Int `yaml:"max"`
}

// Load is a load that is known or supposed, over all pools of its line.
type Load struct {
	ArrivalsPerSec Num `yaml:"arrivals_per_sec"`
	MeanHold       Dur `yaml:"mean_hold"`
	ArrivalSCV     Num `yaml:"arrival_scv"`
	HoldSCV        Num `yaml:"hold_scv"`
	CPUPerXact     Dur `yaml:"cpu_per_xact"`
}

// Cap is what the pools of a set may come to together, their reserves included.
type Cap struct {
	Pools []string `yaml:"pools"`
	Conns Int      `yaml:"conns"`
}

// LedgerLine declares connections that somebody else may take.
type LedgerLine struct {
	Server string `yaml:"server"`
	Name   string `yaml:"name"`
	Conns  Int    `yaml:"conns"`
}

// Prometheus says where history and signals come from.
type Prometheus struct {
	URL        string `yaml:"url"`
	HTTPConfig raw    `yaml:"http_config"` // as in prometheus/common
	Lookback   Dur    `yaml:"lookback"`
}

// Signal is a saturation signal. The plan keeps its CPU ceiling below the level at which a cpu signal holds.
type Signal struct {
	Preset  string `yaml:"preset"` // the signals of that name instead; nothing but a server goes with it
	Name    string `yaml:"name"`
	Server  string `yaml:"server"`
	Builtin string `yaml:"builtin"`
	Query   string `yaml:"query"`
	Labels  string `yaml:"labels"` // of builtin: alerts: label matchers, without braces
	Hold    Num    `yaml:"hold"`
	Resume  Num    `yaml:"resume"`
	Abort   Num    `yaml:"abort"`
}
