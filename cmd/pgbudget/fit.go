package main

import (
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/mattn/go-runewidth"

	"github.com/pgbudget/pgbudget/planner/sizing"
)

// columnGap is how far two columns of a table are apart, as output.table has it.
const columnGap = 2

// fitted are rows without the columns that a terminal has no room for, and the names of those. drop says which may go,
// the one that tells least first. A width of 0 is no terminal: every column stays.
func fitted(rows [][]string, width int, drop []int) (fit [][]string, left []string) {
	gone := map[int]bool{}
	for width > 0 && widthOf(rows, gone) > width && len(gone) < len(drop) {
		n := drop[len(gone)]
		gone[n] = true
	}
	for n, name := range rows[0] {
		if gone[n] {
			left = append(left, name)
		}
	}
	for _, row := range rows {
		var kept []string
		for n, cell := range row {
			if !gone[n] {
				kept = append(kept, cell)
			}
		}
		fit = append(fit, kept)
	}
	return fit, left
}

// widthOf is how many columns of a terminal a table takes without some of its own.
func widthOf(rows [][]string, gone map[int]bool) (sum int) {
	for n := range rows[0] {
		if gone[n] {
			continue
		}
		widest := 0
		for _, row := range rows {
			widest = max(widest, runewidth.StringWidth(row[n]))
		}
		sum += widest + columnGap
	}
	return max(0, sum-columnGap)
}

// cells are those of a row as a table takes them.
func cells(row []string) (out []any) {
	for _, cell := range row {
		out = append(out, cell)
	}
	return slices.Clip(out)
}

// What a pool's row begins with on a terminal: it grows, or shrinks.
const (
	growing   = "+ "
	shrinking = "− "
)

// sign is that of a pool's row; elsewhere than on a terminal a row has none.
func (o output) sign(x sizing.PlanPool) string {
	switch {
	case o.width == 0:
		return ""
	case x.Frozen.Any() || x.FromSize == nil || *x.FromSize == x.ToSize:
		return "  "
	case *x.FromSize < x.ToSize:
		return growing
	}
	return shrinking
}

// painted is the colour of a row that begins so.
func (o output) painted(first string) text.Colors {
	switch {
	case !o.color:
		return nil
	case strings.HasPrefix(first, growing):
		return text.Colors{text.FgGreen}
	case strings.HasPrefix(first, shrinking):
		return text.Colors{text.FgCyan}
	}
	return nil
}
