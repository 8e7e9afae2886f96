package live

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner"
)

// settleAge is how long what a file said of a process's users is taken to be so. Chosen: a minute; a read may be a
// login through ssh, and samples come every second. A change of the process's own settings is looked up at once.
const settleAge = time.Minute

// settled is what the file of a process said of its users, when SHOW USERS and the settings were those.
type settled struct {
	at         time.Time
	hash       string
	shown, are []planner.UserLimit
	lines      []planner.FiledLine
}

// Know tells where the files of the processes are. What SHOW USERS leaves in doubt is then looked up in their [users], and which
// databases have a line of their own in their [databases].
func (f *Fleet) Know(configs []Config) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files, f.settled = f.Hands(configs).configs, map[string]settled{}
}

// settle looks up the sizes of users that are in doubt, and before 1.23 their limits, which no console shows. Where a
// file cannot be read, or does not say what its process shows, the doubt stays: the planner counts the larger value. What
// it cannot tell: a limit that was lowered in the file, and that the process has not loaded yet.
func (f *Fleet) settle(ctx context.Context, processes []planner.Process) {
	together(len(processes), func(i int) error {
		p := &processes[i]
		at := slices.IndexFunc(f.files, func(c Config) bool { return c.Process == p.ID })
		hidden := !planner.VersionAtLeast(p.Version, 1, 23)
		if at < 0 {
			return nil
		}
		f.settling.Lock()
		was, known := f.settled[p.ID]
		f.settling.Unlock()
		now := Clock{}.Now()
		if !known || now.Sub(was.at) > settleAge || was.hash != p.Identity.ConfigHash || !slices.Equal(was.shown, p.Users) {
			x := hand{console: f.consoles[slices.IndexFunc(f.consoles, func(c *console) bool { return c.id == p.ID })], config: f.files[at]}
			file, err := x.load(ctx, inForce{version: p.Version, conffile: p.Identity.ConfFile})
			if err != nil {
				return err
			}
			are := settleUsers(p.Users, file.Users())
			if hidden {
				are = hiddenUsers(file.Users())
			}
			was = settled{now, p.Identity.ConfigHash, p.Users, are, filedLines(*p, file)}
			f.settling.Lock()
			f.settled[p.ID] = was
			f.settling.Unlock()
		}
		p.Filed = was.lines
		if hidden || slices.ContainsFunc(p.Users, unsure) {
			p.Users, p.UsersKnown = slices.Clone(was.are), !slices.ContainsFunc(was.are, unsure)
		}
		return nil
	})
}

// filedLines are the lines of [databases] of a process's file, sorted; nil where one of them is not in force: the process does
// not show its alias.
func filedLines(p planner.Process, file ini.Config) []planner.FiledLine {
	lines := []planner.FiledLine{}
	kind, _, _ := file.Setting("auth_type")
	asks := !slices.Contains(unasked, strings.ToLower(kind))
	for _, d := range file.Databases() {
		l := planner.FiledLine{Alias: d.Alias}
		if asks {
			l.AuthUser, l.AuthDatabase = d.AuthUser, d.AuthAlias
		}
		if d.Alias == planner.AutoDB {
			l.Star = &planner.StarLine{Database: d.DBName, ForceUser: d.ForceUser, SizeConns: -1, ReserveConns: -1, PoolMode: d.PoolMode}
			if d.Sized {
				l.Star.SizeConns = d.SizeConns
			}
			if d.ReserveConns != file.DefaultReserve() {
				l.Star.ReserveConns = d.ReserveConns
			}
			if d.MaxConns != file.DefaultMaxConns() {
				l.Star.MaxConns = d.MaxConns
			}
		} else if !slices.ContainsFunc(p.Aliases, func(a planner.Alias) bool { return a.Name == d.Alias }) {
			return nil
		}
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b planner.FiledLine) int { return strings.Compare(a.Alias, b.Alias) })
	return lines
}

// unsure reports whether what SHOW USERS shows of a user may be another's.
func unsure(u planner.UserLimit) bool { return u.Doubtful || u.DoubtfulReserve }

// settleUsers says which of the sizes that SHOW USERS shows are the users' own, by the lines of [users]. A file that
// differs from what the process shows for certain, or shows as one of two values, is not the one in force: then nothing
// is settled. What it cannot tell: a line that was taken out of the file keeps its value in the process until a
// restart; and a line that was written since the last RELOAD, for a user who is shown just that of the user before.
func settleUsers(shown []planner.UserLimit, lines []ini.User) []planner.UserLimit {
	for _, l := range lines {
		sized := l.SizeConns >= 0 || l.ReserveConns >= 0
		if sized && !slices.ContainsFunc(shown, func(u planner.UserLimit) bool { return u.Name == l.Name }) {
			return shown
		}
	}
	var out []planner.UserLimit
	for _, u := range shown {
		size, reserve := 0, 0
		for _, l := range lines { // the last one counts
			if l.Name != u.Name {
				continue
			}
			size, reserve = max(0, l.SizeConns), max(0, l.ReserveConns)
			if l.SizeConns == 0 {
				size = planner.Unlimited
			}
			if l.ReserveConns == 0 {
				reserve = planner.NoReserve
			}
		}
		agree := func(file, process int, doubtful bool) bool { return file == process || doubtful && file == 0 }
		if !agree(size, u.SizeConns, u.Doubtful) || !agree(reserve, u.ReserveConns, u.DoubtfulReserve) {
			return shown
		}
		u.SizeConns, u.ReserveConns, u.Doubtful, u.DoubtfulReserve = size, reserve, false, false
		if u != (planner.UserLimit{Name: u.Name}) {
			out = append(out, u)
		}
	}
	return out
}

// hiddenUsers lists the users that [users] gives a max_user_connections of their own: all that counts there before
// 1.23. The last line of a user counts; 0 and less mean the process's (objects.c, user_max_connections).
func hiddenUsers(lines []ini.User) []planner.UserLimit {
	var out []planner.UserLimit
	for _, l := range lines {
		out = slices.DeleteFunc(out, func(u planner.UserLimit) bool { return u.Name == l.Name })
		if l.MaxConns > 0 {
			out = append(out, planner.UserLimit{Name: l.Name, MaxConns: l.MaxConns})
		}
	}
	slices.SortFunc(out, func(a, b planner.UserLimit) int { return strings.Compare(a.Name, b.Name) })
	return out
}
