package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/words"
)

// ByHand is the applier of a fleet whose files belong to somebody else: it tells what is to be changed, and sees
// whether it has been. It writes nothing, and tells no process anything. Its fields are set before it is used, by one
// goroutine at a time.
type ByHand struct {
	Fleet  *observe.Fleet
	Locked func() error // why another pgbudget may be at work; nil: none is
	Clock  bouncer.Clock
	Within time.Duration // how long a change is waited for
	// Rendered is what waits in files of which a tool renders those of the processes: it has to have the change, too. Nil
	// where no file can be read.
	Rendered func(context.Context) ([]Rendered, error)
	// Tell asks for a change, once; again: an earlier run has asked for it. An error means that nobody was asked.
	Tell func(ctx context.Context, action state.Action, again bool) error
	// Withdraw says that what was asked for is no longer wanted: nobody has made any of it.
	Withdraw func(asked state.Action)
	Before   *state.Action // what an earlier run has asked for, as the journal has it; nil: nothing is open

	mu    sync.Mutex
	asked *state.Action // what is waited for; nil: nothing is
	since time.Time
}

var _ bouncer.Applier = (*ByHand)(nil)

// Apply returns nil once every process has what the action says, and bouncer.ErrPending while some have what they had
// before. The errors:
//
//	KindDrift  a process has another value: somebody has made another change
//	KindHeld   the change has not come within the time
//	KindUsage  a flush: a server_lifetime of a second is asked of nobody
func (h *ByHand) Apply(ctx context.Context, action state.Action) error {
	sets := slices.DeleteFunc(slices.Clone(action.Changes),
		func(x fleet.SettingChange) bool { return x.Key == fleet.KeyLifetime })
	switch {
	case action.Kind == state.Flush:
		return admin.Fail(operr.KindUsage, "", "", "connections are ended by server_lifetime, and files are changed by hand")
	case len(sets) == 0:
		return nil
	}
	if err := h.Locked(); err != nil {
		return err
	}
	lacks, err := h.lacking(ctx, sets)
	if err == nil && len(lacks) == 0 && h.Rendered != nil {
		lacks, err = h.waiting(ctx, sets)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err != nil:
		return err
	case len(lacks) == 0:
		for _, open := range []*state.Action{h.asked, h.Before} {
			if open != nil && !open.SameSets(action) {
				h.Withdraw(*open)
				break
			}
		}
		h.asked, h.Before = nil, nil
		return nil
	case h.asked == nil || !h.asked.SameSets(action):
		if err := h.Tell(ctx, action, h.Before != nil && h.Before.SameSets(action)); err != nil {
			return err
		}
		h.asked, h.Before, h.since = &action, nil, h.Clock.Now()
	case h.Clock.Now().Sub(h.since) >= h.Within:
		return admin.Fail(operr.KindHeld, "", "make the change and RELOAD; the same command then goes on",
			"nobody has made the change everywhere within %v: %s", h.Within, words.LinesText(lacks))
	}
	return bouncer.ErrPending
}

// waiting says of which sets, in a word each, another value waits for the next rendering.
func (h *ByHand) waiting(ctx context.Context, sets []fleet.SettingChange) (lacks []string, err error) {
	all, err := h.Rendered(ctx)
	for _, r := range all {
		if slices.ContainsFunc(sets, r.Same) {
			lacks = append(lacks, r.Text())
		}
	}
	return lacks, err
}

// lacking says which processes do not have what sets say, in a word each, and what is neither that nor what it was.
func (h *ByHand) lacking(ctx context.Context, sets []fleet.SettingChange) (lacks []string, err error) {
	h.Fleet.Mu.Lock()
	defer h.Fleet.Mu.Unlock()
	var ids []string
	for _, x := range sets {
		if !slices.Contains(ids, x.Process) {
			ids = append(ids, x.Process)
		}
	}
	found := make([][]string, len(ids))
	err = admin.Joined(admin.Together(len(ids), func(i int) error {
		c := slices.IndexFunc(h.Fleet.Consoles, func(c *admin.Console) bool { return c.ID == ids[i] })
		if c < 0 {
			return admin.Fail(operr.KindDrift, ids[i], "", "there is no such process")
		}
		now, err := h.Fleet.Consoles[c].InForce(ctx)
		if err != nil {
			return err
		}
		for _, x := range sets {
			if x.Process != ids[i] {
				continue
			}
			switch at, known := now.Value(x); {
			case known && at == x.To:
			case known && at == x.From:
				found[i] = append(found[i], fmt.Sprintf("%s of %s in %s is %d, want %d", x.Key, x.Alias, x.Process, at, x.To))
			default:
				return admin.Fail(operr.KindDrift, x.Process, "have the change made as it was asked for, or pgbudget abort",
					"%s of %s is %d, and %d was asked for, in place of %d", x.Key, x.Alias, at, x.To, x.From)
			}
		}
		return nil
	}))
	return slices.Concat(found...), err
}

// Waits says what is waited for, in a sentence; empty: nothing is.
func (h *ByHand) Waits() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.asked == nil {
		return ""
	}
	left := h.Within - h.Clock.Now().Sub(h.since)
	return strings.TrimSpace(fmt.Sprintf("waits for %s by hand, for %v more", state.Step{Changes: h.asked.Changes}.Text(),
		max(0, left).Round(time.Second)))
}
