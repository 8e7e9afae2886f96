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
			clashes = append(clashes, Clash{Row: -1, Name: it.ID, Items: []int{i}, Need: it.Lo, Cap: it.Hi,
				Short: it.Lo - it.Hi})
		}
	}
	listed := p.listed()
	for r, row := range p.Rows {
		need := 0
		for _, t := range row.Terms {
			need += t.Coef * p.Items[t.Item].Lo
		}
		for _, i := range listed {
			_, most := p.Items[i].floorUse(r)
			need += most
		}
		if need <= row.Cap {
			continue
		}
		c := Clash{Row: r, Name: row.Name, Need: need, Cap: row.Cap, Short: need - row.Cap}
		c.Items, c.Bare = p.smallestClash(r)
		clashes = append(clashes, c)
	}
	if len(clashes) == 0 {
		return nil
	}
	slices.SortStableFunc(clashes, func(a, b Clash) int { return b.Short - a.Short })
	return &Infeasible{Clashes: clashes}
}

// demand is what one item uses of a row: without its promises, and at its floor.
type demand struct{ item, bare, floor int }

// demands lists the items of row r, in item order.
func (p Problem) demands(r int) []demand {
	var out []demand
	for _, t := range p.Rows[r].Terms {
		it := p.Items[t.Item]
		out = append(out, demand{t.Item, t.Coef * it.bare(), t.Coef * it.Lo})
	}
	for _, i := range p.listed() {
		if bare, floor := p.Items[i].floorUse(r); floor > 0 {
			out = append(out, demand{i, bare, floor})
		}
	}
	slices.SortFunc(out, func(a, b demand) int { return a.item - b.item })
	return out
}

// floorUse is what a listed item uses of row r without its promises and at its
// floor.
func (it Item) floorUse(r int) (bare, floor int) {
	in := it.options()
	j, uses := slices.BinarySearch(it.List.Rows, r)
	if !uses || len(in) == 0 {
		return 0, 0
	}
	floor = it.List.Options[in[0]].Uses[j]
	if it.List.Bare == nil {
		return floor, floor
	}
	return min(it.List.Bare[j], floor), floor
}

// smallestClash returns the fewest items that break row r by their floors.
// Taking the largest rises first is exact: no k items rise by more than the k
// largest.
func (p Problem) smallestClash(r int) (items []int, bare bool) {
	order, limit := p.demands(r), p.Rows[r].Cap
	sum := 0
	for _, d := range order {
		sum += d.bare
	}
	bare = sum > limit
	rise := func(d demand) int { return d.floor - d.bare }
	if bare {
		sum = 0
		rise = func(d demand) int { return d.bare }
	}
	slices.SortStableFunc(order, func(a, b demand) int { return rise(b) - rise(a) })
	for _, d := range order {
		if sum > limit {
			break
		}
		sum += rise(d)
		items = append(items, d.item)
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
