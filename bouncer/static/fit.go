package static

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Request is what is asked of files.
type Request struct {
	Files     []File
	Version   string         // of PgBouncer, as SHOW VERSION has it: "1.24.1"
	Processes int            // that load each file; less than 1 counts as 1
	Pools     map[string]int // by alias: how many pools one process may open by its line; it beats what the files say
	Servers   []Server
	Elsewhere []string // addresses, host or host:port, that lead to none of the servers
}

// File is a main file.
type File struct {
	Path string
	Read ini.Read
}

// Server is a PostgreSQL as the caller declares it.
type Server struct {
	budget.DeclaredServer
	Address string // host or host:port of the lines that lead to it; empty: every line does
}

// Verdict says whether files fit.
type Verdict string

// The verdicts.
const (
	Fits    Verdict = "fits"
	Over    Verdict = "over"    // the worst case is more than the budget
	Unknown Verdict = "unknown" // what is known fits, and of some line nobody knows
)

// Report is what the files come to. Its slices are the caller's.
type Report struct {
	Verdict   Verdict        `json:"verdict"`
	Version   string         `json:"pgbouncer_version"`
	Processes int            `json:"processes"` // of each file
	Servers   []ServerReport `json:"servers"`   // in the order of the request
	Lines     []Line         `json:"lines"`     // in the order of files and lines
	Shared    []SharedLine   `json:"shared,omitempty"`
	Notes     []string       `json:"notes,omitempty"`
}

// ServerReport is the ledger of one server, in connections.
type ServerReport struct {
	Name        string        `json:"name"`
	Verdict     Verdict       `json:"verdict"`
	MaxConns    int           `json:"max_connections"`
	Ledger      []budget.Line `json:"ledger"` // what is taken off max_connections
	BudgetConns int           `json:"budget_conns"`
	WorstConns  int           `json:"worst_conns"` // of all processes; at least so many where the verdict is unknown
	SpareConns  int           `json:"spare_conns"` // negative: over
}

// Line is a line of [databases]. Sizes are those of one pool, defaults filled in.
type Line struct {
	File         string   `json:"file"` // the main file
	Alias        string   `json:"alias"`
	At           string   `json:"at"` // file:line
	Host         string   `json:"host,omitempty"`
	Port         int      `json:"port"`
	Servers      []string `json:"servers"`
	SizeConns    int      `json:"pool_size"`
	ReserveConns int      `json:"reserve_pool_size"`
	MaxConns     int      `json:"max_db_connections"` // 0: no limit
	Pools        int      `json:"pools"`              // in one process, auth_user's among them
	WorstConns   int      `json:"worst_conns"`        // of all processes, on each of its servers
	Unbounded    Reason   `json:"unbounded,omitempty"`
	User         string   `json:"user,omitempty"` // whose size is the reason

	forced    string // user= of it
	stray     string // a host of it that is none of the servers, nor elsewhere; empty: there is none
	userConns int    // User's pool_size
}

// SharedLine is what is counted beside the lines: a user whose max_user_connections is less than its pools, taken out
// of them, or what a RELOAD that recycles may open.
type SharedLine struct {
	File   string `json:"file"`
	Server string `json:"server"`
	Item   string `json:"item"`
	Conns  int    `json:"conns"` // of all processes
}

// Check says what the files come to. It reads by the files' Read alone. The errors:
//
//	KindUsage     a server has no max_connections, a line leads to none of the servers, the version is none
//	KindDrift     PgBouncer could not load a file; the subject is the line
//
// and whatever a Read returns. A file named by auth_file that cannot be read is no error: its users are not known.
func Check(r Request) (Report, error) {
	out := Report{Verdict: Fits, Version: r.Version, Processes: max(1, r.Processes)}
	pipeline := bouncer.Pipeline{Declared: r.declared()}
	base, _, err := pipeline.Modelled(time.Time{}, load.Evidence{}, nil, nil)
	if err != nil {
		return Report{}, err
	}
	worst := map[string]int{}
	var refused []error // one of each file: PgBouncer reads no further
	for _, f := range r.Files {
		c, err := ini.Load(f.Read, f.Path, r.Version)
		if refused = append(refused, err); err != nil {
			continue
		}
		names, read := authNames(f, c)
		o := r.observe(f, c, names, read)
		for i, l := range o.lines {
			if at := l.stray; at != "" {
				return Report{}, &operr.Error{Kind: operr.KindUsage, Subject: l.At,
					Err:  fmt.Errorf("alias %s leads to %s, of which no --max-connections is given", l.Alias, at),
					Hint: "add --max-connections " + at + "=N, or --elsewhere " + at}
			}
			if len(l.Servers) == 0 {
				o.drop(l.Alias)
				continue
			}
			if l.Unbounded == "" {
				if x := &o.lines[i]; x.unlimited(c, r.Version) {
					o.drop(l.Alias)
				}
			}
		}
		if err := count(pipeline, o, base, worst, &out); err != nil {
			return Report{}, err
		}
	}
	if err := errors.Join(refused...); err != nil {
		return Report{}, err
	}
	if err := r.idle(out.Lines); err != nil {
		return Report{}, err
	}
	r.judge(base, worst, &out)
	return out, nil
}

// declared are the servers as the ledger knows them.
func (r Request) declared() budget.Declared {
	var d budget.Declared
	for _, s := range r.Servers {
		d.Servers = append(d.Servers, s.DeclaredServer)
	}
	slices.SortFunc(d.Servers, func(a, b budget.DeclaredServer) int { return cmp.Compare(a.Name, b.Name) })
	return d
}

