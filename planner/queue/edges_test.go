package queue

import (
	"math"
	"testing"
	"time"
)

var inf = math.Inf(1)

func TestErlangFormulasAreExactAtTheEdgesOfTheDomain(t *testing.T) {
	t.Parallel()
	tiny := math.SmallestNonzeroFloat64
	for _, c := range []struct {
		name          string
		n             int
		a             float64
		b, c, q, gain float64
	}{
		{"nobody comes to no servers", 0, 0, 1, 0, 0, 0},
		{"nobody comes", 5, 0, 0, 0, 0, 0},
		{"no servers", 0, 2, 1, 1, inf, inf},
		{"as much load as servers", 1, 1, 0.5, 1, inf, inf},
		{"two servers short", 1, 3, 0.75, 1, inf, inf},
		{"endless load", 7, inf, 1, 1, inf, inf},
		{"the smallest load there is", 3, tiny, 0, 0, 0, 0},
		{"a thousand times the servers needed", 5000, 5, 0, 0, 0, 0},
		{"the largest size there is", math.MaxInt, 10, 0, 0, 0, 0},
	} {
		got := [...]float64{ErlangB(c.n, c.a), ErlangC(c.n, c.a), WaitingClients(c.n, c.a), NewWalker(c.a, c.n).Gain()}
		if want := [...]float64{c.b, c.c, c.q, c.gain}; got != want {
			t.Errorf("%s: B, C, Lq, gain at n=%d a=%v: got %v, want %v", c.name, c.n, c.a, got, want)
		}
	}
	for _, c := range []struct {
		n       int
		a, want float64
	}{{0, 0, inf}, {1, 0, 0}, {5, 0, 0}, {1, 1, inf}, {2, inf, inf}, {1, 1e-200, 2e-200}, {500, 5, 0}} {
		if got := Sensitivity(c.n, c.a); got != c.want {
			t.Errorf("Sensitivity(%d, %v): got %v, want %v", c.n, c.a, got, c.want)
		}
	}
}

func TestWaitsAreExactAtTheEdgesOfTheDomain(t *testing.T) {
	t.Parallel()
	m := Model{Hold: time.Second}
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"mean, nobody comes", m.MeanWait(3, 0), 0},
		{"mean, nobody comes to no servers", m.MeanWait(0, 0), 0},
		{"mean, overload", m.MeanWait(2, 2), inf},
		{"mean, overload without a hold", Model{}.MeanWait(2, 2), inf},
		{"tail, nobody comes", m.Tail(3, 0, 0), 0},
		{"tail, overload", m.Tail(2, 5, time.Hour), 1},
		{"tail before 0", m.Tail(3, 1, -1), 1},
		{"tail at 0", m.Tail(3, 1, 0), ErlangC(3, 1)},
		{"tail without a hold", Model{}.Tail(3, 1, 0), 0},
		{"quantile, nobody comes", m.Quantile(3, 0, 1), 0},
		{"quantile, overload", m.Quantile(2, 2, 0.5), inf},
		{"quantile of those who do not wait", m.Quantile(3, 1, 1-ErlangC(3, 1)-1e-9), 0},
		{"quantile of all", m.Quantile(3, 1, 1), inf},
		{"quantile without a hold", Model{}.Quantile(3, 1, 1), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestArgumentsOutsideTheDomainPanic(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for name, call := range map[string]func(){
		"negative servers":       func() { ErlangB(-1, 1) },
		"negative load":          func() { ErlangC(1, -1) },
		"load not a number":      func() { WaitingClients(1, nan) },
		"walker without a load":  func() { NewWalker(nan, 3) },
		"slope without a load":   func() { Sensitivity(3, nan) },
		"negative hold":          func() { Model{Hold: -1}.MeanWait(2, 1) },
		"negative factor":        func() { Model{SCVFactor: -1}.Tail(2, 1, 0) },
		"factor not a number":    func() { Model{SCVFactor: nan}.Quantile(2, 1, 0.5) },
		"quantile above 1":       func() { Model{}.Quantile(2, 1, 1.5) },
		"quantile not a number":  func() { Model{}.Quantile(2, 1, nan) },
		"sizing without a load":  func() { MinServers(nan, time.Second, 1, Target{}) },
		"sizing negative load":   func() { MinServers(-1, time.Second, 1, Target{}) },
		"sizing negative hold":   func() { MinServers(1, -1, 1, Target{}) },
		"sizing negative factor": func() { MinServers(1, 1, -1, Target{}) },
		"utilization above 1":    func() { MinServers(1, 1, 1, Target{Utilization: 90}) },
		"utilization no number":  func() { MinServers(1, 1, 1, Target{Utilization: nan}) },
		"negative mean":          func() { MinServers(1, 1, 1, Target{Mean: -1}) },
		"negative p99":           func() { MinServers(1, 1, 1, Target{P99: -1}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}
