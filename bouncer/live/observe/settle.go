package observe

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// settleAge is how long what a file said of a process's users is taken to be so. chosen: 1 min because a read may be a
// login through ssh, and samples come every second. A change of the process's own settings is looked up at once.
const settleAge = time.Minute

// settleRetry is how long a file that could not be read is left alone. chosen: 10 s because 200 processes on one host
// then make 20 logins a second at most.
const settleRetry = 10 * time.Second

// settleFirst is how long the sample waits that begins a read, where the settings have changed and the read before did
// not fail. chosen: 10 s because two files may be two logins through ssh over a slow line.
const settleFirst = 10 * time.Second

// settleWait is how long a sample waits for a read that an earlier sample has begun, or of a file that is only to be
// observed again. chosen: 200 ms because that is less than half of the shortest policy.every: a store that hangs holds
// up no action whose cause is elsewhere but once.
const settleWait = 200 * time.Millisecond

// settled is what the file of a process said, when SHOW USERS and the settings were those.
type settled struct {
	at         time.Time // when it was read; zero: it never was
	hash       string
	shown, are []fleet.UserLimit
	lines      []fleet.FiledLine
	waits      []fleet.WaitTimeout
	Sizes      []string // the files in which sizes stand
	Version    string   // of the process at the newest sample, whether its file was read or not

	tried    time.Time // when the newest read began, that may have failed
	triedFor string    // the hash then
	failed   bool      // the newest read that has ended
}

// of reports whether that was read when the process had these settings.
func (s settled) of(p fleet.Process) bool {
	return !s.at.IsZero() && s.hash == p.Identity.ConfigHash && slices.Equal(s.shown, p.Users)
}

// due reports whether the file is to be read again.
func (s settled) due(p fleet.Process, now time.Time) bool {
	return (!s.of(p) || now.Sub(s.at) > settleAge) && (now.Sub(s.tried) > settleRetry ||
		s.triedFor != p.Identity.ConfigHash)
}

// Know tells where the files of the processes are. What SHOW USERS leaves in doubt is then looked up in their [users],
// and which databases have a line of their own in their [databases].
func (f *Fleet) Know(configs []Config) {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	f.Files, f.settled, f.reads = f.Bounded(configs), map[string]settled{}, map[string]chan struct{}{}
}

// settle looks up the sizes of users that are in doubt, and before 1.23 their limits, which no console shows. Where a
// file cannot be read, or does not say what its process shows, the doubt stays: the planner counts the larger value.
// What it cannot tell: a limit that was lowered in the file, and that the process has not loaded yet. A read is waited
// for by the sample that begins it where the settings have changed; else it goes on beside the samples, and what the
// file said before counts.
func (f *Fleet) settle(ctx context.Context, processes []fleet.Process) {
	admin.Together(len(processes), func(i int) error {
		p := &processes[i]
		at := slices.IndexFunc(f.Files, func(c Config) bool { return c.Process == p.ID })
		if at < 0 {
			return nil
		}
		was := f.Known(p.ID)
		if done, begun := f.reading(ctx, *p, f.Files[at], was.due(*p, clock.Wall{}.Now())); done != nil {
			patience := settleWait
			switch {
			case begun && was.at.IsZero() && !was.failed:
				patience = storeTimeout
			case begun && !was.of(*p) && !was.failed:
				patience = settleFirst
			}
			select {
			case <-done:
			case <-ctx.Done():
			case <-time.After(patience):
			}
			was = f.Known(p.ID)
		}
		if was.at.IsZero() {
			return nil
		}
		p.Filed, p.FiledBefore, p.WaitTimeouts = was.lines, !was.of(*p), was.waits
		if p.FiledBefore {
			return nil
		}
		if !fleet.VersionAtLeast(p.Version, 1, 23) || slices.ContainsFunc(p.Users, unsure) {
			p.Users, p.UsersKnown = slices.Clone(was.are), !slices.ContainsFunc(was.are, unsure)
		}
		return nil
	})
}

// Known is what the newest reads of a process's file have found.
func (f *Fleet) Known(process string) settled {
	f.settling.Lock()
	defer f.settling.Unlock()
	return f.settled[process]
}

// reading is closed once the read of a file that is under way has ended; where none is, one that is due is begun. Nil:
// there is none. It takes storeTimeout for each file at most, and no sample that ends cuts it short.
func (f *Fleet) reading(ctx context.Context, p fleet.Process, c Config, due bool) (done chan struct{}, begun bool) {
	f.settling.Lock()
	defer f.settling.Unlock()
	if was := f.settled[p.ID]; was.Version != p.Version {
		was.Version = p.Version
		f.settled[p.ID] = was
	}
	if done, ok := f.reads[p.ID]; ok || !due {
		return done, false
	}
	done = make(chan struct{})
	f.reads[p.ID] = done
	was := f.settled[p.ID]
	was.tried, was.triedFor = clock.Wall{}.Now(), p.Identity.ConfigHash
	f.settled[p.ID] = was
	at := f.Consoles[slices.IndexFunc(f.Consoles, func(c *admin.Console) bool { return c.ID == p.ID })]
	now := admin.InForce{Version: p.Version, Conffile: p.Identity.ConfFile, Keys: at.Keys}
	go func() {
		file, err := Load(context.WithoutCancel(ctx), at, c, now)
		f.settling.Lock()
		defer f.settling.Unlock()
		defer close(done)
		delete(f.reads, p.ID)
		is := f.settled[p.ID]
		if is.failed = err != nil; is.failed {
			f.settled[p.ID] = is
			return
		}
		is.at, is.hash, is.shown = is.tried, p.Identity.ConfigHash, p.Users
		is.lines, is.waits, is.Sizes = filedLines(p, file), filedWaits(file), file.SizeFiles()
		if is.are = settleUsers(p.Users, file.Users()); !fleet.VersionAtLeast(p.Version, 1, 23) {
			is.are = hiddenUsers(file.Users())
		}
		f.settled[p.ID] = is
	}()
	return done, true
}

