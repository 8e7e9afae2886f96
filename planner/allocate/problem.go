package allocate

import (
	"errors"
	"fmt"
	"math"
)

// MaxSize is the largest size Solve gives to one item, in units. A larger Hi
// means "no ceiling of its own". Chosen: far above the 262143 backends that
// PostgreSQL can be built for (MAX_BACKENDS), and small enough that no sum of
// products overflows an int64.
const MaxSize = 1 << 26

// MaxCoef is the largest coefficient of a Term, in connections per unit.
// Chosen with MaxSize: 2^26 units × 2^15 connections × 2^20 items < 2^63.
const MaxCoef = 1 << 15

// MaxItems is the largest number of items of one Problem; see MaxCoef.
const MaxItems = 1 << 20

// Problem asks for the integer sizes n with Lo <= n <= Hi that minimise the sum
// of the items' costs while every row holds. Solve does not change it.
type Problem struct {
	Items []Item // at most MaxItems; Solution.N has one size for each, in this order
	Rows  []Row  // the caps; Term.Item is an index into Items
	// MinGain is a gain per connection, >= 0. A unit that saves MinGain or
	// less per connection (per unit of its largest coefficient) is no gain:
	// it is not part of the problem, and its connections stay unspent.
	MinGain float64
}

// Item is one integer to choose: a pool_size line.
type Item struct {
	// ID names the item in errors.
	ID string
	// Lo and Hi bound the size, both included; 0 <= Lo <= Hi.
	Lo, Hi int
	// Min is the size the item would have without any promise; 0 means 1. It
	// does not constrain the answer. It only decides whose floor is to blame
	// when the floors do not fit.
	Min int
	// Cost is the cost of the item at each size.
	Cost Curve
	// List, where it is not nil, takes the place of Cost and of all Terms.
	List *List
}

// Row is one cap: the sum over its terms of Coef × size must not exceed Cap,
// in connections.
type Row struct {
	Name  string // for messages and certificates only
	Cap   int
	Terms []Term // each item at most once
}

// Term says that one unit of Problem.Items[Item] uses Coef connections of the
// row, 0 <= Coef <= MaxCoef.
type Term struct {
	Item, Coef int // index in Problem.Items; connections that a unit of it takes, 1..MaxCoef
}

// check returns every fault of the problem's form, joined: these are mistakes
// of the caller, not of the fleet.
func (p Problem) check() error {
	var faults []error
	if !(p.MinGain >= 0) || math.IsInf(p.MinGain, 1) {
		faults = append(faults, fmt.Errorf("MinGain is %v, want a finite number >= 0", p.MinGain))
	}
	if len(p.Items) > MaxItems {
		faults = append(faults, fmt.Errorf("%d items, at most %d", len(p.Items), MaxItems))
	}
	for i, it := range p.Items {
		if it.Cost == nil && it.List == nil {
			faults = append(faults, fmt.Errorf("item %d %q has no cost curve", i, it.ID))
		}
		if it.Lo < 0 || it.Lo > MaxSize {
			faults = append(faults, fmt.Errorf("item %d %q: Lo is %d, want 0 to %d", i, it.ID, it.Lo, MaxSize))
		}
	}
	faults = p.checkRows(faults)
	for _, i := range p.listed() {
		if err := p.checkList(i); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("allocate: %w", errors.Join(faults...))
}

// checkRows appends the faults of the rows: terms that name no item or the
// same item twice, coefficients out of range.
func (p Problem) checkRows(faults []error) []error {
	seen := make([]int32, len(p.Items)) // row number + 1 that named the item last
	for r, row := range p.Rows {
		if row.Cap > math.MaxInt/2 || row.Cap < -math.MaxInt/2 {
			faults = append(faults, fmt.Errorf("row %q: Cap %d is out of range", row.Name, row.Cap))
		}
		for _, t := range row.Terms {
			switch {
			case t.Item < 0 || t.Item >= len(p.Items):
				faults = append(faults, fmt.Errorf("row %q names item %d of %d", row.Name, t.Item, len(p.Items)))
				continue
			case seen[t.Item] == int32(r+1):
				faults = append(faults, fmt.Errorf("row %q names item %d %q twice", row.Name, t.Item, p.Items[t.Item].ID))
			case t.Coef < 0 || t.Coef > MaxCoef:
				faults = append(faults, fmt.Errorf("row %q, item %q: Coef is %d, want 0 to %d", row.Name, p.Items[t.Item].ID,
					t.Coef, MaxCoef))
			}
			seen[t.Item] = int32(r + 1)
		}
	}
	return faults
}
