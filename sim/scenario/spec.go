package scenario

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/sim"
)

// Spec returns the world that the scenario describes. The caller owns it.
func (s *Scenario) Spec() sim.Spec {
	f := &s.Written
	var spec sim.Spec
	for _, x := range f.Servers {
		spec.Servers = append(spec.Servers, f.serverSpec(x))
	}
	for _, g := range f.Groups {
		spec.Groups = append(spec.Groups, f.groupSpec(g))
	}
	for _, p := range f.Pools {
		spec.Pools = append(spec.Pools, f.poolSpec(p))
	}
	for _, c := range f.Caps {
		spec.Caps = append(spec.Caps, sim.CapSpec{Pools: c.Pools, Conns: c.Conns.N})
	}
	for _, l := range f.Load {
		spec.Loads = append(spec.Loads, l.spec())
	}
	for _, x := range f.AllShifts() {
		spec.Shifts = append(spec.Shifts, sim.ShiftSpec{From: x.From, To: x.To, Fraction: actual(x), Percent: x.Share.P})
	}
	spec.Script = f.acts()
	for _, x := range f.Faults {
		spec.Faults = append(spec.Faults, f.faultSpec(x))
	}
	for _, x := range f.Signals() {
		spec.Signals = append(spec.Signals, f.signalSpecs(x)...)
	}
	return spec
}

// actual is the fraction that really moves: the estimate, where nothing else is said.
func actual(s config.Shift) float64 {
	if s.Actual.Set {
		return s.Actual.F
	}
	return s.Fraction.R.Target
}

func (f *File) serverSpec(s config.Server) sim.ServerSpec {
	p := f.postgres(s.Name)
	spec := sim.ServerSpec{Name: s.Name, MaxConns: s.MaxConnections.N, SuperuserReservedConns: superuserReserved(s),
		ReservedConns: s.ReservedConnections.N,
		Budget:        f.budget(s), Cores: s.Cores.F, Sigma: p.Sigma.F, Kappa: p.Kappa.F,
		BackgroundCores: p.BackgroundCores.F,
		DirectConns:     f.direct(s),
		LoginLatency:    p.LoginLatency.D, ExitLatency: p.ExitLatency.D}
	for _, role := range slices.Sorted(maps.Keys(p.Roles)) {
		spec.Roles = append(spec.Roles, sim.LimitSpec{Role: role, Conns: p.Roles[role].N})
	}
	return spec
}

func (f *File) groupSpec(g config.Group) sim.GroupSpec {
	b := f.settings(g.Name)
	spec := sim.GroupSpec{Name: g.Name, Processes: len(g.Processes), Version: cmp.Or(b.Version, DefaultVersion),
		Settings: b.Settings.spec()}
	for _, w := range b.Weights {
		spec.Weights = append(spec.Weights, w.F)
	}
	return spec
}

func (s Settings) spec() sim.Settings {
	return sim.Settings{ReservePoolTimeout: timeout(s.ReservePoolTimeout), QueryWaitTimeout: timeout(s.QueryWaitTimeout),
		ServerLifetime: timeout(s.ServerLifetime), ServerIdleTimeout: timeout(s.ServerIdleTimeout),
		ServerLoginRetry: timeout(s.ServerLoginRetry),
		ServerCheckDelay: timeout(s.ServerCheckDelay), ServerRoundRobin: s.ServerRoundRobin.On,
		MaxClientConns: s.MaxClientConn.N, MaxUserConns: s.MaxUserConnections.N}
}

// timeout is a time-out in the engine's terms: 0 is PgBouncer's default there, here it is none.
func timeout(d config.Dur) time.Duration {
	if d.Set && d.D == 0 {
		return sim.Disabled
	}
	return d.D
}

func (f *File) poolSpec(p config.Pool) sim.PoolSpec {
	d := f.database(p.Pool)
	return sim.PoolSpec{ID: p.Pool, Server: f.only(p.Server), Database: d.Database, Mode: sim.Mode(d.Mode),
		SizeConns: p.Size.N, ReserveConns: p.ReserveSize.N,
		WaitTimeout: timeout(d.WaitTimeout),
		MinConns:    d.MinPoolSize.N, MaxDBConns: p.MaxDBConnections.N, Users: f.users(p), ForceUser: d.ForceUser != ""}
}

