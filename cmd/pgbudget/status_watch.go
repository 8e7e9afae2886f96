package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/mattn/go-runewidth"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// watchEvery is how often --watch shows the state. chosen: 2 s because a run takes a sample every second while it acts,
// and every five in a soak.
const watchEvery = 2 * time.Second

// leastWatchEvery bounds --refresh from below. chosen: a journal is read each time.
const leastWatchEvery = 200 * time.Millisecond

// What a terminal is told. Source: ECMA-48, and the private modes of xterm for the alternate screen and the cursor.
const (
	screenOpen  = "\x1b[?1049h\x1b[?25l"
	screenClose = "\x1b[?25h\x1b[?1049l"
	screenHome  = "\x1b[H"
	lineRest    = "\x1b[K" // erase the rest of the line
	screenRest  = "\x1b[J" // erase what is below
)

// watchStatus shows the state until a signal ends it: in place on a terminal, and a line each time elsewhere.
func (s source) watchStatus(c *cli.Context, out output) error {
	every := c.Duration("refresh")
	switch {
	case every < leastWatchEvery:
		return usage("--refresh 2s", "--refresh is %v, want %v at least", every, leastWatchEvery)
	case out.format == "yaml":
		return usage("-o json prints a document a line", "--watch prints no YAML")
	}
	f, isFile := stdout.w.(*os.File)
	screen := out.format == "table" && isFile && isatty.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb"
	if screen {
		fmt.Fprint(f, screenOpen)
		defer fmt.Fprint(f, screenClose)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		st, err := s.status(c.Context, c.Bool("look"))
		if c.Context.Err() != nil {
			return errRan // that is how it ends
		}
		if err != nil {
			return err
		}
		switch {
		case screen:
			err = out.frame(f, st)
		case out.format == "json":
			err = jsonLine(out.w, st)
		default:
			_, err = fmt.Fprintln(out.w, watchLine(st))
		}
		if err != nil || stdout.err != nil {
			return err
		}
		select {
		case <-c.Context.Done():
			return errRan
		case <-tick.C:
		}
	}
}

// jsonLine prints a document in one line.
func jsonLine(w io.Writer, st status) error {
	b, err := json.Marshal(st)
	if err == nil {
		_, err = w.Write(append(b, '\n'))
	}
	return err
}

// frame shows the state on a terminal, in place of the one before.
func (o output) frame(f *os.File, st status) error {
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	b := bufio.NewWriter(f)
	fmt.Fprint(b, screenHome)
	for _, line := range fitHeight(o.screen(st, width), height-1, width) { // the cursor stands in the last row
		fmt.Fprint(b, line, lineRest, "\r\n")
	}
	fmt.Fprint(b, screenRest)
	return b.Flush()
}

// fitHeight leaves out what does not fit into so many rows, and says in the last of them how many lines that are.
func fitHeight(lines []string, rows, width int) []string {
	if rows = max(1, rows); len(lines) <= rows {
		return lines
	}
	more := fmt.Sprintf("… %d lines more, of a terminal of %d rows", len(lines)-rows+1, rows+1)
	return append(slices.Clone(lines[:rows-1]), runewidth.Truncate(more, width, "…"))
}

// watchLine is the state in one line.
func watchLine(st status) string {
	parts := []string{st.At.UTC().Format("15:04:05Z")}
	if look := st.Look; look != nil {
		for _, x := range look.Servers {
			parts = append(parts, fmt.Sprintf("%s worst case %d of %d", x.Name, x.WorstConns, x.BudgetConns))
		}
		waiting := 0
		for _, p := range look.Pools {
			waiting += p.Waiting
		}
		parts = append(parts, fmt.Sprintf("%d clients wait", waiting),
			fmt.Sprintf("seen %v ago", st.At.Sub(look.At).Round(time.Second)))
	}
	return strings.Join(append(parts, st.doing()), "; ")
}

// doing is what the run does, or why nothing is done.
func (s status) doing() string {
	number := ""
	if s.Step != nil && s.Number > 0 {
		number = fmt.Sprintf("step %d: ", s.Number)
	}
	switch {
	case s.Paused != "":
		return s.Paused
	case s.Held != "":
		return "held: " + s.Held
	case s.Running && s.Look != nil && s.Look.Doing != "" && !s.Look.At.Before(s.began):
		text := number + s.Look.Doing
		if s.Look.SoakLeft > 0 {
			text += fmt.Sprintf(", %v left", s.Look.SoakLeft.Round(time.Second))
		}
		return text
	case s.Running:
		return "a run is in progress"
	case s.Died:
		return "the newest run recorded no end: " + s.next
	case s.Step != nil:
		return number + s.Step.Text() + " is in hand, and no run is in progress"
	}
	return "no run is in progress"
}
