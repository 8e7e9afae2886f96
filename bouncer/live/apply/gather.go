package apply

import (
	"cmp"
	"context"
	"fmt"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Gather returns the fleet with the databases of each group's line of * shown as one; see fleet.Gather. No console
// tells which databases have a line of their own: the files do, and are read once. The errors are those of Applier, and
// KindUsage where a file has no line of *, or one that is more than a size.
func (h *Applier) Gather(ctx context.Context, groups []string) (bouncer.Fleet, error) {
	h.fleet.Mu.Lock()
	defer h.fleet.Mu.Unlock()
	g := gathered{h.fleet, map[string][]string{}}
	var sets []fleet.SettingChange
	for _, c := range h.fleet.Consoles {
		for _, name := range groups {
			if c.Group == name {
				sets = append(sets, fleet.SettingChange{Process: c.ID})
			}
		}
	}
	targets, err := h.reach(sets)
	if err != nil {
		return nil, err
	}
	lines := make([][]string, len(targets))
	err = admin.Joined(admin.Together(len(targets), func(i int) error {
		now, err := targets[i].console.InForce(ctx)
		if err != nil {
			return err
		}
		file, err := observe.Load(ctx, targets[i].console, targets[i].config, now)
		if err != nil {
			return err
		}
		star := false
		for _, d := range file.Databases() {
			if d.Alias == fleet.AutoDB {
				star = true
				if err := oneSize(d, file, now); err != nil {
					return err
				}
			}
			lines[i] = append(lines[i], d.Alias)
		}
		if !star {
			return admin.Fail(operr.KindUsage, targets[i].console.ID, "leave the group's pool * out of pools:",
				"its file has no line of *")
		}
		return nil
	}))
	for i, x := range targets {
		g.lines[x.console.ID] = lines[i]
	}
	return g, err
}

// oneSize refuses a line of * whose databases have more than the one number, default_pool_size.
func oneSize(star ini.Database, file ini.Config, now admin.InForce) error {
	at := fmt.Sprintf("%s:%d", star.File, star.Line)
	if star.Sized || star.PoolMode != "" || star.ReserveConns != file.DefaultReserve() {
		return admin.Fail(operr.KindUsage, at,
			"leave the group's pool * out of pools:, or move these to [pgbouncer] at a time when reconnects do no harm",
			"the line of * has a pool_size, a reserve or a pool_mode of its own")
	}
	// A limit of each database is none of their sum, which alone would be seen: their clients would wait for a size that
	// PgBouncer does not open. It may stand on the line, or in [pgbouncer], by the file or by what is in force.
	if limit := cmp.Or(star.MaxConns, now.Settings.MaxDBConns); limit > 0 {
		return admin.Fail(operr.KindUsage, at,
			"leave the group's pool * out of pools: and list its databases by name there, or take the limit away",
			"max_db_connections %d counts for each database of * by itself, and they cannot be sized as one pool", limit)
	}
	return nil
}

// gathered is a fleet whose samples are gathered.
type gathered struct {
	*observe.Fleet
	lines map[string][]string
}

// Observe takes a sample and gathers.
func (g gathered) Observe(ctx context.Context) (fleet.Observation, error) {
	o, err := g.Fleet.Observe(ctx)
	if err != nil {
		return o, err
	}
	return fleet.Gather(o, g.lines)
}
