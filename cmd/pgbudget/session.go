package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/bouncer/live/signals"
	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/words"
)

// defaultServer names the server of a --postgres without a name.
const defaultServer = "postgres"

// named splits NAME=DSN. A keyword DSN starts with a keyword and a sign of equality, too, so the keywords are no names.
var named = regexp.MustCompile(`^([A-Za-z0-9_.-]+)=(.*[=:].*)$`)

var keywords = map[string]bool{"host": true, "hostaddr": true, "port": true, "user": true, "dbname": true,
	"database": true, "password": true,
	"passfile": true, "service": true, "servicefile": true, "sslmode": true, "connect_timeout": true,
	"application_name":     true,
	"target_session_attrs": true, "options": true, "sslrootcert": true, "sslcert": true, "sslkey": true,
	"sslpassword": true, "sslsni": true,
	"sslnegotiation": true, "sslcrl": true, "sslcompression": true, "client_encoding": true,
	"fallback_application_name": true,
	"gssencmode":                true, "krbsrvname": true, "krbspn": true, "channel_binding": true, "require_auth": true,
	"load_balance_hosts":   true,
	"min_protocol_version": true, "max_protocol_version": true, "keepalives": true, "keepalives_idle": true,
	"tcp_user_timeout": true,
	"replication":      true, "datestyle": true, "timezone": true, "search_path": true, "statement_timeout": true,
	"default_query_exec_mode": true}

func splitName(s string) (name, dsn string) {
	m := named.FindStringSubmatch(s)
	if m == nil || keywords[m[1]] {
		return "", s
	}
	return m[1], m[2]
}

// targets joins the flags' consoles and servers, or the config's.
func (s source) targets() (admin.Targets, error) {
	t := admin.Targets{Timeout: s.timeout}
	if len(s.bouncers) > 0 || len(s.postgres) > 0 {
		return s.flagTargets(t)
	}
	place := func(p config.Place) admin.Place { return admin.Place{DSN: p.DSN, Via: p.Via, Mask: s.config.Mask} }
	for _, srv := range s.config.Servers {
		if !srv.DSN.Empty() {
			t.Servers = append(t.Servers, admin.ServerTarget{Name: srv.Name, Place: place(srv.DSN)})
		}
	}
	for _, g := range s.config.Groups {
		group := admin.GroupTarget{Name: g.Name}
		for _, p := range g.Processes {
			group.Consoles = append(group.Consoles, place(p.Console))
		}
		t.Groups = append(t.Groups, group)
	}
	return t, nil
}

func (s source) flagTargets(t admin.Targets) (admin.Targets, error) {
	if len(s.bouncers) == 0 {
		return t, usage("add --bouncer GROUP=DSN for each process", "--postgres is given, and no console of its PgBouncers")
	}
	if len(s.postgres) == 0 {
		return t, usage("add --postgres DSN", "--bouncer is given, and no server behind it")
	}
	for _, p := range s.postgres {
		name, dsn := splitName(p)
		if name == "" {
			name = defaultServer
		}
		for _, o := range t.Servers {
			if o.Name == name {
				return t, usage("give each server a name: --postgres NAME=DSN", "two servers are called %q", name)
			}
		}
		t.Servers = append(t.Servers, admin.ServerTarget{Name: name, Place: admin.Place{DSN: dsn}})
	}
	for i, b := range s.bouncers {
		name, dsn := splitName(b)
		if name == "" || strings.Contains(name, "/") {
			return t, usage("write --bouncer main='host=… port=…'", "--bouncer number %d does not start with its group", i+1)
		}
		at := -1
		for j, g := range t.Groups {
			if g.Name == name {
				at = j
			}
		}
		if at < 0 {
			t.Groups = append(t.Groups, admin.GroupTarget{Name: name})
			at = len(t.Groups) - 1
		}
		t.Groups[at].Consoles = append(t.Groups[at].Consoles, admin.Place{DSN: dsn})
	}
	return t, nil
}

