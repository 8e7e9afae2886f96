package sim

import "math"

// cpu is the processors of one server, shared equally by the backends that compute (processor sharing). With N of them
// and b background workers on C cores each advances at
//
//	r(N) = min(1, C/(N+b)) / (1 + σ(min(N,C)−1) + κN(N−1))
//
// Source: processor sharing with the contention and coherency terms of the Universal Scalability Law (Gunther 2007,
// eq. 4.30); background workers compete as equals, which is what a fair scheduler makes of them.
//
// All have the same rate, so that one virtual clock v runs for them all: a job that enters at v with s of work leaves
// at v+s, and nothing is rescheduled when the rate changes but the first to leave.
type cpu struct {
	w                   *World
	slot                int32 // in the world's calendar
	cores, sigma, kappa float64
	background          float64
	jobs                calendar // by virtual time of closing; positive floats compare as their bits do
	conns               []int32  // by job slot
	n                   int
	v                   float64 // ns of work done per job since n was 0 last
	last                int64
	rate                float64
	rates               []float64 // r(n), as far as it was needed
	busy                float64   // core-ns used up to last
}

func newCPU(w *World, slot int32, s ServerSpec) *cpu {
	return &cpu{w: w, slot: slot, cores: s.Cores, sigma: s.Sigma, kappa: s.Kappa, background: s.BackgroundCores,
		jobs: newCalendar(0), rate: 1}
}

// join makes a job slot for a connection.
func (c *cpu) join(conn int32) int32 {
	c.conns = append(c.conns, conn)
	c.jobs.resize(len(c.conns))
	return int32(len(c.conns) - 1)
}

// rateAt returns r(n).
func (c *cpu) rateAt(n int) float64 {
	for len(c.rates) <= n {
		k := float64(len(c.rates))
		r := 1.0
		if k > 0 {
			r = min(1, c.cores/(k+c.background)) / (1 + c.sigma*(max(1, min(k, c.cores))-1) + c.kappa*k*(k-1))
		}
		c.rates = append(c.rates, r)
	}
	return c.rates[n]
}

// advance brings v and busy up to now.
func (c *cpu) advance() {
	dt := float64(c.w.now - c.last)
	c.v += dt * c.rate
	c.busy += dt * min(c.cores, float64(c.n)+c.background)
	c.last = c.w.now
}

// enter starts a job of demand ns of CPU time.
func (c *cpu) enter(job int32, demand int64) {
	c.advance()
	c.n++
	c.jobs.set(job, int64(math.Float64bits(c.v+float64(demand))))
	c.reschedule()
}

// event ends the job that is due.
func (c *cpu) event() {
	c.advance()
	job, _ := c.jobs.first()
	c.jobs.clear(job)
	c.n--
	if c.n == 0 {
		c.v = 0
	}
	c.reschedule()
	c.w.offCPU(c.conns[job])
}

// setBackground changes the work that is not the pools'.
func (c *cpu) setBackground(cores float64) {
	c.advance()
	c.background = cores
	c.rates = c.rates[:0]
	c.reschedule()
}

// reschedule sets the time at which the first job leaves, if nothing changes before.
func (c *cpu) reschedule() {
	c.rate = c.rateAt(c.n)
	if c.n == 0 {
		c.w.cal.clear(c.slot)
		return
	}
	_, bits := c.jobs.first()
	left := math.Float64frombits(uint64(bits)) - c.v
	c.w.cal.set(c.slot, c.last+int64(min(max(0, math.Ceil(left/c.rate)), longest)))
}

// used returns the core-ns used since the start.
func (c *cpu) used() float64 {
	c.advance()
	return c.busy
}
