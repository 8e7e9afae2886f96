package sim

import "math"

// shape is how a load's rate goes over time, as a multiple of its mean rate.
type shape interface {
	// between returns ∫ from..to of the multiple, in ns.
	between(from, to int64) float64
	// after returns the time at which the integral from `from` on has reached amount ns; never if it does not.
	after(from int64, amount float64) int64
}

// sine is 1 + A·sin(2π(t/P − φ)).
type sine struct {
	a, period, phase float64
}

func (s sine) at(t float64) float64 {
	return 1 + s.a*math.Sin(2*math.Pi*(t/s.period-s.phase))
}

// antiderivative at t; its period is taken out first, for precision.
func (s sine) integral(t float64) float64 {
	return t - s.a*s.period/(2*math.Pi)*math.Cos(2*math.Pi*(t/s.period-s.phase))
}

func (s sine) between(from, to int64) float64 {
	base := math.Floor(float64(from)/s.period) * s.period // the phase is the same, the numbers are smaller
	return s.integral(float64(to)-base) - s.integral(float64(from)-base)
}

// after solves by Newton's method, held within the bracket that the amplitude gives.
func (s sine) after(from int64, amount float64) int64 {
	base := math.Floor(float64(from)/s.period) * s.period
	f := float64(from) - base
	target := s.integral(f) + amount
	swing := s.a * s.period / math.Pi // the integral is never further from the mean rate's than this
	lo, hi := max(f, f+amount-swing), f+amount+swing
	if base+hi >= longest {
		return never
	}
	t := f + amount
	for range 60 {
		miss := s.integral(t) - target
		if miss > 0 {
			hi = t
		} else {
			lo = t
		}
		next := t - miss/max(s.at(t), 1e-9)
		if !(next > lo && next < hi) {
			next = (lo + hi) / 2
		}
		if math.Abs(next-t) < 0.5 {
			t = next
			break
		}
		t = next
	}
	return max(from, int64(base+t))
}

// curve is a piecewise linear multiple of the rate, repeated.
type curve struct {
	at    []float64 // corners, from 0 to the period
	times []float64 // the multiple at each; the last equals the first
	sums  []float64 // integral from 0 to each corner
}

func newCurve(parts []CurvePart) *curve {
	c := &curve{}
	for _, p := range parts {
		c.at, c.times = append(c.at, float64(p.At)), append(c.times, p.Times)
	}
	c.sums = make([]float64, len(c.at))
	for i := 1; i < len(c.at); i++ {
		c.sums[i] = c.sums[i-1] + (c.at[i]-c.at[i-1])*(c.times[i]+c.times[i-1])/2
	}
	return c
}

func (c *curve) period() (length, sum float64) {
	n := len(c.at) - 1
	return c.at[n], c.sums[n]
}

// integral from 0 to t within one period.
func (c *curve) integral(t float64) float64 {
	i := 1
	for i < len(c.at)-1 && t > c.at[i] {
		i++
	}
	x := t - c.at[i-1]
	slope := (c.times[i] - c.times[i-1]) / (c.at[i] - c.at[i-1])
	return c.sums[i-1] + x*c.times[i-1] + slope*x*x/2
}

func (c *curve) split(t int64) (periods, rest float64) {
	length, _ := c.period()
	periods = math.Floor(float64(t) / length)
	return periods, float64(t) - periods*length
}

func (c *curve) between(from, to int64) float64 {
	_, sum := c.period()
	n, a := c.split(from)
	m, b := c.split(to)
	return (m-n)*sum + c.integral(b) - c.integral(a)
}

func (c *curve) after(from int64, amount float64) int64 {
	length, sum := c.period()
	n, a := c.split(from)
	target := c.integral(a) + amount
	if sum <= 0 {
		return never
	}
	whole := math.Floor(target / sum)
	target -= whole * sum
	t := (n+whole)*length + c.solve(target)
	if t >= longest {
		return never
	}
	return max(from, int64(t))
}

// solve returns the time within the period at which the integral reaches target.
func (c *curve) solve(target float64) float64 {
	i := 1
	for i < len(c.at)-1 && target > c.sums[i] {
		i++
	}
	rest := max(0, target-c.sums[i-1])
	width, b := c.at[i]-c.at[i-1], c.times[i-1]
	slope := (c.times[i] - b) / width
	// b·x + slope·x²/2 = rest, in the form that loses no digits for slopes near 0.
	root := math.Sqrt(max(0, b*b+2*slope*rest))
	if b+root == 0 {
		return c.at[i-1]
	}
	return c.at[i-1] + min(width, 2*rest/(b+root))
}

func shapeOf(o *OpenSpec) shape {
	switch {
	case o.Sine != nil:
		return sine{o.Sine.Amplitude, float64(o.Sine.Period), o.Sine.Phase}
	case len(o.Curve) > 0:
		return newCurve(o.Curve)
	default:
		return nil
	}
}

// MeanTimes returns the mean multiple of the rate over a curve's period, 1 where there is none.
func (o *OpenSpec) MeanTimes() float64 {
	times := 1.0
	if len(o.Curve) > 1 {
		length, sum := newCurve(o.Curve).period()
		times = sum / length
	}
	if b := o.Burst; b != nil {
		low, high := b.LowMean.Seconds(), b.HighMean.Seconds()
		times *= (low*b.Low + high*b.High) / (low + high)
	}
	return times
}
