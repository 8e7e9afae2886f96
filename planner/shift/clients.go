package shift

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Clients are those of a fleet, and what limits them. A client of the pool that gives its traffic keeps its connection
// there, and opens another to the pool that receives it, of the same process, too: PgBouncer binds a connection to one
// database from its login on. So a split doubles the connections of such clients.
type Clients struct {
	Seen     fleet.Observation             // the newest sample
	Declared map[string]fleet.ClientLimits // by group
	Fleet    budget.Fleet                  // its pools, at today's sizes
	Largest  map[string]int                // by pool, the largest size to come, in connections; absent: today's

	come map[string]map[string]int // by pool, and its user, the clients that earlier shifts bring
}

// After is the same once a shift has ended: its clients are there, whether they have come yet or not.
func (c Clients) After(s Shift) Clients {
	come := maps.Clone(c.come)
	if come == nil {
		come = map[string]map[string]int{}
	}
	come[s.To] = maps.Clone(come[s.To])
	if come[s.To] == nil {
		come[s.To] = map[string]int{}
	}
	for user, a := range c.arrivals(s) {
		come[s.To][user] += a.most
	}
	c.come = come
	return c
}

// arrival is how many clients of one user a shift brings.
type arrival struct{ least, most int }

// arrivals are the clients of the giving pool by user: each opens one connection more. Where the switch has begun,
// those that are there may be some of them, and the others surely come.
func (c Clients) arrivals(s Shift) map[string]arrival {
	give, there := map[string]int{}, map[string]int{}
	for _, p := range c.Seen.Processes {
		for _, a := range p.Aliases {
			for _, g := range a.Pools {
				switch user, n := a.Login(g).Role, g.ClientsActive+g.ClientsWaiting; p.Group + "/" + a.Name {
				case s.From:
					give[user] += n
				case s.To:
					there[user] += n
				}
			}
		}
	}
	for user, n := range c.come[s.From] { // who came there by an earlier shift goes on
		give[user] += n
	}
	out := map[string]arrival{}
	for user, n := range give {
		least := n
		if s.At > 0 {
			least = max(0, n-there[user])
		}
		out[user] = arrival{least, n}
	}
	return out
}

// ClientLimit is a limit of clients that a shift brings nearer.
type ClientLimit struct {
	Limit string `json:"limit"`         // its name, and where it holds: "max_client_conn of ci/1"
	Key   string `json:"key"`           // where it is set: a setting of PgBouncer, or a key of the config
	Most  int    `json:"most"`          // that it allows
	Now   int    `json:"now"`           // clients, or file descriptors, that count now
	Of    string `json:"of,omitempty"`  // what Now is the sum of
	Least int    `json:"least"`         // that surely come by 100 %, where clients spread evenly over the processes
	Comes int    `json:"comes"`         // that come where each client opens one, spread evenly
	Burst int    `json:"burst"`         // Comes, where clients pick a process at random
	At    int    `json:"at_percent"`    // what the switch says now, 0 to 100
	Until int    `json:"until_percent"` // where the shift ends
}

// Clients is how many count at a percentage of the switch at least, where as large a part of the clients has come as
// traffic has moved. A switch that decides query by query brings them earlier: see Burst.
func (l ClientLimit) Clients(x int) int {
	moved := max(0, x-l.At)
	part := func(n, of int) int { return int(math.Ceil(float64(n)*float64(moved)/float64(max(1, of)) - 1e-9)) }
	return l.Now + min(part(l.Comes, 100), part(l.Least, 100-l.At))
}

// Full is the first percentage at which there are more than the limit allows, 101 where there is none.
func (l ClientLimit) Full() int {
	for x := l.At; x <= 100; x++ {
		if l.Clients(x) > l.Most {
			return x
		}
	}
	return 101
}

// Text says what of a limit is taken, and what comes.
func (l ClientLimit) Text() string {
	of := ""
	if l.Of != "" {
		of = " (" + l.Of + ")"
	}
	return fmt.Sprintf("%s is %d: %d now%s, and %d more by %d %%", l.Limit, l.Most, l.Now, of, l.Clients(l.Until)-l.Now,
		l.Until)
}

// besideClients are file descriptors of a process beside its clients' and servers': listeners, its log, the event loop.
// chosen: twice what a process of 1.25 has open after its start (9 to 11).
const besideClients = 20

