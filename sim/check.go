package sim

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// checker collects what is wrong with a spec.
type checker struct {
	spec   Spec
	faults []error
}

func (k *checker) fault(format string, args ...any) {
	k.faults = append(k.faults, fmt.Errorf(format, args...))
}

// check returns every fault of the spec.
func (s Spec) check() error {
	k := &checker{spec: s}
	seen := map[string]bool{}
	once := func(kind, name string) {
		if name == "" || seen[kind+name] {
			k.fault("%s %q: its name is empty or used twice", kind, name)
		}
		seen[kind+name] = true
	}
	for _, x := range s.Servers {
		once("server", x.Name)
		k.server(x)
	}
	for _, g := range s.Groups {
		once("group", g.Name)
		k.group(g)
	}
	for _, p := range s.Pools {
		once("pool", p.ID)
		k.pool(p)
	}
	for _, l := range s.Loads {
		name := l.Name
		if name == "" {
			name = l.Pool
		}
		once("load", name)
		k.load(name, l)
	}
	if len(s.Servers) == 0 || len(s.Pools) == 0 {
		k.fault("%d servers and %d pools: nothing to simulate", len(s.Servers), len(s.Pools))
	}
	for _, x := range s.Shifts {
		if !k.hasPool(x.From) || !k.hasPool(x.To) || x.From == x.To || !within(x.Fraction, 0, 1) ||
			!within(x.Percent, 0, 100) {
			k.fault("shift from %q to %q, fraction %v, %v %%: want two pools, 0 to 1 and 0 to 100", x.From, x.To, x.Fraction,
				x.Percent)
		}
	}
	for i, a := range s.Script {
		if err := s.checkAct(fmt.Sprintf("script %d", i+1), a); err != nil {
			k.faults = append(k.faults, err)
		}
	}
	for i, f := range s.Faults {
		k.checkFault(fmt.Sprintf("fault %d (%s)", i+1, f.Kind), f)
	}
	for _, x := range s.Signals {
		if Modelled(x.Builtin) && !k.hasServer(x.Server) || x.Interval < 0 || x.Lag < 0 {
			k.fault("signal %q: server %q, interval %s, lag %s", x.Name, x.Server, x.Interval, x.Lag)
		}
	}
	return errors.Join(k.faults...)
}

// connectTimeout is PgBouncer's default server_connect_timeout, which is not simulated: no login may take so long.
const connectTimeout = 15 * time.Second

// within is false for NaN.
func within(x, lo, hi float64) bool { return x >= lo && x <= hi }

func (k *checker) hasServer(name string) bool {
	return slices.ContainsFunc(k.spec.Servers, func(s ServerSpec) bool { return s.Name == name })
}

func (k *checker) hasPool(id string) bool {
	return slices.ContainsFunc(k.spec.Pools, func(p PoolSpec) bool { return p.ID == id })
}

func (k *checker) hasProcess(id string) bool {
	group, number, _ := strings.Cut(id, "/")
	return slices.ContainsFunc(k.spec.Groups, func(g GroupSpec) bool {
		for i := range g.Processes {
			if g.Name == group && number == fmt.Sprint(i+1) {
				return true
			}
		}
		return false
	})
}

func (k *checker) server(x ServerSpec) {
	if x.MaxConns < 1 || x.MaxConns > 262143 || x.SuperuserReservedConns < 0 || x.ReservedConns < 0 || x.DirectConns < 0 {
		k.fault("server %s: max_connections %d, superuser_reserved %d, reserved %d, direct %d", x.Name, x.MaxConns,
			x.SuperuserReservedConns, x.ReservedConns, x.DirectConns)
	}
	if !within(x.Cores, 0, 4096) || !within(x.Sigma, 0, 1) || !within(x.Kappa, 0, 1) ||
		!within(x.BackgroundCores, 0, 4096) {
		k.fault("server %s: cores %v, sigma %v, kappa %v, background %v", x.Name, x.Cores, x.Sigma, x.Kappa,
			x.BackgroundCores)
	}
	if x.LoginLatency < 0 || x.LoginLatency >= connectTimeout || x.ExitLatency < 0 {
		k.fault("server %s: login latency %s (server_connect_timeout would cut it at %s), exit latency %s", x.Name,
			x.LoginLatency, connectTimeout, x.ExitLatency)
	}
}

