package fleet

import (
	"math"
	"slices"
	"strconv"

	"golang.org/x/mod/semver"
)

// Recycles reports whether any RELOAD, whatever it changes, makes a PgBouncer of that version close and reopen all of
// its server connections: from 1.16 to 1.23 it does where server_tls_sslmode is not disable, and from 1.20 on it is
// prefer unless it was set. A pool with waiting clients then opens one connection more than its size. sslmode is that
// of SHOW CONFIG; empty: not known, or a version without it. Seen on 1.18 and 1.23; corrected in 1.24.
func Recycles(version, sslmode string) bool {
	return sslmode != "" && sslmode != "disable" && VersionAtLeast(version, 1, 16) && !VersionAtLeast(version, 1, 24)
}

// Unlimited stands for a size that PgBouncer does not limit.
const Unlimited = math.MaxInt32

// EffectiveSize returns the pool_size that counts for one user of an alias: the user's own, else the alias's
// (server.c:279, 1.23 and later; before, no user has one). Zero is Unlimited from 1.24 on and one connection before
// (PgBouncer opens the first before it knows the server's welcome). A doubtful size of a user is not taken for true.
func EffectiveSize(p Process, a Alias, user string) int {
	size := a.SizeConns
	if u, ok := p.User(user); ok && u.SizeConns > 0 && !u.Doubtful {
		size = u.SizeConns
	}
	if size > 0 {
		return size
	}
	if VersionAtLeast(p.Version, 1, 24) {
		return Unlimited
	}
	return 1
}

// EffectiveReserve returns the reserve_pool_size that counts for one user: 0 where reserve_pool_timeout is 0,
// the larger one where the user's own is doubtful.
func EffectiveReserve(p Process, a Alias, user string) int {
	if p.Settings.ReserveTimeout == 0 {
		return 0
	}
	reserve := a.ReserveConns
	if u, ok := p.User(user); ok && u.ReserveConns != 0 {
		if u.DoubtfulReserve {
			return max(reserve, u.ReserveConns)
		}
		reserve = max(0, u.ReserveConns)
	}
	return reserve
}

// User returns what the [users] section says of one user, if anything.
func (p Process) User(name string) (UserLimit, bool) {
	i := slices.IndexFunc(p.Users, func(u UserLimit) bool { return u.Name == name })
	if i < 0 {
		return UserLimit{}, false
	}
	return p.Users[i], true
}

// VersionAtLeast compares a version text of PgBouncer such as "1.24" or "1.24.1" with major.minor. A text that is no
// version is older than any, and a candidate such as "1.25.0-rc1" is older than 1.25.
func VersionAtLeast(version string, major, minor int) bool {
	return semver.Compare("v"+version, "v"+strconv.Itoa(major)+"."+strconv.Itoa(minor)) >= 0
}
