package shift

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Shift is traffic that moves from a pool to another, by a switch that says 0 to 100 percent.
type Shift struct {
	From string `json:"from"` // the pool that gives load, group/alias
	To   string `json:"to"`   // the pool that receives it, on the same server
	// of From's load at 0 %, the part that has moved at 100 %, 0..1: what is sure, estimated, and possible
	Fraction load.Range `json:"fraction"`
	// percent, 0..100: what the switch said when the fleet's loads were measured
	LoadsAt int  `json:"loads_at_percent"`
	At      int  `json:"at_percent"`    // percent: what the switch says now
	Until   int  `json:"until_percent"` // percent: where the switch goes, up or down
	ByHand  bool `json:"by_hand"`       // a person moves the switch: no command is configured
}

// ID names the shift: "main/app:ci/app".
func (s Shift) ID() string { return s.From + ":" + s.To }

// TrafficChange is one change of a traffic switch, in percent 0..100.
type TrafficChange struct {
	Shift string `json:"shift"`        // its id
	From  int    `json:"from_percent"` // what the switch says before
	To    int    `json:"to_percent"`   // what it is to say after
}

// Back returns the change that undoes t.
func (t TrafficChange) Back() TrafficChange { t.From, t.To = t.To, t.From; return t }

// Text is the change in words: "traffic of main/app:ci/app 10 → 15 %".
func (t TrafficChange) Text() string {
	return fmt.Sprintf("traffic of %s %d → %d %%", t.Shift, t.From, t.To)
}

// Check returns an error of KindUsage where s is no shift of the fleet: a pool is missing, the two are not on one
// server, a percentage is outside of 0..100, or most, the greatest jump in percentage points, is below 1.
func (s Shift) Check(f budget.Fleet, most int) error {
	wrong := func(format string, args ...any) error {
		return &operr.Error{Kind: operr.KindUsage, Subject: "shift", Err: fmt.Errorf(format, args...),
			Hint: "--path main/app:ci/app --fraction 35%, two pools that pgbudget plan shows"}
	}
	from, ok := f.Pool(s.From)
	to, also := f.Pool(s.To)
	switch {
	case !ok && !also:
		return wrong("there is neither a pool %s nor a pool %s", s.From, s.To)
	case !ok || !also:
		return wrong("there is no pool %s", map[bool]string{true: s.To, false: s.From}[ok])
	case s.From == s.To || from.Server != to.Server:
		return wrong("%s and %s are not two pools of one server", s.From, s.To)
	case min(s.At, s.Until, s.LoadsAt) < 0 || max(s.At, s.Until, s.LoadsAt) > 100 || most < 1:
		return wrong("the switch is at %d %% and goes to %d %%, by %d percentage points at most: want 0 to 100 %%, and 1 "+
			"percentage point or more", s.At, s.Until, most)
	case !(s.Fraction.Lower >= 0 && s.Fraction.Lower <= s.Fraction.Target && s.Fraction.Target <= s.Fraction.Upper &&
		s.Fraction.Upper <= 1):
		return wrong("a fraction of %g (%g to %g), want 0 to 1", s.Fraction.Target, s.Fraction.Lower, s.Fraction.Upper)
	}
	return nil
}

// Begins says why traffic cannot begin to move: nothing tells the load that is to move, or the pool that is to get it
// may not be sized. The error is of KindEvidence or KindUsage.
func (s Shift) Begins(f budget.Fleet) error {
	from, _ := f.Pool(s.From)
	to, _ := f.Pool(s.To)
	refuse := func(kind operr.Kind, hint, format string, args ...any) error {
		return &operr.Error{Kind: kind, Subject: "shift " + s.ID(), Err: fmt.Errorf(format, args...), Hint: hint}
	}
	switch {
	case from.Load.Session || to.Load.Session:
		return refuse(operr.KindUsage, "pool transactions, or move it by hand",
			"%s or %s pools sessions: no counter shows the load that moves", s.From, s.To)
	case s.Until < s.At && from.FrozenByLoad(): // what has gone is what comes back
	case from.Load.Unknown.Any():
		return refuse(operr.KindEvidence, "take samples for longer, or while the pool is in use",
			"%s, whose traffic is to move: %s", s.From,
			from.Load.Unknown.Text())
	case from.Load.AtLeast:
		return refuse(operr.KindEvidence, "give it the connections that pgbudget plan says, first",
			"%s, whose traffic is to move, is full: its load is known as a lower bound alone", s.From)
	case from.Frozen.Any():
		return refuse(operr.KindUsage, "list it under pools:", "the size of %s may not be changed: %s", s.From,
			from.Frozen.Text())
	case to.Frozen.Any() && !to.FrozenByLoad():
		return refuse(operr.KindUsage, "list it under pools:", "the size of %s may not be changed: %s", s.To,
			to.Frozen.Text())
	}
	return nil
}

