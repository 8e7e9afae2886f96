package live

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Fleet is the live fleet, with a session to every console and every server. It is safe for use by several
// goroutines, one look at a time.
type Fleet struct {
	mu       sync.Mutex
	consoles []*console // sorted by id
	servers  []*server  // sorted by name
	prover   prover
	notes    []string
	files    []Config // see Know
	locks    files    // of the files that its hands write and its looks read
	settling sync.Mutex
	settled  map[string]settled       // by process
	reads    map[string]chan struct{} // of their files, that are under way
	renewals sync.WaitGroup           // of the consoles' connections
	end      context.CancelFunc       // of them; nil before they begin
}

var _ bouncer.Fleet = (*Fleet)(nil)

// Open connects to every console and server and checks that each is what it should be, with the rights it takes, and
// that no process is there twice. On an error, a operr.Error or several joined, everything is closed again:
//
//	KindUsage        the targets, a DSN, a console that is a PostgreSQL, a server that is a PgBouncer or behind one,
//	                 two consoles for one process, two names for one server
//	KindEvidence     a role without pg_monitor, a console user who is in neither stats_users nor admin_users
//	KindUnreachable  no answer within the time-out, or a refused login
//
// The caller closes the Fleet.
func Open(ctx context.Context, targets Targets) (*Fleet, error) {
	targets, err := targets.withDefaults()
	if err != nil {
		return nil, err
	}
	f, err := prepare(targets)
	if err != nil {
		return nil, err
	}
	if err := f.open(ctx); err != nil {
		f.Close()
		return nil, err
	}
	ctx, f.end = context.WithCancel(context.WithoutCancel(ctx))
	for _, c := range f.consoles {
		f.renewals.Go(func() { c.renewing(ctx) })
	}
	return f, nil
}

// prepare reads every DSN.
func prepare(targets Targets) (*Fleet, error) {
	f := &Fleet{}
	var errs []error
	for _, g := range targets.Groups {
		for i, dsn := range g.Consoles {
			id := fmt.Sprintf("%s/%d", g.Name, i+1)
			a, err := consoleAddress("console "+id, dsn, targets.AppName)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			f.notes = append(f.notes, a.notes...)
			f.consoles = append(f.consoles, newConsole(id, g.Name, a, targets))
		}
	}
	for _, s := range targets.Servers {
		a, err := serverAddress("server "+s.Name, s.DSN, targets.AppName)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		f.servers = append(f.servers, newServer(s.Name, a, targets))
	}
	slices.SortFunc(f.consoles, func(a, b *console) int { return cmp.Compare(a.id, b.id) })
	slices.SortFunc(f.servers, func(a, b *server) int { return cmp.Compare(a.name, b.name) })
	slices.Sort(f.notes)
	return f, joined(errs)
}

// open asks everybody at once.
func (f *Fleet) open(ctx context.Context) error {
	shots := make([]shot, len(f.servers))
	errs := together(len(f.consoles)+len(f.servers), func(i int) (err error) {
		if i < len(f.consoles) {
			return f.consoles[i].ask(ctx, func(context.Context) error { return nil })
		}
		i -= len(f.consoles)
		if _, err = f.servers[i].facts(ctx); err == nil {
			shots[i], err = f.servers[i].shoot(ctx)
		}
		return err
	})
	if err := joined(errs); err != nil {
		return err
	}
	if err := f.noTwins(ctx); err != nil {
		return err
	}
	return f.noDoubles(shots)
}

// noTwins refuses two consoles of one process: all that is counted there would be counted twice.
func (f *Fleet) noTwins(ctx context.Context) error {
	var alike []*console
	for i, a := range f.consoles {
		if slices.ContainsFunc(f.consoles, func(b *console) bool { return a != b && a.first.alike(b.first) }) {
			alike = append(alike, f.consoles[i])
		}
	}
	// Only now that all are open does each see every other one that is its own process.
	if err := joined(together(len(alike), func(i int) error { return alike[i].meetAgain(ctx) })); err != nil {
		return err
	}
	var errs []error
	for i, a := range alike {
		for _, b := range alike[:i] {
			if twins(a, b) {
				errs = append(errs, fail(operr.KindUsage, b.subject+" and "+a.subject,
					"list each process once; behind so_reuseport or a balancer, address each through its own unix_socket_dir or port",
					"two consoles for one process: %s", a.first))
			}
		}
	}
	return joined(errs)
}

// noDoubles refuses two names for one server. It is one if either shows the session that we have under the other name;
// whichever was looked at later shows both.
func (f *Fleet) noDoubles(shots []shot) error {
	var errs []error
	shows := func(i, j int) bool { // the look at j shows our session at i
		ours := slices.IndexFunc(shots[i], func(b backend) bool { return b.pid == f.servers[i].pid })
		return ours >= 0 && slices.ContainsFunc(shots[j], func(b backend) bool { return b.name() == shots[i][ours].name() })
	}
	for i, a := range f.servers {
		for j, b := range f.servers[:i] {
			if a.systemID == b.systemID && (shows(i, j) || shows(j, i)) {
				errs = append(errs, fail(operr.KindUsage, b.subject+" and "+a.subject, "list each server once", "two names for one server"))
			}
		}
	}
	return joined(errs)
}

// Notes returns what was left out of the connection strings, and why, in sentences, sorted.
func (f *Fleet) Notes() []string { return slices.Clone(f.notes) }

// Close ends every session.
func (f *Fleet) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.end != nil {
		f.end()
		f.renewals.Wait()
	}
	together(len(f.consoles)+len(f.servers), func(i int) error {
		if i < len(f.consoles) {
			f.consoles[i].close()
		} else {
			s := f.servers[i-len(f.consoles)]
			s.unlock()
			s.close()
		}
		return nil
	})
}

// together runs n tasks at once and returns their errors in order when all have ended.
func together(n int, task func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = task(i) })
	}
	wg.Wait()
	return errs
}
