package live

import (
	"errors"
	"fmt"
	"time"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// Defaults of Targets.
const (
	DefaultTimeout = 5 * time.Second // chosen: a console answers in milliseconds; 5 s is one that hangs
	DefaultAppName = "pgbudget"
)

// Targets says whom to ask.
type Targets struct {
	Servers []ServerTarget
	Groups  []GroupTarget
	Timeout time.Duration // for each console and server in each pass, logins included; 0 is DefaultTimeout
	AppName string        // application_name of every session; "" is DefaultAppName
}

// ServerTarget is one PostgreSQL server.
type ServerTarget struct {
	Name string // as it is called in an Observation
	DSN  string // libpq keywords or URL; may name several hosts and target_session_attrs
}

// GroupTarget is the processes of one group.
type GroupTarget struct {
	Name     string
	Consoles []string // DSN of each process's admin console; dbname is pgbouncer unless said otherwise
}

// withDefaults returns the targets with blanks filled in, or everything that is wrong with them.
func (t Targets) withDefaults() (Targets, error) {
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
