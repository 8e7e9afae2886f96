package sim

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// New builds a world at virtual time 0, when no connection is open yet. The error joins every fault of the spec.
func New(spec Spec, seed uint64) (*World, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	spec.Start = cmp.Or(spec.Start, Epoch)
	spec.SampleLatency = cmp.Or(spec.SampleLatency, DefaultSampleLatency)
	w := &World{spec: spec, linePools: map[string][]*pool{}, tallyOf: map[string]*tally{}, prevSample: -1,
		slots: []slotOwner{{}}}
	for _, s := range spec.Shifts {
		w.shares = append(w.shares, s.Percent)
	}
	for i, s := range spec.Servers {
		w.addServer(int32(i), s)
	}
	for _, g := range spec.Groups {
		for i := range g.Processes {
			w.addProcess(g, i)
		}
	}
	for _, p := range spec.Pools {
		w.addPool(p)
	}
	for _, c := range spec.Caps {
		w.addCap(c)
	}
	slices.SortFunc(w.tallies, func(a, b *tally) int { return byID(a.id, b.id) })
	w.loads = make([]demand, len(spec.Loads))
	for i, l := range spec.Loads {
		w.addLoad(int32(i), l, seed)
	}
	w.base = int32(len(w.slots))
	w.cal = newCalendar(len(w.slots))
	w.cal.set(0, never)
	w.begin(seed)
	return w, nil
}

func (w *World) addServer(n int32, spec ServerSpec) {
	s := &server{w: w, spec: spec,
		loginLatency: int64(cmp.Or(spec.LoginLatency, DefaultLoginLatency)),
		exitLatency:  int64(cmp.Or(spec.ExitLatency, DefaultExitLatency))}
	if spec.Cores > 0 {
		s.cpu = newCPU(w, int32(len(w.slots)), spec)
		w.slots = append(w.slots, slotOwner{ownCPU, n, 0})
	}
	w.servers = append(w.servers, s)
}

// timeout is a time-out as the engine has it: 0 is none, and otherwise stands for one that is not given.
func timeout(d, otherwise time.Duration) int64 {
	if d == Disabled {
		return 0
	}
	return int64(cmp.Or(d, otherwise))
}

func (w *World) addProcess(g GroupSpec, i int) {
	set := g.Settings
	p := &process{id: fmt.Sprintf("%s/%d", g.Name, i+1), group: g.Name, spec: g, index: i, weight: 1, up: true, due: never,
		claims:         map[*server]int{},
		maxClients:     cmp.Or(set.MaxClientConns, DefaultMaxClients),
		reserveTimeout: timeout(set.ReservePoolTimeout, 5*time.Second),
		waitTimeout:    timeout(set.QueryWaitTimeout, 2*time.Minute),
		idleTimeout:    timeout(set.ServerIdleTimeout, 10*time.Minute),
		loginRetry:     timeout(set.ServerLoginRetry, 15*time.Second),
		checkDelay:     timeout(set.ServerCheckDelay, 30*time.Second),
		roundRobin:     set.ServerRoundRobin,
		since121:       fleet.VersionAtLeast(g.Version, 1, 21),
		since122:       fleet.VersionAtLeast(g.Version, 1, 22),
		since123:       fleet.VersionAtLeast(g.Version, 1, 23),
	}
	if len(g.Weights) > 0 {
		p.weight = g.Weights[i]
	}
	w.processes = append(w.processes, p)
}

func (w *World) addPool(spec PoolSpec) {
	group, name, _ := strings.Cut(spec.ID, "/")
	t := &tally{id: spec.ID}
	w.tallies, w.tallyOf[spec.ID] = append(w.tallies, t), t
	srv := w.server(spec.Server)
	if spec.Database == "" {
		spec.Database = name
	}
	users := spec.Users
	if len(users) == 0 {
		users = []UserShare{{"app", 1}}
	}
	for _, proc := range w.processes {
		if proc.group != group {
			continue
		}
		a := &alias{name: name, spec: spec, proc: proc, srv: srv, session: spec.Mode == Session, forced: spec.ForceUser,
			size: spec.SizeConns, reserve: spec.ReserveConns, minConns: spec.MinConns, maxConns: spec.MaxDBConns,
			lifetime: proc.lifetime(), waitTimeout: timeout(spec.WaitTimeout, time.Duration(proc.waitTimeout))}
		a.file.size, a.file.reserve, a.file.lifetime = int64(a.size), int64(a.reserve), a.lifetime
		proc.aliases, w.aliases = append(proc.aliases, a), append(w.aliases, a)
		for _, u := range users {
			p := &pool{w: w, proc: proc, alias: a, name: u.Name, share: u.Share, srv: srv, tally: t, login: -1,
				user: proc.counter(a, u.Name), role: srv.role(u.Name), lastLifeOver: math.MinInt64 / 2}
			a.pools, proc.pools, w.pools = append(a.pools, p), append(proc.pools, p), append(w.pools, p)
			w.linePools[spec.ID] = append(w.linePools[spec.ID], p)
		}
	}
	for _, p := range w.linePools[spec.ID] {
		p.ledger()
	}
}

