package scenario

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/sim"
)

// nth is the path of a list's element.
func nth(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// bouncers checks what is said of groups.
func (k *checker) bouncers() {
	seen := map[string]string{}
	for i, b := range k.f.Bouncers {
		path := nth("bouncers", i)
		k.Unique(path+".group", b.Group, seen)
		processes := k.f.processes(b.Group)
		if b.Group != "" && processes == 0 {
			k.Fault(path+".group", "is %q, which is no group%s", b.Group, k.groups())
		}
		k.OneOf(path+".version", b.Version, "1.18", "1.24")
		if b.Weights != nil {
			k.weights(path+".weights", b.Weights, processes)
		}
		k.settings(path+".settings", b.Settings)
	}
}

func (k *checker) weights(path string, weights []config.Num, processes int) {
	sum := 0.0
	for j, w := range weights {
		k.given(nth(path, j), w.Set)
		k.Num(nth(path, j), w, 0, 1e6)
		sum += w.F
	}
	switch {
	case processes > 0 && len(weights) != processes:
		k.Fault(path, "are %d, and the group has %d processes", len(weights), processes)
	case sum <= 0:
		k.Fault(path, "add up to %g: no process would get a client", sum)
	}
}

func (k *checker) settings(path string, s Settings) {
	const most = 366 * 24 * time.Hour
	k.within(path+".reserve_pool_timeout", s.ReservePoolTimeout, 0, most)
	k.within(path+".query_wait_timeout", s.QueryWaitTimeout, 0, most)
	k.within(path+".server_idle_timeout", s.ServerIdleTimeout, 0, most)
	k.within(path+".server_login_retry", s.ServerLoginRetry, 0, most)
	// What 0 means for these two is not simulated.
	if s.ServerLifetime.OK() && s.ServerLifetime.D == 0 {
		k.Fault(path+".server_lifetime",
			"is 0: PgBouncer then uses each connection once, which is not simulated; want 1s or more")
	} else {
		k.within(path+".server_lifetime", s.ServerLifetime, time.Second, most)
	}
	if s.ServerCheckDelay.OK() && s.ServerCheckDelay.D == 0 {
		k.Fault(path+".server_check_delay",
			"is 0: PgBouncer then checks each connection before each use, which is not simulated; want 1s or more")
	} else {
		k.within(path+".server_check_delay", s.ServerCheckDelay, time.Second, most)
	}
	k.flag(path+".server_round_robin", s.ServerRoundRobin)
	k.Int(path+".max_client_conn", s.MaxClientConn, 1, maxClients)
	k.Int(path+".max_user_connections", s.MaxUserConnections, 0, config.MaxConns)
}

// postgres checks what is said of servers.
func (k *checker) postgres() {
	seen := map[string]string{}
	for i, p := range k.f.Postgres {
		path := nth("postgres", i)
		s, ok := k.knownServer(path+".server", p.Server)
		if ok {
			k.Unique(path+".server", s.Name, seen)
		}
		k.Num(path+".sigma", p.Sigma, 0, 1)
		k.Num(path+".kappa", p.Kappa, 0, 1)
		k.Num(path+".background_cores", p.BackgroundCores, 0, config.MaxCores)
		cpu := p.Sigma.F > 0 || p.Kappa.F > 0 || p.BackgroundCores.F > 0
		if ok && cpu && !s.Cores.Set {
			k.Fault(path, "describes the CPU of %s, which has no cores: under servers:", s.Name)
		}
		k.Int(path+".direct", p.Direct, 0, config.MaxConns)
		for _, role := range slices.Sorted(maps.Keys(p.Roles)) {
			k.given(path+".roles."+quoted(role), p.Roles[role].Set)
			k.Int(path+".roles."+quoted(role), p.Roles[role], 0, config.MaxConns)
		}
		k.within(path+".login_latency", p.LoginLatency, time.Microsecond, time.Minute)
		k.within(path+".exit_latency", p.ExitLatency, time.Microsecond, time.Minute)
	}
}

// databases checks what is said of pools.
func (k *checker) databases() {
	seen := map[string]string{}
	for i, d := range k.f.Databases {
		path := nth("databases", i)
		k.Unique(path+".pool", d.Pool, seen)
		if d.Pool != "" {
			k.knownPool(path+".pool", d.Pool)
		}
		k.OneOf(path+".mode", d.Mode, string(sim.Transaction), string(sim.Session))
		k.within(path+".query_wait_timeout", d.WaitTimeout, 0, 366*24*time.Hour)
		k.Int(path+".min_pool_size", d.MinPoolSize, 0, config.MaxConns)
		k.users(path, d)
	}
}

func (k *checker) users(path string, d Database) {
	names := slices.Sorted(maps.Keys(d.Users))
	sum, bad := 0.0, false
	for _, name := range names {
		at := path + ".users." + quoted(name)
		k.given(at, d.Users[name].Set)
		k.Share(at, d.Users[name])
		if name == "" {
			k.Fault(path+".users", "has a user without a name")
		}
		bad = bad || !d.Users[name].OK()
		sum += d.Users[name].F
	}
	if len(names) > 0 && !bad && math.Abs(sum-1) > 1e-3 {
		k.Fault(path+".users", "add up to %.4g %%, want 100 %%", 100*sum)
	}
	p, _ := k.f.pool(d.Pool)
	for _, name := range p.UserNames() {
		if _, ok := d.Users[name]; len(names) > 0 && !ok {
			k.Fault(path+".users", "lacks %q, which is among the users of pool %s: give it its share, 0%% if it only may come",
				name, d.Pool)
		}
	}
	if f := d.ForceUser; f != "" {
		all := slices.Compact(slices.Sorted(slices.Values(append(names, p.UserNames()...))))
		if len(all) > 1 || len(all) == 1 && all[0] != f {
			k.Fault(path+".force_user", "is %q: every client is that user to the server, and users: are %s; leave them out", f,
				strings.Join(all, ", "))
		}
	}
}

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
		k.Fault(path, "is %g Erlangs (per_sec × mean hold): more than any PostgreSQL has connections (%d)", a,
			config.MaxConns)
	}
}

// shares checks what a hold consists of.
func (k *checker) shares(path string, l Load, known bool) {
	k.Share(path+".cpu", l.CPU)
	k.Share(path+".idle_in_transaction", l.IdleInTransaction)
	k.Share(path+".vanish", l.Vanish)
	if sum := l.CPU.F + l.IdleInTransaction.F; sum > 1+1e-12 {
		k.Fault(path+".cpu", "is %.4g %% and idle_in_transaction %.4g %%: together %.5g %% of the hold, want at most 100 %%",
			100*l.CPU.F, 100*l.IdleInTransaction.F, 100*sum)
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
		k.Fault(nth(path, len(corners)-1)+".times", "is %g, want %g as at the first corner: the curve begins anew there",
			last, first)
	}
	if sum == 0 {
		k.Fault(path, "is 0 throughout: nothing would ever arrive")
	}
}
