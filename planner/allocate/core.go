package allocate

import "math"

// reset forgets the steps and candidates of earlier searches.
func (c *core) reset() {
	c.units, c.steps = c.units[:0], c.steps[:0]
}

// search adds the candidates one by one, the one nearest the break first, until
// no state can lose less than least. left is what the row has left, idle what a
// connection left in the end loses. It says whether it came to the end.
func (c *core) search(left int, price, idle float64) bool {
	c.states = append(c.states[:0], state{step: -1})
	a, o := 0, 0
	for len(c.states) > 0 && (a < len(c.adds) || o < len(c.outs)) {
		if o == len(c.outs) || (a < len(c.adds) && price-c.adds[a].rate <= c.outs[o].rate-price) {
			c.units = append(c.units, c.adds[a])
			a++
		} else {
			c.units = append(c.units, c.outs[o])
			o++
		}
		// What one connection more or less costs at least from here on.
		spend, free := idle, math.Inf(1)
		if a < len(c.adds) {
			spend = min(idle, max(0, price-c.adds[a].rate))
		}
		if o < len(c.outs) {
			free = max(0, c.outs[o].rate-price)
		}
		c.merge(int32(len(c.units)-1), left, price, spend, free)
		if c.effort > c.within {
			return false
		}
	}
	return true
}

// merge joins the states with their pools of the line that use candidate id, in order of
// connections, and keeps those that are worth more than every smaller one and
// may still lead to an answer better than the best. spend and free bound from
// below what it costs to use up, or to win back, one connection hereafter.
func (c *core) merge(id int32, left int, price, spend, free float64) {
	u := c.units[id]
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
			c.steps = append(c.steps, step{x.step, id, -1})
			x.step = int32(len(c.steps) - 1)
			if total := x.loss + price*float64(spare); c.complete && spare >= 0 && total < c.least {
				c.least, c.best = total, x.step
			}
		}
		out = append(out, x)
	}
	c.states, c.next = out, states
}