// filedWaits are the query_wait_timeout of lines.
func filedWaits(file ini.Config) (waits []fleet.WaitTimeout) {
	timeout := func(w ini.Wait) time.Duration { return time.Duration(w.Seconds) * time.Second }
	for _, d := range file.Databases() {
		if d.Wait.Own {
			waits = append(waits, fleet.WaitTimeout{Alias: d.Alias, Timeout: timeout(d.Wait)})
		}
	}
	for _, u := range file.Users() {
		if u.Wait.Own {
			waits = append(waits, fleet.WaitTimeout{User: u.Name, Timeout: timeout(u.Wait)})
		}
	}
	slices.SortStableFunc(waits, func(a, b fleet.WaitTimeout) int {
		return cmp.Or(cmp.Compare(a.Alias, b.Alias), cmp.Compare(a.User, b.User))
	})
	return waits
}

// filedLines are the lines of [databases] of a process's file that are in force, sorted: those of aliases that the
// process shows, and that of *, of which nobody can tell.
func filedLines(p fleet.Process, file ini.Config) []fleet.FiledLine {
	lines := []fleet.FiledLine{}
	kind, _, _ := file.Setting("auth_type")
	asks := !slices.Contains(admin.Unasked, strings.ToLower(kind))
	for _, d := range file.Databases() {
		l := fleet.FiledLine{Alias: d.Alias}
		if asks {
			l.AuthUser, l.AuthDatabase = d.AuthUser, d.AuthAlias
		}
		if d.Alias == fleet.AutoDB {
			l.Star = &fleet.StarLine{Host: d.Host, Port: d.Port, Database: d.DBName, ForceUser: d.ForceUser, SizeConns: -1,
				ReserveConns: -1, PoolMode: d.PoolMode}
			if d.Sized {
				l.Star.SizeConns = d.SizeConns
			}
			if d.ReserveConns != file.DefaultReserve() {
				l.Star.ReserveConns = d.ReserveConns
			}
			if d.MaxConns != file.DefaultMaxConns() {
				l.Star.MaxConns = d.MaxConns
			}
		} else if !slices.ContainsFunc(p.Aliases, func(a fleet.Alias) bool { return a.Name == d.Alias }) {
			continue // it is not in force yet
		}
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b fleet.FiledLine) int { return strings.Compare(a.Alias, b.Alias) })
	return lines
}

// unsure reports whether what SHOW USERS shows of a user may be another's.
func unsure(u fleet.UserLimit) bool { return u.Doubtful || u.DoubtfulReserve }

// settleUsers says which of the sizes that SHOW USERS shows are the users' own, by the lines of [users]. A file that
// differs from what the process shows for certain, or shows as one of two values, is not the one in force: then nothing
// is settled. What it cannot tell: a line that was taken out of the file keeps its value in the process until a
// restart; and a line that was written since the last RELOAD, for a user who is shown just that of the user before.
func settleUsers(shown []fleet.UserLimit, lines []ini.User) []fleet.UserLimit {
	for _, l := range lines {
		sized := l.SizeConns >= 0 || l.ReserveConns >= 0
		if sized && !slices.ContainsFunc(shown, func(u fleet.UserLimit) bool { return u.Name == l.Name }) {
			return shown
		}
	}
	var out []fleet.UserLimit
	for _, u := range shown {
		size, reserve := 0, 0
		for _, l := range lines { // the last one counts
			if l.Name != u.Name {
				continue
			}
			size, reserve = max(0, l.SizeConns), max(0, l.ReserveConns)
			if l.SizeConns == 0 {
				size = fleet.Unlimited
			}
			if l.ReserveConns == 0 {
				reserve = fleet.NoReserve
			}
		}
		agree := func(file, process int, doubtful bool) bool { return file == process || doubtful && file == 0 }
		if !agree(size, u.SizeConns, u.Doubtful) || !agree(reserve, u.ReserveConns, u.DoubtfulReserve) {
			return shown
		}
		u.SizeConns, u.ReserveConns, u.Doubtful, u.DoubtfulReserve = size, reserve, false, false
		if u != (fleet.UserLimit{Name: u.Name}) {
			out = append(out, u)
		}
	}
	return out
}

// hiddenUsers lists the users that [users] gives a max_user_connections of their own: all that counts there before
// 1.23. The last line of a user counts; 0 and less mean the process's (user_max_connections, server.c:342 of 1.25.2).
func hiddenUsers(lines []ini.User) []fleet.UserLimit {
	var out []fleet.UserLimit
	for _, l := range lines {
		out = slices.DeleteFunc(out, func(u fleet.UserLimit) bool { return u.Name == l.Name })
		if l.MaxConns > 0 {
			out = append(out, fleet.UserLimit{Name: l.Name, MaxConns: l.MaxConns})
		}
	}
	slices.SortFunc(out, func(a, b fleet.UserLimit) int { return strings.Compare(a.Name, b.Name) })
	return out
}
