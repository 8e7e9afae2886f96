package report

import "math"

// mostPoints is how many moments a picture has. chosen: a picture is 960 units wide, and more would not be seen.
const mostPoints = 480

// thinned is a series with at most mostPoints moments: of several that fall together, the one with the most connections
// stays, and of waits and CPU the highest.
func (s Series) thinned() Series {
	n := len(s.At)
	if n <= mostPoints {
		return s
	}
	var keep []int // the moment that stays, and where its group begins
	var begins []int
	for g := range mostPoints {
		from, to := g*n/mostPoints, (g+1)*n/mostPoints
		best, most := from, math.Inf(-1)
		for i := from; i < to; i++ {
			sum := 0.0
			for _, p := range s.Pools {
				sum += orZero(p.Conns[i])
			}
			if sum > most {
				best, most = i, sum
			}
		}
		keep, begins = append(keep, best), append(begins, from)
	}
	begins = append(begins, n)
	pick := func(v []float64) []float64 {
		if v == nil {
			return nil
		}
		out := make([]float64, len(keep))
		for g, i := range keep {
			out[g] = v[i]
		}
		return out
	}
	highest := func(v []float64) []float64 {
		if v == nil {
			return nil
		}
		out := make([]float64, len(keep))
		for g := range keep {
			out[g] = math.NaN()
			for _, x := range v[begins[g]:begins[g+1]] {
				if !(x <= out[g]) { // NaN gives way
					out[g] = x
				}
			}
		}
		return out
	}
	out := Series{Begin: s.Begin, Stepped: s.Stepped}
	for _, i := range keep {
		out.At = append(out.At, s.At[i])
	}
	for _, x := range s.Servers {
		x.Budget, x.Worst, x.Direct, x.CPU = pick(x.Budget), pick(x.Worst), pick(x.Direct), highest(x.CPU)
		out.Servers = append(out.Servers, x)
	}
	for _, x := range s.Pools {
		x.Conns, x.Size, x.Wait = pick(x.Conns), pick(x.Size), highest(x.Wait)
		out.Pools = append(out.Pools, x)
	}
	for _, x := range s.Shares {
		x.Percent = pick(x.Percent)
		out.Shares = append(out.Shares, x)
	}
	return out
}

func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}
