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
	switch {
	case given && d.ForceUser != "" && d.Alias != fleet.AutoDB:
		return some([]string{d.ForceUser}, declared), ""
	case given:
		return some(largest(known, p, d), declared), ""
	case d.ForceUser != "" && d.Alias != fleet.AutoDB:
		return []string{d.ForceUser}, ""
	case d.Alias == fleet.AutoDB:
		return nil, ReasonStar
	}
	why := Reason("")
	switch {
	case who.kind == "any", who.kind == "pam", who.kind == "ldap", who.kind == "hba" &&
		fleet.VersionAtLeast(p.Version, 1, 25):
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
		return some(known, max(len(known), (d.MaxConns+each-1)/each)), ""
	}
	return nil, why
}

// largest sorts users by the size that their pools have, the largest first: whoever declares fewer pools than there are
// names may mean any of them.
func largest(names []string, p fleet.Process, d ini.Database) []string {
	size := func(name string) int {
		if u, ok := p.User(name); ok && u.SizeConns != 0 {
			return u.SizeConns
		}
		return d.SizeConns
	}
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(size(b), size(a)) })
	return names
}

// some returns n names: those that are known, then others.
func some(known []string, n int) []string {
	names := slices.Clone(known[:min(n, len(known))])
	for i := len(names); i < n; i++ {
		names = append(names, fmt.Sprintf("client %d", i+1))
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
