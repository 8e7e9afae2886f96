package ini

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// missing is the error for an alias without a line.
func (in *content) missing(x Change) error {
	e := &operr.Error{Kind: operr.KindDrift, Subject: in.path, Err: fmt.Errorf("there is no line of %s in [databases]",
		x.Alias),
		Hint: "find the line in the file of another process, or write it here and RELOAD"}
	i := slices.IndexFunc(in.bases, func(d *database) bool { return d.alias == autodb })
	if i >= 0 && x.Alias != autodb {
		e.Err = fmt.Errorf("there is no line of %s in [databases]: it lives by the line of * (%v)", x.Alias,
			in.where(in.bases[i].at))
		e.Hint = "change the size of *, which all such databases share; or write a line of its own, which must then stay, " +
			"for removing it cuts its clients"
	}
	return e
}

// shadowed refuses a number that no pool of the line would follow, because [users] gives each of them its own: a user's
// size beats that of the line. Who may log in is in no file, so that a line without a forced user has other pools,
// unless the change names them all. Source: pool_pool_size, server.c:279, and pool_res_pool_size, server.c:314; sizes
// of users came with 1.23, reserves with 1.24.
func (in *content) shadowed(d *database, x Change) error {
	names := x.Users
	if d.forced != "" {
		names = []string{d.forced}
	}
	name, own := "pool_size", func(u *user) int { return u.SizeConns }
	if x.Key == fleet.KeyReserve {
		name, own = "reserve_pool_size", func(u *user) int { return u.ReserveConns }
	}
	var by *user
	for _, n := range names {
		i := slices.IndexFunc(in.users, func(u *user) bool { return u.Name == n && own(u) >= 0 })
		if i < 0 {
			return nil
		}
		by = cmp.Or(by, in.users[i])
	}
	if by == nil {
		return nil
	}
	who := "its only user"
	if len(names) > 1 {
		who = fmt.Sprintf("the first of its %d users, who all have one of their own", len(names))
	}
	hint := fmt.Sprintf("change the number of the user there by hand; or write %s=-1 there and RELOAD, after which the "+
		"number of "+
		"the line counts (a line that is only removed keeps its number until a restart)", name)
	return fail(operr.KindUsage, Where{by.File, by.Line}, hint,
		"[users] gives user %s %s=%d, which beats what the line of %s says: "+
			"a change of that line would change no pool (%s is %s)", plainName(by.Name), name, own(by), d.alias,
		plainName(by.Name), who)
}
