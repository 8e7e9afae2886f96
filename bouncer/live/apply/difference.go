package apply

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// names are those of differences.
func names(all []ini.Difference) []string {
	var out []string
	for _, d := range all {
		out = append(out, d.Name)
	}
	return out
}

// ours reports whether a difference is what one of our sets changes: an action that was cut short has written it.
func ours(d ini.Difference, sets []fleet.SettingChange) bool {
	return slices.ContainsFunc(sets, func(s fleet.SettingChange) bool {
		if d.Set == "" || s.Alias != d.Alias || s.Key != d.Set {
			return false
		}
		return s.Key == fleet.KeyLifetime ||
			(d.FileConns == s.From || d.FileConns == s.To) && (d.NowConns == s.From || d.NowConns == s.To)
	})
}

// raises reports whether a difference may let more connections be opened, or on another server: no plan has counted
// them, so that no RELOAD of ours brings it. Whoever RELOADs it by himself has it in the next plan.
func raises(d ini.Difference) bool {
	file, errFile := strconv.Atoi(d.File)
	now, errNow := strconv.Atoi(d.Now)
	numbers := errFile == nil && errNow == nil
	switch {
	case d.Cause == ini.Twice || strings.HasPrefix(d.Name, "peers."):
		return false
	case d.Recycles: // a pool with waiting clients may open one more than its size
		return true
	}
	switch d.Key {
	case "": // a whole line; of one that is gone, the clients may come back by that of *, and a user has the line's size
		return true
	case "pool_size", "default_pool_size": // 0 is no limit, from 1.24 on
		return !numbers || file > now || file == 0
	case "reserve_pool", "reserve_pool_size":
		return !numbers || file > now
	case "reserve_pool_timeout": // 0: the reserve is never used
		return d.Now == "0" || errNow != nil
	case "max_db_connections", "max_user_connections":
		return !numbers || file <= 0 || now > 0 && file > now
	case "user": // without it, each client's user has a pool
		return d.File == "" || d.Now != ""
	case "host", "port", "dbname", "auth_user", "auth_dbname", "auth_type":
		return true
	}
	return false
}

// sizing reports whether a difference is in what a plan is made of. Where nothing is to be done, and so no RELOAD, that
// alone is refused: the files will bring another fleet than the one that was planned for.
func sizing(d ini.Difference) bool {
	switch d.Key {
	case "", "host", "port", "dbname", "user", "pool_size", "reserve_pool", "reserve_pool_size", "default_pool_size",
		"max_db_connections", "max_user_connections", "pool_mode":
		return d.Cause != ini.Twice
	}
	return false
}
