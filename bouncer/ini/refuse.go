package ini

import (
	"fmt"
	"slices"

	"github.com/pgbudget/pgbudget/planner"
)

// missing is the error for an alias without a line.
func (in *content) missing(x Change) error {
	e := &planner.Error{Kind: planner.KindDrift, Subject: in.path, Err: fmt.Errorf("there is no line of %s in [databases]", x.Alias),
		Hint: "look for it in the file of another process, or write the line and RELOAD"}
	i := slices.IndexFunc(in.bases, func(d *database) bool { return d.alias == autodb })
	if i >= 0 && x.Alias != autodb {
		e.Err = fmt.Errorf("there is no line of %s in [databases]: it lives by the line of * (%v)", x.Alias, in.where(in.bases[i].at))
		e.Hint = "change the size of *, which all such databases share; or write a line of its own, which must then stay, for removing it cuts its clients"
	}
	return e
}

// shadowed refuses a number that [users] overrides for a user of the alias. A user's own size beats that of the line.
// Source: pool_pool_size and pool_res_pool_size in server.c; sizes of users came with 1.23, reserves with 1.24.
func (in *content) shadowed(d *database, key planner.Key) error {
	for _, u := range in.users {
		if d.forced != "" && d.forced != u.Name {
			continue
		}
		name, conns := "pool_size", u.SizeConns
		if key == planner.KeyReserve {
			name, conns = "reserve_pool_size", u.ReserveConns
		}
		if conns >= 0 {
			return fail(planner.KindUsage, Where{u.File, u.Line}, fmt.Sprintf("write %s=-1 there and RELOAD (a line that is only removed keeps its size until a restart), or change the user's size by hand", name),
				"[users] gives user %s %s=%d, which beats what the line of %s says", plainName(u.Name), name, conns, d.alias)
		}
	}
	return nil
}