// lifetime is the process's server_lifetime; disabled it is longer than any horizon.
func (p *process) lifetime() int64 {
	switch d := p.spec.Settings.ServerLifetime; d {
	case Disabled:
		return longest
	case 0:
		return int64(time.Hour)
	default:
		return int64(d)
	}
}

// counter returns the user's counter: one per name and process; before 1.23 a forced user has one per alias.
func (p *process) counter(a *alias, name string) *counter {
	if a.forced && !p.since123 {
		return &counter{limit: p.spec.Settings.MaxUserConns}
	}
	for _, q := range p.pools {
		if q.name == name && (!q.alias.forced || p.since123) {
			return q.user
		}
	}
	return &counter{limit: p.spec.Settings.MaxUserConns}
}

// role returns the counter of a role that PostgreSQL limits, nil for the others.
func (s *server) role(name string) *counter {
	for _, l := range s.spec.Roles {
		if l.Role != name {
			continue
		}
		for _, p := range s.w.pools {
			if p.srv == s && p.name == name {
				return p.role
			}
		}
		return &counter{limit: l.Conns}
	}
	return nil
}

func (w *World) addLoad(n int32, spec LoadSpec, seed uint64) {
	l := &w.loads[n]
	name := cmp.Or(spec.Name, spec.Pool)
	*l = demand{spec: spec, slot: int32(len(w.slots)), hold: newSampler(spec.Hold), cpu: spec.CPU, vanishes: spec.Vanish,
		factor: 1, slow: 1, surge: 1, burst: 1}
	l.gaps.begin(seed, name+" gaps")
	l.holds.begin(seed, name+" holds")
	l.routes.begin(seed, name+" routes")
	l.fates.begin(seed, name+" fates")
	l.bursts.begin(seed, name+" turns")
	if rest := 1 - spec.CPU; rest > 0 {
		l.idleOfRest = min(1, spec.Idle/rest)
	}
	if o := spec.Open; o != nil {
		l.gap, l.perNs, l.shape = newSampler(gapLaw(o.SCV)), o.PerSec/1e9, shapeOf(o)
		w.slots = append(w.slots, slotOwner{ownArrival, n, 0})
		return
	}
	l.think = newSampler(spec.Closed.Think)
	l.clients = make([]client, spec.Closed.Clients)
	for k := range l.clients {
		l.clients[k].draws.begin(seed, fmt.Sprintf("%s client %d", name, k))
		l.clients[k].at = (float64(k) + 0.5) / float64(len(l.clients))
		w.slots = append(w.slots, slotOwner{ownClient, n, int32(k)})
	}
}

// begin puts the first events into the calendar.
func (w *World) begin(seed uint64) {
	for i, p := range w.processes {
		var phase stream
		phase.begin(seed, p.id+" ticks")
		w.note(phase.rand.Int64N(tickPeriod), atTick, int32(i))
	}
	for i, s := range w.spec.Signals {
		w.addSignal(int32(i), s)
	}
	for i := range w.loads {
		l := &w.loads[i]
		w.retarget(l)
		for k := range l.clients {
			w.think(waiter{load: int32(i), client: int32(k)})
		}
		if o := l.spec.Open; o != nil {
			if o.Burst != nil {
				mean := o.Burst.LowMean + o.Burst.HighMean
				// switchBurst leaves it in the other state: stationary from the start
				l.high = l.bursts.rand.Float64()*float64(mean) < float64(o.Burst.LowMean)
				w.switchBurst(int32(i))
			}
			l.work = l.gap.unit(&l.gaps.rand)
			w.schedule(l)
		}
	}
	for i, a := range w.spec.Script {
		w.note(int64(a.At), atAct, int32(i))
	}
	w.faults, w.admitted = make([]string, len(w.spec.Faults)), make([]int, len(w.spec.Faults))
	for i, f := range w.spec.Faults {
		w.note(int64(f.From), atFault, int32(i))
	}
	for _, s := range w.servers {
		s.addDirect(s.spec.DirectConns)
	}
}

func (w *World) server(name string) *server {
	i := slices.IndexFunc(w.servers, func(s *server) bool { return s.spec.Name == name })
	return w.servers[i]
}

func (w *World) process(id string) *process {
	i := slices.IndexFunc(w.processes, func(p *process) bool { return p.id == id })
	return w.processes[i]
}

func byID(a, b string) int { return cmp.Compare(a, b) }
