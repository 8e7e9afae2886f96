package sim

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// signal is one saturation signal as a scraper sees it: a value now and then, readable after a lag.
type signal struct {
	spec     SignalSpec
	srv      *server   // nil: see why
	why      string    // it cannot be read
	samples  []reading // the newest that can be read, and those that cannot yet
	usedAt   int64
	used     float64 // core-ns at usedAt
	interval int64
}

type reading struct {
	at    int64
	value float64
}

// Modelled reports whether a built-in signal can be simulated.
func Modelled(builtin string) bool {
	switch builtin {
	case "cpu", "waiting", "maxwait", "backends", "busy":
		return true
	}
	return false
}

func (w *World) addSignal(n int32, spec SignalSpec) {
	s := &signal{spec: spec, interval: int64(cmp.Or(spec.Interval, DefaultScrape))}
	w.signals = append(w.signals, s)
	switch {
	case !Modelled(spec.Builtin):
		s.why = fmt.Sprintf("%q is not modelled by the simulation", cmp.Or(spec.Builtin, "its query"))
	case spec.Builtin == "cpu" && w.server(spec.Server).cpu == nil:
		s.why = fmt.Sprintf("the CPU of %s is not modelled: it has no cores", spec.Server)
	default:
		s.srv = w.server(spec.Server)
		w.note(s.interval, atScrape, n)
	}
}

// scrape takes a sample, unless scrapes are being lost.
func (w *World) scrape(s *signal, n int32) {
	w.note(w.now+s.interval, atScrape, n)
	if w.blind > 0 {
		return
	}
	s.samples = append(s.samples, reading{w.now, w.measure(s)})
	for len(s.samples) > 1 && s.samples[1].at+int64(s.spec.Lag) <= w.now {
		s.samples = append(s.samples[:0], s.samples[1:]...)
	}
}

// measure reads the world: CPU as the mean since the scrape before, the others as they are.
func (w *World) measure(s *signal) float64 {
	switch s.spec.Builtin {
	case "cpu":
		used := s.srv.cpu.used()
		mean := (used - s.used) / float64(w.now-s.usedAt) / s.srv.spec.Cores
		s.used, s.usedAt = used, w.now
		return mean
	case "backends":
		return float64(s.srv.backends) / float64(s.srv.spec.MaxConns)
	}
	var waiting, idle int
	var oldest int64
	for _, p := range w.pools {
		if p.srv != s.srv {
			continue
		}
		idle += len(p.idle) + len(p.used)
		if p.queue.n > 0 {
			waiting += p.queue.n
			oldest = max(oldest, w.now-p.queue.first().asked)
		}
	}
	switch s.spec.Builtin {
	case "maxwait":
		return time.Duration(oldest).Seconds()
	case "busy":
		return float64(s.srv.backends-idle) / float64(s.srv.spec.MaxConns)
	}
	return float64(waiting)
}

// Read returns every signal with the newest sample that can be read now and that sample's own time: an old sample is
// returned as it is, for its reader to call it stale. A signal without a sample, or one that cannot be modelled, says
// so by its Fault. It never fails as a whole.
func (w *World) Read(context.Context) ([]fleet.Signal, error) {
	var out []fleet.Signal
	for _, s := range w.signals {
		out = append(out, w.readSignal(s))
	}
	return out, nil
}

// cpuSignals are the readings that stand in an Observation: the servers' CPU, under the name that the planner reads
// for.
func (w *World) cpuSignals() []fleet.Signal {
	var out []fleet.Signal
	for _, s := range w.signals {
		if s.spec.Builtin == "cpu" {
			x := w.readSignal(s)
			x.Name = fleet.SignalCPU
			out = append(out, x)
		}
	}
	return out
}

func (w *World) readSignal(s *signal) fleet.Signal {
	if s.srv == nil {
		return fleet.NoSignal(s.spec.Name, s.spec.Server, fleet.FaultUnknown, s.why)
	}
	x := fleet.NoSignal(s.spec.Name, s.spec.Server, fleet.FaultNone, "no sample yet")
	for _, r := range s.samples {
		if r.at+int64(s.spec.Lag) <= w.now {
			x = fleet.Signal{Name: x.Name, Server: x.Server, Value: fleet.Float(r.value),
				At: w.spec.Start.Add(time.Duration(r.at))}
		}
	}
	return x
}