func (l Load) spec() sim.LoadSpec {
	spec := sim.LoadSpec{Name: l.Name, Pool: l.Pool, Hold: l.Hold.spec(), CPU: l.CPU.F, Idle: l.IdleInTransaction.F,
		Vanish: l.Vanish.F}
	spec.CPU = min(spec.CPU, 1-spec.Idle) // the check lets rounding errors through
	if l.Arrivals != nil {
		spec.Open = l.Arrivals.spec()
	} else {
		spec.Closed = &sim.ClosedSpec{Clients: l.Clients.Count.N, Think: l.Clients.Think.spec()}
	}
	return spec
}

func (a *Arrivals) spec() *sim.OpenSpec {
	spec := &sim.OpenSpec{PerSec: a.PerSec.F, SCV: a.SCV.F}
	if a.SCV.Set && a.SCV.F == 0 {
		spec.SCV = sim.Deterministic
	}
	if b := a.Burst; b != nil {
		spec.Burst = &sim.BurstSpec{Low: b.Low.F, High: b.High.F, LowMean: b.LowFor.D, HighMean: b.HighFor.D}
	}
	for _, c := range a.Curve {
		spec.Curve = append(spec.Curve, sim.CurvePart{At: c.At.D, Times: c.Times.F})
	}
	if s := a.Sine; s != nil {
		spec.Sine = &sim.SineSpec{Amplitude: s.Amplitude.F, Period: s.Period.D, Phase: s.Phase.F}
	}
	return spec
}

// acts returns the actions of the script in the order in which it is carried out: by time, and at one time as written;
// within a step lifetimes, then sizes that shrink, sizes that grow, reserves, RECONNECTs and the switch.
func (f *File) acts() []sim.Action {
	steps := slices.Clone(f.Script)
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(a.At.D, b.At.D) })
	sizes := map[string]int{}
	for _, p := range f.Pools {
		sizes[p.Pool] = p.Size.N
	}
	var acts []sim.Action
	for _, s := range steps {
		add := func(a sim.Action) {
			a.At = s.At.D
			acts = append(acts, a)
		}
		for _, id := range slices.Sorted(maps.Keys(s.Lifetime)) {
			add(sim.Action{Kind: sim.SetLifetime, Pool: id, For: s.Lifetime[id].D})
		}
		ids := slices.Sorted(maps.Keys(s.Set))
		slices.SortStableFunc(ids, func(a, b string) int { return cmp.Compare(grows(s, sizes, a), grows(s, sizes, b)) })
		for _, id := range ids {
			add(sim.Action{Kind: sim.SetSize, Pool: id, Conns: s.Set[id].N})
			sizes[id] = s.Set[id].N
		}
		for _, id := range slices.Sorted(maps.Keys(s.Reserve)) {
			add(sim.Action{Kind: sim.SetReserve, Pool: id, Conns: s.Reserve[id].N})
		}
		for _, id := range s.Reconnect.List {
			add(sim.Action{Kind: sim.Reconnect, Pool: id})
		}
		if s.Share.Set {
			add(sim.Action{Kind: sim.SetShare, Percent: s.Share.P})
		}
	}
	return acts
}

// grows is 1 for a pool that a step makes larger, 0 for the others.
func grows(s Step, sizes map[string]int, id string) int {
	if s.Set[id].N > sizes[id] {
		return 1
	}
	return 0
}

func (f *File) faultSpec(x Fault) sim.Fault {
	spec := sim.Fault{Kind: sim.FaultKind(x.Kind), From: x.From.D, For: x.For.D, Every: x.Every.D, Server: x.Server,
		Process: x.Process, Pool: x.Pool,
		Cores: x.Cores.F, Conns: x.Conns.N, Times: x.Times.F}
	if spec.Kind == sim.Autovacuum || spec.Kind == sim.DirectConns {
		spec.Server = f.only(x.Server)
	}
	return spec
}

// signalSpecs returns a signal of every server where the file names none.
func (f *File) signalSpecs(x config.Signal) []sim.SignalSpec {
	spec := sim.SignalSpec{Name: x.Name, Server: x.Server, Builtin: x.Builtin, Interval: f.Scrape.Interval.D,
		Lag: f.Scrape.Lag.D}
	if x.Server != "" || !sim.Modelled(x.Builtin) {
		return []sim.SignalSpec{spec}
	}
	var specs []sim.SignalSpec
	for _, s := range f.Servers {
		spec.Server = s.Name
		specs = append(specs, spec)
	}
	return specs
}