func (k *checker) group(g GroupSpec) {
	if g.Processes < 1 || g.Processes > 4096 {
		k.fault("group %s: %d processes", g.Name, g.Processes)
	}
	var sum float64
	for _, w := range g.Weights {
		if !within(w, 0, 1e9) {
			k.fault("group %s: weight %v", g.Name, w)
		}
		sum += w
	}
	if g.Weights != nil && (len(g.Weights) != g.Processes || sum <= 0) {
		k.fault("group %s: %d weights with the sum %v for %d processes", g.Name, len(g.Weights), sum, g.Processes)
	}
	set := g.Settings
	for _, d := range []time.Duration{set.ReservePoolTimeout, set.QueryWaitTimeout, set.ServerLifetime,
		set.ServerIdleTimeout, set.ServerLoginRetry, set.ServerCheckDelay} {
		if d < Disabled {
			k.fault("group %s: a time-out of %s", g.Name, d)
		}
	}
	if set.MaxClientConns < 0 || set.MaxUserConns < 0 {
		k.fault("group %s: max_client_conn %d, max_user_connections %d", g.Name, set.MaxClientConns, set.MaxUserConns)
	}
}

func (k *checker) pool(p PoolSpec) {
	group, _, slash := strings.Cut(p.ID, "/")
	if !slash || !slices.ContainsFunc(k.spec.Groups, func(g GroupSpec) bool { return g.Name == group }) {
		k.fault("pool %q is not group/alias of a group", p.ID)
	}
	if !k.hasServer(p.Server) {
		k.fault("pool %s: server %q is not there", p.ID, p.Server)
	}
	if p.SizeConns < 1 || p.ReserveConns < 0 || p.MinConns < 0 || p.MaxDBConns < 0 || p.SizeConns+p.ReserveConns > 262143 {
		k.fault("pool %s: pool_size %d (0 means one connection before 1.24 and no limit after), reserve %d, min %d, "+
			"max_db_connections %d", p.ID, p.SizeConns, p.ReserveConns, p.MinConns, p.MaxDBConns)
	}
	var sum float64
	for _, u := range p.Users {
		if u.Name == "" || !within(u.Share, 0, 1e9) {
			k.fault("pool %s: user %q has a share of %v", p.ID, u.Name, u.Share)
		}
		sum += u.Share
	}
	if len(p.Users) > 0 && sum <= 0 || p.ForceUser && len(p.Users) > 1 {
		k.fault("pool %s: %d users with the sum of shares %v, forced: %v", p.ID, len(p.Users), sum, p.ForceUser)
	}
	if p.Mode != "" && p.Mode != Transaction && p.Mode != Session {
		k.fault("pool %s: pool_mode %q is not simulated", p.ID, p.Mode)
	}
}

func (k *checker) load(name string, l LoadSpec) {
	if !k.hasPool(l.Pool) {
		k.fault("load %s: pool %q is not there", name, l.Pool)
	}
	if (l.Open == nil) == (l.Closed == nil) {
		k.fault("load %s is either open or closed", name)
		return
	}
	if err := l.Hold.check("load " + name + ": hold"); err != nil {
		k.faults = append(k.faults, err)
	}
	if !within(l.CPU, 0, 1) || !within(l.Idle, 0, 1) || l.CPU+l.Idle > 1 || !within(l.Vanish, 0, 1) {
		k.fault("load %s: shares cpu %v, idle %v, vanish %v", name, l.CPU, l.Idle, l.Vanish)
	}
	if l.Closed != nil {
		if err := l.Closed.Think.check("load " + name + ": think"); err != nil {
			k.faults = append(k.faults, err)
		}
		if l.Closed.Clients < 1 || l.Closed.Clients > 1e6 || l.Hold.MeanOf()+l.Closed.Think.MeanOf() <= 0 {
			k.fault("load %s: %d clients that think %s and hold %s", name, l.Closed.Clients, l.Closed.Think.MeanOf(),
				l.Hold.MeanOf())
		}
		return
	}
	o := l.Open
	if !within(o.PerSec, 0, 1e7) || o.SCV != Deterministic && !within(o.SCV, 0, 1e4) {
		k.fault("load %s: %v arrivals per second with scv %v", name, o.PerSec, o.SCV)
	}
	if b := o.Burst; b != nil && (!within(b.Low, 0, 1e6) || !within(b.High, 0, 1e6) || b.Low+b.High <= 0 ||
		b.LowMean <= 0 || b.HighMean <= 0) {
		k.fault("load %s: bursts × %v for %s and × %v for %s", name, b.Low, b.LowMean, b.High, b.HighMean)
	}
	if s := o.Sine; s != nil && (!within(s.Amplitude, 0, 1) || s.Period <= 0 || math.IsNaN(s.Phase) ||
		math.IsInf(s.Phase, 0) || len(o.Curve) > 0) {
		k.fault("load %s: sine of amplitude %v and period %s, and %d corners of a curve (one or the other)", name,
			s.Amplitude, s.Period, len(o.Curve))
	}
	k.curve(name, o.Curve)
}

