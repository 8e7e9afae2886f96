package allocate

import (
	"fmt"
	"math"
)

// solveListed is solve for problems with lists: prices for the rows, an answer
// of the curves' exact methods around the lists' best options at them, then the
// exact search over what could still beat it, within ever larger losses.
func solveListed(p Problem, listed []int, within limits) (Solution, error) {
	m := newMixed(p, listed)
	y := m.prices()
	picks, err := m.answer(y, listed, within)
	if err != nil {
		return Solution{}, err
	}
	gap := m.close(y, picks, within)
	sol := Solution{Method: Listed, Gap: gap, N: make([]int, len(p.Items)), Options: make([]int, len(p.Items))}
	if gap > 0 {
		sol.Method = Bounded
	}
	var total, lift sum
	for j := range m.columns {
		c := &m.columns[j]
		it := p.Items[c.item]
		if c.ladder == nil {
			o := c.option[picks[j]]
			sol.N[c.item], sol.Options[c.item] = it.List.Options[o].Size, o
			total.add(it.List.Options[o].Cost)
			continue
		}
		if c.ladder.bad {
			return Solution{}, fmt.Errorf("allocate: item %d %q: its curve has a gain that is not a finite number, above size "+
				"%d", c.item, it.ID, it.Lo+c.ladder.own)
		}
		c.ladder.k = picks[j]
		c.ladder.peek(picks[j])
		sol.N[c.item], sol.Options[c.item] = it.Lo+picks[j], -1
		total.add(it.Cost.Cost(sol.N[c.item]))
		lift.add(c.ladder.lift)
	}
	sol.Objective = total.value()
	sol.Gap += lift.value()
	if math.IsNaN(sol.Objective) || math.IsInf(sol.Objective, 0) {
		return Solution{}, fmt.Errorf("allocate: the total cost is %v: a curve's Cost is not a finite number", sol.Objective)
	}
	m.s.marginals(p, &sol)
	return sol, nil
}

// answer returns picks that fit: the lists' best at the rows' shadow prices, as far as
// the rows hold them, and the best sizes of the curves beside them.
func (m *mixed) answer(y []float64, listed []int, within limits) ([]int, error) {
	picks := make([]int, len(m.columns))
	for _, i := range listed {
		picks[i] = m.columns[i].best(y)
	}
	for m.shrink(picks, listed) {
	}
	m.widen(picks, listed, y)
	if len(listed) == len(m.columns) {
		return picks, nil
	}
	rest := m.rest(listed, func(i int) int { return m.columns[i].option[picks[i]] })
	sol, err := solve(rest, limits{within.work / 8, within.effort / 8, within.labels})
	if err != nil {
		return nil, err
	}
	for i := range m.columns {
		if m.columns[i].ladder != nil {
			picks[i] = sol.N[i] - m.p.Items[i].Lo
		}
	}
	return picks, nil
}

// shrink exchanges one list's option for one that takes less of the rows that
// picks break, where that costs least. It says whether any row was broken.
func (m *mixed) shrink(picks, listed []int) bool {
	spare := m.spare(picks)
	item, option, least := -1, 0, math.Inf(1)
	for _, i := range listed {
		c := &m.columns[i]
		for k := range c.cost {
			frees := 0
			for t, r := range c.rows {
				if over := -spare[r]; over > 0 {
					frees += min(over, c.takes(picks[i], t)-c.takes(k, t))
				}
			}
			if frees <= 0 {
				continue
			}
			if rate := (c.cost[k] - c.cost[picks[i]]) / float64(frees); rate < least {
				item, option, least = i, k, rate
			}
		}
	}
	if item < 0 {
		return false
	}
	picks[item] = option
	return true
}

// widen exchanges one list's option for a cheaper one that fits as long as one
// gains at the rows' shadow prices.
func (m *mixed) widen(picks, listed []int, y []float64) {
	for range 4 * len(listed) {
		spare := m.spare(picks)
		item, option, most := -1, 0, 0.0
		for _, i := range listed {
			c := &m.columns[i]
			now := c.reduced(picks[i], y)
			for k := range c.cost {
				fits := true
				for t, r := range c.rows {
					fits = fits && c.takes(k, t)-c.takes(picks[i], t) <= spare[r]
				}
				if gain := now - c.reduced(k, y); fits && gain > most {
					item, option, most = i, k, gain
				}
			}
		}
		if item < 0 {
			return
		}
		picks[item] = option
	}
}

// doubt bounds the relative rounding of a loss. Chosen: it sums differences good
// to 2^-53, a few thousand of them.
const doubt = 1e-12

// close searches for picks that lose less than the given ones, puts the best it
// finds in their place, and returns by how much they may still exceed the least
// cost.
func (m *mixed) close(y []float64, picks []int, within limits) (gap float64) {
	loss, proved, effort := m.loss(picks, y), 0.0, within.effort/effortShare
	tiny := doubt * m.size(picks, y)
	for limit := loss / deepenings; loss > tiny && proved < loss; limit *= 4 {
		limit = min(max(limit, tiny), loss)
		found, least, dropped := m.search(y, limit, within.labels, &effort)
		if found != nil && least < loss {
			copy(picks, found)
			loss = least
		}
		proved = max(proved, min(limit, dropped))
		if !math.IsInf(dropped, 1) {
			break
		}
	}
	if loss-proved <= tiny {
		return 0
	}
	return loss - proved
}

// size is the size of the numbers that a loss is a difference of.
func (m *mixed) size(picks []int, y []float64) float64 {
	total := 0.0
	for r, v := range y {
		total += v * float64(m.caps[r])
	}
	return total
}
