package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/words"
)

func diffCommand() *cli.Command {
	return &cli.Command{
		Name:  "diff",
		Usage: "list sizes on which process, file and journal differ",
		Description: "Takes one sample and reads every file; changes nothing. Ends with 11 where something differs.\n\n" +
			"Examples:\n" +
			"  pgbudget diff\n" +
			"  pgbudget diff --all",
		Flags: slices.Concat(oneSampleFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "list the sizes that agree, too"},
		}, formatFlags()),
		Action: withSource("", func(c *cli.Context, out output, s source) error {
			if err := s.movable(); err != nil {
				return err
			}
			m, err := newRunner(c.Context, s, true)
			if err != nil {
				return err
			}
			defer m.close()
			o, err := m.session.live.Observe(c.Context)
			if err != nil {
				return err
			}
			d := differences(o, m.applier.Filed(c.Context), m.journalState)
			waits, err := m.applier.Rendered(c.Context)
			for _, r := range waits {
				d.Waits = append(d.Waits, r.Text())
			}
			if err != nil && len(d.Unread) == 0 {
				d.Unread = append(d.Unread, err.Error())
			}
			if !c.Bool("all") {
				d.Sizes = slices.DeleteFunc(d.Sizes, func(x sizeDiff) bool { return !x.Differs })
			}
			if err = nil; out.format != "table" {
				err = out.data(d)
			} else {
				out.differences(d)
			}
			if err == nil && (d.Differ > 0 || len(d.Uneven)+len(d.Unread)+len(d.Waits) > 0) {
				err = errFound
			}
			return err
		}),
	}
}

// sizeDiff is one size of one line of a process; null: that place does not say it.
type sizeDiff struct {
	Process string    `json:"process"`
	Alias   string    `json:"alias"`
	Key     fleet.Key `json:"key"`
	Running *int      `json:"running"` // in force, by SHOW DATABASES
	File    *int      `json:"file"`    // by the file of the process
	Journal *int      `json:"journal"` // as pgbudget wrote it last
	At      string    `json:"at,omitempty"`
	Differs bool      `json:"differs"`
}

// diffs is every size of a fleet.
type diffs struct {
	Sizes  []sizeDiff `json:"sizes"`
	Lines  int        `json:"lines"`            // that were compared
	Differ int        `json:"differ"`           // sizes that differ
	Uneven []string   `json:"uneven,omitempty"` // pools whose processes run with other sizes, a sentence each
	Unread []string   `json:"unread,omitempty"`
	Waits  []string   `json:"waits,omitempty"` // for the next rendering of a file, a sentence each
	// processes of which the config names no file: what runs was held against the journal alone
	Unfiled []string `json:"unfiled,omitempty"`
}

// uneven names the pools whose processes run with other sizes than each other: a step that stopped half-way, or
// somebody who changed one of them.
func uneven(o fleet.Observation) (texts []string) {
	for _, id := range fleet.PoolIDs(o) {
		var sizes []string
		differ, first := false, 0
		for _, p := range o.Processes {
			a, shown := p.AliasOf(id)
			if !shown || a.Gone {
				continue
			}
			if len(sizes) == 0 {
				first = a.SizeConns
			}
			differ = differ || a.SizeConns != first
			sizes = append(sizes, fmt.Sprintf("%d in %s", a.SizeConns, p.ID))
		}
		if differ {
			texts = append(texts, fmt.Sprintf("%s runs with pool_size %s: pgbudget step makes them equal first", id,
				strings.Join(sizes, ", ")))
		}
	}
	return texts
}

