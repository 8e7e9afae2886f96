package admin

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// versionText finds the number in "PgBouncer 1.25.2", in the NOTICE of 1.11 and before, and in "1.8.1/bouncer".
var versionText = regexp.MustCompile(`\d+\.\d+(\.\d+)?`)

// valuesOf returns the values of SHOW CONFIG by key.
func valuesOf(records []record) map[string]string {
	config := map[string]string{}
	for _, r := range records {
		config[r.text("key")] = r.text("value")
	}
	return config
}

// paramsOf returns SHOW CONFIG as it is compared with the files, in the order of its rows.
func paramsOf(t *table) []ini.Param {
	out := make([]ini.Param, 0, len(t.records))
	for _, r := range t.records {
		out = append(out, ini.Param{Key: r.text("key"), Value: r.text("value"), Fixed: r.text("changeable") == "no",
			Defaults: t.has("default"), Default: r.text("default"), Sticks: r.null("default")})
	}
	return out
}

// settingsOf reads SHOW CONFIG. All that pgbudget needs of it has been there since before 1.8; a setting that is
// missing or unreadable is an error.
func settingsOf(subject, version string, config map[string]string) (fleet.Settings, error) {
	var wrong error
	complain := func(key string) {
		if wrong == nil {
			wrong = Fail(operr.KindUnforeseen, subject, "", "SHOW CONFIG of PgBouncer %s: %s is %q", version, key, config[key])
		}
	}
	count := func(key string) int {
		n, err := strconv.Atoi(config[key])
		if err != nil {
			complain(key)
		}
		return n
	}
	seconds := func(key string) time.Duration { // fractions are allowed: PgBouncer 1.25.2, lib/usual/cfparser.c:547
		f, err := strconv.ParseFloat(config[key], 64)
		if err != nil || f != f || f < 0 || f > maxSpanSeconds {
			complain(key)
			return 0
		}
		return time.Duration(f * float64(time.Second))
	}
	since24 := func(key string) int {
		if config[key] == "" { // before 1.24, and forks
			return 0
		}
		return max(0, count(key))
	}
	s := fleet.Settings{
		DefaultPoolConns:    count("default_pool_size"),
		DefaultReserveConns: count("reserve_pool_size"),
		ReserveTimeout:      seconds("reserve_pool_timeout"),
		MaxUserConns:        count("max_user_connections"),
		MaxDBConns:          max(0, count("max_db_connections")),
		MaxClients:          count("max_client_conn"),
		MaxDBClients:        since24("max_db_client_connections"),
		MaxUserClients:      since24("max_user_client_connections"),
		PoolMode:            config["pool_mode"],
		QueryWaitTimeout:    seconds("query_wait_timeout"),
		Lifetime:            seconds("server_lifetime"),
		ServerTLS:           config["server_tls_sslmode"],
	}
	if s.PoolMode == "" {
		complain("pool_mode")
	}
	return s, wrong
}

const maxSpanSeconds = float64(maxSpan) / 1e6

// gauges is SHOW POOLS by alias: its pools, sorted by user, and the pool mode that its counters have to be read by.
type gauges struct {
	pools map[string][]fleet.PoolGauges
	modes map[string]string
}

// gaugesOf reads SHOW POOLS. The console's
// own pool is left out; pools of peers are not in it (they have SHOW PEER_POOLS).
func gaugesOf(records []record) gauges {
	pools, modes := map[string][]fleet.PoolGauges{}, map[string]string{}
	for _, r := range records {
		alias := r.text("database")
		if alias == consoleDatabase {
			continue
		}
		pools[alias] = append(pools[alias], fleet.PoolGauges{
			User:                 r.text("user"),
			ClientsActive:        r.count("cl_active"),
			ClientsWaiting:       r.count("cl_waiting"),
			ServersActive:        r.count("sv_active"),
			ServersActiveCancel:  r.count("sv_active_cancel"),
			ServersBeingCanceled: r.count("sv_being_canceled"),
			ServersIdle:          r.count("sv_idle"),
			ServersUsed:          r.count("sv_used"),
			ServersTested:        r.count("sv_tested"),
			ServersLogin:         r.count("sv_login"),
			MaxWait:              r.span("maxwait") + r.span("maxwait_us"),
		})
		// A user's own pool_mode beats the alias's. Where the users of one alias differ, session decides: in session
		// mode the alias's counters do not tell holding times. What the alias's line says is in SHOW DATABASES.
		if mode := r.text("pool_mode"); mode != "" && modes[alias] != "session" {
			modes[alias] = mode
		}
	}
	for _, p := range pools {
		slices.SortFunc(p, func(a, b fleet.PoolGauges) int { return cmp.Compare(a.User, b.User) })
	}
	return gauges{pools, modes}
}

