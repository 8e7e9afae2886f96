package allocate

import "sort"

// column is one item of a problem with lists, above its floor: a curve, whose
// choices are its units, or a list, whose choices are its options.
type column struct {
	item   int
	rows   []int     // rows it uses, ascending
	coef   []int     // of a curve: connections per unit, per row
	ladder *ladder   // of a curve
	option []int     // of a list: the options within its bounds
	cost   []float64 // of a list: above the least of them
	use    []int     // of a list: above the floor's, rows by rows
}

// newListColumn returns the column of a listed item.
func newListColumn(i int, it Item) column {
	c := column{item: i, rows: it.List.Rows, option: it.options()}
	floor := it.List.Options[c.option[0]]
	least := floor.Cost
	for _, k := range c.option {
		least = min(least, it.List.Options[k].Cost)
	}
	for _, k := range c.option {
		o := it.List.Options[k]
		c.cost = append(c.cost, o.Cost-least)
		for j, u := range o.Uses {
			c.use = append(c.use, u-floor.Uses[j])
		}
	}
	return c
}

// takes is what choice k uses of the column's t-th row.
func (c *column) takes(k, t int) int {
	if c.ladder != nil {
		return k * c.coef[t]
	}
	return c.use[k*len(c.rows)+t]
}

// price is what a unit of a curve costs at the rows' shadow prices.
func (c *column) price(y []float64) float64 {
	p := 0.0
	for t, r := range c.rows {
		p += y[r] * float64(c.coef[t])
	}
	return p
}

// reduced is the cost of option k of a list at the rows' shadow prices.
func (c *column) reduced(k int, y []float64) float64 {
	p := c.cost[k]
	for t, r := range c.rows {
		p += y[r] * float64(c.use[k*len(c.rows)+t])
	}
	return p
}

// best returns the choice that costs least at the rows' shadow prices, the first of
// equals.
func (c *column) best(y []float64) (k int) {
	if c.ladder == nil {
		least := c.reduced(0, y)
		for o := 1; o < len(c.cost); o++ {
			if v := c.reduced(o, y); v < least {
				k, least = o, v
			}
		}
		return k
	}
	l, p := c.ladder, c.price(y)
	for n := len(l.gains); l.top > n && (n == 0 || l.gains[n-1] > p); n = len(l.gains) {
		if l.gain(n) == none {
			break
		}
	}
	return sort.Search(min(len(l.gains), l.top), func(j int) bool { return l.gains[j] <= p })
}

// choice is one choice of a column, and what it loses at the rows' shadow prices
// against the column's best.
type choice struct {
	k    int
	loss float64
}

// choices returns the choices that lose no more than limit, the best first for
// a curve, in order for a list.
func (c *column) choices(y []float64, limit float64) []choice {
	best := c.best(y)
	if c.ladder == nil {
		var out []choice
		least := c.reduced(best, y)
		for k := range c.cost {
			if loss := c.reduced(k, y) - least; loss <= limit {
				out = append(out, choice{k, loss})
			}
		}
		return out
	}
	l, p := c.ladder, c.price(y)
	out := []choice{{best, 0}}
	loss := 0.0
	for k := best; ; k++ {
		g := l.gain(k)
		if g == none {
			break
		}
		if loss += max(0, p-g); loss > limit {
			break
		}
		out = append(out, choice{k + 1, loss})
	}
	loss = 0
	for k := best; k > 0; k-- {
		if loss += max(0, l.gains[k-1]-p); loss > limit {
			break
		}
		out = append(out, choice{k - 1, loss})
	}
	return out
}

// loss is what choice k loses at the rows' shadow prices against the column's best.
func (c *column) loss(k int, y []float64) float64 {
	best := c.best(y)
	if c.ladder == nil {
		return c.reduced(k, y) - c.reduced(best, y)
	}
	total, p := 0.0, c.price(y)
	for j := min(k, best); j < max(k, best); j++ {
		if k > best {
			total += p - c.ladder.gain(j)
		} else {
			total += c.ladder.gains[j] - p
		}
	}
	return total
}
