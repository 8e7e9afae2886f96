package prom

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// DefaultStep is the length of one "minute" of history. chosen: 1 min because that is
// long against a scrape and short against a peak.
const DefaultStep = time.Minute

// Spec says what history is wanted.
type Spec struct {
	Lookback time.Duration // > 0; what Prometheus no longer keeps is simply not there
	Step     time.Duration // one load per Step; 0 is DefaultStep; whole milliseconds
	Pools    []PoolSpec
	Servers  []ServerSpec
}

// PoolSpec says which series belong to one pool.
type PoolSpec struct {
	ID       string // group/alias
	Alias    string // as the label "database" of its stats and "name" of its sizes has it; fleet.AutoDB: see Lines
	Selector string // label matchers that pick the exporters of the group's processes: job="pgb-main"; without braces
	Server   string // name of the ServerSpec it leads to, for the CPU fit; "" is the only one, or none
	// pool_mode is session: its load is taken from sv_active. Also found in the label pool_mode, where it is set
	Session bool

	// Shares says that a limit over several pools (of a user, a role or a database) may leave it without any connection:
	// while clients wait and it has none, it is full. Without such a limit it is paused then, or its server is away.
	Shares bool

	// Lines are the aliases that have lines of their own, where Alias is fleet.AutoDB: the pool is all other databases.
	Lines []string

	Note    string // goes into its PoolHistory
	Unasked bool   // its series do not tell its load: of its history there is the Note alone
}

// of is the label matcher for the pool's databases.
func (p PoolSpec) of(label string) string {
	if p.Alias != fleet.AutoDB {
		return equals(label, p.Alias)
	}
	return fmt.Sprintf("%s!~%q", label, AnyOf(append([]string{"pgbouncer"}, p.Lines...)))
}

// AnyOf is a regular expression for these values of a label.
func AnyOf(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	return strings.Join(quoted, "|")
}

// ServerSpec says which series belong to one PostgreSQL server.
type ServerSpec struct {
	Name     string
	CPUQuery string // PromQL: the share of all cores in use, 0..1; "" for no fit

	// DirectQuery is PromQL for the connections that belong to no PgBouncer. Without it they are what postgres_exporter
	// counts under Selector, less the server connections that PgBouncer holds under PoolSelectors. Without either there
	// is no history of direct connections.
	DirectQuery string
	Selector    string // label matchers of the server's postgres_exporter
	// label matchers that pick the pools that lead to this server, each pool once: job="pgb-main",database=~"app|app_ro"
	PoolSelectors []string

	// Shared are pools that may have connections on other servers, too. How many are here is in no metric, so that
	// nothing is taken off for them: their connections count as direct.
	Shared []string
}

// withDefaults returns the spec with its blanks filled in, or the first thing wrong with it, of KindUsage.
func (s Spec) withDefaults() (Spec, error) {
	bad := func(subject, hint, format string, args ...any) (Spec, error) {
		return s, &operr.Error{Kind: operr.KindUsage, Subject: "history: " + subject, Err: fmt.Errorf(format, args...),
			Hint: hint}
	}
	if s.Step == 0 {
		s.Step = DefaultStep
	}
	switch {
	case s.Step < time.Millisecond || s.Step%time.Millisecond != 0:
		return bad("step", "use 1m", "%s is not a whole number of milliseconds above 0", s.Step)
	case s.Lookback < s.Step:
		return bad("lookback", "use 7d", "%s is shorter than one step of %s", s.Lookback, s.Step)
	}
	servers := map[string]bool{}
	for _, v := range s.Servers {
		switch {
		case v.Name == "":
			return bad("servers", "name it as in the config", "a server has no name")
		case servers[v.Name]:
			return bad("server "+v.Name, "list each server once", "it is listed twice")
		case v.DirectQuery == "" && v.Selector != "" && len(v.PoolSelectors) == 0 && len(v.Shared) > 0:
			return bad("server "+v.Name, "give it direct: {query: …}, a query for the direct connections",
				"only pools of other servers, too, lead there (%s): every connection would count as direct", list(v.Shared))
		case v.DirectQuery == "" && v.Selector != "" && len(v.PoolSelectors) == 0:
			return bad("server "+v.Name, "say which pools lead there, or give a query for the direct connections",
				"without its pools' selectors every connection would count as direct")
		}
		servers[v.Name] = true
	}
	ids, picked := map[string]bool{}, map[string]string{}
	for _, p := range s.Pools {
		// Two pools that read the same series would each be given the load of both.
		series := p.Alias + "\x00" + strings.Join(strings.Fields(p.Selector), "")
		switch {
		case p.ID == "" || p.Alias == "":
			return bad("pools", "a pool is group/alias", "a pool has no id or no alias")
		case ids[p.ID]:
			return bad("pool "+p.ID, "list each pool once", "it is listed twice")
		case picked[series] != "":
			return bad("pool "+p.ID, "give each group the label matchers of its own exporters",
				"it has the same alias and selector {%s} as %s", p.Selector, picked[series])
		case p.Server != "" && !servers[p.Server]:
			return bad("pool "+p.ID, "name a server of the config", "it leads to the unknown server %q", p.Server)
		case p.Server == "" && len(s.Servers) > 1:
			return bad("pool "+p.ID, "say to which one it leads", "there are %d servers", len(s.Servers))
		}
		ids[p.ID], picked[series] = true, p.ID
	}
	return s, nil
}

// poolsOf returns the ids of the pools that lead to a server, sorted.
func (s Spec) poolsOf(server string) []string {
	var ids []string
	for _, p := range s.Pools {
		if p.Server == server || p.Server == "" {
			ids = append(ids, p.ID)
		}
	}
	slices.Sort(ids)
	return ids
}
