package queue

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// slowest finds the size by trying every one from 1 and asking every promise by its public function.
func slowest(a float64, hold time.Duration, factor float64, t Target) (int, string) {
	m := Model{Hold: hold, SCVFactor: factor}
	broken := func(n int) string {
		switch {
		case float64(n) <= a:
			return ByStability
		case t.Utilization > 0 && a/float64(n) > t.Utilization:
			return ByUtilization
		case t.Mean > 0 && m.MeanWait(n, a) > t.Mean.Seconds():
			return ByMeanWait
		case t.P99 > 0 && m.Tail(n, a, t.P99) > 0.01:
			return ByP99Wait
		}
		return ""
	}
	by := ByStability
	for n := 1; ; n++ {
		why := broken(n)
		if why == "" {
			return n, by
		}
		by = why
	}
}

func TestMinServersIsTheSmallestSizeThatKeepsEveryPromise(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(9, 10))
	maybe := func(d time.Duration) time.Duration { // absent one time in three, else 1/1000 to 10 times d
		if random.IntN(3) == 0 {
			return 0
		}
		return time.Duration(float64(d) / 1000 * math.Exp(random.Float64()*math.Log(1e4)))
	}
	decided := map[string]int{}
	for range 3000 {
		a := 1e-3 * math.Exp(random.Float64()*math.Log(3e5))
		if random.IntN(4) == 0 {
			a = math.Floor(a)
		}
		hold := time.Duration(random.IntN(1e9))
		factor := 3 * random.Float64()
		target := Target{Mean: maybe(hold), P99: maybe(hold)}
		if random.IntN(2) == 0 {
			target.Utilization = 0.2 + 0.8*random.Float64()
		}
		n, by := MinServers(a, hold, factor, target)
		wantN, wantBy := slowest(a, hold, factor, target)
		if n != wantN || by != wantBy {
			t.Errorf("a=%v hold=%v factor=%v %+v: got %d by %s, want %d by %s", a, hold, factor, target, n, by, wantN, wantBy)
		}
		decided[by]++
	}
	for _, by := range []string{ByStability, ByUtilization, ByMeanWait, ByP99Wait} {
		if decided[by] < 50 {
			t.Errorf("%s decided %d times: the sample is too narrow", by, decided[by])
		}
	}
}

func TestMinServersMatchesKnownSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		a      float64
		hold   time.Duration
		target Target
		n      int
		by     string
	}{
		{"nobody comes", 0, time.Second, Target{Utilization: 0.5, Mean: 1, P99: 1}, 1, ByStability},
		{"a whole load needs one more", 4, time.Second, Target{}, 5, ByStability},
		{"just below a whole load", math.Nextafter(4, 0), time.Second, Target{}, 4, ByStability},
		{"nine tenths of ten", 9, time.Second, Target{Utilization: 0.9}, 10, ByStability},
		{"nine tenths of twenty", 18, time.Second, Target{Utilization: 0.9}, 20, ByUtilization},
		{"seven tenths of ten", 7, time.Second, Target{Utilization: 0.7}, 10, ByUtilization},
		{"full use is no promise beyond stability", 9, time.Second, Target{Utilization: 1}, 10, ByStability},
		{"four of five callers within 20 s need 14", 10, 3 * time.Minute, Target{Mean: 8 * time.Second}, 14, ByMeanWait},
		{"no time at all to wait for holds of no time", 9, 0, Target{Mean: 1, P99: 1}, 10, ByStability},
		{"a share that no size reaches", 1e6, time.Second, Target{Utilization: 1e-9}, MaxServers, ByUtilization},
		{"more load than any size carries", 3e9, time.Second, Target{}, MaxServers, ByStability},
		{"endless load", math.Inf(1), time.Second, Target{P99: 1}, MaxServers, ByStability},
	} {
		n, by := MinServers(c.a, c.hold, 1, c.target)
		if n != c.n || by != c.by {
			t.Errorf("%s: got %d by %s, want %d by %s", c.name, n, by, c.n, c.by)
		}
	}
}

// TestMinServersIsTheBoundaryAtALargeLoad finds the boundary itself: one server fewer breaks the promise that decided.
func TestMinServersIsTheBoundaryAtALargeLoad(t *testing.T) {
	t.Parallel()
	const a, hold = 1e5, 20 * time.Millisecond
	m := Model{Hold: hold, SCVFactor: 2}
	n, by := MinServers(a, hold, 2, Target{P99: time.Nanosecond})
	if by != ByP99Wait || m.Tail(n, a, 1) > 0.01 || m.Tail(n-1, a, 1) <= 0.01 {
		t.Errorf("p99: got %d by %s, tails %v and %v", n, by, m.Tail(n, a, 1), m.Tail(n-1, a, 1))
	}
	n, by = MinServers(a, hold, 2, Target{Mean: time.Nanosecond})
	if by != ByMeanWait || m.MeanWait(n, a) > 1e-9 || m.MeanWait(n-1, a) <= 1e-9 {
		t.Errorf("mean: got %d by %s, means %v and %v", n, by, m.MeanWait(n, a), m.MeanWait(n-1, a))
	}
}
