package scenario

import (
	"cmp"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/config"
)

// loads checks who asks for what.
func (k *checker) loads() {
	if len(k.f.Load) == 0 {
		k.warn("load", "is missing or empty: nobody asks for anything")
	}
	seen := map[string]string{}
	for i, l := range k.f.Load {
		path := nth("load", i)
		known := k.knownPool(path+".pool", l.Pool)
		name, key := cmp.Or(l.Name, l.Pool), ".name"
		if l.Name == "" {
			key = ".pool"
		}
		if seen[name] != "" && name != "" {
			k.Fault(path+key, "is %q, as the load at %s: give each a name of its own", name, seen[name])
		}
		if seen[name] == "" {
			seen[name] = k.Doc.Where(path)
		}
		switch {
		case l.Arrivals == nil && l.Clients == nil:
			k.Fault(path, "has neither arrivals: nor clients:")
		case l.Arrivals != nil && l.Clients != nil:
			k.Fault(path, "has both arrivals: and clients: write two loads")
		}
		k.checkLaw(path+".hold", l.Hold, leastHold)
		k.arrivals(path+".arrivals", l.Arrivals)
		k.erlangs(path, l)
		if c := l.Clients; c != nil {
			k.Int(path+".clients.count", c.Count, 1, maxClients)
			k.given(path+".clients.count", c.Count.Set)
			k.checkLaw(path+".clients.think", c.Think, leastThink)
		}
		k.shares(path, l, known)
	}
}

// erlangs refuses a load that no server could carry.
func (k *checker) erlangs(path string, l Load) {
	if l.Arrivals == nil || l.Hold == nil || !l.Arrivals.PerSec.OK() || len(l.Hold.Quantiles) == 0 && !l.Hold.Mean.OK() {
		return
	}
	if a := l.Arrivals.PerSec.F * l.Hold.spec().MeanOf().Seconds(); a > config.MaxConns {
		k.Fault(path, "is %g Erlangs (per_sec × mean hold): more than any PostgreSQL has connections (%d)", a, config.MaxConns)
	}
}

// shares checks what a hold consists of.
func (k *checker) shares(path string, l Load, known bool) {
	k.Share(path+".cpu", l.CPU)
	k.Share(path+".idle_in_transaction", l.IdleInTransaction)
	k.Share(path+".vanish", l.Vanish)
	if sum := l.CPU.F + l.IdleInTransaction.F; sum > 1+1e-12 {
		k.Fault(path+".cpu", "is %.4g %% and idle_in_transaction %.4g %%: together %.5g %% of the hold, want at most 100 %%", 100*l.CPU.F, 100*l.IdleInTransaction.F, 100*sum)
	}
	if !known || l.CPU.F == 0 {
		return
	}
	p, _ := k.f.pool(l.Pool)
	if s, ok := k.f.server(k.f.only(p.Server)); ok && !s.Cores.Set {
		k.Fault(path+".cpu", "is %.4g %%, and server %s has no cores: its CPU is not modelled", 100*l.CPU.F, s.Name)
	}
}

func (k *checker) arrivals(path string, a *Arrivals) {
	if a == nil {
		return
	}
	k.Num(path+".per_sec", a.PerSec, 0, config.MaxRate)
	k.given(path+".per_sec", a.PerSec.Set)
	k.Num(path+".scv", a.SCV, 0, config.MaxSCV)
	if b := a.Burst; b != nil {
		k.burst(path+".burst", b)
	}
	if a.Curve != nil {
		k.curve(path+".curve", a.Curve)
	}
	if s := a.Sine; s != nil {
		k.Share(path+".sine.amplitude", s.Amplitude)
		k.Share(path+".sine.phase", s.Phase)
		k.within(path+".sine.period", s.Period, time.Second, maxHorizon)
		k.given(path+".sine.amplitude", s.Amplitude.Set)
		k.given(path+".sine.period", s.Period.Set)
		if a.Curve != nil {
			k.Fault(path, "has both curve: and sine:, want one")
		}
	}
}

func (k *checker) burst(path string, b *Burst) {
	k.Num(path+".low", b.Low, 0, maxTimes)
	k.Num(path+".high", b.High, 0, maxTimes)
	k.within(path+".low_for", b.LowFor, leastTime, maxHorizon)
	k.within(path+".high_for", b.HighFor, leastTime, maxHorizon)
	k.given(path+".low", b.Low.Set)
	k.given(path+".high", b.High.Set)
	k.given(path+".low_for", b.LowFor.Set)
	k.given(path+".high_for", b.HighFor.Set)
	if b.Low.OK() && b.High.OK() && b.Low.F == 0 && b.High.F == 0 {
		k.Fault(path, "has low 0 and high 0: nothing would ever arrive")
	}
}

func (k *checker) curve(path string, corners []Corner) {
	if n := len(corners); n < 2 || n > maxCurve {
		k.Fault(path, "has %d corners, want 2 to %d", n, maxCurve)
		return
	}
	sum := 0.0
	for i, c := range corners {
		k.within(nth(path, i)+".at", c.At, 0, maxHorizon)
		k.Num(nth(path, i)+".times", c.Times, 0, maxTimes)
		if !c.At.Set || !c.Times.Set {
			k.Fault(nth(path, i), "wants both at: and times:")
		}
		if !c.At.OK() || !c.Times.OK() {
			return
		}
		if i == 0 && c.At.D != 0 {
			k.Fault(nth(path, i)+".at", "is %s, want 0s: the curve begins there", c.At.D)
		}
		if i > 0 && c.At.D <= corners[i-1].At.D {
			k.Fault(nth(path, i)+".at", "is %s, want more than %s, the corner before it", c.At.D, corners[i-1].At.D)
		}
		sum += c.Times.F
	}
	first, last := corners[0].Times.F, corners[len(corners)-1].Times.F
	if first != last {
		k.Fault(nth(path, len(corners)-1)+".times", "is %g, want %g as at the first corner: the curve begins anew there", last, first)
	}
	if sum == 0 {
		k.Fault(path, "is 0 throughout: nothing would ever arrive")
	}
}
