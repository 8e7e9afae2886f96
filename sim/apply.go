package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

var _ bouncer.Applier = (*World)(nil)

// ApplyLatency is the virtual time from the write of a process's file to its answer after a RELOAD. chosen: 50 ms,
// because a file on a local disk and a console on a quiet network take less; through ssh they take about that.
const ApplyLatency = 50 * time.Millisecond

// Apply writes an action's sets into the files of their processes, tells each to RELOAD and reads back what it has: the
// first process by itself, then the others at once. A process that has not taken its sets gets its old file back, and
// is named in the error. Sets that stand already are left alone.
func (w *World) Apply(ctx context.Context, act state.Action) error {
	var order []string
	sets := map[string][]fleet.SettingChange{}
	for _, x := range act.Changes {
		if sets[x.Process] == nil {
			order = append(order, x.Process)
		}
		sets[x.Process] = append(sets[x.Process], x)
	}
	var failed []error
	for k, id := range order {
		if err := w.applyTo(id, sets[id]); err != nil {
			failed = append(failed, err)
		}
		if k == 0 || k == len(order)-1 {
			if err := w.Sleep(ctx, ApplyLatency); err != nil {
				return err
			}
		}
		if k == 0 && failed != nil {
			break // the canary
		}
	}
	return errors.Join(failed...)
}

// applyTo does one process's part.
func (w *World) applyTo(id string, sets []fleet.SettingChange) error {
	n := slices.IndexFunc(w.processes, func(p *process) bool { return p.id == id })
	if n < 0 {
		return &operr.Error{Kind: operr.KindDrift, Subject: id, Err: errors.New("there is no such process")}
	}
	proc := w.processes[n]
	if !proc.up || proc.silent > 0 {
		return &operr.Error{Kind: operr.KindUnreachable, Subject: id, Err: errNoAnswer}
	}
	var undo []func()
	written := false
	for _, x := range sets {
		a := proc.alias(x.Alias)
		if a == nil {
			return &operr.Error{Kind: operr.KindDrift, Subject: id + "/" + x.Alias, Err: errors.New("there is no such line")}
		}
		value, to := &a.file.size, int64(x.To)
		switch x.Key {
		case fleet.KeyReserve:
			value = &a.file.reserve
		case fleet.KeyLifetime:
			value, to = &a.file.lifetime, to*int64(time.Second)
		}
		from := int64(x.From)
		if x.Key == fleet.KeyLifetime {
			from *= int64(time.Second)
		}
		if old := *value; old != to && old != from { // as the editor of real files has it
			return &operr.Error{Kind: operr.KindDrift, Subject: id + "/" + x.Alias,
				Err: fmt.Errorf("%s is %d, want %d: somebody else has changed the value", x.Key, old, from)}
		}
		if old := *value; old != to {
			written = true
			*value = to
			undo = append(undo, func() { *value = old })
		}
	}
	if !written && proc.shows(sets) {
		return nil
	}
	w.reload(proc)
	if !proc.shows(sets) {
		for _, back := range undo {
			back()
		}
		return &operr.Error{Kind: operr.KindDrift, Subject: id,
			Err:  fmt.Errorf("RELOAD was answered, and the console shows the old sizes: the old file is back"),
			Hint: "read the process's log: the file has a line that it cannot load"}
	}
	return nil
}

// alias returns the process's line of that name; nil: it has none.
func (p *process) alias(name string) *alias {
	for _, a := range p.aliases {
		if a.name == name {
			return a
		}
	}
	return nil
}

// shows reports whether SHOW DATABASES has what was written.
func (p *process) shows(sets []fleet.SettingChange) bool {
	for _, x := range sets {
		a := p.alias(x.Alias)
		at := a.size
		switch x.Key {
		case fleet.KeyReserve:
			at = a.reserve
		case fleet.KeyLifetime:
			at = int(time.Duration(a.lifetime) / time.Second)
		}
		if at != x.To {
			return false
		}
	}
	return true
}
