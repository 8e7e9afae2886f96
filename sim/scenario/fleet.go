package scenario

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/sim"
)

// server returns the server of that name.
func (f *File) server(name string) (config.Server, bool) {
	i := slices.IndexFunc(f.Servers, func(s config.Server) bool { return s.Name == name })
	if i < 0 {
		return config.Server{}, false
	}
	return f.Servers[i], true
}

// only returns name, or the one server that there is.
func (f *File) only(name string) string {
	if name == "" && len(f.Servers) == 1 {
		return f.Servers[0].Name
	}
	return name
}

// processes returns how many processes a group has, 0 where it is not there.
func (f *File) processes(group string) int {
	for _, g := range f.Groups {
		if g.Name == group {
			return len(g.Processes)
		}
	}
	return 0
}

// pool returns the pool of that id.
func (f *File) pool(id string) (config.Pool, bool) {
	i := slices.IndexFunc(f.Pools, func(p config.Pool) bool { return p.Pool == id })
	if i < 0 {
		return config.Pool{}, false
	}
	return f.Pools[i], true
}

// postgres returns what is said of a server beside pgbudget.yaml's keys.
func (f *File) postgres(server string) Postgres {
	for _, p := range f.Postgres {
		if f.only(p.Server) == server {
			return p
		}
	}
	return Postgres{}
}

// database returns what is said of a pool beside pgbudget.yaml's keys.
func (f *File) database(pool string) Database {
	i := slices.IndexFunc(f.Databases, func(d Database) bool { return d.Pool == pool })
	if i < 0 {
		return Database{}
	}
	return f.Databases[i]
}

// settings returns what is said of a group's processes.
func (f *File) settings(group string) Bouncer {
	i := slices.IndexFunc(f.Bouncers, func(b Bouncer) bool { return b.Group == group })
	if i < 0 {
		return Bouncer{}
	}
	return f.Bouncers[i]
}

// users returns a pool's users by name: those of databases with their shares, else those of pools with equal ones, else
// nil, which is one user.
func (f *File) users(p config.Pool) []sim.UserShare {
	d := f.database(p.Pool)
	if d.ForceUser != "" {
		return []sim.UserShare{{Name: d.ForceUser, Share: 1}}
	}
	var users []sim.UserShare
	for _, name := range slices.Sorted(maps.Keys(d.Users)) {
		users = append(users, sim.UserShare{Name: name, Share: d.Users[name].F})
	}
	if users == nil {
		for _, name := range slices.Compact(slices.Sorted(slices.Values(p.UserNames()))) {
			users = append(users, sim.UserShare{Name: name, Share: 1})
		}
	}
	return users
}

// pools of the line returns processes × users.
func (f *File) linePools(p config.Pool) int {
	return f.processes(group(p.Pool)) * max(1, len(f.users(p)))
}

// group is the first half of group/alias.
func group(pool string) string {
	g, _, _ := strings.Cut(pool, "/")
	return g
}

// budget returns what is left of max_connections for pools and for what they compete with: direct connections are not
// taken off, because they are counted as they come.
func (f *File) budget(s config.Server) int {
	k := s.MaxConnections.N
	budget := k - superuserReserved(s) - s.ReservedConnections.N - headroom(s)
	for _, l := range f.Ledger {
		if l.Server == s.Name {
			budget -= l.Conns.N
		}
	}
	return budget
}

func superuserReserved(s config.Server) int {
	if s.SuperuserReservedConnections.Set {
		return s.SuperuserReservedConnections.N
	}
	return DefaultSuperuserReserved
}

// headroom is what is never planned, by the rules of a plan.
func headroom(s config.Server) int {
	h := s.Headroom.Connections
	if h.Conns != nil {
		return *h.Conns
	}
	share := budget.DefaultHeadroomShare
	if h.Set {
		share = h.Share
	}
	return max(budget.DefaultHeadroomLeast, int(math.Ceil(share*float64(s.MaxConnections.N)-1e-9)))
}

// direct returns a server's connections past every PgBouncer.
func (f *File) direct(s config.Server) int {
	if d := f.postgres(s.Name).Direct; d.Set {
		return d.N
	}
	return s.Direct.Conns.N
}

// worst returns the connections that a pool may open by its size and reserve.
func (f *File) worst(p config.Pool) int {
	size := p.Size.N
	if t := f.settings(group(p.Pool)).Settings.ReservePoolTimeout; !t.Set || t.D > 0 {
		size += p.ReserveSize.N
	}
	if m := f.settings(group(p.Pool)).Settings.MaxUserConnections.N; m > 0 {
		size = min(size, m)
	}
	one := size * max(1, len(f.users(p)))
	if m := p.MaxDBConnections.N; m > 0 {
		one = min(one, m)
	}
	return one * f.processes(group(p.Pool))
}
