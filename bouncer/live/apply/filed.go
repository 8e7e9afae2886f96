package apply

import (
	"context"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
)

// Filed is what the files of a process say of its lines.
type Filed struct {
	Process string
	Config  ini.Config // the zero value where Err is
	Err     error      // why they cannot be read; the others are as they are
}

// Filed reads the files of every process that has a config, all at once, and writes nothing.
func (h *Applier) Filed(ctx context.Context) []Filed {
	h.fleet.Mu.Lock()
	defer h.fleet.Mu.Unlock()
	targets := h.every()
	out := make([]Filed, len(targets))
	admin.Together(len(targets), func(i int) error {
		out[i].Process = targets[i].console.ID
		now, err := targets[i].console.InForce(ctx)
		if err == nil {
			out[i].Config, err = observe.Load(ctx, targets[i].console, targets[i].config, now)
		}
		out[i].Err = err
		return nil
	})
	return out
}
