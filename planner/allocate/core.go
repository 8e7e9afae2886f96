package allocate

import "math"

// search adds the candidates one by one, the one nearest the break first, until
// no state can beat the best. It says whether it came to the end.
func (c *core) search(left int, price float64) bool {
	c.steps = c.steps[:0]
	c.states = append(c.states[:0], state{step: -1})
	a, o := 0, 0
	for len(c.states) > 0 && (a < len(c.adds) || o < len(c.outs)) {
		var id int32
		if o == len(c.outs) || (a < len(c.adds) && price-c.adds[a].rate <= c.outs[o].rate-price) {
			id = int32(a)
			a++
		} else {
			id = int32(-o - 1)
			o++
		}
		// What one connection more or less costs at least from here on.
		spend, free := price, math.Inf(1)
		if a < len(c.adds) {
			spend = max(0, price-c.adds[a].rate)
		}
		if o < len(c.outs) {
			free = max(0, c.outs[o].rate-price)
		}
		c.merge(id, left, price, spend, free)
		if c.effort > maxEffort {
			return false
		}
	}
	return true
}

// merge joins the states with their copies that use candidate id, in order of
// connections, and keeps those that are worth more than every smaller one and
// may still lead to an answer better than the best. spend and free bound from
// below what it costs to use up, or to win back, one connection hereafter.
func (c *core) merge(id int32, left int, price, spend, free float64) {
	u := c.unit(id)
	out := c.next[:0]
	worth := math.Inf(-1)
	states, n := c.states, len(c.states)
	for i, j := 0, 0; i < n || j < n; c.effort++ {
		var x state
		copied := j < n
		if copied {
			x = states[j]
			x.conns += int(u.coef)
			x.loss += u.loss
		}
		if copied && (i == n || x.conns < states[i].conns || (x.conns == states[i].conns && x.loss < states[i].loss)) {
			j++
		} else {
			x, copied = states[i], false
			i++
		}
		spare := left - x.conns
		bound := x.loss
		if spare >= 0 {
			bound += spend * float64(spare)
		} else {
			bound -= free * float64(spare)
		}
		v := price*float64(x.conns) - x.loss
		if bound >= c.least || v <= worth {
			continue
		}
		worth = v
		if copied {
			c.steps = append(c.steps, step{x.step, id})
			x.step = int32(len(c.steps) - 1)
			if total := x.loss + price*float64(spare); spare >= 0 && total < c.least {
				c.least, c.best = total, x.step
			}
		}
		out = append(out, x)
	}
	c.states, c.next = out, states
}
