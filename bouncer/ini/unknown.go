package ini

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// section names what may stand where: it is part of errors.
type section struct {
	name string // "databases"
	keys map[string]known
	// stray are keys that people write there, and what they mean. chosen: these because PgBouncer or libpq have them for
	// the same thing in another place.
	stray map[string]string
}

var (
	ofDatabases = section{"databases", databaseKeys, map[string]string{
		"connect_timeout":           "server_connect_timeout of [pgbouncer]",
		"database":                  "dbname",
		"default_pool_size":         "pool_size",
		"fallback_application_name": "application_name",
		"hostaddr":                  "host",
		"max_client_conn":           "max_db_client_connections, since 1.24",
		"max_connections":           "max_db_connections",
		"max_pool_size":             "pool_size",
		"passwd":                    "password",
		"sslmode":                   "server_tls_sslmode of [pgbouncer]",
		"username":                  "user",
	}}
	ofUsers = section{"users", userKeys, map[string]string{
		"default_pool_size":         "pool_size",
		"max_client_conn":           "max_user_client_connections, since 1.24",
		"max_connections":           "max_user_connections",
		"max_db_connections":        "max_user_connections",
		"max_db_client_connections": "max_user_client_connections",
		"password":                  "a line of auth_file",
		"reserve_pool":              "reserve_pool_size",
	}}
	ofPeers     = section{"peers", peerKeys, nil}
	ofPgbouncer = section{"pgbouncer", settings, map[string]string{
		"max_client_connections": "max_client_conn",
		"max_connections":        "max_client_conn",
		"pool_size":              "default_pool_size",
		"port":                   "listen_port",
		"reserve_pool":           "reserve_pool_size",
		"sslmode":                "server_tls_sslmode or client_tls_sslmode",
	}}
)

// likely says in half a sentence what a key that is not known most likely means, and whether the key itself may be
// shown: one that is no name known anywhere may be a part of a password with a blank in it. False: the key has no such
// meaning.
func (s section) likely(key string) (shown, means string, is bool) {
	bare := strings.ToLower(strings.Trim(key, "\t"))
	if means, ok := s.stray[bare]; ok {
		return bare, "most likely " + means, true
	}
	if _, ok := s.keys[bare]; ok {
		if bare != strings.ToLower(key) {
			return bare, "a tab stands beside it, and only blanks separate keys", true
		}
		return key, "keys are in small letters", true
	}
	for _, other := range []section{ofDatabases, ofUsers, ofPgbouncer} {
		if _, ok := other.keys[bare]; ok && other.name != s.name {
			return bare, fmt.Sprintf("a key of [%s]", other.name), true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(s.keys)) {
		if d := distance(bare, k); d > slips(k) {
			continue
		}
		if len(k) < shortKey {
			return "", "most likely " + k, true
		}
		return key, "most likely " + k, true
	}
	return "", "", false
}

// shortKey is the length from which a key that is almost a known one is shown. chosen: 6 because "hose=…" may be a part
// of a password, and "pol_size=…" is not.
const shortKey = 6

// slips is how many letters may be wrong for a key to be taken for a known one. chosen: one in four and at most two
// because more slips make one known key of another.
func slips(key string) int { return min(len(key)/4, 2) }

// distance counts the letters that have to be added, left out, changed or swapped with their neighbour to make b of a.
func distance(a, b string) int {
	before, row, next := []int(nil), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			change := row[j]
			if a[i] != b[j] {
				change++
			}
			next[j+1] = min(change, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row, next = row, next, make([]int, len(b)+1)
	}
	return row[len(b)]
}

// newKey is what a key looks like that a later PgBouncer may have.
var newKey = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// foreign says whether a key that stock PgBouncer of this version does not have is one that the process has all the
// same: that of a fork, or of a version newer than those known here. What SHOW CONFIG of the process lists is a setting
// of it, and of a line, too, where it is none that stock PgBouncer has in [pgbouncer] alone.
func (in *content) foreign(s section, key string) bool {
	stock, isSetting := settings[key]
	listed, late := in.listed[key], in.minor > newest
	_, isStray := s.stray[key]
	switch {
	case s.name == ofPgbouncer.name:
		return listed
	case listed && (!isSetting || stock.since > in.minor):
		return true
	case listed:
		return late && !isStray
	case late && newKey.MatchString(key):
		_, _, is := s.likely(key)
		return !is
	}
	return false
}

// unknown is the error for a key of [pgbouncer] that this version does not know, or for any key that it does not know
// yet.
func unknown(at Where, key string, later bool, since, minor int) error {
	if later {
		return unloadable(at, "the key %s came with 1.%d, and this is PgBouncer 1.%d", key, since, minor)
	}
	if _, means, is := ofPgbouncer.likely(key); is {
		return unloadable(at, "the key %s is not known to PgBouncer 1.%d: %s", plainName(key), minor, means)
	}
	if minor > newest {
		return unloadable(at,
			"the key %s was not known in 1.%d, the newest PgBouncer that this pgbudget knows (this one is 1.%d)",
			plainName(key), newest, minor)
	}
	return unloadable(at, "the key %s is not known to PgBouncer 1.%d", plainName(key), minor)
}

// unknownOfLine is the error for the nth key of a connection string. A key that means nothing here is not shown: it may
// be a part of a password with a blank in it.
func unknownOfLine(at Where, n int, s section, key string, minor int) error {
	shown, means, is := s.likely(key)
	switch {
	case !is:
		return unloadable(at,
			"key %d of the line is not known to PgBouncer 1.%d (a value with a blank in it must stand in '…')", n, minor)
	case shown == "":
		return unloadable(at, "key %d of the line is not known to PgBouncer 1.%d: %s", n, minor, means)
	}
	return unloadable(at, "key %d of the line, %s, is not known to PgBouncer 1.%d: %s", n, plainName(shown), minor, means)
}

// check reads the keys of a connection string, in order.
func (l *loader) check(where Where, list []pair, ok bool, s section) error {
	for i, p := range list {
		k, there := s.keys[p.key]
		if (!there || k.since > l.minor) && l.foreign(s, p.key) {
			continue
		}
		if !there {
			return unknownOfLine(where, i+1, s, p.key, l.minor)
		}
		if k.since > l.minor {
			return unknown(where, p.key, true, k.since, l.minor)
		}
		if want, ok := k.kind.takes(p.value, l.minor); !ok {
			return unloadable(where, "the value of %s is not %s", p.key, want)
		}
		if p.key == "user" || p.key == "auth_user" {
			if err := l.bearable(where, p.value); err != nil {
				return err
			}
		}
	}
	if !ok {
		return unloadable(where,
			"key %d of the line is no key=value: its value is empty or has a quote that is not closed, or a comment stands "+
				"there, which must have a line of its own", len(list)+1)
	}
	return nil
}

// bearable refuses a user's name that would end the process.
func (l *loader) bearable(at Where, name string) error {
	most := maxUser
	if l.minor < 16 {
		most = maxUserBefore
	}
	if len(name) > most {
		return unloadable(at, "the name of a user has %d bytes; with more than %d, the process ends at its second RELOAD",
			len(name), most)
	}
	return nil
}