// differences compares what runs, what is filed and what was written, line by line.
func differences(o fleet.Observation, filed []apply.Filed, m state.JournalState) diffs {
	d := diffs{Sizes: []sizeDiff{}, Uneven: uneven(o)}
	for _, f := range filed {
		if f.Err != nil {
			d.Unread = append(d.Unread, f.Err.Error())
			continue
		}
		running := map[string]fleet.Alias{}
		for _, p := range o.Processes {
			if p.ID == f.Process {
				for _, a := range p.Aliases {
					running[a.Name] = a
				}
			}
		}
		lines := f.Config.Databases()
		star := slices.ContainsFunc(lines, func(l ini.Database) bool { return l.Alias == fleet.AutoDB })
		for _, line := range lines {
			d.Lines++
			a, runs := running[line.Alias]
			delete(running, line.Alias)
			size := sizeDiff{Process: f.Process, Alias: line.Alias, Key: fleet.KeySize, File: new(line.SizeConns),
				At: fmt.Sprintf("%s:%d", line.File, line.Line)}
			reserve := size
			reserve.Key, reserve.File = fleet.KeyReserve, new(line.ReserveConns)
			if runs {
				size.Running, reserve.Running = new(a.SizeConns), new(a.ReserveConns)
			}
			d.add(size, m, star)
			d.add(reserve, m, star)
		}
		for _, name := range slices.Sorted(maps.Keys(running)) {
			if a := running[name]; a.Name != fleet.AutoDB && !a.Gone {
				d.add(sizeDiff{Process: f.Process, Alias: name, Key: fleet.KeySize, Running: new(a.SizeConns)}, m, star)
			}
		}
	}
	for _, p := range o.Processes { // of a process without a config what runs is held against the journal
		if slices.ContainsFunc(filed, func(f apply.Filed) bool { return f.Process == p.ID }) {
			continue
		}
		d.Unfiled = append(d.Unfiled, p.ID)
		for _, a := range p.Aliases {
			if a.Name == fleet.AutoDB || a.Gone || a.Hidden {
				continue
			}
			d.Lines++
			for key, conns := range map[fleet.Key]int{fleet.KeySize: a.SizeConns, fleet.KeyReserve: a.ReserveConns} {
				d.add(sizeDiff{Process: p.ID, Alias: a.Name, Key: key, Running: new(conns)}, m, true)
			}
		}
	}
	slices.SortStableFunc(d.Sizes, func(a, b sizeDiff) int {
		return cmp.Or(cmp.Compare(a.Process, b.Process), cmp.Compare(a.Alias, b.Alias), -cmp.Compare(a.Key, b.Key))
	})
	return d
}

// add adds a size, with what the journal has of it. Where the file has a line of *, no console shows that line, and no
// file the databases that it has made: what one of them lacks is then no difference.
func (d *diffs) add(x sizeDiff, m state.JournalState, star bool) {
	w, known := m.Line(fleet.SettingChange{Process: x.Process, Alias: x.Alias, Key: x.Key})
	other := false
	if known {
		x.Journal = new(w.To)
		other = x.Running != nil && *x.Running != w.To && *x.Running != w.Or
	}
	lacks := (x.Running == nil) != (x.File == nil) && !star
	x.Differs = other || lacks || x.Running != nil && x.File != nil && *x.Running != *x.File
	none := func(n *int) bool { return n == nil || *n == 0 }
	if x.Key == fleet.KeyReserve && none(x.Running) && none(x.File) && none(x.Journal) {
		return
	}
	if x.Differs {
		d.Differ++
	}
	d.Sizes = append(d.Sizes, x)
}

// inPlace is a size that a place says, or a dash where it says none.
func inPlace(n *int) string {
	if n == nil {
		return "–"
	}
	return fmt.Sprint(*n)
}

// differences prints a row for each size, and how many there are.
func (o output) differences(d diffs) {
	if len(d.Sizes) > 0 {
		t := o.table("PROCESS", "ALIAS", "KEY", "RUNNING", "FILE", "JOURNAL", "LINE")
		for _, x := range d.Sizes {
			t.AppendRow([]any{x.Process, x.Alias, x.Key, inPlace(x.Running), inPlace(x.File), inPlace(x.Journal), x.At})
		}
		t.Render()
	}
	for _, text := range slices.Concat(d.Uneven, d.Unread, d.Waits) {
		fmt.Fprintln(o.w, o.warn("! "+text))
	}
	text := "all sizes agree"
	switch {
	case d.Differ == 0 && len(d.Waits) > 0:
		text = "what runs agrees, and not with what is rendered next"
	case d.Differ == 0 && len(d.Uneven) > 0:
		text = "each process has what its file says"
	case d.Differ > 0:
		text = words.Count(d.Differ, "size") + " " + words.Plural(d.Differ, "differs", "differ")
	}
	fmt.Fprintf(o.w, "%s: %s compared\n", text, words.Count(d.Lines, "line"))
	if len(d.Unfiled) > 0 {
		fmt.Fprintf(o.w, "no file was read of %s: the config names none\n", strings.Join(d.Unfiled, ", "))
	}
}
