package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner"
)

// historySpec asks for every pool of the groups that say which exporter series are theirs, and for every server that
// has a query or an exporter. Which server a pool leads to is taken from the look.
func historySpec(cfg *config.Config, o planner.Observation) prom.Spec {
	spec := prom.Spec{Lookback: planner.DefaultLookbackLoad}
	if cfg.Prometheus.Lookback.Set {
		spec.Lookback = cfg.Prometheus.Lookback.D
	}
	for _, srv := range cfg.Servers {
		if srv.CPU != "" || srv.Metrics != "" || srv.Direct.Query != "" {
			spec.Servers = append(spec.Servers, prom.ServerSpec{Name: srv.Name, CPUQuery: srv.CPU, DirectQuery: srv.Direct.Query, Selector: srv.Metrics})
		}
	}
	for _, g := range cfg.Groups {
		if g.Metrics == "" {
			continue
		}
		aliases := map[string][]string{} // by server
		for _, id := range planner.PoolIDs(o) {
			group, alias, _ := strings.Cut(id, "/")
			if group != g.Name {
				continue
			}
			server, session := placeOf(o, id)
			if server == "" {
				continue // on none of our servers, or not known: it is in no ledger, or it is refused later
			}
			aliases[server] = append(aliases[server], regexp.QuoteMeta(alias))
			if !slices.ContainsFunc(spec.Servers, func(s prom.ServerSpec) bool { return s.Name == server }) {
				server = ""
			}
			spec.Pools = append(spec.Pools, prom.PoolSpec{ID: id, Alias: alias, Selector: g.Metrics, Server: server, Session: session})
		}
		for i, s := range spec.Servers {
			if names := aliases[s.Name]; len(names) > 0 {
				matchers := fmt.Sprintf("%s,database=~%q", strings.TrimSuffix(strings.TrimSpace(g.Metrics), ","), strings.Join(names, "|"))
				spec.Servers[i].PoolSelectors = append(spec.Servers[i].PoolSelectors, matchers)
			}
		}
	}
	return spec
}

// placeOf says which server a pool leads to and whether it pools sessions.
func placeOf(o planner.Observation, id string) (server string, session bool) {
	elsewhere := false
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			if p.Group+"/"+a.Name != id {
				continue
			}
			session = session || a.PoolMode == "session"
			elsewhere = elsewhere || a.Proof == planner.ProofElsewhere
			if a.Server != "" {
				server = a.Server
			}
		}
	}
	if server == "" && !elsewhere && len(o.Servers) == 1 {
		server = o.Servers[0].Name
	}
	return server, session
}
