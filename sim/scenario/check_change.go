package scenario

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/sim"
)

// shifts checks the traffic switches against the pools.
func (k *checker) shifts() {
	for i, s := range k.f.AllShifts() {
		path := nth("shifts", i)
		if k.f.Shift != nil {
			path = "shift"
		}
		k.knownPool(path+".from", s.From)
		k.knownPool(path+".to", s.To)
	}
}

// script checks what is changed on purpose.
func (k *checker) script() {
	for i, s := range k.f.Script {
		path := nth("script", i)
		k.given(path+".at", s.At.Set)
		k.within(path+".at", s.At, 0, maxHorizon)
		k.late(path+".at", s.At)
		if len(s.Set) == 0 && len(s.Reserve) == 0 && len(s.Lifetime) == 0 && len(s.Reconnect.List) == 0 &&
			s.Reconnect.bad == nil && !s.Share.Set {
			k.Fault(path, "changes nothing: want set:, reserve:, lifetime:, reconnect: or share:")
		}
		for _, id := range slices.Sorted(maps.Keys(s.Set)) {
			k.newSize(path+".set."+quoted(id), id, s.Set[id])
		}
		for _, id := range slices.Sorted(maps.Keys(s.Reserve)) {
			at := path + ".reserve." + quoted(id)
			k.knownPool(at, id)
			k.given(at, s.Reserve[id].Set)
			k.Int(at, s.Reserve[id], 0, config.MaxConns)
		}
		for _, id := range slices.Sorted(maps.Keys(s.Lifetime)) {
			k.lifetime(path+".lifetime."+quoted(id), id, s.Lifetime[id])
		}
		for _, id := range s.Reconnect.List {
			k.knownPool(path+".reconnect", id)
		}
		if s.Reconnect.bad != nil {
			k.Fault(path+".reconnect", "%s", s.Reconnect.bad)
		}
		k.Percent(path+".share", s.Share)
		if s.Share.Set && len(k.f.AllShifts()) != 1 {
			k.Fault(path+".share", "is set, and the scenario has %d shifts, want 1", len(k.f.AllShifts()))
		}
	}
}

// newSize checks a pool_size that comes later.
func (k *checker) newSize(path, id string, v config.Int) {
	known := k.knownPool(path, id)
	if v.OK() && v.N == 0 {
		k.Fault(path, "is 0: PgBouncer 1.24 and later take that as unlimited, earlier ones as one connection; write what is "+
			"meant")
		return
	}
	k.given(path, v.Set)
	k.Int(path, v, 1, config.MaxConns)
	if known && v.OK() {
		p, _ := k.f.pool(id)
		k.fits(path, p, v.N)
	}
}

// lifetime checks a pool's own server_lifetime.
func (k *checker) lifetime(path, id string, v config.Dur) {
	if !k.knownPool(path, id) {
		return
	}
	k.given(path, v.Set)
	if v.OK() && v.D > 0 {
		k.within(path, v, time.Second, maxHorizon)
	} else {
		k.within(path, v, 0, maxHorizon)
	}
	if version := k.f.settings(group(id)).Version; version == "1.18" {
		k.Fault(path, "is set, and group %s runs PgBouncer 1.18: a database's own server_lifetime came with 1.23", group(id))
	}
}

// need says what a kind of fault makes of a key.
type need int

const (
	never need = iota
	must
	may
)

// faultKind lists the keys of one kind besides kind, from, for and every.
type faultKind struct {
	kind                                       sim.FaultKind
	server, process, pool, cores, conns, times need
	lasts                                      need // for:
}

var faultKinds = []faultKind{
	{kind: sim.Autovacuum, server: must, cores: must, lasts: may},
	{kind: sim.DirectConns, server: must, conns: must, lasts: may},
	{kind: sim.Pile, process: must, lasts: may},
	{kind: sim.Surge, pool: must, times: must, lasts: may},
	{kind: sim.SlowPlan, pool: must, times: must, lasts: may},
	{kind: sim.LostScrape, lasts: may},
	{kind: sim.Silent, process: may, lasts: may},
	{kind: sim.SilentReload, process: may, lasts: may},
	{kind: sim.HostLost, process: must, lasts: may},
	{kind: sim.PutBack, pool: must, conns: must},
}

