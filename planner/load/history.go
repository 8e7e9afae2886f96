package load

import (
	"math"
	"slices"
	"time"
)

// Constants of the decaying histogram. Source: the recommender of the Kubernetes vertical pod autoscaler (half-life,
// 5 % buckets); the first bucket is chosen: 0.01, because no pool of a hundredth of an Erlang is worth
// sizing.
const (
	// HistogramFirst is the upper end of the first bucket: Erlangs of a load, connections of a count.
	HistogramFirst = 0.01
	// HistogramGrowth is how many times as wide each bucket is as the one before.
	HistogramGrowth = 1.05
	// HistogramHalfLife is the age at which a minute weighs half.
	HistogramHalfLife = 24 * time.Hour
)

// Histogram is a decaying histogram of non-negative samples: a sample's weight halves every HistogramHalfLife.
// The zero value is empty. It is a value: Add returns a new one.
type Histogram struct {
	Origin  time.Time `json:"origin"`            // the time at which a sample weighs 1
	Last    time.Time `json:"last"`              // the newest sample's time
	First   time.Time `json:"first"`             // the oldest sample's time
	Samples int       `json:"samples"`           // how many were added
	Buckets []Bucket  `json:"buckets,omitempty"` // sorted by Index, empty ones left out
	Max     float64   `json:"max"`               // the largest sample ever added, undecayed
	MaxAt   time.Time `json:"max_at,omitzero"`   // when the newest of those was; zero: an older recording does not say
}

// Bucket is one bucket: Index 0 holds [0, HistogramFirst), Index k >= 1 the k-th geometric interval above it.
type Bucket struct {
	Index  int     `json:"k"` // 0: below HistogramFirst; k: up to HistogramFirst × HistogramGrowth^k
	Weight float64 `json:"w"` // 2^((minute − Origin) / HistogramHalfLife), summed over the minutes in the bucket
}

// Add returns h with one more sample; v must be finite and >= 0, later samples may come in any order.
func (h Histogram) Add(at time.Time, v float64) Histogram {
	if h.Samples == 0 {
		h.Origin, h.First, h.Last = at, at, at
	}
	exponent := at.Sub(h.Origin).Hours() / HistogramHalfLife.Hours()
	h.Buckets = slices.Clone(h.Buckets)
	if exponent > 100 { // keep 2^exponent small; the shift is an exact power of two, so no weight changes its share
		shift := math.Floor(exponent)
		for i := range h.Buckets {
			h.Buckets[i].Weight = math.Ldexp(h.Buckets[i].Weight, -int(shift))
		}
		h.Origin = h.Origin.Add(time.Duration(shift) * HistogramHalfLife)
		exponent -= shift
	}
	k := bucketIndex(v)
	i, found := slices.BinarySearchFunc(h.Buckets, k, func(b Bucket, k int) int { return b.Index - k })
	if !found {
		h.Buckets = slices.Insert(h.Buckets, i, Bucket{Index: k})
	}
	h.Buckets[i].Weight += math.Exp2(exponent)
	if h.Samples++; v >= h.Max && !at.Before(h.MaxAt) || v > h.Max {
		h.Max, h.MaxAt = v, at
	}
	if at.After(h.Last) {
		h.Last = at
	}
	if at.Before(h.First) {
		h.First = at
	}
	return h
}

// Quantile returns the upper end of the bucket where the weight reaches p of the whole, 0 < p <= 1, but never more than
// the largest sample: at most 5 % above the true quantile, never below it. It is 0 when h is empty.
func (h Histogram) Quantile(p float64) float64 {
	var total, sum float64
	for _, b := range h.Buckets {
		total += b.Weight
	}
	for _, b := range h.Buckets {
		sum += b.Weight
		if sum >= p*total {
			return min(h.Max, bucketEnd(b.Index))
		}
	}
	return h.Max
}

// Span returns the time from the oldest to the newest sample.
func (h Histogram) Span() time.Duration { return h.Last.Sub(h.First) }

func bucketIndex(v float64) int {
	if v < HistogramFirst {
		return 0
	}
	k := 1 + int(math.Log(v/HistogramFirst)/math.Log(HistogramGrowth))
	for bucketEnd(k) <= v { // the logarithm may be one bucket short at an edge
		k++
	}
	return k
}

func bucketEnd(k int) float64 { return HistogramFirst * math.Pow(HistogramGrowth, float64(k)) }

// History is what a monitoring system remembers of a fleet; the zero value is none. It travels in recordings.
type History struct {
	Lookback time.Duration   `json:"lookback_ns"`       // how far back the monitoring system was asked
	Pools    []PoolHistory   `json:"pools,omitempty"`   // sorted by Pool
	Servers  []ServerHistory `json:"servers,omitempty"` // sorted by Server
	Dialect  string          `json:"dialect,omitempty"` // which exporter's names were found
}

// PoolHistory holds the one-minute loads of one pool over the lookback; none of them where only its Note stands.
type PoolHistory struct {
	Pool    string    `json:"pool"` // group/alias
	Erlangs Histogram `json:"erlangs"`
	// share of minutes left out because the pool was full: its size, not its load, was seen
	Censored float64 `json:"censored"`
	Full     float64 `json:"full_erlangs,omitempty"` // the most that it carried in one of those ; Erlangs

	// Day is the highest mean of 24 hours, full minutes among them; 0: not known. DayEndless: in some 24 hours it was full
	// without an end, so that what was asked for then is not known.
	Day        float64 `json:"day_erlangs,omitempty"`
	DayEndless bool    `json:"day_endless,omitempty"`

	// PerSec is the 95th percentile of its transactions a second; 0: not known. What they cost is that many, and not the
	// load over the hold of another hour.
	PerSec float64 `json:"per_sec,omitempty"`

	// Note is what a plan has to say of it, as of what could not be asked for; it names nothing of the fleet.
	Note string `json:"note,omitempty"`
}

// ServerHistory holds what was seen of one server over the lookback.
type ServerHistory struct {
	Server string    `json:"server"`
	Direct Histogram `json:"direct"` // connections that belong to no PgBouncer
	CPU    CPUFit    `json:"cpu"`    // the zero value: no query, or too few moments for a fit
}

// What a peak is. chosen: a week of minutes shows that of a week, less shows that of a day; half an hour after the
// highest minute of the last one, its busiest time is over.
const (
	aWeek      = 7 * 24 * time.Hour
	peakPasses = 30 * time.Minute
)

// NextPeak is when the next peak of pools will be over, the latest of theirs: as long after the highest minute that the
// history has as it takes to come again. false: the history has no such minute of any of them.
func (h History) NextPeak(pools []string, now time.Time) (at time.Time, known bool) {
	for _, id := range pools {
		p, found := h.pool(id)
		if !found || p.Erlangs.MaxAt.IsZero() {
			continue
		}
		period := aWeek
		if p.Erlangs.Span() < aWeek-time.Hour {
			period = 24 * time.Hour
		}
		next := p.Erlangs.MaxAt.Add(peakPasses)
		if behind := now.Sub(next); behind >= 0 {
			next = next.Add((behind/period + 1) * period)
		}
		at, known = latest(at, next), true
	}
	return at, known
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (h History) pool(id string) (PoolHistory, bool) {
	for _, p := range h.Pools {
		if p.Pool == id {
			return p, true
		}
	}
	return PoolHistory{}, false
}

// Server returns the history of the server of that name; false where there is none.
func (h History) Server(name string) (ServerHistory, bool) {
	for _, s := range h.Servers {
		if s.Server == name {
			return s, true
		}
	}
	return ServerHistory{}, false
}
