package admin

import (
	"errors"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// userLimits reads SHOW USERS, as far as its columns tell: users with a limit or a size of their own, sorted.
//
// max_user_connections is what is in force, the process's filled in, so a user has one of its own where it differs;
// its own 0 lifts the process's limit and is reported as fleet.Unlimited.
//
// pool_size and reserve_pool_size come as text. From 1.23 to 1.25.2 that text is not cleared between rows
// (PgBouncer 1.25.2, admin.c:601): a user without a size of its own shows the one of the user before. So:
//
//   - No text: the user has none of its own.
//   - A value unlike that of the row before: it is this user's.
//   - A value like that of the row before: doubtful, and marked so, unless some later row is empty again, which proves
//     that this version does clear its text. The planner counts a doubtful value where it is the larger one.
//
// Only the [users] section itself tells for certain.
func userLimits(records []record, settings fleet.Settings) []fleet.UserLimit {
	limits := make([]fleet.UserLimit, len(records))
	for i, r := range records {
		limits[i].Name = r.text("name")
		switch own := r.count("max_user_connections"); {
		case own < 0 || own == settings.MaxUserConns:
		case own == 0:
			limits[i].MaxConns = fleet.Unlimited
		default:
			limits[i].MaxConns = own
		}
	}
	sizes, doubtfulSizes := ownSizes(records, "pool_size")
	reserves, doubtfulReserves := ownSizes(records, "reserve_pool_size")
	for i := range limits {
		limits[i].SizeConns, limits[i].ReserveConns = sizes[i], reserves[i]
		limits[i].Doubtful, limits[i].DoubtfulReserve = doubtfulSizes[i], doubtfulReserves[i]
	}
	limits = slices.DeleteFunc(limits, func(u fleet.UserLimit) bool {
		return u.Name == consoleDatabase || u == fleet.UserLimit{Name: u.Name}
	})
	slices.SortFunc(limits, func(a, b fleet.UserLimit) int { return strings.Compare(a.Name, b.Name) })
	return limits
}

// userClients reads the limits of clients that are in force in SHOW USERS, and who counts under them; none before 1.24.
// The console's own user is left out: its clients are no pool's.
func userClients(records []record) (out []fleet.UserClients) {
	for _, r := range records {
		if most := r.count("max_user_client_connections"); most > 0 && r.text("name") != consoleDatabase {
			out = append(out, fleet.UserClients{Name: r.text("name"), Most: most, Now: r.count("current_client_connections")})
		}
	}
	slices.SortFunc(out, func(a, b fleet.UserClients) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// usedClients reads the clients that count under max_client_conn in SHOW LISTS. Source: admin_show_lists, admin.c.
func usedClients(records []record) (int, error) {
	for _, r := range records {
		if r.text("list") == "used_clients" {
			return r.count("items"), nil
		}
	}
	return 0, errors.New("SHOW LISTS has no used_clients")
}

// ownSizes returns per row the size that is the user's own, 0 where it has none, and whether that is doubtful. Its own
// 0 is Unlimited as a size, and NoReserve as a reserve.
func ownSizes(records []record, name string) (sizes []int, doubtful []bool) {
	cleared, filled := false, false
	for _, r := range records {
		if text := strings.TrimSpace(r.text(name)); text != "" {
			filled = true
		} else if filled {
			cleared = true
		}
	}
	sizes, doubtful = make([]int, len(records)), make([]bool, len(records))
	before := ""
	for i, r := range records {
		text := strings.TrimSpace(r.text(name))
		if text == "" {
			continue
		}
		sizes[i], doubtful[i] = r.count(name), !cleared && text == before
		switch {
		case sizes[i] != 0:
		case name == "pool_size":
			sizes[i] = fleet.Unlimited // its own 0 (objects.c:1918, 1.24 and later): no limit at all
		default:
			sizes[i] = fleet.NoReserve
		}
		before = text
	}
	return sizes, doubtful
}

// namesOf lists the users of SHOW USERS, sorted.
func namesOf(records []record) []string {
	var names []string
	for _, r := range records {
		names = append(names, r.text("name"))
	}
	slices.Sort(names)
	return names
}

// Unasked are the kinds of authentication that look up no client by auth_query.
var Unasked = []string{"any", "pam", "ldap"}

// authOf returns as whom auth_query is asked and in which alias, by SHOW CONFIG. Where the client's name is not looked
// up, it is never. An auth_user of a database's own line is in no SHOW command.
func authOf(config map[string]string) (user, database string) {
	if slices.Contains(Unasked, config["auth_type"]) {
		return "", ""
	}
	return config["auth_user"], config["auth_dbname"]
}
