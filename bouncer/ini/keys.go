package ini

import "strings"

// valueKind is what PgBouncer demands of a value.
type valueKind int

const (
	anyText valueKind = iota
	wholeNumber
	timeSpan
	poolMode
	sslMode
	authType
	loadBalance
	authDatabase // any database but the console
	portNumber   // atoi, and not 0
)

// known is a key that PgBouncer knows.
type known struct {
	kind  valueKind
	since int  // the minor version that brought it; 0: before 1.8
	fixed bool // of [pgbouncer]: only read at the start of the process, and not even read by RELOAD (CF_NO_RELOAD)
	kept  bool // of [pgbouncer]: has no default, so nothing resets it
}

// settings are the keys of [pgbouncer]. Source: bouncer_params, main.c:261, at each minor version's tag.
var settings = map[string]known{
	"admin_users":                 {},
	"application_name_add_host":   {kind: wholeNumber},
	"auth_dbname":                 {kind: authDatabase, since: 19, kept: true},
	"auth_file":                   {kept: true},
	"auth_hba_file":               {},
	"auth_ident_file":             {since: 23, kept: true},
	"auth_ldap_options":           {since: 25, kept: true},
	"auth_query":                  {},
	"auth_type":                   {kind: authType},
	"auth_user":                   {kept: true},
	"autodb_idle_timeout":         {kind: timeSpan},
	"cancel_wait_timeout":         {kind: timeSpan, since: 19},
	"client_idle_timeout":         {kind: timeSpan},
	"client_login_timeout":        {kind: timeSpan},
	"client_tls13_ciphers":        {since: 25, kept: true},
	"client_tls_ca_file":          {},
	"client_tls_cert_file":        {},
	"client_tls_ciphers":          {},
	"client_tls_dheparams":        {},
	"client_tls_ecdhcurve":        {},
	"client_tls_key_file":         {},
	"client_tls_protocols":        {},
	"client_tls_sslmode":          {kind: sslMode},
	"conffile":                    {kept: true},
	"default_pool_size":           {kind: wholeNumber},
	"disable_pqexec":              {kind: wholeNumber, fixed: true},
	"dns_max_ttl":                 {kind: timeSpan},
	"dns_nxdomain_ttl":            {kind: timeSpan},
	"dns_zone_check_period":       {kind: timeSpan},
	"idle_transaction_timeout":    {kind: timeSpan},
	"ignore_startup_parameters":   {},
	"job_name":                    {fixed: true},
	"listen_addr":                 {fixed: true},
	"listen_backlog":              {kind: wholeNumber, fixed: true},
	"listen_port":                 {kind: wholeNumber, fixed: true},
	"log_connections":             {kind: wholeNumber},
	"log_disconnections":          {kind: wholeNumber},
	"log_pooler_errors":           {kind: wholeNumber},
	"log_stats":                   {kind: wholeNumber, since: 11},
	"logfile":                     {},
	"login_notify_message":        {since: 26},
	"max_client_conn":             {kind: wholeNumber},
	"max_db_client_connections":   {kind: wholeNumber, since: 24},
	"max_db_connections":          {kind: wholeNumber},
	"max_packet_size":             {kind: wholeNumber},
	"max_prepared_statements":     {kind: wholeNumber, since: 21},
	"max_user_client_connections": {kind: wholeNumber, since: 24},
	"max_user_connections":        {kind: wholeNumber},
	"min_pool_size":               {kind: wholeNumber},
	"peer_id":                     {kind: wholeNumber, since: 19},
	"pidfile":                     {fixed: true},
	"pkt_buf":                     {kind: wholeNumber, fixed: true},
	"pool_mode":                   {kind: poolMode},
	"pool_idle_timeout":           {kind: timeSpan, since: 26},
	"query_timeout":               {kind: timeSpan},
	"query_wait_notify":           {kind: wholeNumber, since: 25},
	"query_wait_timeout":          {kind: timeSpan},
	"reserve_pool_size":           {kind: wholeNumber},
	"reserve_pool_timeout":        {kind: timeSpan},
	"resolv_conf":                 {since: 12, fixed: true},
	"sbuf_loopcnt":                {kind: wholeNumber},
	"scram_iterations":            {kind: wholeNumber, since: 25},
	"server_check_delay":          {kind: timeSpan},
	"server_check_query":          {},
	"server_connect_timeout":      {kind: timeSpan},
	"server_fast_close":           {kind: wholeNumber, since: 9},
	"server_idle_timeout":         {kind: timeSpan},
	"server_lifetime":             {kind: timeSpan},
	"server_login_retry":          {kind: timeSpan},
	"server_reset_query":          {},
	"server_reset_query_always":   {kind: wholeNumber},
	"server_round_robin":          {kind: wholeNumber},
	"server_tls13_ciphers":        {since: 25, kept: true},
	"server_tls_ca_file":          {},
	"server_tls_cert_file":        {},
	"server_tls_ciphers":          {},
	"server_tls_key_file":         {},
	"server_tls_protocols":        {},
	"server_tls_sslmode":          {kind: sslMode},
	"so_reuseport":                {kind: wholeNumber, since: 12, fixed: true},
	"stats_period":                {kind: wholeNumber},
	"stats_users":                 {},
	"suspend_timeout":             {kind: timeSpan},
	"syslog":                      {kind: wholeNumber},
	"syslog_facility":             {},
	"syslog_ident":                {},
	"tcp_defer_accept":            {kind: wholeNumber},
	"tcp_keepalive":               {kind: wholeNumber},
	"tcp_keepcnt":                 {kind: wholeNumber},
	"tcp_keepidle":                {kind: wholeNumber},
	"tcp_keepintvl":               {kind: wholeNumber},
	"tcp_socket_buffer":           {kind: wholeNumber},
	"tcp_user_timeout":            {kind: wholeNumber, since: 13},
	"track_extra_parameters":      {since: 20, fixed: true},
	"transaction_timeout":         {kind: timeSpan, since: 25},
	"unix_socket_dir":             {fixed: true},
	"unix_socket_group":           {fixed: true},
	"unix_socket_mode":            {kind: wholeNumber, fixed: true},
	"user":                        {fixed: true, kept: true},
	"verbose":                     {kind: wholeNumber, kept: true},
}

