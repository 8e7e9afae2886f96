package admin

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Console is one PgBouncer process, through its admin console.
type Console struct {
	*Session
	ID      string // "main/1"
	Group   string
	appName string
	version string   // of the process that answers now
	First   identity // as it answered at first; the zero value before that
	callers []string // see twins
	reuse   bool     // several processes may listen at one port
	shared  bool     // and it is reached through that port
	Keys    []string // that its SHOW CONFIG lists, sorted: of the newest sample

	Filed    atomic.Bool // its file was read
	Changing sync.Mutex  // held by the action that changes its files or what it has in force
}

// NewConsole prepares a console; nothing is asked yet.
func NewConsole(id, group string, a Address, t Targets) *Console {
	c := &Console{ID: id, Group: group, appName: a.config.RuntimeParams["application_name"]}
	c.Session = NewSession("console "+id+" ("+a.Label+")", a, t.Timeout)
	c.Greet = c.meet
	return c
}

// meet checks who answers on a new connection: that it is a PgBouncer, which version, and that it is the process
// that it was before.
func (c *Console) meet(ctx context.Context) error {
	said, err := c.Exec(ctx, "SHOW VERSION")
	if SqlState(err) == stateUnknownSetting {
		return Fail(operr.KindUsage, c.Subject, "give the address of the PgBouncer, its own port",
			"this is a PostgreSQL (or a pool in front of one), not a PgBouncer console")
	}
	if err != nil {
		return err
	}
	text := c.notice // up to 1.11 a NOTICE and no row
	if len(said.Rows) == 1 && len(said.Rows[0]) == 1 {
		text = string(said.Rows[0][0])
	}
	if c.version = versionText.FindString(text); c.version == "" {
		c.version = versionText.FindString(c.Conn.ParameterStatus("server_version"))
	}
	if c.version == "" {
		return Fail(operr.KindUsage, c.Subject, "", "SHOW VERSION says %q, which names no version of PgBouncer", text)
	}
	config, err := c.settings(ctx)
	if err != nil {
		return err
	}
	clients, err := c.show(ctx, &showClients)
	if err != nil {
		return err
	}
	now := identity{identityOf(config), localAddrOf(clients.records, c.Conn.Conn().LocalAddr(), c.appName)}
	c.callers = callers(clients.records)
	c.reuse = config["so_reuseport"] == "1"
	c.shared = c.reuse && !strings.HasPrefix(c.Config.Host, "/")
	if clients.fault != nil {
		return c.misread(clients.fault)
	}
	if c.First == (identity{}) {
		c.First = now
	}
	return c.First.check(c.Subject, now)
}

// MeetAgain reads who is connected to the console again, once every console is open; see twins. Errors are those of
// Ask.
func (c *Console) MeetAgain(ctx context.Context) error {
	return c.Ask(ctx, func(ctx context.Context) error {
		clients, err := c.show(ctx, &showClients)
		if err == nil {
			c.callers = callers(clients.records)
		}
		return err
	})
}

// show runs one SHOW command.
func (c *Console) show(ctx context.Context, s *sheet) (*table, error) {
	a, err := c.Exec(ctx, s.command)
	if err != nil {
		return nil, err
	}
	return s.read(c.Subject, c.version, a)
}

// settings runs SHOW CONFIG.
func (c *Console) settings(ctx context.Context) (map[string]string, error) {
	rows, err := c.show(ctx, &showConfig)
	if err != nil {
		return nil, err
	}
	return valuesOf(rows.records), nil
}

// Ask runs one pass over the console. Its error is an operr.Error about the console: KindUnreachable where no answer
// comes in time, KindEvidence where the user may not ask, KindUsage where a PostgreSQL answers, KindUnforeseen where
// an answer cannot be read; or the operr.Error of pass.
func (c *Console) Ask(ctx context.Context, pass func(ctx context.Context) error) error {
	err := c.Within(ctx, func(ctx context.Context) error {
		err := pass(ctx)
		_, known := errors.AsType[*operr.Error](err)
		if _, ok := errors.AsType[Plain](err); !known && !ok && err != nil {
			return c.misread(err)
		}
		return err
	})
	if _, ok := errors.AsType[*operr.Error](err); ok || err == nil {
		return err
	}
	p, ok := errors.AsType[Plain](err)
	if !ok {
		return c.misread(err)
	}
	if NotAllowed(p) || NeedsAdmin(p) {
		return operr.By(operr.RuleRights, &operr.Error{Kind: operr.KindEvidence, Subject: c.Subject, Err: p,
			Hint: "add " + c.Config.User + " to stats_users = '…' in the [pgbouncer] section of pgbouncer.ini and RELOAD"})
	}
	if SqlState(p) == stateNoDatabase { // PgBouncer's own words carry 08P01
		return Fail(operr.KindUsage, c.Subject, "give the port of the PgBouncer: its console is dbname=pgbouncer",
			"this is a PostgreSQL, not a PgBouncer console: %w", p)
	}
	return Unreachable(c.Subject, p, c.Session)
}