// countersOf reads SHOW STATS.
func countersOf(records []record) map[string]fleet.Counters {
	counters := map[string]fleet.Counters{}
	for _, r := range records {
		counters[r.text("database")] = fleet.Counters{
			Xacts:       r.number("total_xact_count"),
			Assignments: r.number("total_server_assignment_count"),
			XactTime:    r.span("total_xact_time"),
			WaitTime:    r.span("total_wait_time"),
		}
	}
	return counters
}

// aliasesOf reads SHOW DATABASES and joins pools and counters to it by name, sorted by name. An alias that was never
// used has no counters: they are zero, or -1 where this version does not keep one. What SHOW POOLS alone has is a
// database of *; see fleet.Alias.Hidden.
func aliasesOf(records []record, settings fleet.Settings, g gauges, counters map[string]fleet.Counters,
	unused fleet.Counters) []fleet.Alias {
	var aliases []fleet.Alias
	for _, r := range records {
		name := r.text("name")
		if name == consoleDatabase {
			continue
		}
		a := fleet.Alias{
			Name:         name,
			Host:         r.text("host"),
			Port:         r.count("port"),
			Database:     r.text("database"),
			ForceUser:    r.text("force_user"),
			SizeConns:    r.count("pool_size"),
			ReserveConns: r.count("reserve_pool_size"),
			MaxConns:     max(0, r.count("max_connections")),
			MaxClients:   max(0, r.count("max_client_connections")),
			CurrentConns: r.count("current_connections"),
			Lifetime:     cmp.Or(r.span("server_lifetime"), settings.Lifetime),
			PoolMode:     cmp.Or(g.modes[name], r.text("pool_mode"), settings.PoolMode),
			Paused:       r.number("paused") != 0,
			Disabled:     r.number("disabled") != 0,
			Counters:     unused,
			Pools:        g.pools[name],
		}
		if line := cmp.Or(r.text("pool_mode"), settings.PoolMode); line != a.PoolMode {
			a.LinePoolMode = line
		}
		if c, ok := counters[name]; ok {
			a.Counters = c
		}
		aliases = append(aliases, a)
	}
	for name, pools := range g.pools {
		if slices.ContainsFunc(aliases, func(a fleet.Alias) bool { return a.Name == name }) {
			continue
		}
		a := fleet.Alias{Name: name, Database: name, Hidden: true, SizeConns: settings.DefaultPoolConns,
			ReserveConns: settings.DefaultReserveConns,
			MaxConns:     settings.MaxDBConns, Lifetime: settings.Lifetime, PoolMode: cmp.Or(g.modes[name], settings.PoolMode),
			Counters: unused, Pools: pools}
		if c, ok := counters[name]; ok {
			a.Counters = c
		}
		for _, p := range pools {
			a.CurrentConns += p.Conns()
		}
		if a.PoolMode != settings.PoolMode {
			a.LinePoolMode = settings.PoolMode
		}
		aliases = append(aliases, a)
	}
	slices.SortFunc(aliases, func(a, b fleet.Alias) int { return strings.Compare(a.Name, b.Name) })
	return aliases
}

// unusedCounters are the counters of an alias that SHOW STATS does not list yet.
func unusedCounters(stats *table) fleet.Counters {
	if stats.has("total_server_assignment_count") {
		return fleet.Counters{}
	}
	return fleet.Counters{Assignments: -1}
}
