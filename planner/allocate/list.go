package allocate

import (
	"errors"
	"fmt"
	"math"
)

// List gives the options of an item one by one. It is for items that a Curve and Terms cannot describe: whose cost is
// not convex, or which do not use the same connections of a row for every unit, such as a pool of several processes
// under max_db_connections: below the cap a unit takes a connection of each, beyond it a unit is free.
//
// Options are what may be chosen and no more: MinGain does not apply to them.
type List struct {
	// Rows are the rows that the item uses, ascending. No Term of theirs names the item.
	Rows []int
	// Options are at least one. The first within the item's Lo and Hi uses no more of any row than any other within them:
	// it is the item's floor.
	Options []Option
	// Bare is what the item would use of each of Rows without any promise, as Item.Min says for a curve; nil: the floor's
	// use.
	Bare []int
}

// Option is one choice of a List.
type Option struct {
	Size int     // units of the item, as Solution.N counts them
	Cost float64 // in the unit of Curve.Cost; finite
	Uses []int   // connections of each of List.Rows, >= 0
}

// maxUse bounds the connections of one option, so that no sum overflows. Chosen: MaxSize × MaxCoef.
const maxUse = MaxSize * MaxCoef

// options returns the indices of the options within the item's bounds, in order; empty for a curve.
func (it Item) options() []int {
	if it.List == nil {
		return nil
	}
	var in []int
	for k, o := range it.List.Options {
		if o.Size >= it.Lo && o.Size <= it.Hi {
			in = append(in, k)
		}
	}
	return in
}

// listed returns the items that have a List.
func (p Problem) listed() []int {
	var out []int
	for i := range p.Items {
		if p.Items[i].List != nil {
			out = append(out, i)
		}
	}
	return out
}

// checkList returns what is wrong with the form of item i's list, or nil.
func (p Problem) checkList(i int) error {
	it := p.Items[i]
	fault := func(format string, args ...any) error {
		return fmt.Errorf("item %d %q: %s", i, it.ID, fmt.Sprintf(format, args...))
	}
	var faults []error
	for j, r := range it.List.Rows {
		if r < 0 || r >= len(p.Rows) || j > 0 && r <= it.List.Rows[j-1] {
			return fault("its list names row %d of %d, or not in order", r, len(p.Rows))
		}
		for _, t := range p.Rows[r].Terms {
			if t.Item == i {
				faults = append(faults, fault("row %q has a term of it, and so has its list", p.Rows[r].Name))
			}
		}
	}
	if b := it.List.Bare; b != nil && len(b) != len(it.List.Rows) {
		faults = append(faults, fault("its list has %d bare uses for %d rows", len(b), len(it.List.Rows)))
	}
	floor := -1
	for k, o := range it.List.Options {
		if len(o.Uses) != len(it.List.Rows) || math.IsNaN(o.Cost) || math.IsInf(o.Cost, 0) {
			return fault("option %d has %d uses for %d rows and the cost %v, want a finite number", k, len(o.Uses),
				len(it.List.Rows), o.Cost)
		}
		inside := o.Size >= it.Lo && o.Size <= it.Hi
		if inside && floor < 0 {
			floor = k
		}
		for j, u := range o.Uses {
			if u < 0 || u > maxUse || inside && u < it.List.Options[floor].Uses[j] {
				faults = append(faults, fault("option %d uses %d of row %q, want 0 to %d and no less than its floor", k, u,
					p.Rows[it.List.Rows[j]].Name, maxUse))
			}
		}
	}
	if floor < 0 && it.Lo <= it.Hi {
		faults = append(faults, fault("its list has no option from %d to %d", it.Lo, it.Hi))
	}
	return errors.Join(faults...)
}