// faults checks what goes wrong.
func (k *checker) faults() {
	for i, f := range k.f.Faults {
		path := nth("faults", i)
		n := slices.IndexFunc(faultKinds, func(x faultKind) bool { return string(x.kind) == f.Kind })
		if n < 0 {
			var names []string
			for _, x := range faultKinds {
				names = append(names, string(x.kind))
			}
			k.Fault(path+".kind", "is %q, want %s", f.Kind, strings.Join(names, ", "))
			continue
		}
		kind := faultKinds[n]
		k.given(path+".from", f.From.Set)
		k.within(path+".from", f.From, 0, maxHorizon)
		k.late(path+".from", f.From)
		k.repeats(path, f, kind)
		for _, x := range []struct {
			key     string
			need    need
			written bool
		}{
			{"server", kind.server, f.Server != ""}, {"process", kind.process, f.Process != ""},
			{"pool", kind.pool, f.Pool != ""},
			{"cores", kind.cores, f.Cores.Set}, {"conns", kind.conns, f.Conns.Set}, {"times", kind.times, f.Times.Set},
			{"for", kind.lasts, f.For.Set},
		} {
			if x.need == must && !x.written && (x.key != "server" || len(k.f.Servers) != 1) {
				k.Fault(path+"."+x.key, "is missing, and kind: %s needs it", f.Kind)
			}
			if x.need == never && x.written {
				k.Fault(path+"."+x.key, "has no meaning for kind: %s", f.Kind)
			}
		}
		k.faultValues(path, f, kind)
	}
}

// repeats checks for: and every:.
func (k *checker) repeats(path string, f Fault, kind faultKind) {
	k.within(path+".for", f.For, leastTime, maxHorizon)
	k.within(path+".every", f.Every, leastTime, maxHorizon)
	switch {
	case !f.Every.OK():
	case f.Every.D <= f.For.D:
		k.Fault(path+".every", "is %s, want more than for: %s", f.Every.D, f.For.D)
	case kind.lasts == may && !f.For.Set:
		k.Fault(path+".for", "is missing: what never ends cannot come again %s later", f.Every.D)
	}
}

func (k *checker) faultValues(path string, f Fault, kind faultKind) {
	if kind.server != never && (f.Server != "" || len(k.f.Servers) == 1) {
		s, ok := k.knownServer(path+".server", f.Server)
		if ok && kind.cores != never && !s.Cores.Set {
			k.Fault(path+".cores", "are taken from server %s, which has no cores under servers:", s.Name)
		}
	}
	if kind.process != never && f.Process != "" {
		k.process(path+".process", f.Process)
	}
	if kind.pool != never && f.Pool != "" && k.knownPool(path+".pool", f.Pool) && kind.times != never {
		if !slices.ContainsFunc(k.f.Load, func(l Load) bool {
			return l.Pool == f.Pool && (kind.kind == sim.SlowPlan ||
				l.Arrivals != nil)
		}) {
			k.Fault(path+".pool", "is %q, which has no load that kind: %s could change", f.Pool, f.Kind)
		}
	}
	k.Num(path+".cores", f.Cores, 0.01, config.MaxCores)
	k.Num(path+".times", f.Times, 1e-3, 1e3)
	if kind.kind == sim.PutBack && f.Conns.OK() && f.Pool != "" {
		k.newSize(path+".conns", f.Pool, f.Conns)
	} else {
		k.Int(path+".conns", f.Conns, 1, config.MaxConns)
	}
}

// process wants group/number of a process that is there.
func (k *checker) process(path, id string) {
	group, number, _ := strings.Cut(id, "/")
	processes := k.f.processes(group)
	n, err := strconv.Atoi(number)
	switch {
	case processes == 0:
		k.Fault(path, "is %q, want group/number, such as main/1, of a group%s", id, k.groups())
	case err != nil || n < 1 || n > processes || strconv.Itoa(n) != number:
		k.Fault(path, "is %q, and %s has processes %s/1 to %s/%d", id, group, group, group, processes)
	}
}