// misread is an answer that the tables do not cover.
func (c *Console) misread(err error) error {
	return Fail(operr.KindUnforeseen, c.Subject, "", "PgBouncer %s: %w", c.version, err)
}

// Picture is what one console says in the first pass of a sample.
type Picture struct {
	Process fleet.Process
	Links   []Link
	Names   map[string][]string // the addresses of hosts that are names, by host
}

// Sample takes the console's part of a sample. Gauges and counters come one after the other, so that they are of about
// the same moment; SHOW SERVERS comes last, nearest to the sample of PostgreSQL. Errors are those of Ask; the Picture
// is empty then.
func (c *Console) Sample(ctx context.Context) (Picture, error) {
	var p Picture
	err := c.Ask(ctx, func(ctx context.Context) (err error) {
		p, err = c.sampleOnce(ctx)
		return err
	})
	return p, err
}

func (c *Console) sampleOnce(ctx context.Context) (Picture, error) {
	config, err := c.settings(ctx)
	if err != nil {
		return Picture{}, err
	}
	now := identity{identityOf(config), c.First.localAddr} // the connection is the one that meet checked
	if err := c.First.check(c.Subject, now); err != nil {
		return Picture{}, err
	}
	settings, err := settingsOf(c.Subject, c.version, config)
	if err != nil {
		return Picture{}, err
	}
	var tables []*table
	var read time.Time // between the gauges and the counters
	for i, sheet := range []*sheet{&showPools, &showStats, &showDatabases, &showUsers, &showLists, &showServers} {
		if i == 1 {
			read = clock.Wall{}.Now()
		}
		t, err := c.show(ctx, sheet)
		if err != nil {
			return Picture{}, err
		}
		tables = append(tables, t)
	}
	pools, stats, databases, users, lists, servers := tables[0], tables[1], tables[2], tables[3], tables[4], tables[5]
	p := Picture{Links: linksOf(c, servers.records), Process: fleet.Process{
		ID: c.ID, Group: c.Group, Console: c.label, Version: c.version, At: read, Started: c.Opens, Identity: now.Identity,
		Settings: settings,
		Aliases: aliasesOf(databases.records, settings, gaugesOf(pools.records), countersOf(stats.records),
			unusedCounters(stats)),
	}}
	if slices.ContainsFunc(p.Process.Aliases, named) {
		t, err := c.show(ctx, &showDNS)
		if err != nil {
			return Picture{}, err
		}
		tables, p.Names = append(tables, t), addressesOf(t.records)
	}
	p.Process.Users, p.Process.UserClients = userLimits(users.records, settings), userClients(users.records)
	if p.Process.UsedClients, err = usedClients(lists.records); err != nil {
		return Picture{}, c.misread(err)
	}
	p.Process.AuthUser, p.Process.AuthDatabase = authOf(config)
	p.Process.PAM = config["auth_type"] == "pam"
	c.Keys = slices.Sorted(maps.Keys(config))
	if !fleet.VersionAtLeast(c.version, 1, 23) && settings.MaxUserConns > 0 {
		p.Process.Listed = namesOf(users.records)
	}
	p.Process.Identity.ConfigHash = configHash(config, databases.records)
	for _, t := range tables {
		if t.fault != nil {
			return Picture{}, c.misread(t.fault)
		}
	}
	return p, nil
}

// Servers asks for the server connections alone (SHOW SERVERS), those of all aliases. The caller owns them; errors
// are those of Ask.
func (c *Console) Servers(ctx context.Context) ([]Link, error) {
	var links []Link
	err := c.Ask(ctx, func(ctx context.Context) error {
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

// Pooler says whether what a session is connected to calls itself a PgBouncer.
func (s *Session) Pooler() bool {
	return strings.HasSuffix(s.Conn.ParameterStatus("server_version"), "/bouncer")
}
