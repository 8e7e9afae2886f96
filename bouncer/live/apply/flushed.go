package apply

import (
	"context"
	"fmt"
	"slices"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// restoreSharers gives flushed lines their lifetime back in the processes that read the same file and have taken the
// flush from it: one was told to RELOAD by somebody else, or has been started, while it stood there. It comes after the
// process that was flushed; where the file could not be made right for that one, it is tried for these. One that does
// not answer is left: it has the right file once it starts.
func (h *Applier) restoreSharers(ctx context.Context, action state.Action) error {
	var sets []fleet.SettingChange
	for _, f := range h.configs {
		i := slices.IndexFunc(h.fleet.Consoles, func(c *admin.Console) bool { return c.ID == f.Process })
		if i < 0 {
			continue
		}
		c := h.fleet.Consoles[i]
		for _, x := range action.Changes {
			given := slices.ContainsFunc(append(sets, action.Changes...),
				func(y fleet.SettingChange) bool { return y.Process == c.ID && y.Alias == x.Alias })
			if given || x.Key != fleet.KeyLifetime || x.To <= 1 || x.Group() != c.Group || !h.share(x.Process, c.ID) {
				continue
			}
			back := fleet.SettingChange{Process: c.ID, Alias: x.Alias, Key: x.Key, From: x.From, To: x.To}
			if now, err := c.InForce(ctx); err != nil || !now.LinesLive() || !now.Has(back, x.From) {
				continue
			}
			sets = append(sets, back)
		}
	}
	targets, err := h.reachEach(sets)
	if err != nil || len(targets) == 0 {
		return err
	}
	return applyBy(ctx, action, targets)
}

// loadable refuses to write a flush into a file that a process reads, too, whose version could not load it: its next
// RELOAD would fail, and a restart end it. What ends a flush is never refused.
func (x processChange) loadable(edits []ini.Edited) error {
	flushes := func(s fleet.SettingChange) bool { return s.Key == fleet.KeyLifetime && s.To == state.FlushLifetime }
	if !slices.ContainsFunc(x.sets, flushes) {
		return nil
	}
	for _, e := range edits {
		for _, c := range x.all.fleet.Files {
			known := x.all.fleet.Known(c.Process)
			if c.Process == x.console.ID || known.Version == "" || fleet.VersionAtLeast(known.Version, 1, 23) {
				continue
			}
			if x.reads(c, e.Path, known.Sizes) {
				return admin.Fail(operr.KindUsage, e.Path, "give each version a file of its own for its lines of [databases]",
					"%s reads it, too, and its PgBouncer %s cannot load a server_lifetime on a line: nothing is flushed by it",
					c.Process, known.Version)
			}
		}
	}
	return nil
}

// share reports whether two processes have the lines of their databases in one file, by whichever path, as far as
// those have been read.
func (h *Applier) share(a, b string) bool {
	of := func(id string) int {
		return slices.IndexFunc(h.fleet.Files, func(c observe.Config) bool { return c.Process == id })
	}
	i, j := of(a), of(b)
	if i < 0 || j < 0 {
		return false
	}
	x, other, theirs := processChange{config: h.fleet.Files[i]}, h.fleet.Files[j], h.fleet.Known(b).Sizes
	return slices.ContainsFunc(h.fleet.Known(a).Sizes, func(path string) bool { return x.reads(other, path, theirs) })
}

// strayFlushes notes lines of the file that say what a flush writes, and that no flush known here has written: a
// journal may be lost.
func (x processChange) strayFlushes(file ini.Config) {
	known := append(x.before(), x.sets...)
	for _, d := range file.Databases() {
		ours := slices.ContainsFunc(known, func(s fleet.SettingChange) bool {
			return s.Key == fleet.KeyLifetime &&
				s.Alias == d.Alias
		})
		if d.LifetimeSeconds == 1 && !ours {
			x.all.pending.note(noted{what: noteStrayFlush, about: x.console.ID, key: d.Alias},
				fmt.Sprintf("%s: server_lifetime of %s is 1 second in its file, so that connections end all the time: "+
					"a flush that no journal knows of may have left it; write the lifetime of before into the line, and RELOAD",
					x.console.ID, d.Alias))
		}
	}
}
