package load

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// How many blocks of neighbouring intervals a spread is taken of.
const (
	blocks = 20 // at most. chosen: 20, because Student's t is then within 7 % of a normal's, and blocks stay long
	// below it the blocks' own deviation says too little. chosen: 8, because Student's t is then within a fifth of a
	// normal's
	fewBlocks = 8
)

// spread returns how far the 95 % interval of the time average of value (server-seconds per interval) reaches below and
// above its mean, a: batch means and Student's t; with few intervals the larger of their deviation and the one that
// exponential holds and Poisson arrivals have, whose variance is least. Blocks that follow one another alike, as those
// of a burst do, say less: at a correlation alike of neighbours the variance of the mean is (1 + alike)/(1 − alike)
// times larger, as in gauge. Of a rhythm of which the window shows only two or three periods that is not known, and the
// interval is too narrow.
//
// Both the sum and its variance grow with the load, so the interval reaches further up: as the score interval of a
// Poisson rate does (Wilson 1927), and further where few long transactions make the sum skew (Johnson 1978, the
// modified t).
func spread(ivs []Interval, a, least, alike float64, value func(Interval) float64) (below, above float64) {
	means := blockMeans(ivs, value)
	k := len(means)
	var half float64
	if k >= 2 {
		_, sd := stat.MeanStdDev(means, nil)
		half = sd / math.Sqrt(float64(k))
		// they are worth fewer, and their deviation is from their own mean, so that it lacks the variance of that
		if alike > 0 {
			half = sd / math.Sqrt(max(2, float64(k)*(1-alike)/(1+alike))-1)
		}
	}
	if k >= fewBlocks {
		half *= distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(k - 1)}.Quantile(0.975)
	} else {
		half = Z95 * max(half, math.Sqrt(max(0, least)))
	}
	if a <= 0 || half == 0 {
		return half, half
	}
	shift := min(max(half*half/(2*a), skewShift(ivs, value)), 0.8*half)
	half = math.Hypot(half, shift)
	return half - shift, half + shift
}

// blockMeans are the averages of value over blocks of neighbouring intervals.
func blockMeans(ivs []Interval, value func(Interval) float64) []float64 {
	k := min(blocks, len(ivs))
	means := make([]float64, 0, k)
	for b := range k {
		var v, t float64
		for _, iv := range ivs[b*len(ivs)/k : (b+1)*len(ivs)/k] {
			v += value(iv)
			t += iv.Span.Seconds()
		}
		means = append(means, v/t)
	}
	return means
}

// alike is the correlation of neighbouring blocks, where it is more than chance; 0 of few blocks.
func alike(ivs []Interval, value func(Interval) float64) float64 {
	means := blockMeans(ivs, value)
	if len(means) < fewBlocks {
		return 0
	}
	mean, sd := stat.MeanStdDev(means, nil)
	r, k := neighbours(means, mean, sd), float64(len(means))
	// chosen: 1.15 standard errors of the r of independent blocks, because seven in eight of those are not widened then
	if r+1/k < 1.15/math.Sqrt(k) {
		return 0
	}
	return min(unbiased(r, len(means)), 0.9)
}

// neighbours is the correlation of neighbours in a series; 0 where all are the same.
func neighbours(x []float64, mean, sd float64) (r float64) {
	if sd == 0 {
		return 0
	}
	for i := 1; i < len(x); i++ {
		r += (x[i] - mean) * (x[i-1] - mean) / (float64(len(x)) * sd * sd)
	}
	return r
}

// unbiased is the correlation of neighbours of which r is found among n. Source: Marriott and Pope, Bias in the
// estimation of autocorrelations, Biometrika 41 (1954): r is found too low, by (1 + 4ρ)/n of the true ρ; solved for
// that.
func unbiased(r float64, n int) float64 {
	k := float64(n)
	if n <= 12 { // chosen: 12, because of fewer what solves it is mostly noise
		return r + (1+4*max(0, r))/k
	}
	r *= k / (k - 1) // neighbours divides by the deviation of n − 1
	return (k*r + 1) / (k - 4)
}

// skewShift is how far the middle of the interval lies above the mean of skew values; 0 where their skewness is no more
// than that of exponential holds.
func skewShift(ivs []Interval, value func(Interval) float64) float64 {
	const least = 20 // chosen: 20, because the skewness of fewer is off by half
	if len(ivs) < least {
		return 0
	}
	var sum, span float64
	for _, iv := range ivs {
		sum += value(iv)
		span += iv.Span.Seconds()
	}
	var m2, m3 float64
	for _, iv := range ivs {
		d := value(iv) - sum/span*iv.Span.Seconds()
		m2 += d * d
		m3 += d * d * d
	}
	if n := float64(len(ivs)); m2 == 0 || m3/n < math.Pow(m2/n, 1.5) {
		return 0
	}
	return m3 / (6 * m2 * span) * (1 + 2*Z95*Z95)
}

// gauge returns the mean of a gauge over the samples and the half-width of its 95 % interval. Neighbouring samples see
// the same transactions: the variance of the mean is (1 + r)/(1 − r) times larger at a correlation r of neighbours.
func (v flowView) gauge(value func(Level) int) (mean, half float64) {
	x := make([]float64, len(v.samples))
	for i, s := range v.samples {
		x[i] = float64(value(s))
	}
	n := float64(len(x))
	if n < 3 {
		mean = stat.Mean(x, nil)
		return mean, Z95 * math.Sqrt(max(1, mean)/n)
	}
	mean, sd := stat.MeanStdDev(x, nil)
	r := min(max(0, neighbours(x, mean, sd)), (n-2)/n)
	return mean, Z95 * sd * math.Sqrt((1+r)/(1-r)/n)
}

// held is gauge for what stays for long: sessions, of which neighbouring samples see nearly the same. In a window of
// few of their lives the correlation r of neighbours is found too low, by (1 + 4r)/n. Source: Marriott and Pope, Bias
// in the estimation of autocorrelations, Biometrika 41 (1954). So is the variance: deviations from the window's own
// mean lack the variance of that mean, one part in as many as the samples are worth.
func (v flowView) held(value func(Level) int) (mean, half float64) {
	x := make([]float64, len(v.samples))
	for i, s := range v.samples {
		x[i] = float64(value(s))
	}
	n := float64(len(x))
	if n < 3 {
		return v.gauge(value)
	}
	mean, sd := stat.MeanStdDev(x, nil)
	if sd == 0 {
		return mean, 0
	}
	r := min(max(0, unbiased(neighbours(x, mean, sd), len(x))), (n-2)/n)
	worth := max(2, n*(1-r)/(1+r))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.975)
	return mean, t * sd * math.Sqrt(worth/(worth-1)/worth)
}
