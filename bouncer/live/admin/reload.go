package admin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Has reports whether the line of a set says so.
func (r InForce) Has(x fleet.SettingChange, value int) bool {
	at, ok := r.Value(x)
	return ok && at == value
}

// Reload tells the process to read its file again. Before 1.25 the answer is success also where the file was refused:
// only what SHOW has afterwards tells.
func (c *Console) Reload(ctx context.Context) error {
	sent := false
	err := c.asAdmin(ctx, func(ctx context.Context) error {
		sent = true
		_, err := c.Exec(ctx, "RELOAD")
		return err
	})
	if err == nil || !sent || c.listens() {
		return err
	}
	return Fail(operr.KindUnreachable, c.Subject, "read its log, correct the fault named there, and start the process",
		"the process ended at this RELOAD (its log has the cause); the file has the new sizes, which are in force once "+
			"the process is started")
}

// Lives sets server_lifetime of the whole process, in seconds, until it is set otherwise or a RELOAD. The user must
// be in admin_users, or the error is of KindEvidence; others are those of Ask.
func (c *Console) Lives(ctx context.Context, seconds int) error {
	return c.asAdmin(ctx, func(ctx context.Context) error {
		_, err := c.Exec(ctx, fmt.Sprintf("SET server_lifetime = %d", seconds))
		return err
	})
}

// asAdmin runs a command that admin_users alone may give, at the process that listens now: one that is ending goes on
// to answer who is connected.
func (c *Console) asAdmin(ctx context.Context, pass func(ctx context.Context) error) error {
	c.renew(ctx, askedAge)
	err := c.Ask(ctx, pass)
	if p, ok := errors.AsType[Plain](err); ok && NeedsAdmin(p) {
		return operr.By(operr.RuleRights, &operr.Error{Kind: operr.KindEvidence, Subject: c.Subject, Err: p,
			Hint: adminHint(c.Config.User)})
	}
	return err
}

// InForce is what a process has in force of what its file may say.
type InForce struct {
	Version  string // "1.24.1"
	Conffile string // conffile of SHOW CONFIG, the path that the process was started with
	aliases  []fleet.Alias
	Settings fleet.Settings
	tls      string   // server_tls_sslmode; "": this version has none
	Keys     []string // that SHOW CONFIG lists, sorted
	Admins   string   // admin_users
	Running  ini.Running
	Accepted []ini.Difference // that a RELOAD makes besides, and may
}

// InForce asks for what is in force. An error says that another process answers than at first; others are those of
// Ask.
func (c *Console) InForce(ctx context.Context) (InForce, error) {
	var r InForce
	err := c.Ask(ctx, func(ctx context.Context) error {
		params, err := c.show(ctx, &showConfig)
		if err != nil {
			return err
		}
		config := valuesOf(params.records)
		if err := c.First.check(c.Subject, identity{identityOf(config), c.First.localAddr}); err != nil {
			return err
		}
		settings, err := settingsOf(c.Subject, c.version, config)
		if err != nil {
			return err
		}
		databases, err := c.show(ctx, &showDatabases)
		if err != nil {
			return err
		}
		users, err := c.show(ctx, &showUsers)
		if err != nil {
			return err
		}
		r = InForce{Version: c.version, Conffile: config["conffile"],
			aliases: aliasesOf(databases.records, settings, gauges{}, nil, fleet.Counters{}), Settings: settings,
			tls: config["server_tls_sslmode"], Keys: slices.Sorted(maps.Keys(config)), Admins: config["admin_users"],
			Running: ini.Running{Config: paramsOf(params), Users: users.rows(),
				Databases: slices.DeleteFunc(databases.rows(), ofConsole)}}
		if databases.fault != nil {
			return c.misread(databases.fault)
		}
		if fleet.VersionAtLeast(c.version, 1, 19) {
			switch peers, err := c.show(ctx, &showPeers); {
			case err == nil:
				r.Running.Peers = peers.rows()
			case SqlState(err) == "": // what does not have the command says so, and the connection goes on
				return err
			}
		}
		return nil
	})
	return r, err
}

// ofConsole reports whether a row of SHOW DATABASES is the console's own.
func ofConsole(r ini.Row) bool {
	return r["name"] == consoleDatabase && r["force_user"] == consoleDatabase
}

// Recycles says why a RELOAD, whatever it changes, makes the process close and reopen every server connection: from
// 1.16 to 1.23 it does where TLS to the servers is not switched off. A pool with waiting clients then opens one
// connection more than its size, which no ledger holds. Nil: it does not.
func (r InForce) Recycles() error {
	if !fleet.Recycles(r.Version, r.tls) {
		return nil
	}
	return fmt.Errorf("server_tls_sslmode is %s, and PgBouncer %s recycles every server connection at any RELOAD then, "+
		"one more than pool_size where clients wait", r.tls, r.Version)
}

// LinesLive reports whether a line may have a server_lifetime of its own.
func (r InForce) LinesLive() bool { return fleet.VersionAtLeast(r.Version, 1, 23) }

