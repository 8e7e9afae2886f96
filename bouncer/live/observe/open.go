package observe

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Fleet is the live fleet, with a session to every console and every server. It is safe for use by several
// goroutines, one sample of a time.
type Fleet struct {
	Mu       sync.Mutex
	Consoles []*admin.Console // sorted by id
	servers  []*server        // sorted by name
	prover   prover
	notes    []string
	Files    []Config // see Know
	Locks    Files    // of the files that its applier writes and its samples read
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
//	                 two consoles for one process, one console for several processes, two names for one server
//	KindEvidence     a role without pg_monitor, a console user who is in neither stats_users nor admin_users
//	KindUnreachable  no answer within the time-out, or a refused login
//
// The caller closes the Fleet.
func Open(ctx context.Context, targets admin.Targets) (*Fleet, error) {
	targets, err := targets.WithDefaults()
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
	for _, c := range f.Consoles {
		f.renewals.Go(func() { c.Renewing(ctx) })
	}
	return f, nil
}

// Of is the part of a fleet that an applier may be given where Open fails for somebody else: these processes, of which
// each is asked when it is changed. It takes no sample, and the caller closes it.
func Of(targets admin.Targets, processes []string) (*Fleet, error) {
	targets, err := targets.WithDefaults()
	if err != nil {
		return nil, err
	}
	f, err := prepare(targets)
	if err != nil {
		return nil, err
	}
	f.servers = nil
	f.Consoles = slices.DeleteFunc(f.Consoles, func(c *admin.Console) bool { return !slices.Contains(processes, c.ID) })
	return f, nil
}

// prepare reads every DSN.
func prepare(targets admin.Targets) (*Fleet, error) {
	f := &Fleet{}
	var errs []error
	for _, g := range targets.Groups {
		for i, at := range g.Consoles {
			id := fmt.Sprintf("%s/%d", g.Name, i+1)
			a, err := admin.ConsoleAddress("console "+id, at, targets.AppName)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			f.notes = append(f.notes, a.Notes...)
			f.Consoles = append(f.Consoles, admin.NewConsole(id, g.Name, a, targets))
		}
	}
	for _, s := range targets.Servers {
		a, err := admin.ServerAddress("server "+s.Name, s.Place, targets.AppName)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		f.servers = append(f.servers, newServer(s.Name, a, targets))
	}
	slices.SortFunc(f.Consoles, func(a, b *admin.Console) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.servers, func(a, b *server) int { return cmp.Compare(a.name, b.name) })
	slices.Sort(f.notes)
	f.notes = slices.Compact(f.notes) // of one passfile
	return f, admin.Joined(errs)
}

// open asks everybody at once.
func (f *Fleet) open(ctx context.Context) error {
	shots := make([]shot, len(f.servers))
	errs := admin.Together(len(f.Consoles)+len(f.servers), func(i int) (err error) {
		if i < len(f.Consoles) {
			return f.Consoles[i].Ask(ctx, func(context.Context) error { return nil })
		}
		i -= len(f.Consoles)
		if _, err = f.servers[i].facts(ctx); err == nil {
			shots[i], err = f.servers[i].shoot(ctx)
		}
		return err
	})
	if err := admin.Joined(errs); err != nil {
		return err
	}
	if err := f.noTwins(ctx); err != nil {
		return err
	}
	if err := f.eachAlone(ctx); err != nil {
		return err
	}
	return f.noDoubles(shots)
}

// eachAlone refuses a console whose port leads to several processes.
func (f *Fleet) eachAlone(ctx context.Context) error {
	notes := make([]string, len(f.Consoles))
	err := admin.Joined(admin.Together(len(f.Consoles), func(i int) (err error) {
		notes[i], err = f.Consoles[i].Alone(ctx)
		notes[i] = cmp.Or(notes[i], admin.LonePort(f.Consoles[i], f.Consoles))
		return err
	}))
	f.notes = slices.DeleteFunc(append(f.notes, notes...), func(note string) bool { return note == "" })
	slices.Sort(f.notes)
	return err
}

// noTwins refuses two consoles of one process: all that is counted there would be counted twice.
func (f *Fleet) noTwins(ctx context.Context) error {
	var alike []*admin.Console
	for i, a := range f.Consoles {
		if slices.ContainsFunc(f.Consoles, func(b *admin.Console) bool { return a != b && a.First.Alike(b.First) }) {
			alike = append(alike, f.Consoles[i])
		}
	}
	// Only now that all are open does each see every other one that is its own process.
	if err := admin.Joined(admin.Together(len(alike), func(i int) error { return alike[i].MeetAgain(ctx) })); err != nil {
		return err
	}
	var errs []error
	for i, a := range alike {
		for _, b := range alike[:i] {
			if admin.Twins(a, b) {
				errs = append(errs, admin.Fail(operr.KindUsage, b.Subject+" and "+a.Subject,
					"list each process once; behind so_reuseport or a balancer, address each through its own unix_socket_dir or port",
					"two consoles for one process: %s", a.First))
			}
		}
	}
	return admin.Joined(errs)
}

// noDoubles refuses two names for one server. It is one if either shows the session that we have under the other name;
// whichever was observed later shows both.
func (f *Fleet) noDoubles(shots []shot) error {
	var errs []error
	shows := func(i, j int) bool { // the sample of j shows our session at i
		ours := slices.IndexFunc(shots[i], func(b backend) bool { return b.pid == f.servers[i].pid })
		return ours >= 0 && slices.ContainsFunc(shots[j], func(b backend) bool { return b.name() == shots[i][ours].name() })
	}
	for i, a := range f.servers {
		for j, b := range f.servers[:i] {
			if a.systemID == b.systemID && (shows(i, j) || shows(j, i)) {
				errs = append(errs, admin.Fail(operr.KindUsage, b.Subject+" and "+a.Subject, "list each server once",
					"two names for one server"))
			}
		}
	}
	return admin.Joined(errs)
}

// Notes returns what was left out of the connection strings, and why, and which consoles may be one of several
// processes, in sentences, sorted.
func (f *Fleet) Notes() []string { return slices.Clone(f.notes) }

// Close ends every session.
func (f *Fleet) Close() {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	if f.end != nil {
		f.end()
		f.renewals.Wait()
	}
	admin.Together(len(f.Consoles)+len(f.servers), func(i int) error {
		if i < len(f.Consoles) {
			f.Consoles[i].Close()
		} else {
			s := f.servers[i-len(f.Consoles)]
			s.unlock()
			s.Close()
		}
		return nil
	})
}
