package prom

import (
	"fmt"
	"regexp"
	"strings"
)

// Dialect is the set of names that a fleet's PgBouncer exporters use for their counters.
type Dialect string

// The dialects of prometheus-community's pgbouncer_exporter. Source: its collector.go; the prefix changed with 0.11.0.
const (
	Legacy Dialect = "pgbouncer_exporter up to 0.10"                   // pgbouncer_stats_…
	Modern Dialect = "pgbouncer_exporter 0.11 on"                      // pgbouncer_stats_totals_…
	Mixed  Dialect = "pgbouncer_exporter, both up to 0.10 and 0.11 on" // some processes have the one, some the other
)

// Counters of SHOW STATS_TOTALS, without the dialect's prefix; all but the first are cumulative seconds.
const (
	counterXacts = "sql_transactions_pooled_total"       // total_xact_count
	counterXact  = "server_in_transaction_seconds_total" // total_xact_time: includes the time queued
	counterWait  = "client_wait_seconds_total"           // total_wait_time
)

// Gauges of SHOW POOLS and SHOW DATABASES, the same in both dialects.
const (
	gaugeWaiting  = "pgbouncer_pools_client_waiting_connections"
	gaugeActive   = "pgbouncer_pools_server_active_connections"
	gaugeIdle     = "pgbouncer_pools_server_idle_connections"
	gaugeUsed     = "pgbouncer_pools_server_used_connections"
	gaugeLogin    = "pgbouncer_pools_server_login_connections"
	gaugeSize     = "pgbouncer_databases_pool_size"
	gaugeMaxConns = "pgbouncer_databases_max_connections"
	gaugeConns    = "pgbouncer_databases_current_connections"
	gaugeUp       = "pgbouncer_up"
	// gaugeServers matches every state of a server connection that pg_stat_activity shows. What it may not show is left
	// out, so that nothing is subtracted that was not counted: logins in flight, and cancel requests, which never take a
	// slot. Source: PgBouncer 1.25.2, admin.c:896; being_canceled exists from PgBouncer 1.18 on.
	gaugeServers = "pgbouncer_pools_server_(active|idle|used|testing|being_canceled)_connections"
)

var prefixes = map[Dialect][]string{
	Legacy: {"pgbouncer_stats_"},
	Modern: {"pgbouncer_stats_totals_"},
	// A process has one or the other at any one time; the newer comes first.
	Mixed: {"pgbouncer_stats_totals_", "pgbouncer_stats_"},
}

// names returns what a counter is called, the preferred name first.
func (d Dialect) names(counter string) []string {
	var names []string
	for _, prefix := range prefixes[d] {
		names = append(names, prefix+counter)
	}
	return names
}

// dialectOf tells the dialect from the names that exist; "" when neither is there.
func dialectOf(has func(name string) bool) Dialect {
	legacy, modern := has(Legacy.names(counterXact)[0]), has(Modern.names(counterXact)[0])
	switch {
	case legacy && modern:
		return Mixed
	case legacy:
		return Legacy
	case modern:
		return Modern
	}
	return ""
}

// join returns the dialect of two fleets read together; "" is none.
func (d Dialect) join(other Dialect) Dialect {
	switch {
	case d == "" || d == other:
		return other
	case other == "":
		return d
	}
	return Mixed
}

// stranger is an exporter that is recognised by its names and cannot be used.
type stranger struct {
	names  *regexp.Regexp
	called string
	why    string
}

// strangers are tried in order; the first that any name matches wins. Sources: the exporters' own pages and code.
var strangers = []stranger{
	{regexp.MustCompile(`^pgbouncer_stats_server_in_transaction_seconds$`), "pgbouncer_exporter before 0.4",
		"its counters have other names: upgrade it"},
	{regexp.MustCompile(`^pgbouncer_(query_microseconds_total|requests_total|active_clients|waiting_clients|pool_size)$`),
		"the Python exporter that Debian 12 packages",
		"it shows no server connections, and ends at its first scrape of PgBouncer 1.8 or later: install " +
			"prometheus-community's pgbouncer_exporter"},
	{regexp.MustCompile(`^pgbouncer_(stats_queries_duration_microseconds|databases_database_pool_size)$`),
		"spreaker's exporter",
		"it has no time in transaction: install prometheus-community's pgbouncer_exporter"},
	{regexp.MustCompile(`^cnpg_pgbouncer_`), "CloudNativePG's exporter",
		"it shows no pool sizes, so a full pool would pass for its load"},
	{regexp.MustCompile(`^ccp_pgbouncer_`), "Crunchy Data's pgMonitor",
		"its names are not read: run prometheus-community's pgbouncer_exporter beside it"},
	{regexp.MustCompile(`^pgcat_`), "pgcat", "that is another pooler"},
	{regexp.MustCompile(`^pgdog_`), "PgDog", "that is another pooler"},
	{regexp.MustCompile(`^odyssey_`), "Odyssey", "that is another pooler"},
}

// poolerNames matches the metrics of every pooler that strangers knows and of the exporters that are understood.
const poolerNames = `(cnpg_|ccp_)?pgbouncer_.+|pgcat_.+|pgdog_.+|odyssey_.+`

// recognise says which unusable exporter the names belong to; false when none.
func recognise(names []string) (stranger, bool) {
	for _, s := range strangers {
		for _, n := range names {
			if s.names.MatchString(n) {
				return s, true
			}
		}
	}
	return stranger{}, false
}

// selector joins a metric's name and label matchers; blank parts and stray commas are left out.
func selector(metric string, matchers ...string) string {
	var parts []string
	for _, m := range matchers {
		if m = strings.Trim(strings.TrimSpace(m), ", "); m != "" {
			parts = append(parts, m)
		}
	}
	return fmt.Sprintf("%s{%s}", metric, strings.Join(parts, ","))
}

// equals is a label matcher for one value.
func equals(label, value string) string { return fmt.Sprintf("%s=%q", label, value) }

// matches is a label matcher for a regular expression, which PromQL anchors at both ends.
func matches(label, pattern string) string { return fmt.Sprintf("%s=~%q", label, pattern) }
