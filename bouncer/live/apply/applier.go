package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// Applier changes the fleet that was opened. One goroutine at a time uses an Applier, but for a Retreat; a sample may
// be taken meanwhile.
type Applier struct {
	fleet   *observe.Fleet
	configs []observe.Config
	recycle bool
	pending waiting
	files   *observe.Files
	guard   func(ctx context.Context) error // see Guard

	mu   sync.Mutex
	told []fleet.SettingChange // what actions before were to make so, of which nobody knows whether they did
}

// Told says of which sets, by actions before, nobody knows whether they were done: a file may say what they make of it,
// and a RELOAD for another action may bring it.
func (h *Applier) Told(sets []fleet.SettingChange) { h.told = slices.Clone(sets) }

// tell keeps sets of an action that begins, or forgets all of their lines once it is done: but for a flush, whose file
// any process that reads it may take, until its end.
func (h *Applier) tell(sets []fleet.SettingChange, done bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !done {
		h.told = append(h.told, sets...)
		return
	}
	h.told = slices.DeleteFunc(h.told, func(t fleet.SettingChange) bool { return slices.ContainsFunc(sets, t.Same) })
	for _, x := range sets {
		if x.Key == fleet.KeyLifetime && x.To == 1 {
			h.told = append(h.told, x)
		}
	}
}

var _ bouncer.Applier = (*Applier)(nil)

// AcceptRecycling lets a RELOAD recycle every server connection of a process; see fleet.Recycles. Without it such a
// process is left alone.
func (h *Applier) AcceptRecycling() { h.recycle = true }

// New returns the applier of a fleet. A process without a config cannot be changed.
func New(f *observe.Fleet, configs []observe.Config) *Applier {
	return &Applier{fleet: f, files: &f.Locks, configs: f.Bounded(configs)}
}

// Apply writes an action's sets, tells the processes to RELOAD, and reads back what they have: the first process by
// itself, then the others at once. Where a process does not take its sets, its old file is put back, it is told to
// RELOAD again, and the error, of KindDrift, says whether that worked. Nothing is begun that was not tried: a file
// that cannot be edited or written, or that holds what its process does not have yet, is refused before anything is
// written. With a process that it has begun with when ctx ends it goes on to its end, and begins with no other. A
// Retreat asks all of them at once, each by itself, and may be applied while another action is: a process that is being
// changed by that is waited for. So does a Restore: one process that is gone keeps no other from it.
func (h *Applier) Apply(ctx context.Context, action state.Action) error {
	targets, err := h.reach(action.Changes)
	if apart(action) {
		targets, err = h.reachEach(action.Changes)
	}
	if err != nil && !apart(action) || len(targets) == 0 {
		return err
	}
	h.tell(action.Changes, false)
	err = errors.Join(err, applyBy(ctx, action, targets))
	if action.Kind == state.Restore {
		err = errors.Join(err, h.restoreSharers(ctx, action))
	}
	if err == nil {
		h.tell(action.Changes, true)
	}
	return err
}

// apart reports whether each process takes its part of an action by itself.
func apart(action state.Action) bool {
	return action.Kind == state.Retreat || action.Kind == state.Restore
}

// reachEach is reach of every process that can be: the error is of the others.
func (h *Applier) reachEach(sets []fleet.SettingChange) ([]processChange, error) {
	var targets []processChange
	var errs []error
	for _, x := range sets {
		if n := len(targets); n > 0 && targets[n-1].console.ID == x.Process {
			targets[n-1].sets = append(targets[n-1].sets, x)
			continue
		}
		one, err := h.reach([]fleet.SettingChange{x})
		targets, errs = append(targets, one...), append(errs, err)
	}
	return targets, admin.Joined(errs)
}

// applyBy is Apply by this applier.
func applyBy(ctx context.Context, action state.Action, targets []processChange) error {
	if apart(action) {
		return admin.Joined(admin.Together(len(targets), func(i int) error { return targets[i].do(ctx) }))
	}
	if err := admin.Joined(admin.Together(len(targets),
		func(i int) error { _, err := targets[i].try(ctx); return err })); err != nil {
		return err
	}
	if err := targets[0].do(ctx); err != nil { // the canary
		return err
	}
	rows := byStore(targets[1:])
	return admin.Joined(admin.Together(len(rows), func(i int) error {
		var errs []error
		for _, x := range rows[i] {
			errs = append(errs, x.do(ctx))
		}
		return admin.Joined(errs)
	}))
}

// Check prepares every process for the sets and tries the writes: what Apply would refuse is refused now, and so are
// keys of AcceptPending that no RELOAD would change. The files themselves are read alone.
func (h *Applier) Check(ctx context.Context, sets []fleet.SettingChange) error {
	_, err := h.prepared(sets, func(x processChange) ([]ini.Edited, error) { return x.try(ctx) })
	if err != nil {
		return err
	}
	return h.CheckAccepted(ctx)
}

