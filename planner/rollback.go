package planner

import (
	"cmp"
	"fmt"
	"slices"
)

// Numbers are those of the steps that can be taken back, the oldest first.
func (m Memory) Numbers() []int {
	var out []int
	for _, p := range m.Past {
		out = append(out, p.Number)
	}
	if m.Step != nil && m.StepNumber > 0 {
		out = append(out, m.StepNumber)
	}
	return out
}

// SeqOf is the event at which a step began that can be taken back; 0: there is no such step.
func (m Memory) SeqOf(number int) int64 {
	if m.Step != nil && m.StepNumber > 0 && m.StepNumber == number {
		return m.StepSeq
	}
	for _, p := range m.Past {
		if p.Number == number {
			return p.Seq
		}
	}
	return 0
}

// NumberOf is the number of the first step that can be taken back and began at that event or later; 0: there is none.
func (m Memory) NumberOf(seq int64) int {
	for _, p := range m.Past {
		if p.Seq >= seq {
			return p.Number
		}
	}
	if m.Step != nil {
		return m.StepNumber
	}
	return 0
}

// AboveMax says which pool would grow above the max: that was declared for it; empty: none would. One that is above it
// already, and goes back to less, comes nearer to it: nothing is in the way of that.
func AboveMax(f Fleet, g Goal) string {
	for _, x := range g.Pools {
		p, ok := f.pool(x.Pool)
		if !ok || p.Rules.Max <= 0 {
			continue
		}
		if !g.byLine(x.Pool) && x.Size > max(p.Rules.Max, p.largestSize()) {
			return fmt.Sprintf("%s goes back to %d, above its max: %d", x.Pool, x.Size, p.Rules.Max)
		}
		for _, l := range g.linesOf(x.Pool) {
			if at, ok := f.at(l.set()); ok && l.Key == KeySize && l.To > max(p.Rules.Max, at) {
				return fmt.Sprintf("%s goes back to %d in %s, above its max: %d", x.Pool, l.To, l.Process, p.Rules.Max)
			}
		}
	}
	return ""
}

// Way is where a rollback goes.
type Way struct {
	To    int64    // every step from that event on is taken back
	Goal  Goal     // the sizes before
	Turns []Turn   // of each traffic switch that was turned: what it said before is To, sorted by shift
	Gone  []string // pools, and lines of pools, that the steps moved and that are no longer there; sorted
}

// Rollback returns where a fleet goes that takes back every step which began at event `to` or later: for each line that
// they wrote its value before the first of them that did, and what each traffic switch said before. 0 is the newest
// step, or what a rollback that has not ended goes back to. What the step in hand moved goes back by itself. It is false
// where there is nothing to take back. A line that is no longer there keeps no other from going back.
func Rollback(m Memory, f Fleet, to int64) (Way, bool) {
	switch {
	case to != 0:
	case m.RollTo > 0: // of a rollback that was not finished
		to = m.RollTo
	case m.Step != nil && m.StepTo > 0: // the same, and a run has been there since
		to = m.StepTo
	case m.Step != nil:
		to = m.StepSeq
	case len(m.Past) > 0:
		to = m.Past[len(m.Past)-1].Seq
	}
	way := Way{To: to}
	before := map[Set]int{} // by line, and what it is about
	for _, p := range slices.Backward(m.Past) {
		if p.Seq < to {
			break
		}
		way.turnBack(p.Step.Turn)
		for _, x := range p.Step.Sets {
			before[Set{x.Process, x.Alias, x.Key, 0, 0}] = x.From
		}
	}
	way.backTo(f, before)
	if m.Step != nil {
		for _, x := range m.Step.Sets {
			way.goneToo(f, x)
		}
	}
	slices.Sort(way.Gone)
	way.Gone = slices.Compact(way.Gone)
	return way, len(way.Goal.Pools) > 0 || len(way.Turns) > 0 || m.Step != nil || m.RollTo > 0
}

// goneToo notes a pool, or its line in one process, that is no longer there; false: it is there.
func (w *Way) goneToo(f Fleet, x Set) bool {
	p, there := f.pool(x.Pool())
	switch {
	case !there:
		w.Gone = append(w.Gone, x.Pool())
	case !slices.ContainsFunc(p.Sizes, func(s Size) bool { return s.Process == x.Process }):
		w.Gone = append(w.Gone, x.Pool()+" in "+x.Process)
	default:
		return false
	}
	return true
}

