package planner

import "fmt"

// sharedUser is a user of one process whose max_user_connections is less than the sizes of its pools together: the user
// is counted as a whole, not pool by pool.
type sharedUser struct {
	process, user, server string
	conns                 int
}

// shareUsers marks the copies of such users, whatever pool they belong to, and returns the users. A user whose pools
// lead to several servers is left as it is: then each server's pools count in full, which errs to the safe side.
func shareUsers(o Observation, pools []FleetPool) []sharedUser {
	var out []sharedUser
	for _, proc := range o.Processes {
		for _, u := range userCaps(proc) {
			worst, seen, server, several := 0, 0, "", false
			each := func(visit func(p *FleetPool, c *Copy)) {
				for i := range pools {
					for j := range pools[i].Copies {
						if c := &pools[i].Copies[j]; c.Process == proc.ID && c.User == u.Name {
							visit(&pools[i], c)
						}
					}
				}
			}
			each(func(p *FleetPool, c *Copy) {
				worst += c.worst(p.sizeIn(proc.ID) + p.ReserveConns)
				seen += c.SeenConns
				several = several || server != "" && server != p.Server
				server = p.Server
			})
			if worst <= u.MaxConns || several {
				continue
			}
			each(func(p *FleetPool, c *Copy) {
				c.Shared = true
				p.tally()
			})
			out = append(out, sharedUser{proc.ID, u.Name, server, max(u.MaxConns, seen)})
		}
	}
	return out
}

func (p FleetPool) sizeIn(process string) int {
	for _, s := range p.Sizes {
		if s.Process == process {
			return s.Conns
		}
	}
	panic(fmt.Sprintf("planner: pool %s has no size in %s", p.ID, process))
}

// overridden are the connections of copies that do not follow the line.
func (p FleetPool) overridden() int {
	sum := 0
	for _, c := range p.Copies {
		sum += c.FixedConns
	}
	return sum
}
