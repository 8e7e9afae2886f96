package queue

import (
	"math"
	"math/big"
)

// bits is the precision of the reference arithmetic; a walk of 100,000 steps loses 17 of them.
const bits = 256

// reference is the plain recursion z(n+1) = 1 + (n+1)z(n)/a in big arithmetic, from the exact value of a.
type reference struct {
	a, z *big.Float
	n    int
	prec uint
}

// newReference starts at no servers under a > 0 erlangs.
func newReference(a *big.Float, prec uint) *reference {
	return &reference{a: a, z: wide(prec).SetInt64(1), prec: prec}
}

// referenceFor starts at no servers under the exact value of a > 0.
func referenceFor(a float64) *reference { return newReference(wide(bits).SetFloat64(a), bits) }

func wide(prec uint) *big.Float { return new(big.Float).SetPrec(prec) }

// to walks on to n >= r.n servers.
func (r *reference) to(n int) *reference {
	k := wide(r.prec)
	for r.n < n {
		r.n++
		r.z.Mul(r.z, k.SetInt64(int64(r.n)))
		r.z.Quo(r.z, r.a)
		r.z.Add(r.z, k.SetInt64(1))
	}
	return r
}

// blocked returns B, delayed C = nB/(n - a(1-B)), the textbook form, and queued Lq = C·a/(n-a), for n > a.
func (r *reference) blocked() *big.Float { return wide(r.prec).Quo(wide(r.prec).SetInt64(1), r.z) }

func (r *reference) delayed() *big.Float {
	b := r.blocked()
	n := wide(r.prec).SetInt64(int64(r.n))
	rest := wide(r.prec).Sub(wide(r.prec).SetInt64(1), b)
	rest.Sub(n, rest.Mul(rest, r.a))
	return b.Quo(b.Mul(b, n), rest)
}

func (r *reference) queued() *big.Float {
	d := wide(r.prec).SetInt64(int64(r.n))
	d.Sub(d, r.a)
	q := r.delayed()
	return q.Quo(q.Mul(q, r.a), d)
}

// gained returns Lq(n) - Lq(n+1) and walks one step.
func (r *reference) gained() *big.Float {
	before := r.queued()
	return before.Sub(before, r.to(r.n+1).queued())
}

// least is the smallest reference value that the relative error is measured for.
const least = 1e-300

// apart returns the relative error of got against want, 0 where want is below least.
func apart(got float64, want *big.Float) float64 {
	w, _ := want.Float64()
	if math.Abs(w) < least {
		return 0
	}
	if math.IsNaN(got) || math.IsInf(got, 0) {
		return math.Inf(1)
	}
	e := wide(bits).SetFloat64(got)
	e.Quo(e.Sub(e, want), want)
	f, _ := e.Float64()
	return math.Abs(f)
}