// Limits are those over the receiving pool of a shift: of each of its processes max_client_conn,
// max_db_client_connections, max_user_client_connections and the declared number of files, and of its group what the
// balancer before it lets through. Where the shift brings nobody there is none. unknown says what is not held against
// anything, and why.
func (c Clients) Limits(s Shift) (limits []ClientLimit, unknown []string) {
	arrivals := c.arrivals(s)
	give := arrival{}
	for _, a := range arrivals {
		give.least, give.most = give.least+a.least, give.most+a.most
	}
	group, alias, _ := strings.Cut(s.To, "/")
	processes := slices.DeleteFunc(slices.Clone(c.Seen.Processes), func(p fleet.Process) bool { return p.Group != group })
	if len(processes) == 0 || give.most == 0 || s.Until <= s.At {
		return nil, nil
	}
	n := len(processes)
	add := func(most, now int, come arrival, over int, name, key, of string) {
		limits = append(limits, ClientLimit{Limit: name, Key: key, Most: most, Now: now, Of: of,
			Least: share(come.least, over), Comes: share(come.most, over), Burst: burst(come.most, over), At: s.At,
			Until: s.Until})
	}
	all := 0
	for _, p := range processes {
		brought := share(c.comeTo(group), n)
		clients, inAlias := 0, 0
		var to fleet.Alias
		for _, a := range p.Aliases {
			clients += a.Clients()
			if a.Name == alias {
				to, inAlias = a, a.Clients()
			}
		}
		all += clients
		used, of := p.UsedClients, "consoles and logins count"
		if used == 0 {
			used, of = clients, ""
			unknown = append(unknown, "SHOW LISTS of "+p.ID+" is not in the sample: consoles and logins are not counted")
		}
		if most := p.Settings.MaxClients; most > 0 {
			add(most, used+brought, give, n, "max_client_conn of "+p.ID, "max_client_conn", of)
		} else {
			unknown = append(unknown, "max_client_conn of "+p.ID+" is not known")
		}
		switch {
		case to.MaxClients > 0:
			const key = "max_db_client_connections"
			add(to.MaxClients, inAlias+share(sum(c.come[s.To]), n), give, n, key+" of "+alias+" in "+p.ID, key, "")
		case alias == fleet.AutoDB && p.Settings.MaxDBClients > 0:
			unknown = append(unknown, "max_db_client_connections holds for each database of * in "+p.ID+" by itself")
		}
		for _, user := range slices.Sorted(maps.Keys(arrivals)) {
			if most, now := p.ClientsOf(user); most > 0 && arrivals[user].most > 0 {
				add(most, now+share(c.comeOf(group, user), n), arrivals[user], n,
					"max_user_client_connections of "+user+" in "+p.ID, "max_user_client_connections", "over all databases")
			}
		}
		if c.forced(s) && (p.Settings.MaxUserClients > 0 || len(p.UserClients) > 0) {
			unknown = append(unknown, "max_user_client_connections of "+p.ID+": a line with user= hides as whom clients come")
		}
		if most := c.Declared[group].Files; most > 0 {
			servers := c.serversOf(p, s)
			add(most, used+brought+servers+besideClients, give, n, "files of "+p.ID, "groups[].client_limits.files",
				fmt.Sprintf("%d clients, %d server connections at most, %d of its own", used+brought, servers, besideClients))
		}
	}
	if most := c.Declared[group].Balancer; most > 0 {
		add(most, all+c.comeTo(group), give, 1, "the balancer of "+group, "groups[].client_limits.balancer",
			"all clients of "+group)
	}
	var missing []string
	for key, n := range map[string]int{"files": c.Declared[group].Files, "balancer": c.Declared[group].Balancer} {
		if n == 0 {
			missing = append(missing, key)
		}
	}
	if slices.Sort(missing); len(missing) > 0 {
		unknown = append(unknown, fmt.Sprintf("groups[].client_limits of %s declares no %s: the clients that come are not "+
			"held against it", group, strings.Join(missing, ", no ")))
	}
	return limits, unknown
}

// share is what one of n processes gets of clients that spread evenly.
func share(clients, n int) int { return (clients + n - 1) / n }

// burst is what one of n processes gets at most where each client picks one at random. chosen: three standard
// deviations of the binomial distribution above its mean, as one process in a thousand has more.
func burst(clients, n int) int {
	mean := float64(clients) / float64(n)
	return min(clients, int(math.Ceil(mean+3*math.Sqrt(mean*(1-1/float64(n))))))
}

func sum(of map[string]int) (n int) {
	for _, x := range of {
		n += x
	}
	return n
}

