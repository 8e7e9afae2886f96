package apply

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// prepare is edits, where nothing else manages the files, or nothing is left to write or to tell the process. Of a file
// that is managed and says something else than its process has, the keeper is told: it has put the old size back.
func (x processChange) prepare(ctx context.Context) ([]ini.Edited, ini.Config, admin.InForce, error) {
	edits, file, now, err := x.edits(ctx)
	if err == nil && len(x.sets) > 0 && len(edits) == 0 && now.Missing(x.sets) == nil {
		return nil, file, now, nil
	}
	if kept := x.managed(ctx, file); kept != nil {
		return nil, file, now, operr.By(operr.RuleManaged, admin.Fail(operr.KindUsage, "",
			"change the size where the file comes from; --emit patch prints the change", "%w", kept))
	}
	return edits, file, now, err
}

// try prepares, and tries the writes that are left to make: none where the files say it already.
func (x processChange) try(ctx context.Context) ([]ini.Edited, error) {
	edits, _, _, err := x.prepare(ctx)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, e := range edits {
		errs = append(errs, x.config.Store.(observe.Bounded).Try(ctx, e.Path, e.New))
	}
	return edits, operr.By(operr.RuleWrite, admin.Joined(errs))
}

// sharer is a process of another group whose sizes stand in a file, too, as far as its file has been read; empty: none.
func (x processChange) sharer(path string) string {
	for _, c := range x.all.fleet.Files {
		i := slices.IndexFunc(x.all.fleet.Consoles, func(q *admin.Console) bool { return q.ID == c.Process })
		if i < 0 || x.all.fleet.Consoles[i].Group == x.console.Group {
			continue
		}
		if x.reads(c, path, x.all.fleet.Known(c.Process).Sizes) {
			return c.Process
		}
	}
	return ""
}

// reads reports whether a path of this process's files leads to one of another's.
func (x processChange) reads(other observe.Config, path string, theirs []string) bool {
	return slices.ContainsFunc(theirs, func(of string) bool { return x.same(path, other, of) })
}

// same reports whether a path of this process's files and one of another's lead to one file. A store that can tell has
// the files of this host; of others the paths tell, where both are read in the same way.
func (x processChange) same(path string, other observe.Config, of string) bool {
	type teller interface{ Same(a, b string) bool }
	ours, theirs := x.config.Store.(observe.Bounded).Store, other.Store.(observe.Bounded).Store
	s, ok := ours.(teller)
	if _, both := theirs.(teller); ok && both {
		return s.Same(path, of)
	}
	return fmt.Sprint(ours) == fmt.Sprint(theirs) && filepath.Clean(path) == filepath.Clean(of)
}

// managed names what writes the files of the process; nil: nothing does, as far as can be seen.
func (x processChange) managed(ctx context.Context, file ini.Config) error {
	if kept := file.Managed(); kept != nil {
		return kept
	}
	if kept := x.byOmnibus(ctx, file); kept != nil {
		return kept
	}
	for _, path := range file.SizeFiles() {
		if s, ok := x.config.Store.(observe.Bounded); ok {
			if kept := s.Managed(path); kept != nil {
				return kept
			}
		}
	}
	return nil
}

// edits reads the process and its file and returns the edits that are left to make, the file where it could be read,
// and what the process has before them. A process that has what the sets want, as its file has, needs no right to
// RELOAD.
func (x processChange) edits(ctx context.Context) ([]ini.Edited, ini.Config, admin.InForce, error) {
	now, err := x.console.InForce(ctx)
	if err != nil {
		return nil, ini.Config{}, now, err
	}
	left := now.Missing(x.sets) != nil // something is, whatever the file says
	if left {
		if err := x.mayReload(now); err != nil {
			return nil, ini.Config{}, now, err
		}
	}
	if x.flushesProcess(now) { // no file is touched, and none is asked
		return nil, ini.Config{}, now, nil
	}
	file, err := observe.Load(ctx, x.console, x.config, now)
	if err != nil {
		return nil, ini.Config{}, now, err
	}
	var changes []ini.Change
	for _, s := range x.sets {
		changes = append(changes, ini.Change{Alias: s.Alias, Key: s.Key, From: s.From, To: s.To})
	}
	changes = undone(file, changes)
	if !left && len(changes) > 0 {
		left = true
		if err := x.mayReload(now); err != nil {
			return nil, file, now, err
		}
	}
	if !left {
		x.sets = nil // no RELOAD follows
	}
	if now.Accepted, err = x.pending(file, now); err != nil {
		return nil, file, now, err
	}
	edits, err := file.Edit(changes)
	if err == nil {
		err = x.loadable(edits)
	}
	return edits, file, now, err
}

// mayReload refuses a process that cannot be told to take what its file says, or must not.
func (x processChange) mayReload(now admin.InForce) error {
	if recycles := now.Recycles(); recycles != nil && !x.recycle && !x.flushesProcess(now) {
		return operr.By(operr.RuleRecycle, admin.Fail(operr.KindUsage, x.console.ID,
			"policy: {accept: [recycle]} lets it; or set server_tls_sslmode = disable where no TLS is used, or move to "+
				"PgBouncer 1.24", "%w", recycles))
	}
	return x.console.MayReload(now.Admins)
}

// undone leaves out what the file says already: a process that shares it, or an action that was cut short, wrote it.
func undone(file ini.Config, changes []ini.Change) []ini.Change {
	return slices.DeleteFunc(changes, func(c ini.Change) bool {
		for _, d := range file.Databases() {
			switch {
			case d.Alias != c.Alias:
			case c.Key == fleet.KeyReserve:
				return d.ReserveConns == c.To
			case c.Key == fleet.KeyLifetime:
				return d.LifetimeSeconds == c.To || c.To > 1 && d.LifetimeSeconds != 1
			default:
				return d.SizeConns == c.To
			}
		}
		return false
	})
}
