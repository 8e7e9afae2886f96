package queue

import (
	"fmt"
	"math"
)

// system is M/M/n: one size of one pool under one load, with the only number that is expensive to get: z = 1/B(n, a).
//
// n is kept as a float64 because every formula wants it so; it is an integer below 2^53.
type system struct {
	a float64 // offered load in erlangs, >= 0
	n float64 // number of servers, an integer >= 0
	z float64 // 1/B(n, a), >= 1; +Inf once B is below about 1e-308
}

// at returns the system of n servers at load a by random access, in O(sqrt(a)) steps whatever n is.
//
// Up to the load the series sums z directly; above the load the recursion walks on from there. It panics when n < 0 or
// when a is negative or NaN.
func at(n int, a float64) system {
	if n < 0 || !(a >= 0) {
		panic(fmt.Sprintf("queue: %d servers at %v erlangs: want servers >= 0 and erlangs >= 0", n, a))
	}
	m := min(float64(n), math.Floor(a))
	return system{a: a, n: m, z: series(m, a)}.to(float64(n))
}

// series returns z = 1/B(m, a) for an integer 0 <= m <= a as
//
//	1 + m/a + m(m-1)/a² + m(m-1)(m-2)/a³ + …
//
// All terms are positive and each is at most the one before. The rest after a term t is at most t times the sum (its
// ratios are smaller than those at the start), so that stopping at t < 2^-60 costs 2^-60 relative. At m = a that is
// after about 9·sqrt(a) terms, for m far below a much earlier.
//
// Source: D. L. Jagerman, "Some properties of the Erlang loss function", Bell System Technical Journal 53(3), 1974,
// pp. 525-551; it is also the definition B = (a^m/m!) / Σ a^k/k!, numerator and denominator divided by the numerator.
func series(m, a float64) float64 {
	sum, term := 1.0, 1.0
	for k := m; k > 0 && term > 0x1p-60; k-- {
		term *= k / a
		sum += term
	}
	return sum
}

// next returns the system with one server more:
//
//	z(n+1) = 1 + (n+1)/a · z(n)
//
// In this form of the recursion B(n+1) = aB/(n+1+aB) the division does not wait for z, which makes it several times
// faster than the usual one. The explicit conversion keeps the product from being fused with the sum, so that all
// processors compute the same bits.
//
// Source: Jagerman 1974, the recursion for the reciprocal.
func (p system) next() system {
	n := p.n + 1
	return system{a: p.a, n: n, z: 1 + float64(n/p.a*p.z)}
}

// to returns the system with n servers, n >= p.n. It stops walking where z has left the range of float64, about
// 38·sqrt(a) servers above the load, so it is quick for any n.
func (p system) to(n float64) system {
	for p.n < n && p.z <= math.MaxFloat64 {
		p = p.next()
	}
	p.n = n
	return p
}

// spare returns n-a, the servers that are idle on average. The subtraction is exact for n/2 <= a <= 2n, which is where
// its digits matter.
func (p system) spare() float64 { return p.n - p.a }

// delay returns the probability that an arrival waits (ErlangC).
//
// C = nB/(n - a(1-B)), where n and a(1-B) cancel near saturation, is nB/((n-a) + aB), times z in both parts.
func (p system) delay() float64 {
	d := p.spare()
	switch {
	case d > 0:
		return min(1, p.n/(float64(d*p.z)+p.a))
	case p.a == 0:
		return 0
	default:
		return 1
	}
}

// waiting returns the mean number of waiting clients (WaitingClients): C·a/(n-a).
func (p system) waiting() float64 {
	d := p.spare()
	switch {
	case d > 0:
		return p.n / (float64(d*p.z) + p.a) * (p.a / d)
	case p.a == 0:
		return 0
	default:
		return math.Inf(1)
	}
}

// gain returns waiting() minus waiting() of the next system, +Inf where waiting() is +Inf.
//
// Subtracting the two would lose as many digits as they have in common. With d = n-a and x = aB(n), B(n+1) put in by
// the recursion, C(n+1) = x/(d+1+x), and the difference is a quotient of sums of positive terms:
//
//	Lq(n) - Lq(n+1) = x·[d(d+1)(d+1+x) + a(2d+1+x)] / [d(d+x)(d+1)(d+1+x)]
//
// Source: own algebra from C = nB/(n-a+aB) and the recursion; checked against 200-bit differences.
func (p system) gain() float64 {
	d := p.spare()
	if d <= 0 {
		if p.a == 0 {
			return 0
		}
		return math.Inf(1)
	}
	x := p.a / p.z
	e := d + 1
	f := e + x
	return x * (float64(d*e*f) + float64(p.a*(d+f))) / (d * (d + x) * e * f)
}
