package allocate

import (
	"fmt"
	"slices"
	"strings"
)

// Infeasible says why no sizes exist. Coefficients are never negative, so a
// problem is feasible exactly when Lo <= Hi for every item and every row holds
// at n = Lo: each Clash is one condition that fails, and together they are all
// of them. Raising every clash's cap by its Short makes the problem feasible;
// any one of them by less does not.
type Infeasible struct {
	// Clashes are ordered by Short, the largest first, then by row.
	Clashes []Clash
}

// Clash is one condition that the floors break.
type Clash struct {
	// Row is the row's index, or -1 for an item whose Lo exceeds its Hi.
	Row int
	// Name is the row's name, or the item's ID.
	Name string
	// Items is the smallest set, by count, of items whose floors alone break
	// the row while every other item stands at its Min; largest first.
	Items []int
	// Bare is true when the row breaks even with every item at its Min. Items
	// is then the smallest set whose Mins alone exceed the cap.
	Bare bool
	// Need is what all floors use of the row, in connections (for an item: Lo).
	Need int
	// Cap is the row's cap in connections (for an item: Hi, in units).
	Cap int
	// Short is Need - Cap, > 0: the least rise of the cap that helps.
	Short int
}

// Error lists the clashes, one clause each.
func (e *Infeasible) Error() string {
	var b strings.Builder
	b.WriteString("allocate: infeasible")
	for i, c := range e.Clashes {
		sep := ";"
		if i == 0 {
			sep = ":"
		}
		if c.Row < 0 {
			fmt.Fprintf(&b, "%s %s needs %d and may have %d (%d short)", sep, c.Name, c.Need, c.Cap, c.Short)
			continue
		}
		fmt.Fprintf(&b, "%s %s needs %d of %d (%d short, %d items clash)", sep, c.Name, c.Need, c.Cap, c.Short, len(c.Items))
	}
	return b.String()
}

// certify returns the Infeasible of p, or nil when n = Lo satisfies it.
func (p Problem) certify() *Infeasible {
	var clashes []Clash
	for i, it := range p.Items {
		if it.Lo > it.Hi {
			clashes = append(clashes, Clash{Row: -1, Name: it.ID, Items: []int{i}, Need: it.Lo, Cap: it.Hi, Short: it.Lo - it.Hi})
		}
	}
	for r, row := range p.Rows {
		need := 0
		for _, t := range row.Terms {
			need += t.Coef * p.Items[t.Item].Lo
		}
		if need <= row.Cap {
			continue
		}
		c := Clash{Row: r, Name: row.Name, Need: need, Cap: row.Cap, Short: need - row.Cap}
		c.Items, c.Bare = p.smallestClash(row)
		clashes = append(clashes, c)
	}
	if len(clashes) == 0 {
		return nil
	}
	slices.SortStableFunc(clashes, func(a, b Clash) int { return b.Short - a.Short })
	return &Infeasible{Clashes: clashes}
}

// smallestClash returns the fewest items that break row by their floors. Taking
// the largest rises first is exact: no k items rise by more than the k largest.
func (p Problem) smallestClash(row Row) (items []int, bare bool) {
	base := 0
	for _, t := range row.Terms {
		base += t.Coef * p.Items[t.Item].bare()
	}
	bare = base > row.Cap
	rise := func(t Term) int {
		if bare {
			return t.Coef * p.Items[t.Item].bare()
		}
		return t.Coef * (p.Items[t.Item].Lo - p.Items[t.Item].bare())
	}
	order := slices.Clone(row.Terms)
	slices.SortStableFunc(order, func(a, b Term) int {
		if d := rise(b) - rise(a); d != 0 {
			return d
		}
		return a.Item - b.Item
	})
	sum := base
	if bare {
		sum = 0
	}
	for _, t := range order {
		if sum > row.Cap {
			break
		}
		sum += rise(t)
		items = append(items, t.Item)
	}
	return items, bare
}

// bare is the size of the item without its promises, never above Lo.
func (it Item) bare() int {
	if it.Min == 0 {
		return min(1, it.Lo)
	}
	return max(0, min(it.Min, it.Lo))
}
