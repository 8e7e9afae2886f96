package live

import (
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner"
)

// userLimits reads SHOW USERS, as far as it can be believed: users with a limit or a size of their own, sorted.
//
// max_user_connections is what is in force, the process's filled in, so a user has one of its own where it differs;
// its own 0 lifts the process's limit and is reported as planner.Unlimited.
//
// pool_size and reserve_pool_size come as text. From 1.23 to 1.25.2 that text is not cleared between rows
// (PgBouncer admin.c, admin_show_users): a user without a size of its own shows the one of the user before. So:
//
//   - No text: the user has none of its own.
//   - A value unlike that of the row before: it is this user's.
//   - A value like that of the row before: doubtful, unless some later row is empty again, which proves that this
//     version does clear its text. A doubtful value is kept if it is larger than the size of every alias that the
//     user may have a pool of: there it can only raise the worst case of today. Otherwise it is dropped: most users
//     have no size of their own.
//
// What remains: a dropped value that was true and larger than some alias's size hides the difference until the
// connections are seen; and a kept one that was not true makes a pool look larger than it is, so that it looks
// less full, and as if it did not follow its alias's line. Only the [users] section itself tells for certain.
func userLimits(records []record, settings planner.Settings, aliases []planner.Alias) []planner.UserLimit {
	limits := make([]planner.UserLimit, len(records))
	for i, r := range records {
		limits[i].Name = r.text("name")
		switch own := r.count("max_user_connections"); {
		case own < 0 || own == settings.MaxUserConns:
		case own == 0:
			limits[i].MaxConns = planner.Unlimited
		default:
			limits[i].MaxConns = own
		}
	}
	sizes := ownSizes(records, "pool_size", func(user string, n int) bool {
		return largerThanAll(aliases, user, n, func(a planner.Alias) int {
			if a.SizeConns == 0 {
				return planner.Unlimited // from 1.24 on; before, taking it for that only drops a doubtful value
			}
			return a.SizeConns
		})
	})
	reserves := ownSizes(records, "reserve_pool_size", func(user string, n int) bool {
		return largerThanAll(aliases, user, n, func(a planner.Alias) int { return a.ReserveConns })
	})
	for i := range limits {
		limits[i].SizeConns, limits[i].ReserveConns = sizes[i], reserves[i]
	}
	limits = slices.DeleteFunc(limits, func(u planner.UserLimit) bool {
		return u.Name == consoleDatabase || u == planner.UserLimit{Name: u.Name}
	})
	slices.SortFunc(limits, func(a, b planner.UserLimit) int { return strings.Compare(a.Name, b.Name) })
	return limits
}

// ownSizes returns per row the size that is the user's own, 0 where it has none or none that can be believed.
func ownSizes(records []record, name string, keep func(user string, n int) bool) []int {
	cleared, filled := false, false
	for _, r := range records {
		if text := strings.TrimSpace(r.text(name)); text != "" {
			filled = true
		} else if filled {
			cleared = true
		}
	}
	sizes := make([]int, len(records))
	before := ""
	for i, r := range records {
		text := strings.TrimSpace(r.text(name))
		if text == "" {
			continue
		}
		if n := r.count(name); cleared || text != before || keep(r.text("name"), n) {
			sizes[i] = n
		}
		before = text
	}
	return sizes
}

// largerThanAll reports whether n is larger than the size of every alias that the user may have a pool of: those that
// force this user, and those that force none.
func largerThanAll(aliases []planner.Alias, user string, n int, size func(planner.Alias) int) bool {
	for _, a := range aliases {
		if (a.ForceUser == "" || a.ForceUser == user) && n <= size(a) {
			return false
		}
	}
	return true
}