// CheckShared refuses to begin with sets that stand in a file which a process of another group reads, too, as far as
// its file has been read: its next RELOAD would move its pools, and nobody would have counted them.
func (h *Applier) CheckShared(ctx context.Context, sets []fleet.SettingChange) error {
	_, err := h.prepared(sets, func(x processChange) ([]ini.Edited, error) {
		edits, _, _, err := x.edits(ctx)
		for _, e := range edits {
			if other := x.sharer(e.Path); other != "" && err == nil {
				err = operr.By(operr.RuleShared, admin.Fail(operr.KindUsage, e.Path,
					"give each group a file of its own for its lines of [databases]",
					"%s, a process of another group, reads this file, too: its next RELOAD would change its pools, which no plan "+
						"has counted", other))
			}
		}
		return nil, err
	})
	return err
}

// CheckFiles reads the file of every process that has a config and writes nothing. It refuses what Check does of sizes
// and of what they are planned from: a file that says something else than what its process has in force, and one that
// something else manages. A step with nothing to do would see neither. No RELOAD follows, so that other keys that wait
// for one are among PendingNotes. With processes, it is about these alone.
func (h *Applier) CheckFiles(ctx context.Context, processes ...string) error {
	h.fleet.Mu.Lock()
	targets := slices.DeleteFunc(h.every(), func(x processChange) bool {
		return len(processes) > 0 && !slices.Contains(processes, x.console.ID)
	})
	err := admin.Joined(admin.Together(len(targets), func(i int) error {
		_, _, _,
			err := targets[i].prepare(ctx)
		return err
	}))
	h.fleet.Mu.Unlock()
	if err != nil {
		return err
	}
	return h.CheckAccepted(ctx)
}

// CheckKept refuses, with an error of KindDrift, what the files of these processes say of sizes and of what they are
// planned from, and what the processes do not have in force: somebody has put an old file back, say. Whoever manages a
// file may.
func (h *Applier) CheckKept(ctx context.Context, processes []string) error {
	h.fleet.Mu.Lock()
	defer h.fleet.Mu.Unlock()
	targets := slices.DeleteFunc(h.every(), func(x processChange) bool {
		return !slices.Contains(processes, x.console.ID)
	})
	return admin.Joined(admin.Together(len(targets), func(i int) error {
		_, _, _, err := targets[i].edits(ctx)
		return err
	}))
}

// Edits returns what the sets change in the files, one edit a process: of a file that something else manages, too,
// which Apply refuses to write.
func (h *Applier) Edits(ctx context.Context, sets []fleet.SettingChange) ([]ini.Edited, error) {
	edits, err := h.prepared(sets, func(x processChange) ([]ini.Edited, error) {
		edits, _, _, err := x.edits(ctx)
		return edits, err
	})
	if err == nil {
		err = h.CheckAccepted(ctx)
	}
	return edits, err
}

// prepared asks every process that the sets name at once.
func (h *Applier) prepared(sets []fleet.SettingChange, ask func(processChange) ([]ini.Edited, error)) ([]ini.Edited,
	error) {
	h.fleet.Mu.Lock()
	defer h.fleet.Mu.Unlock()
	targets, err := h.reach(sets)
	if err != nil {
		return nil, err
	}
	edits := make([][]ini.Edited, len(targets))
	err = admin.Joined(admin.Together(len(targets), func(i int) (err error) {
		edits[i], err = ask(targets[i])
		return err
	}))
	return slices.Concat(edits...), err
}

// reach finds console and config of every process that the sets name.
func (h *Applier) reach(sets []fleet.SettingChange) ([]processChange, error) {
	var targets []processChange
	for _, x := range sets {
		if n := len(targets); n > 0 && targets[n-1].console.ID == x.Process {
			targets[n-1].sets = append(targets[n-1].sets, x)
			continue
		}
		c := slices.IndexFunc(h.fleet.Consoles, func(c *admin.Console) bool { return c.ID == x.Process })
		if c < 0 {
			return nil, admin.Fail(operr.KindDrift, x.Process, "", "there is no such process")
		}
		f := slices.IndexFunc(h.configs, func(f observe.Config) bool { return f.Process == x.Process })
		if f < 0 {
			return nil, admin.Fail(operr.KindUsage, x.Process,
				"write config: beside its console: into pgbudget.yaml, the path of its pgbouncer.ini",
				"the path of its pgbouncer.ini is not known")
		}
		targets = append(targets, processChange{h.fleet.Consoles[c], h.configs[f], []fleet.SettingChange{x}, h.recycle, h})
	}
	return targets, nil
}

// byStore puts processes of one store into one row, done one after the other: they may share a file, or include one.
func byStore(targets []processChange) [][]processChange {
	var out [][]processChange
	for _, x := range targets {
		i := slices.IndexFunc(out,
			func(row []processChange) bool { return fmt.Sprint(row[0].config.Store) == fmt.Sprint(x.config.Store) })
		if i < 0 {
			out = append(out, []processChange{x})
		} else {
			out[i] = append(out[i], x)
		}
	}
	return out
}

// Guard sets what is asked before each write of a process's files, and again before it is told to read them: an error
// stops the action there, and what is written of that process is put back. Where the error is not of KindBusy, nobody
// can tell whether another is at work: then what grows nothing goes on, so that a server that hangs keeps no pool from
// shrinking. What ends a flush is not asked about: it moves no size. It is set before the applier is used.
func (h *Applier) Guard(ask func(ctx context.Context) error) { h.guard = ask }