func (k *checker) curve(name string, parts []CurvePart) {
	if len(parts) == 0 {
		return
	}
	bad := len(parts) < 2 || parts[0].At != 0 || parts[0].Times != parts[len(parts)-1].Times
	var sum float64
	for i, c := range parts {
		bad = bad || !within(c.Times, 0, 1e6) || i > 0 && c.At <= parts[i-1].At
		sum += c.Times
	}
	if bad || sum <= 0 {
		k.fault("load %s: a curve begins at 0, rises in time and ends as it began, not at 0 throughout", name)
	}
}

// checkAct returns what is wrong with an action.
func (s Spec) checkAct(what string, a Action) error {
	k := &checker{spec: s}
	if a.At < 0 {
		k.fault("%s: at %s", what, a.At)
	}
	switch a.Kind {
	case SetShare:
		if len(s.Shifts) == 0 || !within(a.Percent, 0, 100) {
			k.fault("%s: a share of %v %%, and a switch to set: %v", what, a.Percent, len(s.Shifts) > 0)
		}
		return errors.Join(k.faults...)
	case SetSize:
		if a.Conns < 1 || a.Conns > 262143 {
			k.fault("%s: pool_size %d", what, a.Conns)
		}
	case SetReserve:
		if a.Conns < 0 || a.Conns > 262143 {
			k.fault("%s: reserve_pool_size %d", what, a.Conns)
		}
	case SetLifetime:
		if a.For < 0 {
			k.fault("%s: server_lifetime %s", what, a.For)
		}
	case Reconnect:
	default:
		k.fault("%s: %q is no action", what, a.Kind)
	}
	if !k.hasPool(a.Pool) {
		k.fault("%s: pool %q is not there", what, a.Pool)
	}
	return errors.Join(k.faults...)
}

// checkFault checks what its kind needs.
func (k *checker) checkFault(what string, f Fault) {
	if f.From < 0 || f.For < 0 || f.Every < 0 || f.Every > 0 && (f.Every <= f.For || f.For == 0 && f.Kind != PutBack) {
		k.fault("%s: from %s for %s every %s", what, f.From, f.For, f.Every)
	}
	needs := func(ok bool, format string, args ...any) {
		if !ok {
			k.fault("%s: %s", what, fmt.Sprintf(format, args...))
		}
	}
	switch f.Kind {
	case Autovacuum:
		needs(slices.ContainsFunc(k.spec.Servers, func(s ServerSpec) bool { return s.Name == f.Server && s.Cores > 0 }),
			"server %q is not there or has no cores", f.Server)
		needs(f.Cores > 0 && f.Cores <= 4096, "%v cores", f.Cores)
	case DirectConns:
		needs(k.hasServer(f.Server), "server %q is not there", f.Server)
		needs(f.Conns > 0, "%d connections", f.Conns)
	case Surge, SlowPlan:
		open := slices.ContainsFunc(k.spec.Loads, func(l LoadSpec) bool {
			return l.Pool == f.Pool &&
				(f.Kind == SlowPlan || l.Open != nil)
		})
		needs(open, "pool %q has no load that it could change", f.Pool)
		needs(f.Times > 0 && f.Times <= 1e6, "× %v", f.Times)
	case LostScrape:
	case Silent, SilentReload:
		needs(f.Process == "" || k.hasProcess(f.Process), "process %q is not there", f.Process)
	case Pile, HostLost:
		needs(k.hasProcess(f.Process), "process %q is not there", f.Process)
	case PutBack:
		needs(k.hasPool(f.Pool), "pool %q is not there", f.Pool)
		needs(f.Conns > 0 && f.Conns <= 262143, "pool_size %d", f.Conns)
	default:
		k.fault("%s: no such kind", what)
	}
}
