package queue

import "math"

// Sensitivity returns dLq/da: how many clients more wait per erlang that the load grows, with n servers at load a, n >=
// 0, a >= 0. It is +Inf when n <= a, and 0 at a = 0 for n >= 1. Divided by WaitingClients and times the error of a it
// says how far a waiting count can be trusted, and how soon a plan is out of date.
//
// With d = n-a, z = 1/B and dB/da = B(n/a - 1 + B), that is dz/da = -(1 + zd/a), the derivative of Lq = an/(d(dz+a)) is
//
//	n/(d(dz+a)) · [1 + a/d + (a(z-1+d) + zd²)/(dz+a)]
//
// where every term is positive.
//
// Source: dB/da as in Jagerman 1974; the rest is own algebra, checked against 600-bit difference quotients.
func Sensitivity(n int, a float64) float64 {
	p := at(n, a)
	d := p.spare()
	if d <= 0 {
		return math.Inf(1)
	}
	y := float64(d*p.z) + a
	if math.IsInf(y, 1) {
		return 0
	}
	return p.n / y / d * (1 + a/d + a*((p.z-1+d)/y) + d*(d*p.z/y))
}
