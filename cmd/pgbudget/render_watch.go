package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/mattn/go-runewidth"

	"github.com/pgbudget/pgbudget/bouncer/quote"
	"github.com/pgbudget/pgbudget/planner/control"
)

// leastWidth is the narrowest width that a table is fitted to, in columns. chosen: half of an old terminal.
const leastWidth = 40

// screen draws the state for a terminal of so many columns. No line is wider.
func (o output) screen(st status, width int) (lines []string) {
	add := func(format string, args ...any) {
		line := quote.Line(fmt.Sprintf(format, args...))
		lines = append(lines, runewidth.Truncate(line, width, "…"))
	}
	head := func(text string) {
		add("%s", text)
		lines[len(lines)-1] = o.bold(lines[len(lines)-1])
	}
	head("pgbudget status   " + stamp(st.At) + "   Ctrl-C ends")
	add("%s", st.doing())
	if st.Held != "" || st.Paused != "" {
		lines[len(lines)-1] = o.warn(lines[len(lines)-1])
	}
	if st.Step != nil {
		add("step %d   %s", st.Number, st.Step.Text())
	}
	for _, p := range st.Taken {
		if !p.Until.IsZero() {
			add("step %d   %s: %s", p.Number, provisionalText(p, st.At, st.Running), p.Step.Text())
		}
	}
	if st.Plan != nil {
		add("%s", st.Plan.text())
	}
	if st.Look == nil {
		add("%s", "no run has left a sample: --look takes one")
		return lines
	}
	add("%s", "")
	age := st.At.Sub(st.Look.At).Round(time.Second)
	for _, x := range st.Look.Servers {
		bar := max(10, min(60, width-60))
		add("%-10s %s worst case %d of %d, %s   (seen %v ago)", x.Name, fullBar(x.WorstConns, x.BudgetConns, bar),
			x.WorstConns, x.BudgetConns, spareText(x.SpareConns), age)
		if x.SpareConns < 0 {
			lines[len(lines)-1] = o.warn(lines[len(lines)-1])
		}
	}
	for _, x := range st.Look.Signals {
		add("%-10s %s %s   %s", x.Server, x.Name, signalNow(x), levels(x))
		if x.Held {
			lines[len(lines)-1] = o.warn(lines[len(lines)-1])
		}
	}
	add("%s", "")
	return append(lines, o.poolLines(st.Look.Pools, width)...)
}

// poolLines are a row for each pool: sizes in columns, and what is left of the width for pictures of use and wait.
func (o output) poolLines(pools []poolSample, width int) (lines []string) {
	name := len("POOL")
	for _, p := range pools {
		name = max(name, runewidth.StringWidth(quote.Line(p.Pool)))
	}
	name = min(name, max(len("POOL"), width/3))
	const numbers = len("  SIZE          OPEN  USE    WAIT      WAITING")
	picture := max(0, min(mostPoints, (width-name-numbers-4)/2))
	row := func(cells ...string) string { return strings.TrimRight(strings.Join(cells, "  "), " ") }
	lines = append(lines, o.bold(runewidth.Truncate(row(pad("POOL", name), pad("SIZE", 12), left("OPEN", 4),
		left("USE", 4), pad("", picture), left("WAIT", 8), pad("", picture), left("WAITING", 7)), width, "…")))
	for _, p := range pools {
		var use, wait []float64
		for _, x := range p.Past {
			use, wait = append(use, float64(x.Active)), append(wait, float64(x.Wait))
		}
		size, now := fmt.Sprint(p.Size), point{}
		if p.Goal > 0 && p.Goal != p.Size {
			size += fmt.Sprintf(" → %d", p.Goal)
		}
		if n := len(p.Past); n > 0 {
			now = p.Past[n-1]
		}
		line := runewidth.Truncate(row(pad(quote.Line(p.Pool), name), pad(size, 12), left(fmt.Sprint(p.Conns), 4),
			left(fmt.Sprint(now.Active), 4), sparkline(use, picture, float64(p.Conns)), left(meanWait(now.Wait), 8),
			sparkline(wait, picture, float64(10*time.Millisecond)), left(fmt.Sprint(p.Waiting), 7)), width, "…")
		switch {
		case !o.color || p.Goal == 0 || p.Goal == p.Size:
		case p.Goal > p.Size:
			line = text.FgGreen.Sprint(line)
		default:
			line = text.FgCyan.Sprint(line)
		}
		lines = append(lines, line)
	}
	return lines
}

// pad fills a cell to so many columns; a longer one is cut.
func pad(s string, columns int) string {
	return runewidth.FillRight(runewidth.Truncate(s, columns, "…"), columns)
}

// left is pad with the text at the right, as numbers stand.
func left(s string, columns int) string {
	return runewidth.FillLeft(runewidth.Truncate(s, columns, "…"), columns)
}

// meanWait is a mean wait with as many digits as a screen needs.
func meanWait(d time.Duration) string {
	switch {
	case d <= 0:
		return "0 ms"
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// sparks are the heights of a picture of numbers; nothing is a blank, so that the least there is stands out.
var sparks = []rune(" ▁▂▃▄▅▆▇█")

// sparkline draws the newest values, the highest of which, or least where that is more, has the full height. A value
// above 0 is never drawn as nothing.
func sparkline(values []float64, columns int, least float64) string {
	values = values[max(0, len(values)-columns):]
	most := least
	for _, v := range values {
		most = max(most, v)
	}
	out := strings.Repeat(" ", max(0, columns-len(values)))
	for _, v := range values {
		k := 0
		if most > 0 && v > 0 {
			k = min(len(sparks)-1, max(1, int(math.Ceil(v/most*float64(len(sparks)-1)-1e-9))))
		}
		out += string(sparks[k])
	}
	return out
}

// fullBar draws how much of a budget is taken. What is over it fills the bar.
func fullBar(worst, budget, columns int) string {
	full := columns
	if budget > 0 {
		full = min(columns, max(0, worst*columns/budget))
	}
	return strings.Repeat("█", full) + strings.Repeat("·", columns-full)
}

// signalNow is the newest reading of a signal.
func signalNow(x control.SignalNow) string {
	if !x.Value.Known() {
		return "not known: " + x.Why
	}
	return fmt.Sprintf("%.3g", float64(x.Value))
}

// levels are those of a signal.
func levels(x control.SignalNow) string {
	var parts []string
	if x.Hold.Known() {
		parts = append(parts, fmt.Sprintf("hold above %.3g", float64(x.Hold)))
	}
	if x.Abort.Known() {
		parts = append(parts, fmt.Sprintf("abort above %.3g", float64(x.Abort)))
	}
	if x.Held {
		parts = slices.Insert(parts, 0, "held")
	}
	return strings.Join(parts, ", ")
}