// databaseKeys are the keys of a line of [databases]. Source: parse_database, loader.c:247, at each minor version's
// tag. atoi takes any number, so that those of sizes and connections are not checked.
var databaseKeys = map[string]known{
	"application_name":          {},
	"auth_dbname":               {since: 19},
	"auth_query":                {since: 22},
	"auth_user":                 {},
	"client_encoding":           {},
	"connect_query":             {},
	"datestyle":                 {},
	"dbname":                    {},
	"host":                      {},
	"load_balance_hosts":        {kind: loadBalance, since: 24},
	"max_db_client_connections": {since: 24},
	"max_db_connections":        {},
	"min_pool_size":             {since: 16},
	"password":                  {},
	"pool_mode":                 {kind: poolMode},
	"pool_size":                 {},
	"port":                      {kind: portNumber},
	"query_wait_timeout":        {since: 26},
	"reserve_pool":              {},
	"reserve_pool_size":         {since: 24},
	"server_lifetime":           {since: 23},
	"timezone":                  {},
	"user":                      {},
}

// userKeys are the keys of a line of [users]. Source: parse_user, loader.c:498, at each minor version's tag.
var userKeys = map[string]known{
	"client_idle_timeout":         {since: 24},
	"idle_transaction_timeout":    {since: 24},
	"max_user_client_connections": {since: 24},
	"max_user_connections":        {},
	"pool_mode":                   {kind: poolMode},
	"pool_size":                   {since: 23},
	"query_timeout":               {since: 24},
	"query_wait_timeout":          {since: 26},
	"reserve_pool_size":           {since: 24},
	"transaction_timeout":         {since: 25},
}

// peerKeys are the keys of a line of [peers]. Source: parse_peer, loader.c:172.
var peerKeys = map[string]known{
	"host":      {},
	"pool_size": {},
	"port":      {kind: portNumber},
}

// words are the values of the kinds that take one of a few, in any case. Source: the CfLookup tables, main.c:218 on.
// pam and ldap depend on how PgBouncer was built; they are taken for known.
var words = map[valueKind]map[string]int{ // word: since
	poolMode:    {"session": 0, "transaction": 0, "statement": 0},
	sslMode:     {"disable": 0, "allow": 0, "prefer": 0, "require": 0, "verify-ca": 0, "verify-full": 0},
	loadBalance: {"disable": 0, "round-robin": 0},
	authType: {"any": 0, "trust": 0, "plain": 0, "md5": 0, "cert": 0, "hba": 0, "pam": 0, "scram-sha-256": 11,
		"ldap": 25},
}

// takes says whether PgBouncer 1.minor takes a value of this kind, and what it wants in its place.
func (k valueKind) takes(text string, minor int) (want string, ok bool) {
	switch k {
	case wholeNumber:
		_, ok = setting(text)
		return "a whole number", ok
	case timeSpan:
		return "a number of seconds", isSeconds(text)
	case portNumber:
		return "a port", atoi(text) != 0
	case authDatabase:
		return "another database than the console", minor < 20 || text != console
	case anyText:
		return "", true
	}
	since, ok := words[k][strings.ToLower(text)]
	return "one of its words", ok && since <= minor
}