var _ bouncer.HistorySource = session{}

// session is an open connection to a fleet and, where the config names one, to its Prometheus.
type session struct {
	bouncer.Fleet
	live   *observe.Fleet // the same, without the signals
	source source
	prom   *prom.Client // nil: no Prometheus
	close  func()
}

// open connects to everything, or to nothing.
func (s source) open(ctx context.Context) (session, error) {
	targets, err := s.targets()
	if err != nil {
		return session{}, err
	}
	out := session{source: s}
	if s.config != nil && !s.bare {
		for _, text := range s.config.Unused() {
			fmt.Fprintln(stderr, "note: "+text)
		}
	}
	if s.config != nil && s.config.Prometheus != nil {
		if out.prom, err = prom.New(s.config.Prometheus.URL, s.config.Prometheus.HTTPConfig.YML); err != nil {
			return session{}, operr.By(operr.RulePrometheus, err)
		}
	}
	f, err := observe.Open(ctx, targets)
	if err != nil {
		return session{}, err
	}
	if !s.bare {
		for _, n := range f.Notes() {
			fmt.Fprintln(stderr, "note: "+n)
		}
	}
	out.Fleet, out.live, out.close = f, f, f.Close
	if s.config != nil {
		f.Know(configsOf(s.config))
	}
	if groups := s.autodbs(); len(groups) > 0 {
		if out.Fleet, err = apply.New(f, configsOf(s.config)).Gather(ctx, groups); err != nil {
			f.Close()
			return session{}, operr.By(operr.RuleFile, err)
		}
	}
	if out.prom != nil && !s.bare {
		out.Fleet = signals.Asking(out.Fleet, out.prom, signals.CPUQueries(s.config.Servers))
	}
	return out, nil
}

// autodbs are the groups whose line of * is one of the pools to be sized.
func (s source) autodbs() []string {
	var groups []string
	if s.config == nil {
		return nil
	}
	for _, p := range s.config.Pools {
		if group, ok := strings.CutSuffix(p.Pool, "/"+fleet.AutoDB); ok {
			groups = append(groups, group)
		}
	}
	return groups
}

// History asks Prometheus for the pools of a sample; without Prometheus it is empty.
func (s session) History(ctx context.Context, o fleet.Observation) (load.History, error) {
	if s.prom == nil {
		return load.History{}, nil
	}
	return s.prom.History(ctx, historySpec(s.source.config, o), o.At)
}

// pipeline leads from samples of this session to a plan; m is what the journal knows of the fleet.
func (s session) pipeline(m state.JournalState) bouncer.Pipeline {
	return bouncer.Pipeline{Declared: s.source.declared, Journal: m, Traffic: s.traffic(), History: s}
}

// gather samples a fleet of the session for the window, and shows on stderr how far it is.
func (s session) gather(ctx context.Context, p bouncer.Pipeline, f bouncer.Fleet) (bouncer.Survey, error) {
	bar := newProgress("sampling the fleet", s.source.window, s.source.every)
	defer bar.done()
	return p.Gather(ctx, clock.Wall{}, f, s.source.every, s.source.window, func(fleet.Observation) { bar.step() })
}

// progress shows on stderr how far a long sample is: a bar on a terminal, one line otherwise.
type progress struct{ bar *progressbar.ProgressBar }

func newProgress(what string, window, every time.Duration) progress {
	looks := int(window/every) + 1
	if !isatty.IsTerminal(os.Stderr.Fd()) {
		fmt.Fprintf(stderr, "%s: %s, one every %s, for %s\n", what, words.Count(looks, "sample"), every, window)
		return progress{}
	}
	return progress{progressbar.NewOptions(looks, progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())}
}

func (p progress) step() {
	if p.bar != nil {
		_ = p.bar.Add(1) // a picture of progress that fails must not fail the work
	}
}

func (p progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
