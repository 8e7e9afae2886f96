package admin

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// consoleDatabase is the database name under which PgBouncer serves its console.
const consoleDatabase = "pgbouncer"

// consoleParams are the start-up parameters that PgBouncer takes from a console's client; any other ends the login
// with "unsupported startup parameter" unless ignore_startup_parameters names it. Source: PgBouncer 1.25.2,
// client.c:859 and varcache.c:109.
var consoleParams = []string{"application_name", "client_encoding", "datestyle", "standard_conforming_strings",
	"timezone"}

// Address is a DSN read: how to connect, and how to call it in messages.
type Address struct {
	config *pgconn.Config
	Label  string   // host:port or socket folder, and the command through which it is reached
	via    string   // the name of that command; empty: none is
	Notes  []string // what was left out of it, and why, in sentences
	source source   // of its password
}

// settingsElsewhere is where a setting of PostgreSQL goes in a server's DSN, consoleTakes what a console's may have.
const settingsElsewhere = "a setting of PostgreSQL goes into options='-c NAME=VALUE'"

var consoleTakes = "of settings a console takes only " + strings.Join(consoleParams, ", ")

// ServerAddress reads a server's DSN, a URL or keywords. Start-up parameters that are keywords are passed on, options
// with any setting. appName is the application_name where the DSN has none. The error, KindUsage, names subject and
// never shows a password.
func ServerAddress(subject string, at Place, appName string) (Address, error) {
	dsn := at.dsn()
	config, err := parse(subject, dsn, settingsElsewhere)
	if err != nil {
		return Address{}, err
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = appName
	}
	a := Address{config: config, Label: labelOf(config), source: sourceOf(dsn, config)}
	a.warn()
	return a.through(at), nil
}

// ConsoleAddress reads a console's DSN. A start-up parameter that PgBouncer would refuse is an error of KindUsage
// when the DSN (or the service it names) asks for it, and so is a database that is no console; a parameter that only
// the environment brings (PGOPTIONS) is left out with a note. PGDATABASE, meant for servers, is not heeded.
func ConsoleAddress(subject string, at Place, appName string) (Address, error) {
	dsn := at.dsn()
	config, err := parse(subject, dsn, consoleTakes)
	if err != nil {
		return Address{}, err
	}
	environment := map[string]string{}
	environmentDatabase := ""
	if base, err := pgconn.ParseConfig(""); err == nil {
		environment, environmentDatabase = base.RuntimeParams, base.Database
	}
	if config.Database == "" || config.Database == environmentDatabase {
		// Read again, with the name in it: the passfile is searched by it.
		if config, err = parse(subject, withDatabase(dsn), consoleTakes); err != nil {
			return Address{}, err
		}
	}
	if config.Database != consoleDatabase { // a login there leaves a pool of its user in PgBouncer, until it restarts
		return Address{}, Fail(operr.KindUsage, subject, "leave dbname= out, or write dbname="+consoleDatabase,
			"DSN: its database is not %s, where PgBouncer serves its console", consoleDatabase)
	}
	a := Address{config: config, Label: labelOf(config), source: sourceOf(dsn, config)}
	a.warn()
	if hosts := hostsOf(config); len(hosts) > 1 {
		return Address{}, Fail(operr.KindUsage, subject, "list every process's console by itself",
			"a console is one process, and the DSN names %d hosts: %s", len(hosts), strings.Join(hosts, ", "))
	}
	var refused []string
	for name, value := range config.RuntimeParams {
		if slices.Contains(consoleParams, strings.ToLower(name)) {
			continue
		}
		if inherited, ok := environment[name]; ok && inherited == value {
			a.Notes = append(a.Notes,
				fmt.Sprintf("%s: start-up parameter %q comes from the environment and is left out: PgBouncer refuses it", subject,
					name))
		} else {
			refused = append(refused, name)
		}
		delete(config.RuntimeParams, name)
	}
	if len(refused) > 0 {
		slices.Sort(refused)
		return Address{}, Fail(operr.KindUsage, subject,
			"take it out of the DSN, or out of the service that the DSN names: the console needs none; "+consoleTakes,
			"PgBouncer refuses the start-up parameter %s", strings.Join(refused, ", "))
	}
	slices.Sort(a.Notes)
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = appName
	}
	return a.through(at), nil
}

// withDatabase adds the console's database to a DSN that names none.
func withDatabase(dsn string) string { return withKeyword(dsn, "dbname="+consoleDatabase) }

// withKeyword adds a keyword to a DSN that has not got it.
func withKeyword(dsn, keyword string) string {
	if !isURL(dsn) {
		return keyword + " " + dsn
	}
	separator := "?"
	if strings.Contains(dsn, "?") {
		separator = "&"
	}
	return dsn + separator + keyword
}