// Changed names the first thing that differs from before, the sets apart: a RELOAD that failed half-way has reset what
// it did not reach. Nil: nothing differs.
func (r InForce) Changed(before InForce, sets []fleet.SettingChange) error {
	r, before = r.without(before.Accepted), before.without(before.Accepted)
	r.Settings.Lifetime = before.Settings.Lifetime // where it was SET for a flush, a RELOAD gives it back
	inherited := before.Settings
	for _, x := range sets {
		if x.Alias == fleet.AutoDB && x.Key == fleet.KeySize {
			before.Settings.DefaultPoolConns = r.Settings.DefaultPoolConns
		} else if x.Alias == fleet.AutoDB {
			before.Settings.DefaultReserveConns = r.Settings.DefaultReserveConns
		}
	}
	if r.Settings != before.Settings {
		return fmt.Errorf("settings of [pgbouncer] changed with it: %+v, before %+v", r.Settings, before.Settings)
	}
	for _, was := range before.aliases {
		now, ok := r.alias(was.Name)
		if !ok {
			return fmt.Errorf("%s is gone with it", was.Name)
		}
		for _, x := range sets {
			switch {
			case x.Alias == fleet.AutoDB && x.Key == fleet.KeySize && was.SizeConns == inherited.DefaultPoolConns:
				was.SizeConns = x.To // it lives by *, or has a line of its own that says the same
				if now.SizeConns == inherited.DefaultPoolConns {
					was.SizeConns = now.SizeConns
				}
			case x.Alias == fleet.AutoDB && x.Key == fleet.KeyReserve && was.ReserveConns == inherited.DefaultReserveConns:
				was.ReserveConns = x.To
				if now.ReserveConns == inherited.DefaultReserveConns {
					was.ReserveConns = now.ReserveConns
				}
			case x.Alias != was.Name || x.Key == fleet.KeyLifetime:
			case x.Key == fleet.KeyReserve:
				was.ReserveConns, now.ReserveConns = 0, 0
			default:
				was.SizeConns, now.SizeConns = 0, 0
			}
		}
		if a, b := lineOf(was), lineOf(now); a != b {
			return fmt.Errorf("the line of %s changed with it: %s, before %s", was.Name, b, a)
		}
	}
	return nil
}

// lineOf is what a line decides.
func lineOf(a fleet.Alias) string {
	return fmt.Sprintf("host %s port %d database %s user %s size %d reserve %d max %d", a.Host, a.Port, a.Database,
		a.ForceUser, a.SizeConns, a.ReserveConns, a.MaxConns)
}

// alias returns the alias of that name.
func (r InForce) alias(name string) (fleet.Alias, bool) {
	i := slices.IndexFunc(r.aliases, func(a fleet.Alias) bool { return a.Name == name })
	if i < 0 {
		return fleet.Alias{}, false
	}
	return r.aliases[i], true
}

// Value is what a line says.
func (r InForce) Value(x fleet.SettingChange) (int, bool) {
	switch {
	case x.Alias == fleet.AutoDB && x.Key == fleet.KeySize:
		return r.Settings.DefaultPoolConns, true
	case x.Alias == fleet.AutoDB && x.Key == fleet.KeyReserve:
		return r.Settings.DefaultReserveConns, true
	}
	a, ok := r.alias(x.Alias)
	switch x.Key {
	case fleet.KeyReserve:
		return a.ReserveConns, ok
	case fleet.KeyLifetime:
		return int(a.Lifetime / time.Second), ok
	}
	return a.SizeConns, ok
}

// Missing names the sets that the process does not have in force; nil: the process has all.
func (r InForce) Missing(sets []fleet.SettingChange) error {
	var out []string
	for _, x := range sets {
		at, ok := r.Value(x)
		if x.Key == fleet.KeyLifetime && x.To > 1 && at != 1 { // given back is given back, whatever it has become meanwhile
			continue
		}
		if !ok || at != x.To {
			out = append(out, fmt.Sprintf("%s of %s is %d instead of %d", x.Key, x.Alias, at, x.To))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return errors.New(strings.Join(out, ", "))
}

// without is what is in force but for what the differences change, or lines inherit from it: where they are accepted, a
// RELOAD may do so.
func (r InForce) without(accepted []ini.Difference) InForce {
	r.aliases = slices.Clone(r.aliases)
	for _, d := range accepted {
		switch d.Name {
		case "reserve_pool_timeout":
			r.Settings.ReserveTimeout = 0
		case "max_user_connections":
			r.Settings.MaxUserConns = 0
		case "max_db_connections":
			r.Settings.MaxDBConns = 0
		case "max_client_conn":
			r.Settings.MaxClients = 0
		case "max_db_client_connections":
			r.Settings.MaxDBClients = 0
		case "max_user_client_connections":
			r.Settings.MaxUserClients = 0
		case "pool_mode":
			r.Settings.PoolMode = ""
		case "query_wait_timeout":
			r.Settings.QueryWaitTimeout = 0
		case "server_tls_sslmode":
			r.Settings.ServerTLS = ""
		case "default_pool_size":
			r.Settings.DefaultPoolConns = 0
		case "reserve_pool_size":
			r.Settings.DefaultReserveConns = 0
		}
		r.aliases = slices.DeleteFunc(r.aliases, func(a fleet.Alias) bool { return d.Key == "" && d.Of == a.Name })
		for i := range r.aliases {
			a := &r.aliases[i]
			its := d.Of == a.Name || d.Of == fleet.AutoDB
			switch {
			case d.Name == "default_pool_size", its && d.Key == "pool_size":
				a.SizeConns = 0
			case d.Name == "reserve_pool_size", its && d.Key == "reserve_pool":
				a.ReserveConns = 0
			case d.Name == "max_db_connections", its && d.Key == "max_db_connections":
				a.MaxConns = 0
			case its && d.Key == "host":
				a.Host = ""
			case its && d.Key == "port":
				a.Port = 0
			case its && d.Key == "dbname":
				a.Database = ""
			case its && d.Key == "user":
				a.ForceUser = ""
			}
		}
	}
	return r
}

// Setting is what SHOW CONFIG says of a key.
func (r InForce) Setting(key string) string {
	for _, p := range r.Running.Config {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}
