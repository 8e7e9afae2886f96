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
		if p, ok := f.pool(x.Pool); ok && p.Rules.Max > 0 && x.Size > max(p.Rules.Max, p.largestSize()) {
			return fmt.Sprintf("%s goes back to %d, above its max: %d", x.Pool, x.Size, p.Rules.Max)
		}
	}
	return ""
}

// Way is where a rollback goes.
type Way struct {
	To    int64    // every step from that event on is taken back
	Goal  Goal     // the sizes before
	Turns []Turn   // of each traffic switch that was turned: what it said before is To, sorted by shift
	Gone  []string // pools that the steps moved and that are no longer there: they have nothing to go back to; sorted
}

// Rollback returns where a fleet goes that takes back every step which began at event `to` or later: for each pool that
// they moved the values before the first of them, of its largest process, and what each traffic switch said before. 0
// is the newest step, or what a rollback that has not ended goes back to. What the step in hand moved goes back by
// itself. It is false where there is nothing to take back. A pool that is no longer there keeps no other from going back.
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
	before := map[string]GoalPool{}
	for _, p := range slices.Backward(m.Past) {
		if p.Seq < to {
			break
		}
		way.turnBack(p.Step.Turn)
		values := map[string]map[Key]int{}
		for _, x := range p.Step.Sets {
			if values[x.Pool()] == nil {
				values[x.Pool()] = map[Key]int{}
			}
			values[x.Pool()][x.Key] = max(values[x.Pool()][x.Key], x.From)
		}
		for pool, v := range values {
			g, seen := before[pool]
			if !seen {
				g = present(f, pool)
			}
			if size, ok := v[KeySize]; ok {
				g.Size = max(size, p.Step.Most[pool]) // one that was left alone when they were made equal
			}
			if reserve, ok := v[KeyReserve]; ok {
				g.Reserve = reserve
			}
			before[pool] = g
		}
	}
	for _, g := range before {
		if _, there := f.pool(g.Pool); !there {
			way.Gone = append(way.Gone, g.Pool)
			continue
		}
		way.Goal.Pools = append(way.Goal.Pools, g)
	}
	if m.Step != nil {
		for _, x := range m.Step.Sets {
			if _, there := f.pool(x.Pool()); !there {
				way.Gone = append(way.Gone, x.Pool())
			}
		}
	}
	slices.Sort(way.Gone)
	way.Gone = slices.Compact(way.Gone)
	slices.SortFunc(way.Goal.Pools, func(a, b GoalPool) int { return cmp.Compare(a.Pool, b.Pool) })
	return way, len(way.Goal.Pools) > 0 || len(way.Turns) > 0 || m.Step != nil || m.RollTo > 0
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

// Outsized says which server's budget the sizes of a goal are above, whether they stand there already or not. Empty:
// none.
func Outsized(f Fleet, g Goal) string {
	return beyond(f, g, func(string) int { return 0 })
}

// beyond says which server's worst case at a goal is above its budget and above what is let pass.
func beyond(f Fleet, g Goal, pass func(server string) int) string {
	var sets []Set
	for _, p := range f.Pools {
		goal, ours := g.Pool(p.ID)
		if !ours {
			continue
		}
		for _, s := range p.Sizes {
			sets = append(sets, Set{s.Process, p.Alias, KeySize, s.Conns, goal.Size}, Set{s.Process, p.Alias, KeyReserve, p.ReserveConns, goal.Reserve})
		}
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
