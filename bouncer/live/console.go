package live

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// console is one PgBouncer process, through its admin console.
type console struct {
	*session
	id      string // "main/1"
	group   string
	appName string
	version string   // of the process that answers now
	first   identity // as it answered at first; the zero value before that
	callers []string // see twins
	shared  bool     // several processes may listen at its port
	keys    []string // that its SHOW CONFIG lists, sorted: of the newest look

	changing sync.Mutex // held by the act that changes its files or what it has in force
}

// newConsole prepares a console; nothing is asked yet.
func newConsole(id, group string, a address, t Targets) *console {
	c := &console{id: id, group: group, appName: a.config.RuntimeParams["application_name"]}
	c.session = newSession("console "+id+" ("+a.label+")", a, t.Timeout)
	c.greet = c.meet
	return c
}

// meet looks at who answers on a new connection: that it is a PgBouncer, which version, and that it is the process
// that it was before.
func (c *console) meet(ctx context.Context) error {
	said, err := c.exec(ctx, "SHOW VERSION")
	if sqlState(err) == stateUnknownSetting {
		hint := "give the address of the PgBouncer, its own port and dbname=" + consoleDatabase
		if c.config.Database != consoleDatabase {
			hint = "dbname=" + c.config.Database + " is a pool: the console is dbname=" + consoleDatabase
		}
		return fail(operr.KindUsage, c.subject, hint, "this is a PostgreSQL (or a pool in front of one), not a PgBouncer console")
	}
	if err != nil {
		return err
	}
	text := c.notice // up to 1.11 a NOTICE and no row
	if len(said.rows) == 1 && len(said.rows[0]) == 1 {
		text = string(said.rows[0][0])
	}
	if c.version = versionText.FindString(text); c.version == "" {
		c.version = versionText.FindString(c.conn.ParameterStatus("server_version"))
	}
	if c.version == "" {
		return fail(operr.KindUsage, c.subject, "", "SHOW VERSION says %q, which names no version of PgBouncer", text)
	}
	config, err := c.settings(ctx)
	if err != nil {
		return err
	}
	clients, err := c.show(ctx, &showClients)
	if err != nil {
		return err
	}
	now := identity{identityOf(config), localAddrOf(clients.records, c.conn.Conn().LocalAddr(), c.appName)}
	c.callers = callers(clients.records)
	c.shared = config["so_reuseport"] == "1" && c.conn.Conn().LocalAddr().Network() == "tcp"
	if clients.fault != nil {
		return c.misread(clients.fault)
	}
	if c.first == (identity{}) {
		c.first = now
	}
	return c.first.check(c.subject, now)
}

// meetAgain refreshes who calls, once every console is open; see twins.
func (c *console) meetAgain(ctx context.Context) error {
	return c.ask(ctx, func(ctx context.Context) error {
		clients, err := c.show(ctx, &showClients)
		if err == nil {
			c.callers = callers(clients.records)
		}
		return err
	})
}

// show runs one SHOW command.
func (c *console) show(ctx context.Context, s *sheet) (*table, error) {
	a, err := c.exec(ctx, s.command)
	if err != nil {
		return nil, err
	}
	return s.read(c.subject, c.version, a)
}

// settings runs SHOW CONFIG.
func (c *console) settings(ctx context.Context) (map[string]string, error) {
	rows, err := c.show(ctx, &showConfig)
	if err != nil {
		return nil, err
	}
	return valuesOf(rows.records), nil
}

// ask runs one pass over the console and says what went wrong as an operator needs it.
func (c *console) ask(ctx context.Context, pass func(ctx context.Context) error) error {
	err := c.within(ctx, func(ctx context.Context) error {
		err := pass(ctx)
		_, known := errors.AsType[*operr.Error](err)
		if _, ok := errors.AsType[plain](err); !known && !ok && err != nil {
			return c.misread(err)
		}
		return err
	})
	if _, ok := errors.AsType[*operr.Error](err); ok || err == nil {
		return err
	}
	p, ok := errors.AsType[plain](err)
	if !ok {
		return c.misread(err)
	}
	if notAllowed(p) || serverSays(p, "admin access needed") {
		return &operr.Error{Kind: operr.KindEvidence, Subject: c.subject, Err: p,
			Hint: "add " + c.config.User + " to stats_users = '…' in the [pgbouncer] section of pgbouncer.ini and RELOAD"}
	}
	if sqlState(p) == stateNoDatabase { // PgBouncer's own words carry 08P01
		return fail(operr.KindUsage, c.subject, "give the port of the PgBouncer: its console is dbname=pgbouncer", "this is a PostgreSQL, not a PgBouncer console: %w", p)
	}
	return unreachable(c.subject, p, c.session)
}