// comeTo is how many clients earlier shifts bring to the pools of a group.
func (c Clients) comeTo(group string) (n int) {
	for pool, of := range c.come {
		if strings.HasPrefix(pool, group+"/") {
			n += sum(of)
		}
	}
	return n
}

// comeOf is comeTo of one user.
func (c Clients) comeOf(group, user string) (n int) {
	for pool, of := range c.come {
		if strings.HasPrefix(pool, group+"/") {
			n += of[user]
		}
	}
	return n
}

// forced reports whether the line of the giving pool hides who its clients are.
func (c Clients) forced(s Shift) bool {
	for _, p := range c.Seen.Processes {
		for _, a := range p.Aliases {
			if a.ForceUser != "" && p.Group+"/"+a.Name == s.From {
				return true
			}
		}
	}
	return false
}

// serversOf is how many server connections a process may have by a bound that holds: of each pool what it may open at
// its largest size, under max_db_connections; of the pools of each user what max_user_connections lets them. Pools of
// servers that are not ours count, too, and users of the giving pool who come to the receiving one.
func (c Clients) serversOf(p fleet.Process, s Shift) int {
	byAlias, byUser := 0, map[string]int{}
	users := map[string]bool{} // of the giving pool
	for _, x := range c.Fleet.Pools {
		if x.ID == s.From {
			for _, l := range x.LinePools {
				users[roleOf(l)] = true
			}
		}
	}
	for _, a := range p.Aliases {
		id, conns := p.Group+"/"+a.Name, 0
		own := map[string]int{}
		i := slices.IndexFunc(c.Fleet.Pools, func(x budget.FleetPool) bool { return x.ID == id })
		if i < 0 || !slices.ContainsFunc(c.Fleet.Pools[i].Sizes, func(z budget.Size) bool { return z.Process == p.ID }) {
			for _, g := range a.Pools {
				own[a.Login(g).Role] += max(a.SizeConns+a.ReserveConns, g.Conns())
			}
		} else {
			x := c.Fleet.Pools[i]
			size := max(x.SizeIn(p.ID), c.Largest[id])
			for _, l := range x.LinePools {
				if l.Process == p.ID {
					own[roleOf(l)] += max(l.Worst(size, x.ReserveConns), l.SeenConns)
				}
			}
			for user := range users {
				if _, is := own[user]; id == s.To && !is {
					own[user] = size + x.ReserveConns
				}
			}
		}
		for user, n := range own {
			if conns += n; a.ForceUser != "" { // counted by itself
				user = a.Name + "/" + user
			}
			byUser[user] += n
		}
		if a.MaxConns > 0 {
			conns = min(conns, max(a.MaxConns, a.CurrentConns))
		}
		byAlias += conns
	}
	limited := 0
	for user, n := range byUser {
		if most := p.UserMax(user); most > 0 && !p.PAM && fleet.VersionAtLeast(p.Version, 1, 23) { // else counted by alias
			n = min(n, most)
		}
		limited += n
	}
	return min(byAlias, limited)
}

// roleOf is the user of a pool of a line, behind the name of a gathered one.
func roleOf(l budget.LinePool) string {
	if l.Login.Role != "" {
		return l.Login.Role
	}
	return l.User
}

// ClientsRefused says which limits are in the way between where the switch is and where it goes, and from which
// percentage on, with what cures it; empty: none is. burst is about those that are in the way where all clients come at
// the first percentage, and pick a process at random.
func (s Shift) ClientsRefused(limits []ClientLimit) (refused, cures, burst []string) {
	for _, l := range limits {
		switch full := l.Full(); {
		case full <= s.At:
			refused = append(refused, l.Text()+", which is too many already")
			cures = append(cures, fmt.Sprintf("raise %s to %d", l.Key, l.Clients(s.Until)))
		case full <= s.Until:
			refused = append(refused, fmt.Sprintf("%s, too many from %d %% on", l.Text(), full))
			cures = append(cures, fmt.Sprintf("raise %s to %d", l.Key, l.Clients(s.Until)))
			if full-1 > s.At {
				cures = append(cures, fmt.Sprintf("end the shift at %d %%", full-1))
			}
		case l.Now+l.Burst > l.Most:
			burst = append(burst, fmt.Sprintf("%s; up to %d, and too many, where every client of %s opens one at the first "+
				"percentage and picks a process at random", l.Text(), l.Now+l.Burst, s.From))
		}
	}
	slices.Sort(cures)
	return refused, slices.Compact(cures), burst
}