// unlimited notes why the line's pools have no bound, and reports whether they have none: by its own pool_size, or by
// that of a user.
func (l *Line) unlimited(c ini.Config, version string) bool {
	if l.MaxConns > 0 {
		return false
	}
	endless := func(size, minor int) bool {
		return size == 0 && fleet.VersionAtLeast(version, 1, minor) || size >= fleet.Unlimited
	}
	if endless(l.SizeConns, 24) {
		l.Unbounded = ReasonUnlimited
		return true
	}
	if !fleet.VersionAtLeast(version, 1, 23) {
		return false
	}
	for _, u := range c.Users() {
		if endless(u.SizeConns, 23) && (l.forced == "" || l.forced == u.Name) {
			l.Unbounded, l.User, l.userConns = ReasonUnlimitedUser, u.Name, u.SizeConns
			return true
		}
	}
	return false
}

// drop takes an alias out of the processes.
func (o *observed) drop(alias string) {
	o.process.Aliases = slices.DeleteFunc(slices.Clone(o.process.Aliases),
		func(a fleet.Alias) bool { return a.Name == alias })
}

// count adds one file's lines to the report and its worst case to that of the servers.
func count(p bouncer.Pipeline, o observed, base budget.Fleet, worst map[string]int, out *Report) error {
	one := load.Evidence{Last: fleet.Observation{Processes: []fleet.Process{o.process}}}
	f, _, err := p.Modelled(time.Time{}, one, nil, nil)
	if err != nil {
		return err
	}
	times := o.times
	for _, l := range o.lines {
		if p, ok := f.Pool(o.group + "/" + l.Alias); ok {
			l.Pools = len(p.LinePools)
		}
		l.WorstConns = times * f.WorstOf(o.group+"/"+l.Alias)
		out.Lines = append(out.Lines, l)
	}
	for _, s := range f.Servers {
		i := slices.IndexFunc(base.Servers, func(b budget.FleetServer) bool { return b.Name == s.Name })
		for _, l := range s.Lines {
			if !slices.Contains(base.Servers[i].Lines, l) {
				out.Shared = append(out.Shared, SharedLine{o.group, s.Name, l.Item, times * l.Conns})
			}
		}
		worst[s.Name] += times * (f.WorstConns(s.Name) + base.Servers[i].BudgetConns - s.BudgetConns)
	}
	return nil
}

// judge fills in the servers and the verdict.
func (r Request) judge(base budget.Fleet, worst map[string]int, out *Report) {
	for _, want := range r.Servers {
		i := slices.IndexFunc(base.Servers, func(b budget.FleetServer) bool { return b.Name == want.Name })
		b := base.Servers[i]
		s := ServerReport{Name: b.Name, MaxConns: b.MaxConns, Ledger: b.Lines[1:], BudgetConns: b.BudgetConns,
			WorstConns: worst[b.Name], SpareConns: b.BudgetConns - worst[b.Name], Verdict: Fits}
		unknown := slices.ContainsFunc(out.Lines,
			func(l Line) bool { return l.Unbounded != "" && slices.Contains(l.Servers, s.Name) })
		switch {
		case s.SpareConns < 0:
			s.Verdict, out.Verdict = Over, Over
		case unknown:
			if s.Verdict = Unknown; out.Verdict == Fits {
				out.Verdict = Unknown
			}
		}
		out.Servers = append(out.Servers, s)
	}
}

// servers names those that a line's hosts lead to, and the first host that is neither one of them nor elsewhere.
func (r Request) servers(host string, port int) (names []string, stray string) {
	for _, h := range strings.Split(host, ",") {
		if slices.Contains(r.Elsewhere, h) || slices.Contains(r.Elsewhere, address(h, port)) {
			continue
		}
		found := false
		for _, s := range r.Servers {
			if s.Address == "" || s.Address == h || s.Address == address(h, port) {
				names, found = append(names, s.Name), true
			}
		}
		if !found && stray == "" {
			stray = address(h, port)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), stray
}

// idle says which of what was declared is about nothing in the files; nil: each is.
func (r Request) idle(lines []Line) error {
	var aliases []string
	for _, l := range lines {
		aliases = append(aliases, l.Alias)
	}
	slices.Sort(aliases)
	aliases = slices.Compact(aliases)
	for _, alias := range slices.Sorted(maps.Keys(r.Pools)) {
		if !slices.Contains(aliases, alias) {
			return &operr.Error{Kind: operr.KindUsage, Subject: "--pools " + alias, Err: errors.New("no file has a line of it"),
				Hint: "the lines are those of " + strings.Join(aliases, ", ")}
		}
	}
	for _, at := range r.Elsewhere {
		if !slices.ContainsFunc(lines, func(l Line) bool {
			return slices.ContainsFunc(strings.Split(l.Host, ","),
				func(h string) bool { return h == at || address(h, l.Port) == at })
		}) {
			return &operr.Error{Kind: operr.KindUsage, Subject: "--elsewhere " + at, Err: errors.New("no line leads there"),
				Hint: "leave it out, or correct the address"}
		}
	}
	return nil
}

// address is host:port; of a Unix socket, "socket:port".
func address(host string, port int) string {
	return net.JoinHostPort(cmp.Or(host, "socket"), strconv.Itoa(port))
}

// authNames reads the users of a file's auth_file; none is in force where no line names one.
func authNames(f File, c ini.Config) (names []string, read bool) {
	path, _, ok := c.Setting("auth_file")
	if !ok || path == "" {
		return nil, true
	}
	text, err := f.Read(path)
	return namesOf(text), err == nil
}
