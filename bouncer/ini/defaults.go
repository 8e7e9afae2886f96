package ini

// oldDefaults are the defaults of [pgbouncer] in PgBouncer 1.8 to 1.14, whose SHOW CONFIG has no column for them. Left
// out are keys that RELOAD leaves alone (CF_NO_RELOAD), keys without a default, and auth_query, which packagers change.
// Source: bouncer_params in main.c at those tags.
var oldDefaults = map[string]string{
	"admin_users": "", "application_name_add_host": "0", "auth_hba_file": "", "auth_type": "md5",
	"autodb_idle_timeout": "3600", "client_idle_timeout": "0", "client_login_timeout": "60",
	"default_pool_size": "20", "dns_max_ttl": "15", "dns_nxdomain_ttl": "15", "dns_zone_check_period": "0",
	"idle_transaction_timeout": "0", "ignore_startup_parameters": "", "log_connections": "1",
	"log_disconnections": "1", "log_pooler_errors": "1", "log_stats": "1", "logfile": "", "max_client_conn": "100",
	"max_db_connections": "0", "max_packet_size": "2147483647", "max_user_connections": "0", "min_pool_size": "0",
	"pool_mode": "session", "query_timeout": "0", "query_wait_timeout": "120", "reserve_pool_size": "0",
	"reserve_pool_timeout": "5", "sbuf_loopcnt": "5", "server_check_delay": "30", "server_check_query": "select 1",
	"server_connect_timeout": "15", "server_fast_close": "0", "server_idle_timeout": "600",
	"server_lifetime": "3600", "server_login_retry": "15", "server_reset_query": "DISCARD ALL",
	"server_reset_query_always": "0", "server_round_robin": "0", "stats_period": "60", "stats_users": "",
	"suspend_timeout": "10", "syslog": "0", "syslog_facility": "daemon", "syslog_ident": "pgbouncer",
	"tcp_keepalive": "1", "tcp_keepcnt": "0", "tcp_keepidle": "0", "tcp_keepintvl": "0", "tcp_socket_buffer": "0",
	"tcp_user_timeout": "0",
}

// fallback is the value that a RELOAD gives a key which no line says. sticks: none, the key keeps what it has. known is
// false where neither the process nor this package can tell.
func (p Param) fallback() (text string, sticks, known bool) {
	if k, ok := settings[p.Key]; p.Defaults && ok && p.Sticks && k.kind == anyText && !k.kept {
		return "", false, true // a text whose default is empty, sent as NULL by something in between
	}
	if p.Defaults {
		return p.Default, p.Sticks, true
	}
	if k, ok := settings[p.Key]; ok && (k.kept || p.Key == "tcp_defer_accept") {
		return "", true, true
	}
	text, known = oldDefaults[p.Key]
	return text, false, known
}