// misread is an answer that the tables do not cover.
func (c *console) misread(err error) error {
	return fail(operr.KindUnforeseen, c.subject, "", "PgBouncer %s: %w", c.version, err)
}

// picture is what one console says in the first pass of a look.
type picture struct {
	process fleet.Process
	links   []link
	names   map[string][]string // the addresses of hosts that are names
}

// look asks for everything. Gauges and counters come one after the other, so that they are of about the same moment;
// SHOW SERVERS comes last, nearest to the look at PostgreSQL.
func (c *console) look(ctx context.Context) (picture, error) {
	var p picture
	err := c.ask(ctx, func(ctx context.Context) (err error) {
		p, err = c.lookOnce(ctx)
		return err
	})
	return p, err
}

func (c *console) lookOnce(ctx context.Context) (picture, error) {
	config, err := c.settings(ctx)
	if err != nil {
		return picture{}, err
	}
	now := identity{identityOf(config), c.first.localAddr} // the connection is the one that meet looked at
	if err := c.first.check(c.subject, now); err != nil {
		return picture{}, err
	}
	settings, err := settingsOf(c.subject, c.version, config)
	if err != nil {
		return picture{}, err
	}
	var tables []*table
	var read time.Time // between the gauges and the counters
	for i, sheet := range []*sheet{&showPools, &showStats, &showDatabases, &showUsers, &showServers} {
		if i == 1 {
			read = Clock{}.Now()
		}
		t, err := c.show(ctx, sheet)
		if err != nil {
			return picture{}, err
		}
		tables = append(tables, t)
	}
	pools, stats, databases, users, servers := tables[0], tables[1], tables[2], tables[3], tables[4]
	p := picture{links: linksOf(c, servers.records), process: fleet.Process{
		ID: c.id, Group: c.group, Console: c.label, Version: c.version, At: read, Started: c.opens, Identity: now.Identity, Settings: settings,
		Aliases: aliasesOf(databases.records, settings, gaugesOf(pools.records), countersOf(stats.records), unusedCounters(stats)),
	}}
	if slices.ContainsFunc(p.process.Aliases, named) {
		t, err := c.show(ctx, &showDNS)
		if err != nil {
			return picture{}, err
		}
		tables, p.names = append(tables, t), addressesOf(t.records)
	}
	p.process.Users = userLimits(users.records, settings)
	p.process.AuthUser, p.process.AuthDatabase = authOf(config)
	p.process.PAM = config["auth_type"] == "pam"
	c.keys = slices.Sorted(maps.Keys(config))
	if !fleet.VersionAtLeast(c.version, 1, 23) && settings.MaxUserConns > 0 {
		p.process.Listed = namesOf(users.records)
	}
	p.process.Identity.ConfigHash = configHash(config, databases.records)
	for _, t := range tables {
		if t.fault != nil {
			return picture{}, c.misread(t.fault)
		}
	}
	return p, nil
}

// servers asks for the server connections alone.
func (c *console) servers(ctx context.Context) ([]link, error) {
	var links []link
	err := c.ask(ctx, func(ctx context.Context) error {
		servers, err := c.show(ctx, &showServers)
		if err != nil {
			return err
		}
		if links = linksOf(c, servers.records); servers.fault != nil {
			return c.misread(servers.fault)
		}
		return nil
	})
	return links, err
}

// pooler says whether what a session is connected to calls itself a PgBouncer.
func (s *session) pooler() bool {
	return strings.HasSuffix(s.conn.ParameterStatus("server_version"), "/bouncer")
}
