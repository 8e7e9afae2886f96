package planner

import "time"

// History is what a monitoring system remembers of a fleet; the zero value is none. It travels in recordings.
type History struct {
	Lookback time.Duration   `json:"lookback_ns"`
	Pools    []PoolHistory   `json:"pools,omitempty"`   // sorted by Pool
	Servers  []ServerHistory `json:"servers,omitempty"` // sorted by Server
	Dialect  string          `json:"dialect,omitempty"` // which exporter's names were found
}

// PoolHistory holds the one-minute loads of one pool over the lookback; none of them where only its Note stands.
type PoolHistory struct {
	Pool     string    `json:"pool"` // group/alias
	Erlangs  Histogram `json:"erlangs"`
	Censored float64   `json:"censored"`               // share of minutes left out because the pool was full: its size, not its load, was seen
	Full     float64   `json:"full_erlangs,omitempty"` // the most that it carried in one of those

	// PerSec is the 95th percentile of its transactions a second; 0: not known. What they cost is that many, and not the load over
	// the hold of another hour.
	PerSec float64 `json:"per_sec,omitempty"`

	// Note is what a plan has to say of it, as of what could not be asked for; it names nothing of the fleet.
	Note string `json:"note,omitempty"`
}

// ServerHistory holds what was seen of one server over the lookback.
type ServerHistory struct {
	Server string    `json:"server"`
	Direct Histogram `json:"direct"` // connections that belong to no PgBouncer
	CPU    CPUFit    `json:"cpu"`
}

func (h History) pool(id string) (PoolHistory, bool) {
	for _, p := range h.Pools {
		if p.Pool == id {
			return p, true
		}
	}
	return PoolHistory{}, false
}

func (h History) server(name string) (ServerHistory, bool) {
	for _, s := range h.Servers {
		if s.Server == name {
			return s, true
		}
	}
	return ServerHistory{}, false
}
