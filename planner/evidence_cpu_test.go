package planner

import (
	"testing"
	"time"
)

// TestCPUIsThatOfTheOtherEvidence takes readings, and what could not be read, from a second evidence.
func TestCPUIsThatOfTheOtherEvidence(t *testing.T) {
	look := func(at time.Duration, direct int, cpu Signal) Observation {
		return Observation{At: noon.Add(at), Servers: []Server{{Name: "pg", MaxConns: 100, Backends: BackendCounts{DirectConns: direct}}}, Signals: []Signal{cpu}}
	}
	first, err := Evidence{}.Add(look(0, 9, Signal{Name: SignalCPU, Server: "pg", Value: 0.6}))
	if err != nil {
		t.Fatal(err)
	}
	later, err := Evidence{}.Add(look(time.Minute, 2, Signal{Name: SignalCPU, Server: "pg", Value: 0.9}))
	if err != nil {
		t.Fatal(err)
	}
	if p := first.WithCPU(later).Peaks[0]; p.CPUSum != 0.9 || p.CPUReads != 1 || p.DirectConns != 9 || first.Peaks[0].CPUSum != 0.6 {
		t.Errorf("%+v", p)
	}
	blind, err := Evidence{}.Add(look(time.Minute, 2, Signal{Name: SignalCPU, Server: "pg", Value: Unknown(), Error: "no answer"}))
	if err != nil {
		t.Fatal(err)
	}
	e := first.WithCPU(blind)
	if _, err := Model(e.To, Declared{SizeAll: true, Servers: []DeclaredServer{{Name: "pg", DirectCount: CountHighest}}}, e, nil); KindOf(err) != KindEvidence {
		t.Errorf("a CPU that cannot be read is planned without: %v", err)
	}
}
