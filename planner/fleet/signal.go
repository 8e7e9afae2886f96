package fleet

import "time"

// SignalCPU is the name of the signal that says how much of a server's CPU is in use, 0 to 1.
const SignalCPU = "cpu"

// Signal is one saturation reading with its own sample time, or the reason why there is none.
type Signal struct {
	Name   string `json:"name"`
	Server string `json:"server,omitempty"`
	// of the signal's own unit: a ratio 0..1 of SignalCPU; null where there is a Fault
	Value Float     `json:"value"`
	At    time.Time `json:"at"` // when the value was true at its source, not when it was asked for
	// between two samples of its source, as that of a recording rule; 0: not known, and not needed of a young sample
	Interval time.Duration `json:"interval_ns,omitempty"`
	Fault    Fault         `json:"fault,omitempty"` // why there is no Value; empty: there is one
	Error    string        `json:"error,omitempty"` // Fault in words, or those of the source; for people, nothing decides by it
}

// Fault says why a Signal has no value.
type Fault string

// The faults.
const (
	FaultSource  Fault = "source"   // the source answered no number: Error has its words
	FaultSilent  Fault = "silent"   // the source did not answer: Error says what happened
	FaultUnknown Fault = "unknown"  // neither a source nor a sample has the signal, and none ever will
	FaultNone    Fault = "none yet" // the source has taken no sample so far
	FaultServer  Fault = "server"   // the server is not among those observed
)

// NoSignal is a signal without a value: its fault, and that in words.
func NoSignal(name, server string, fault Fault, words string) Signal {
	return Signal{Name: name, Server: server, Value: Unknown(), Fault: fault, Error: words}
}

// Read reports whether the signal has a value. One of a recording that has none says so by its null alone.
func (s Signal) Read() bool { return s.Fault == "" && s.Value.Known() }
