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
	Within time.Duration // how long a change is waited for: the controller's, told by Waits
	// Rendered is what waits in files of which a tool renders those of the processes: it has to have the change, too. Nil
	// where no file can be read.
	Rendered func(context.Context) ([]Rendered, error)
	// Tell asks for a change, once. An error means that nobody was asked.
	Tell func(ctx context.Context, action state.Action) error

	mu    sync.Mutex
	asked *state.Action // what is waited for; nil: nothing is
	since time.Time
	read  time.Time // when Rendered was asked last
}

var _ bouncer.Applier = (*ByHand)(nil)

// renderedEvery is how often files are read while a change is waited for. chosen: 10 s because they may be behind ssh,
// and whoever is waited for takes minutes.
const renderedEvery = 10 * time.Second

// Apply returns nil once every process has what the action says, and bouncer.Pending while some have what they had
// before. The errors:
//
//	KindDrift  a process has another value, or the next rendering brings one: somebody has made another change
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
	if due := len(lacks) == 0 || h.Clock.Now().Sub(h.read) >= renderedEvery; err == nil && h.Rendered != nil && due {
		var waits []string
		h.read = h.Clock.Now()
		waits, err = h.waiting(ctx, sets)
		lacks = append(lacks, waits...)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err != nil:
		return err
	case len(lacks) == 0:
		h.asked = nil
		return nil
	case h.asked == nil || !h.asked.SameSets(action):
		if err := h.Tell(ctx, action); err != nil {
			return err
		}
		h.asked, h.since = &action, h.Clock.Now()
	}
	return bouncer.Pending(words.LinesText(lacks))
}

// waiting says of which sets, in a word each, the old value waits for the next rendering.
func (h *ByHand) waiting(ctx context.Context, sets []fleet.SettingChange) (lacks []string, err error) {
	all, err := h.Rendered(ctx)
	for _, r := range all {
		i := slices.IndexFunc(sets, r.Same)
		switch {
		case i < 0 || r.To == sets[i].To && !r.Comes && !r.Goes:
		case r.To == sets[i].From && !r.Comes && !r.Goes:
			lacks = append(lacks, r.Text())
		default:
			return nil, otherChange(r.Process, "%s; %d was asked for, in place of %d", r.Text(), sets[i].To, sets[i].From)
		}
	}
	return lacks, err
}

// otherChange is the error of a change that is not the one asked for.
func otherChange(process, format string, args ...any) error {
	return admin.Fail(operr.KindDrift, process, "have the change made as it was asked for, or pgbudget abort", format,
		args...)
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
				return otherChange(x.Process, "%s of %s is %d, and %d was asked for, in place of %d", x.Key, x.Alias, at, x.To,
					x.From)
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