func isURL(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// parseFaults are the driver's reasons to refuse a DSN, as far as they can be repeated: the rest of its text may hold
// pieces of a password that stands in the wrong place. The driver gives them no codes. Source: pgx 5, pgconn/config.go
// and pgconn/errors.go, ParseConfigError.
var parseFaults = []string{
	"failed to parse as URL", "failed to parse as keyword/value", noService, "failed to configure TLS",
	noPort, "invalid connect_timeout", "invalid sslcertmode", "invalid require_auth",
	"invalid min_protocol_version",
	"invalid max_protocol_version", "unknown target_session_attrs value", "unknown channel_binding value",
	"could not match",
}

// likeURL is what no host, user or database is, and what has a password in it: a scheme, or user:password@.
var likeURL = regexp.MustCompile(`://|:.*@`)

const (
	noService = "failed to read service"
	noPort    = "invalid port"
)

// parse reads a DSN as libpq does: keywords or URL, PG* environment, service file, passfile. Its errors repeat nothing
// of the DSN but names of what is wrong. elsewhere is where that belongs which is no keyword.
func parse(subject, dsn, elsewhere string) (*pgconn.Config, error) {
	config, err := pgconn.ParseConfig(dsn)
	hint := "write it as host=… port=… user=…, or as postgres://user@host:port/; passwords belong in the passfile"
	if err != nil {
		reason := "not a connection string"
		for _, fault := range parseFaults {
			if strings.Contains(err.Error(), "`: "+fault) {
				reason = fault
				break
			}
		}
		switch {
		case reason == noService:
			reason = strings.TrimSpace(reason + " " + serviceOf(writtenIn(dsn)))
			hint = "see the service file: PGSERVICEFILE, or ~/.pg_service.conf"
		case reason == noPort:
			reason += ", want a number from 1 to 65535"
		}
		return nil, &operr.Error{Kind: operr.KindUsage, Subject: subject, Err: errors.New("DSN: " + reason), Hint: hint}
	}
	// A URL as the value of a keyword, or a part of one, is a host, a user or a database with a password in it.
	if slices.ContainsFunc(append(hostsOf(config), config.Database, config.User), likeURL.MatchString) {
		return nil, &operr.Error{Kind: operr.KindUsage, Subject: subject,
			Err: errors.New("DSN: a URL stands where a name belongs"), Hint: hint}
	}
	// A password with an @ or / in it, unescaped in a URL, ends up in pieces in host and database. No host has one.
	split := func(host string) bool { return host[0] != '/' && strings.Contains(host, "@") }
	if isURL(dsn) && strings.Contains(config.Database, "@") || slices.ContainsFunc(hostsOf(config), split) {
		return nil, &operr.Error{Kind: operr.KindUsage, Subject: subject,
			Err:  errors.New("DSN: there is an @ in the host or the database"),
			Hint: "percent-encode @ and / in the password, or better leave it to the passfile"}
	}
	if err := heed(subject, dsn, elsewhere, config); err != nil {
		return nil, err
	}
	return config, nil
}

// hostsOf returns the addresses that a DSN names, in its order, each once (TLS and plain attempts are one address).
func hostsOf(config *pgconn.Config) []string {
	hosts := []string{hostPort(config.Host, config.Port)}
	for _, f := range config.Fallbacks {
		if h := hostPort(f.Host, f.Port); !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

func labelOf(config *pgconn.Config) string { return strings.Join(hostsOf(config), ",") }

// hostPort names an address as people do: host:port, or the path of a socket.
func hostPort(host string, port uint16) string {
	if strings.HasPrefix(host, "/") {
		return filepath.Join(host, ".s.PGSQL.") + strconv.Itoa(int(port))
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(port))
}

// source is where the password of an address comes from.
type source struct {
	from  string // what holds it, for a hint
	fault string // what is wrong with the passfile; empty: nothing, or it is not needed
	open  bool   // the password was taken, and libpq would not have taken it
}

// sourceOf looks where a password was looked for, as the driver does: DSN, environment, passfile. One of a service is
// its own matter.
func sourceOf(dsn string, config *pgconn.Config) source {
	written := writtenIn(dsn)
	password := written["password"]
	if u, err := url.Parse(dsn); err == nil && isURL(dsn) {
		if p, ok := u.User.Password(); ok {
			password = p
		}
	}
	_, service := written["service"]
	path := written["passfile"]
	if path == "" {
		path = os.Getenv("PGPASSFILE")
	}
	if home, err := os.UserHomeDir(); err == nil && path == "" {
		path = filepath.Join(home, ".pgpass")
	}
	switch {
	case password != "":
		return source{from: "in the DSN"}
	case os.Getenv("PGPASSWORD") != "":
		return source{from: "in PGPASSWORD"}
	case path == "" || (service || os.Getenv("PGSERVICE") != "") && written["passfile"] == "":
		return source{from: "in the passfile (PGPASSFILE, ~/.pgpass)"}
	}
	s := source{from: "in the passfile " + path}
	info, err := os.Stat(path)
	var file *os.File
	if err == nil && info.Mode().IsRegular() { // to open a pipe would wait for its writer
		if file, err = os.Open(path); err == nil {
			file.Close()
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.fault = "the passfile " + path + " is missing"
	case err != nil:
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = e.Err
		}
		s.fault = fmt.Sprintf("the passfile %s cannot be read: %v", path, err)
	case config.Password == "":
		host := config.Host
		if strings.HasPrefix(host, "/") {
			host = "localhost"
		}
		s.fault = fmt.Sprintf("the passfile %s has no line for %s:%d:%s:%s", path, host, config.Port, config.Database,
			config.User)
	case info.Mode().Perm()&0o077 != 0:
		s.open = true
		s.fault = fmt.Sprintf("the passfile %s has mode %04o, and libpq takes no password of a file that others may read: "+
			"chmod 0600 %s", path, info.Mode().Perm(), path)
	}
	return s
}

// warn notes a passfile that psql would not heed.
func (a *Address) warn() {
	if a.source.open {
		a.Notes = append(a.Notes, a.source.fault)
	}
}
