package recording

import (
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// Version is the version of the format; it rises when a line's meaning changes.
const Version = 2

// Header is the first line.
type Header struct {
	Recording int           `json:"pgbudget_recording"` // Version
	At        time.Time     `json:"at"`                 // when the recording was begun
	Pgbudget  string        `json:"pgbudget"`           // version of the pgbudget that recorded
	Every     time.Duration `json:"every_ns"`           // time between samples
	// hosts, paths, application names and names of servers are left out
	Redacted bool   `json:"redacted"`
	Note     string `json:"note,omitempty"` // where it comes from, in the recorder's words
}

// line is any other line: exactly one of its fields is there.
type line struct {
	Observation *fleet.Observation `json:"observation,omitempty"`
	History     *load.History      `json:"history,omitempty"`
}