// backTo makes the goal of what lines said before. A pool all of whose lines were alike, and are, goes back as a whole, as
// it came; any other line by line.
func (w *Way) backTo(f Fleet, before map[Set]int) {
	lines := map[string][]GoalLine{} // by pool
	for x, value := range before {
		if !w.goneToo(f, x) {
			lines[x.Pool()] = append(lines[x.Pool()], GoalLine{x.Process, x.Alias, x.Key, value})
		}
	}
	for pool, of := range lines {
		p, _ := f.pool(pool)
		g := present(f, pool)
		sizes, even := valuesOf(of, KeySize, len(p.Sizes))
		reserves, evenReserve := valuesOf(of, KeyReserve, len(p.Sizes))
		if len(sizes) > 0 && even {
			g.Size = sizes[0]
		}
		if len(reserves) > 0 && evenReserve {
			g.Reserve = reserves[0]
		}
		if _, same := p.fromSize(); !even || !evenReserve || !same || len(reserves) > 0 && p.Uneven {
			if len(w.Turns) > 0 {
				of = append(of, untouched(p, of)...)
			}
			w.Goal.Lines = append(w.Goal.Lines, of...)
		}
		w.Goal.Pools = append(w.Goal.Pools, g)
	}
	slices.SortFunc(w.Goal.Pools, func(a, b GoalPool) int { return cmp.Compare(a.Pool, b.Pool) })
	slices.SortFunc(w.Goal.Lines, compareLines)
	for i, g := range w.Goal.Pools {
		if p, _ := f.pool(g.Pool); w.Goal.byLine(g.Pool) {
			after, _ := f.With(w.Goal.sets(p)).pool(g.Pool)
			w.Goal.Pools[i].Size, w.Goal.Pools[i].Reserve = after.largestSize(), after.ReserveConns
		}
	}
}

// valuesOf are the values of lines of a pool of so many processes, and whether they are one value of all, or none of any.
func valuesOf(lines []GoalLine, key Key, processes int) (values []int, even bool) {
	for _, l := range lines {
		if l.Key == key {
			values = append(values, l.To)
		}
	}
	return values, len(values) == 0 || len(values) == processes && slices.Min(values) == slices.Max(values)
}

// untouched are the sizes of a pool's other lines, as they are: the sizes that traffic needs on its way back are those of
// all.
func untouched(p FleetPool, lines []GoalLine) []GoalLine {
	var out []GoalLine
	for _, s := range p.Sizes {
		x := GoalLine{s.Process, p.Alias, KeySize, s.Conns}
		if !slices.ContainsFunc(lines, func(l GoalLine) bool { return l.set().Same(x.set()) }) {
			out = append(out, x)
		}
	}
	return out
}

// turnBack notes a turn that is taken back; those after it have been.
func (w *Way) turnBack(t *Turn) {
	if t == nil {
		return
	}
	i, found := slices.BinarySearchFunc(w.Turns, t.Shift, func(x Turn, id string) int { return cmp.Compare(x.Shift, id) })
	if !found {
		w.Turns = slices.Insert(w.Turns, i, Turn{Shift: t.Shift, From: t.To})
	}
	w.Turns[i].To = t.From
}

// present is a pool's part of a goal that leaves it where it is.
func present(f Fleet, pool string) GoalPool {
	p, _ := f.pool(pool)
	return GoalPool{Pool: pool, Server: p.Server, Size: p.largestSize(), Reserve: p.ReserveConns, MeanWait: Unknown()}
}

// Reachable says why a goal cannot be stood at: its worst case, with what is open now, is above a server's budget.
// Empty: it can, if nothing else changes.
func Reachable(f Fleet, g Goal) string {
	return beyond(f, g, func(server string) int { return f.WorstConns(server) })
}

// Unreturnable says why a rollback could not go back to before steps that are still to come; empty: it could, if nothing
// else changes.
func Unreturnable(way []Waystation) string {
	if len(way) == 0 {
		return ""
	}
	var m Memory
	for i, st := range way {
		m.Past = append(m.Past, Past{Number: i + 1, Seq: int64(i + 1), Step: st.Step})
	}
	after := way[len(way)-1].After
	back, _ := Rollback(m, after, 1)
	return cmp.Or(Reachable(after, back.Goal), AboveMax(after, back.Goal))
}

// Outsized says which server's budget the sizes of a goal are above, whether they stand there already or not. Empty:
// none.
func Outsized(f Fleet, g Goal) string {
	return beyond(f, g, func(string) int { return 0 })
}

// beyond says which server's worst case at a goal is above its budget and above what is let pass.
func beyond(f Fleet, g Goal, pass func(server string) int) string {
	var sets []Set
	for _, p := range f.Pools {
		sets = append(sets, g.sets(p)...)
	}
	after := f.With(sets)
	for _, s := range f.Servers {
		worst := 0
		for _, p := range after.Pools {
			if p.On(s.Name) {
				worst += p.countedConns() - p.OverConns // what is open too much will have drained
			}
		}
		if worst > s.BudgetConns && worst > pass(s.Name) {
			return fmt.Sprintf("%s: these sizes come to %d connections, %d more than the budget of %d", s.Name, worst, worst-s.BudgetConns, s.BudgetConns)
		}
	}
	return ""
}
