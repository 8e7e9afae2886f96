package static

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Reason says why the pools of a line cannot be counted; empty: they can.
type Reason string

// The reasons.
const (
	ReasonStar    Reason = "star"      // * makes a database of any name
	ReasonAsked   Reason = "auth_user" // auth_query lets in whom it finds
	ReasonOutside Reason = "auth_type" // somebody else knows the names: any, pam, ldap, hba
	ReasonUnread  Reason = "auth_file" // the names stand in a file that was not read
	// a pool_size of 0, which PgBouncer 1.24 and later take as no limit, or one that is none: of the line, of a user
	ReasonUnlimited     Reason = "pool_size"
	ReasonUnlimitedUser Reason = "user's pool_size"
)

// clients is what is known of who may log in to a process.
type clients struct {
	names []string // of auth_file
	read  bool     // auth_file was read, or there is none
	kind  string   // auth_type
	asks  bool     // auth_user of [pgbouncer] is set
}

// authType is auth_type as PgBouncer takes it: md5 where no line says it (main.c).
func authType(c ini.Config) string {
	kind, _, _ := c.Setting("auth_type")
	return strings.ToLower(cmp.Or(kind, "md5"))
}

// asksAuth reports whether auth_query is asked under an auth_type. Source: client.c, start_auth_query is not reached
// with any, pam and ldap.
func asksAuth(kind string) bool { return !slices.Contains([]string{"any", "pam", "ldap"}, kind) }

// users names whoever may have a pool of a line in one process; auth_user's own pools are not among them. Where nobody
// knows how many there are, and max_db_connections bounds them, there are as many as fill it.
func (r Request) users(d ini.Database, p fleet.Process, who clients) ([]string, Reason) {
	known := slices.Clone(who.names)
	for _, u := range p.Users {
		known = append(known, u.Name)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	declared, given := r.Pools[d.Alias]
	closed := who.read && !who.asks && d.AuthUser == "" && !outside(who.kind, p.Version)
	switch {
	case given && d.ForceUser != "" && d.Alias != fleet.AutoDB:
		return some([]string{d.ForceUser}, declared, d.Alias), ""
	case given && closed && declared >= len(known): // all of them come
		return some(known, declared, d.Alias), ""
	case given:
		return some(larger(known, p, d), declared, d.Alias), ""
	case d.ForceUser != "" && d.Alias != fleet.AutoDB:
		return []string{d.ForceUser}, ""
	case d.Alias == fleet.AutoDB:
		return nil, ReasonStar
	}
	why := Reason("")
	switch {
	case outside(who.kind, p.Version):
		why = ReasonOutside
	case d.AuthUser != "" || who.asks:
		why = ReasonAsked
	case !who.read:
		why = ReasonUnread
	default:
		return known, ""
	}
	if d.MaxConns > 0 {
		each := max(1, d.SizeConns)
		return some(nil, (d.MaxConns+each-1)/each, d.Alias), "" // others than [users] holds to less may come
	}
	return nil, why
}

// outside reports whether an auth_type lets in users whom no file of PgBouncer names.
func outside(kind, version string) bool {
	return slices.Contains([]string{"any", "pam", "ldap"}, kind) || kind == "hba" && fleet.VersionAtLeast(version, 1, 25)
}

// larger are the users whose pools may have more connections than those of one whom no line of [users] names, the
// largest first. Whoever declares a number of pools has not said whose they are: a user whom [users] holds to less may
// be none of them.
func larger(names []string, p fleet.Process, d ini.Database) (out []string) {
	most := func(name string) int {
		u, _ := p.User(name)
		n := cmp.Or(u.SizeConns, d.SizeConns)
		if u.MaxConns > 0 {
			n = min(n, u.MaxConns)
		}
		return n
	}
	for _, name := range names {
		if most(name) > d.SizeConns {
			out = append(out, name)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(most(b), most(a)) })
	return out
}

// some returns n names: those that are known, then others, who come to no other line.
func some(known []string, n int, alias string) []string {
	names := slices.Clone(known[:min(n, len(known))])
	for i := len(names); i < n; i++ {
		names = append(names, fmt.Sprintf("any user %d of %s", i+1, alias))
	}
	return names
}

// namesOf lists the users of an auth_file, sorted. Its lines are "name" "secret"; a quote within a name is doubled, and
// what begins otherwise is skipped. Source: PgBouncer, loader.c, load_auth_file.
func namesOf(text []byte) []string {
	var names []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimLeft(line, " \t")
		if !strings.HasPrefix(line, `"`) {
			continue
		}
		name, rest := strings.Builder{}, line[1:]
		for {
			part, after, ended := strings.Cut(rest, `"`)
			name.WriteString(part)
			if !ended {
				name.Reset()
				break
			}
			if rest = after; !strings.HasPrefix(rest, `"`) {
				break
			}
			name.WriteByte('"')
			rest = rest[1:]
		}
		if name.Len() > 0 {
			names = append(names, name.String())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
