package admin

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// own is the user to whom PgBouncer gives its console over a Unix socket, where the other end has the uid of the
// process (PgBouncer 1.25.2, admin.c:1799).
const own = "pgbouncer"

// MayReload refuses a console user whom a RELOAD would be refused to: found before anything is written, and in a dry
// run. The list is that of now; who was let in as an admin stays one for as long as the session lasts.
func (c *Console) MayReload(admins string) error {
	user := c.Config.User
	listed := slices.ContainsFunc(strings.Split(admins, ","),
		func(name string) bool { return strings.TrimSpace(name) == user })
	if listed || user == own && strings.HasPrefix(c.Config.Host, "/") {
		return nil
	}
	return operr.By(operr.RuleRights, &operr.Error{Kind: operr.KindEvidence, Subject: c.Subject, Hint: adminHint(user),
		Err: fmt.Errorf("%s may run SHOW but not RELOAD: admin access needed, and admin_users is %q", user, admins)})
}

// adminHint says how a console user gets the right to RELOAD.
func adminHint(user string) string {
	return "add " + user + " to admin_users = '…' in the [pgbouncer] section of pgbouncer.ini and RELOAD"
}

// Together runs n tasks at once and returns their errors in order when all have ended.
func Together(n int, task func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = task(i) })
	}
	wg.Wait()
	return errs
}

// With returns the list with names that are not in it yet.
func With(list []string, names ...string) []string {
	list = slices.Clone(list)
	for _, name := range names {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// Defaults of Targets.
const (
	DefaultTimeout = 5 * time.Second // chosen: 5 s because a console answers in milliseconds: one that takes longer hangs
	DefaultAppName = "pgbudget"      // application_name of every session where Targets has none
)

// Targets says whom to ask.
type Targets struct {
	Servers []ServerTarget
	Groups  []GroupTarget
	Timeout time.Duration // for each console and server in each pass, logins included; 0 is DefaultTimeout
	AppName string        // application_name of every session; "" is DefaultAppName
}

// ServerTarget is one PostgreSQL server to ask: its name in the config, and its DSN.
type ServerTarget struct {
	Name string // as it is called in an Observation
	Place
}

// Place is where something answers, and how it is reached.
type Place struct {
	DSN string // libpq keywords or URL; of a server it may name several hosts and target_session_attrs
	// a command whose standard input and output are the connection, as ssh's ProxyCommand; nil: a socket of this host's.
	// In its words {{.Address}} is host:port or the path of a socket, {{.Host}} its host and {{.Port}} its port
	Via  []string
	Mask func(string) string // takes secrets out of what that command says; nil: there are none
}

// At are places that are reached from this host, by their DSNs.
func At(dsns ...string) []Place {
	var places []Place
	for _, dsn := range dsns {
		places = append(places, Place{DSN: dsn})
	}
	return places
}

// GroupTarget is the consoles of one group of PgBouncer processes: those that carry the same sizes.
type GroupTarget struct {
	Name     string
	Consoles []Place // each process's admin console; dbname is pgbouncer unless said otherwise
}

// WithDefaults returns the targets with blanks filled in. The error, of KindUsage, joins everything that is wrong
// with them.
func (t Targets) WithDefaults() (Targets, error) {
	if t.Timeout == 0 {
		t.Timeout = DefaultTimeout
	}
	if t.AppName == "" {
		t.AppName = DefaultAppName
	}
	var wrong []error
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if t.Timeout < 0 {
		complain("time-out of %v", t.Timeout)
	}
	if len(t.Servers) == 0 && len(t.Groups) == 0 {
		complain("no servers and no consoles")
	}
	seen := map[string]bool{}
	for i, s := range t.Servers {
		switch {
		case s.Name == "":
			complain("server %d has no name", i+1)
		case seen[s.Name]:
			complain("server %q is named twice", s.Name)
		}
		seen[s.Name] = true
	}
	clear(seen)
	for i, g := range t.Groups {
		switch {
		case g.Name == "":
			complain("group %d has no name", i+1)
		case seen[g.Name]:
			complain("group %q is named twice", g.Name)
		case len(g.Consoles) == 0:
			complain("group %q has no consoles", g.Name)
		}
		seen[g.Name] = true
	}
	if len(wrong) > 0 {
		return t, &operr.Error{Kind: operr.KindUsage, Subject: "targets", Err: errors.Join(wrong...)}
	}
	return t, nil
}
