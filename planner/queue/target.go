package queue

import (
	"fmt"
	"math"
	"time"
)

// Target is what a pool promises at the load it is sized for. A zero field promises nothing.
type Target struct {
	Utilization float64       // at most this share of the connections is busy on average, 0..1
	Mean        time.Duration // clients wait at most this long on average, those who do not wait counted as 0
	P99         time.Duration // at most one client in a hundred waits longer than this
}

// The promises that can decide a size, as MinServers names them.
const (
	ByStability   = "stability"   // fewer could not keep up with the load
	ByUtilization = "utilization" // Target.Utilization was the last promise to be kept
	ByMeanWait    = "mean wait"   // Target.Mean was
	ByP99Wait     = "p99 wait"    // Target.P99 was
)

// MaxServers is the largest size that MinServers tries (chosen: far above any max_connections, 262143 in PostgreSQL,
// and small enough that a product with a number of processes does not overflow).
const MaxServers = math.MaxInt32

// p99 is the share of clients that may wait longer than Target.P99.
const p99 = 0.01

// MinServers returns the smallest n >= 1 that carries a erlangs (n > a) and keeps every promise of t, and which of them
// decided: the one that fails at n-1, the first in the order of Target when several do, stability before all.
//
// hold is the mean time a transaction holds its connection, scvFactor the Allen-Cunneen factor (0 stands for 1, see
// Model). When no n < MaxServers will do it returns MaxServers and the promise that cannot be kept: a size that fits no
// budget. It panics when a, hold, scvFactor or a wait is negative or not a number, or when Utilization is not in 0..1.
//
// Every promise is easier to keep with more servers, so each raises n from where the one before left it: strides that
// double until the promise holds, then bisection. That is O(sqrt(a)) steps and O(log a) checks of a promise.
func MinServers(a float64, hold time.Duration, scvFactor float64, t Target) (n int, by string) {
	if !(t.Utilization >= 0 && t.Utilization <= 1) || t.Mean < 0 || t.P99 < 0 {
		panic(fmt.Sprintf("queue: target %+v: want utilization in 0..1 and no negative wait", t))
	}
	m := Model{Hold: hold, SCVFactor: scvFactor}
	m.check()
	if a >= MaxServers-1 {
		return MaxServers, ByStability
	}
	p := at(int(a)+1, a)
	by = ByStability
	if u := t.Utilization; u > 0 {
		if least := leastUtilized(a, u); least > p.n {
			p, by = p.to(least), ByUtilization
		}
	}
	raise := func(keeps func(system) bool, name string) {
		if q := p.seek(keeps); q.n > p.n {
			p, by = q, name
		}
	}
	if want := t.Mean.Seconds(); want > 0 {
		raise(func(q system) bool { return m.mean(q) <= want }, ByMeanWait)
	}
	if t.P99 > 0 {
		raise(func(q system) bool { return m.tail(q, t.P99) <= p99 }, ByP99Wait)
	}
	return int(p.n), by
}

// leastUtilized returns the smallest n with a/n <= u, at most MaxServers. The quotient is compared as a person would
// write it, so that 9 erlangs at 0.9 need 10 servers, whichever way the product 10·0.9 rounds.
func leastUtilized(a, u float64) float64 {
	n := min(math.Ceil(a/u), MaxServers)
	for n > 1 && a/(n-1) <= u {
		n--
	}
	for n < MaxServers && a/n > u {
		n++
	}
	return n
}

// seek returns the first system at or after p that keeps a promise, at most MaxServers. A promise that is kept by some
// n must be kept by every larger one.
func (p system) seek(keeps func(system) bool) system {
	if p.n >= MaxServers || keeps(p) {
		return p
	}
	lo, hi := p, p.next()
	for stride := 2.0; hi.n < MaxServers && !keeps(hi); stride *= 2 {
		lo, hi = hi, hi.to(min(hi.n+stride, MaxServers))
	}
	for hi.n-lo.n > 1 {
		mid := lo.to(lo.n + math.Floor((hi.n-lo.n)/2))
		if keeps(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}
