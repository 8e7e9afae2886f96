package admin

import (
	"errors"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// use is what becomes of a connection keyword of libpq.
type use int

const (
	read    use = iota + 1 // the driver heeds it
	passed                 // a start-up parameter: the server gets it
	idle                   // it changes neither who is asked nor how safely: left out
	missing                // it changes that, and the driver does not know it: refused
)

// keywords are those of a connection string, the more usual ones first. Source: PostgreSQL 18, "Parameter Key Words" of
// libpq, and fe-connect.c, PQconninfoOptions; servicefile is of 19; database, ssl and krbspn are the driver's.
var keywords = []struct {
	name string
	use  use
}{
	{"host", read}, {"port", read}, {"user", read}, {"dbname", read}, {"password", read}, {"passfile", read},
	{"sslmode", read}, {"service", read}, {"application_name", passed}, {"options", passed},
	{"connect_timeout", read}, {"target_session_attrs", read}, {"sslrootcert", read}, {"sslcert", read},
	{"sslkey", read}, {"sslpassword", read}, {"sslcertmode", read}, {"sslsni", read}, {"sslnegotiation", read},
	{"require_auth", read}, {"channel_binding", read}, {"min_protocol_version", read},
	{"max_protocol_version", read}, {"krbsrvname", read}, {"krbspn", read}, {"servicefile", read},
	{"database", read}, {"client_encoding", passed}, {"replication", passed}, {"fallback_application_name", idle},
	{"keepalives", idle}, {"keepalives_idle", idle}, {"keepalives_interval", idle}, {"keepalives_count", idle},
	{"tcp_user_timeout", idle}, {"load_balance_hosts", idle}, {"sslcompression", idle}, {"gsslib", idle},
	{"gssdelegation", idle},
	{"gssencmode", idle}, // but require
	{"hostaddr", missing}, {"requiressl", missing}, {"requirepeer", missing}, {"sslcrl", missing},
	{"sslcrldir", missing}, {"sslkeylogfile", missing}, {"ssl_min_protocol_version", missing},
	{"ssl_max_protocol_version", missing}, {"scram_client_key", missing}, {"scram_server_key", missing},
	{"oauth_issuer", missing}, {"oauth_client_id", missing}, {"oauth_client_secret", missing},
	{"oauth_scope", missing},
}

// instead is what to write for a keyword that is refused.
var instead = map[string]string{"hostaddr": "write the address as host=…", "requiressl": "write sslmode=require"}

// useOf is what becomes of a start-up parameter of the driver: it makes one of every keyword that it does not know.
func useOf(name, value string) use {
	for _, k := range keywords {
		if k.name == name && name == "gssencmode" && value == "require" {
			return missing
		}
		if k.name == name {
			return k.use
		}
	}
	if slices.Contains(consoleParams, strings.ToLower(name)) {
		return passed
	}
	return 0
}

// heed takes out of the start-up parameters what is none, and refuses what is no keyword: a host or a port of that name
// would not be asked. elsewhere is where a setting belongs. Of a keyword only the name is told.
func heed(subject, dsn, elsewhere string, config *pgconn.Config) error {
	written := writtenIn(dsn)
	params := config.RuntimeParams
	if params["application_name"] == "" && params["fallback_application_name"] != "" {
		params["application_name"] = params["fallback_application_name"]
	}
	var unknown, lacking []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		switch useOf(name, params[name]) {
		case passed:
			continue
		case missing:
			lacking = append(lacking, name)
		case 0:
			unknown = append(unknown, name)
		}
		delete(params, name)
	}
	inDSN := func(name string) bool { _, ok := written[name]; return ok }
	if name := serviceOf(written); name != "" && !slices.ContainsFunc(slices.Concat(unknown, lacking), inDSN) {
		subject += ", service " + name
	}
	const out = "take it out of the DSN, or out of the service that the DSN names"
	switch {
	case len(unknown) > 0:
		return unknownKeywords(subject, dsn, unknown, "correct it, or "+out+"; "+elsewhere)
	case len(lacking) > 0:
		hint := out + ": what it asks for cannot be kept"
		if text := instead[lacking[0]]; text != "" {
			hint = text
		}
		return Fail(operr.KindUsage, subject, hint, "DSN: not supported: %s", strings.Join(lacking, ", "))
	}
	return nil
}

func unknownKeywords(subject, dsn string, names []string, hint string) error {
	var told []string
	untold := false // a name that may be the rest of a password
	for _, name := range names {
		near := nearest(name)
		if !tellable(dsn, name) {
			name, untold = "a word", true
		}
		if near != "" {
			name += " (most likely " + near + ")"
		}
		told = append(told, name)
	}
	if untold {
		hint = "quote a password that has blanks in it ('…'), percent-encode it in a URL, or leave it to the passfile; " +
			hint
	}
	return &operr.Error{Kind: operr.KindUsage, Subject: subject,
		Err: errors.New("DSN: no connection keyword: " + strings.Join(told, ", ")), Hint: hint}
}

// nearest returns the keyword that a name is, but for its case, one slip, or its beginning; "": there is none.
func nearest(name string) string {
	name = strings.ToLower(name)
	for _, near := range []func(a, b string) bool{
		func(a, b string) bool { return a == b },
		oneSlip,
		func(a, b string) bool { return len(a) > 1 && strings.HasPrefix(b, a) || strings.HasPrefix(a, b) },
	} {
		for _, k := range keywords {
			if k.use != missing && near(name, k.name) {
				return k.name
			}
		}
	}
	return ""
}

// oneSlip reports whether one letter that is missing, too many, wrong, or in its neighbour's place makes b of a.
func oneSlip(a, b string) bool {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) <= 1 && len(b) <= 1 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}

var word = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]{0,62}$`)

// tellable reports whether the name of a keyword may be told: what follows a password at once may be the rest of it.
func tellable(dsn, name string) bool {
	if !word.MatchString(name) {
		return false
	}
	key := regexp.QuoteMeta(name) + `\s*=`
	if isURL(dsn) {
		return !regexp.MustCompile(`password=[^&]*&`+key).MatchString(dsn) && !strings.Contains(writtenIn(dsn)[name], "@")
	}
	return !regexp.MustCompile(`password\s*=\s*[^\s']\S*\s+` + key).MatchString(dsn)
}

var setting = regexp.MustCompile(`([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\]|\\.)*))`)

// writtenIn is what the driver reads of a DSN, as far as messages go.
func writtenIn(dsn string) map[string]string {
	out := map[string]string{}
	if isURL(dsn) {
		_, query, _ := strings.Cut(dsn, "?")
		values, _ := url.ParseQuery(query)
		for name := range values {
			out[name] = values.Get(name)
		}
		return out
	}
	for _, m := range setting.FindAllStringSubmatch(dsn, -1) {
		out[m[1]] = m[2] + m[3]
	}
	return out
}

// serviceOf is the name of the service that a DSN or the environment names, in quotes; "": there is none, or what
// stands there is no name.
func serviceOf(written map[string]string) string {
	name, ok := written["service"]
	if !ok {
		name = os.Getenv("PGSERVICE")
	}
	if name == "" || strings.ContainsAny(name, "@:/=") {
		return ""
	}
	return strconv.Quote(name)
}