// leftAt is the part of From's load that is left at z percent, for a fraction.
func leftAt(fraction float64, z int) float64 { return 1 - fraction*float64(z)/100 }

// Loaded is the fleet with the loads that the switch gives at z percent. Of From at most what the lower end of the
// fraction leaves, of To at most what the upper end brings. Queries that move keep their CPU: it is one of their class,
// not of the pool.
func (s Shift) Loaded(f budget.Fleet, z int) budget.Fleet {
	was := f
	f.Pools = slices.Clone(f.Pools)
	i, known := f.Place(s.From)
	j, also := f.Place(s.To)
	if !known || !also || z == s.LoadsAt {
		return f
	}
	f.Pools[i], f.Pools[j] = s.pair(was, z)
	s.keepCPU(was, &f.Pools[i], &f.Pools[j])
	return f
}

// pair is the shift's two pools with their loads at z percent, the CPU of their transactions apart.
func (s Shift) pair(f budget.Fleet, z int) (from, to budget.FleetPool) {
	from, _ = f.Pool(s.From)
	to, _ = f.Pool(s.To)
	a, b := from, to
	defer func() { // they may be under one limit
		from.Sees(b, to)
		to.Sees(a, from)
	}()
	switch {
	case z > s.LoadsAt:
		s.onward(&from, &to, z)
	case z < s.LoadsAt:
		s.backward(&from, &to, z)
	}
	return from, to
}

// keepCPU gives the pool that traffic has come to the mean CPU of what it carries by then, so that both together take
// what they took: the transactions that moved cost what they cost where they came from. While it moves back that is
// what From's cost, as far as To has as much; of a From without traffic, where nothing tells, what To's cost.
func (s Shift) keepCPU(f budget.Fleet, from, to *budget.FleetPool) {
	i := slices.IndexFunc(f.Servers, func(x budget.FleetServer) bool { return x.Name == from.Server })
	if i < 0 {
		return
	}
	cost := sizing.PredictCPU(f.Servers[i], f.Pools).PerXact
	a, known := cost[s.From]
	b := cost[s.To]
	if !known {
		return
	}
	was, _ := f.Pool(s.From)
	had, _ := f.Pool(s.To)
	mixed := func(p *budget.FleetPool, ratio float64) {
		if p.Load.PerSec > 0 {
			p.CPU = &load.CPUCost{Pool: p.ID, RatioPerTPS: max(0, ratio) / p.Load.PerSec}
		}
	}
	if moved := to.Load.PerSec - had.Load.PerSec; moved >= 0 {
		mixed(to, b*had.Load.PerSec+a*moved)
		return
	}
	back := had.Load.PerSec - to.Load.PerSec
	came := min(a*back, b*had.Load.PerSec)
	if was.Load.PerSec == 0 || to.Load.PerSec == 0 { // nothing tells, or all of it goes
		came = b * back
	}
	mixed(from, a*was.Load.PerSec+came)
	mixed(to, b*had.Load.PerSec-came)
}

// onward moves load on: of From stays what each end of the fraction leaves, to To goes what it brings.
func (s Shift) onward(from, to *budget.FleetPool, z int) {
	base, phi := from.Load, s.Fraction
	part := func(fraction float64) float64 { return leftAt(fraction, z) / leftAt(fraction, s.LoadsAt) }
	moved := func(fraction, whole float64) float64 { // of what From would carry at 0 %
		return whole / leftAt(fraction, s.LoadsAt) * fraction * float64(z-s.LoadsAt) / 100
	}
	e := &from.Load.Erlangs
	e.Lower, e.Target, e.Upper = e.Lower*part(phi.Upper), e.Target*part(phi.Target), e.Upper*part(phi.Lower)
	from.Load.PerSec *= part(phi.Target)
	own := to.Load.Erlangs
	erlangs := moved(phi.Target, base.Erlangs.Target)
	to.Load.Erlangs = load.Range{Lower: own.Lower + moved(phi.Lower, base.Erlangs.Lower), Target: own.Target + erlangs,
		Upper: own.Upper + moved(phi.Upper, base.Erlangs.Upper)}
	take(to, *from, base, moved(phi.Target, base.PerSec), erlangs)
}

