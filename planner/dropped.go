package planner

import (
	"fmt"
	"strings"
)

// dropped says that pools which begin showed are gone at end; empty: none is.
//
// PgBouncer's totals of an alias are the sums over its pools of users. A pool that goes (by KILL, or by a timeout of
// idle pools, which forks have) takes its share with it, and what the others carry meanwhile may hide that the sum fell.
// How large the share was is in no column, so what was counted between the two looks is not known. A pool that comes
// begins at 0, and all that it counts belongs to the time between. One that went and came back between two looks shows
// in nothing but a sum that fell.
func dropped(begin, end Level) string {
	left := map[string]int{}
	for _, u := range end.Users {
		left[u.User]++
	}
	var gone []string
	for _, u := range begin.Users { // sorted, and before PgBouncer 1.23 two pools may have one name
		if left[u.User]--; left[u.User] < 0 {
			gone = append(gone, u.User)
		}
	}
	if len(gone) == 0 {
		return ""
	}
	return fmt.Sprintf("the %s of %s went, and %s part of the counters with %s,", plural(len(gone), "pool", "pools"),
		strings.Join(gone, ", "), plural(len(gone), "its", "their"), plural(len(gone), "it", "them"))
}
