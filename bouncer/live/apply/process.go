package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// processChange is one process about to be changed.
type processChange struct {
	console *admin.Console
	config  observe.Config
	sets    []fleet.SettingChange
	recycle bool // accepted
	all     *Applier
}

// do writes, tells the process to RELOAD, and reads back.
func (x processChange) do(ctx context.Context) error {
	x.console.Changing.Lock()
	defer x.console.Changing.Unlock()
	if err := ctx.Err(); err != nil {
		return admin.Fail(operr.KindUnreachable, x.console.ID, "", "the file is unchanged: %w", err)
	}
	edits, file, before, err := x.prepare(ctx)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // what begins is seen to its end, each call in its own time
	for i, e := range edits {
		err := x.guarded(ctx)
		if err == nil {
			err = x.write(ctx, e)
		}
		if err != nil {
			back := x.putBack(ctx, edits[:i])
			if back == nil {
				x.settle(paths(edits[:i]))
			}
			return errors.Join(err, back)
		}
	}
	if len(edits) == 0 && before.Missing(x.sets) == nil {
		x.settle(file.SizeFiles())
		return nil
	}
	if err := x.guarded(ctx); err != nil {
		back := x.putBack(ctx, edits)
		if back == nil {
			x.settle(paths(edits))
		}
		return errors.Join(err, back)
	}
	if x.flushesProcess(before) {
		err = x.console.Lives(ctx, x.sets[0].To)
	} else {
		err = x.console.Reload(ctx)
	}
	now, seen := x.console.InForce(ctx)
	missing := now.Missing(x.sets)
	if missing == nil && seen == nil {
		missing = now.Changed(before, x.sets)
	}
	switch {
	case seen == nil && missing == nil && !refused(err):
		x.settle(file.SizeFiles())
		return nil
	case seen != nil: // it does not answer: whether it took the sets is not known, and no file is right or wrong
		return errors.Join(err, seen)
	case err == nil:
		err = fmt.Errorf("RELOAD was answered, and %w", missing)
	}
	if x.flushesProcess(before) {
		return admin.Fail(operr.KindDrift, x.console.ID, "check SHOW CONFIG and the process's log",
			"SET server_lifetime: %w", err)
	}
	if len(edits) == 0 {
		return admin.Fail(operr.KindDrift, x.console.ID, "read the process's log: its file has a line that it cannot load",
			"the file says it, and %w", err)
	}
	if back := x.putBack(ctx, edits); back != nil {
		return admin.Fail(operr.KindDrift, x.console.ID, "check the file and the process at once"+x.saved(edits),
			"%w; and its old file could not be put back: %w", err, back)
	}
	x.settle(paths(edits))
	if operr.KindOf(err) == operr.KindEvidence { // it may not be told: nothing is wrong with the file
		return fmt.Errorf("%w; its old file is back", err)
	}
	return admin.Fail(operr.KindDrift, x.console.ID, "read the process's log: its file has a line that it cannot load",
		"%w; its old file is back", err)
}

// refused reports whether the process answered a command with an error. One whose answer was lost on its way may have
// done it: what the process has in force tells.
func refused(err error) bool {
	return err != nil && operr.KindOf(err) != operr.KindUnreachable || admin.SqlState(err) != ""
}

// flushesProcess reports whether the sets are a flush, or its end, that touches no file: before PgBouncer 1.23.
func (x processChange) flushesProcess(now admin.InForce) bool {
	return len(x.sets) > 0 && x.sets[0].Key == fleet.KeyLifetime && !now.LinesLive()
}

// putBack restores files and lets the process read them.
func (x processChange) putBack(ctx context.Context, edits []ini.Edited) error {
	if len(edits) == 0 {
		return nil
	}
	var errs []error
	for _, e := range edits {
		errs = append(errs, x.config.Store.(observe.Bounded).WriteAnyway(ctx, e.Path, e.New, e.Old))
	}
	_ = x.console.Reload(ctx) // its answer tells nothing before 1.25; the sample of what it has does
	now, err := x.console.InForce(ctx)
	if err != nil {
		return admin.Joined(append(errs, err))
	}
	for _, s := range x.sets {
		if at, _ := now.Value(s); at != s.From {
			errs = append(errs, fmt.Errorf("%s of %s is %d, and was %d", s.Key, s.Alias, at, s.From))
		}
	}
	return admin.Joined(errs)
}

// guarded asks the guard of the applier.
func (x processChange) guarded(ctx context.Context) error {
	if x.all.guard == nil || x.endsFlush() {
		return nil
	}
	err := x.all.guard(ctx)
	if err == nil || busyAnywhere(err) || slices.ContainsFunc(x.sets, fleet.SettingChange.Grows) {
		return err
	}
	return nil
}

// busyAnywhere reports whether one of the joined errors is of KindBusy.
func busyAnywhere(err error) bool {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return slices.ContainsFunc(several.Unwrap(), busyAnywhere)
	}
	return operr.KindOf(err) == operr.KindBusy
}

// endsFlush reports whether the sets do nothing but give a server_lifetime back.
func (x processChange) endsFlush() bool {
	return !slices.ContainsFunc(x.sets, func(s fleet.SettingChange) bool {
		return s.Key != fleet.KeyLifetime ||
			s.To == 1
	})
}