// backward moves load back: to From comes what each end of the fraction has taken from it, at most what To carries; of
// To stays what the other end leaves.
func (s Shift) backward(from, to *budget.FleetPool, z int) {
	phi := s.Fraction
	back := func(fraction, left, there float64) float64 {
		most := there * float64(s.LoadsAt-z) / float64(s.LoadsAt)
		if rest := leftAt(fraction, s.LoadsAt); rest > 1e-6 { // else nothing is left that would tell
			return min(most, left/rest*fraction*float64(s.LoadsAt-z)/100)
		}
		return most
	}
	a, b := from.Load.Erlangs, to.Load.Erlangs
	least, middle, most := back(phi.Lower, a.Lower, b.Lower), back(phi.Target, a.Target, b.Target),
		back(phi.Upper, a.Upper, b.Upper)
	perSec := back(phi.Target, from.Load.PerSec, to.Load.PerSec)
	from.Load.Erlangs = load.Range{Lower: a.Lower + least, Target: a.Target + middle, Upper: a.Upper + most}
	to.Load.Erlangs = load.Range{Lower: max(0, b.Lower-most), Target: max(0, b.Target-middle),
		Upper: max(0, b.Upper-least)}
	from.Load.PerSec, to.Load.PerSec = from.Load.PerSec+perSec, max(0, to.Load.PerSec-perSec)
	if from.Load.MeanHold == 0 {
		from.Load.MeanHold = to.Load.MeanHold
	}
	if from.FrozenByLoad() { // it was left alone because all of it has gone
		from.Frozen, from.Load.Unknown = verdict.Printed{}, verdict.Printed{}
		from.Load.Method, from.Load.Xacts = to.Load.Method, to.Load.Xacts
	}
}

// take gives a pool what has moved to it: how long its transactions hold, how they are spread over its pools of the
// line, and, where it was left alone because it had no traffic, a size of its own.
func take(p *budget.FleetPool, from budget.FleetPool, base load.Load, perSec, erlangs float64) {
	l := &p.Load
	own := l.Erlangs.Target - erlangs
	if total := l.PerSec + perSec; total > 0 { // what comes has the holds of where it comes from
		hold := (l.PerSec*float64(l.MeanHold) + perSec*float64(base.MeanHold)) / total
		l.MeanHold, l.PerSec = time.Duration(hold), total
	}
	l.HoldSCV, l.ArrivalSCV = max(l.HoldSCV, base.HoldSCV), max(l.ArrivalSCV, base.ArrivalSCV)
	p.LinePools = slices.Clone(p.LinePools)
	users := map[string]float64{}
	for _, c := range from.LinePools {
		users[c.User] += c.Share
	}
	var spread float64
	for _, c := range p.LinePools {
		spread += users[c.User]
	}
	for i := range p.LinePools { // over the processes evenly, over the users as in From, where they have the same ones
		c := &p.LinePools[i]
		part := 1 / float64(len(p.LinePools))
		if spread > 0 {
			part = users[c.User] / spread
		}
		c.Share = (max(0, own)*c.Share + erlangs*part) / max(max(0, own)+erlangs, 1e-12)
	}
	if p.FrozenByLoad() {
		p.Frozen, l.Unknown, l.Method, l.Xacts = verdict.Printed{}, verdict.Printed{}, base.Method, base.Xacts
	}
}

// after is the fleet once a plan's sizes are in force and what they release has drained; its loads are as before.
func after(f budget.Fleet, plan sizing.Plan) budget.Fleet {
	var sets []fleet.SettingChange
	for _, p := range f.Pools {
		i, found := slices.BinarySearchFunc(plan.Pools, p.ID, func(x sizing.PlanPool, id string) int {
			return cmp.Compare(x.ID, id)
		})
		if !found || plan.Pools[i].Frozen.Any() {
			continue
		}
		x := plan.Pools[i]
		moves := func(s budget.Size) bool { return s.Conns != x.ToSize }
		if p.ReserveConns == x.ReserveSize && !slices.ContainsFunc(p.Sizes, moves) {
			continue
		}
		for _, s := range p.Sizes {
			sets = append(sets, fleet.SettingChange{Process: s.Process, Alias: p.Alias, Key: fleet.KeySize, From: s.Conns,
				To: x.ToSize},
				fleet.SettingChange{Process: s.Process, Alias: p.Alias, Key: fleet.KeyReserve, From: p.ReserveConns,
					To: x.ReserveSize})
		}
	}
	return f.With(sets).Drained()
}
