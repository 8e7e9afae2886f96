package apply

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// swapped refuses a file that is that of another process: what it says of port, pidfile and socket folder, which no
// RELOAD changes, is not what this process has, and another has it, or its path is not the one that the process was
// started with.
func (x processChange) swapped(file ini.Config, now admin.InForce) error {
	path := cmp.Or(x.config.Path, now.Conffile)
	id := x.console.ID
	if x.config.Store.(observe.Bounded).IsCopy(path, now.Conffile) {
		return admin.Fail(operr.KindUsage, "config: of "+id, "give config: "+now.Conffile,
			"it is %s, a copy of %s, which the process was started with: RELOAD would not read what is written there", path,
			now.Conffile)
	}
	says, differ := map[string]string{}, []string(nil)
	for _, key := range []string{"listen_port", "pidfile", "unix_socket_dir"} {
		text, at, ok := file.Setting(key)
		if is := now.Setting(key); ok && is != text {
			differ = append(differ, fmt.Sprintf("%s of %v is %s, and %s in %s", key, at, name(text), name(is), id))
		}
		says[key] = text
	}
	if len(differ) == 0 {
		return nil
	}
	it := fmt.Sprintf("it is %s, which is not the file of %s, started with %s", path, id, now.Conffile)
	owner := x.owner(path, says)
	switch alike := filepath.Clean(path) == filepath.Clean(now.Conffile); {
	case alike && owner != "" && len(differ) > 1: // of another host, by the command that reads it
		it = fmt.Sprintf("what it reads as %s is the file of %s", path, owner)
	case alike:
		return nil
	case owner != "":
		it = fmt.Sprintf("it is %s, the file of %s, and %s was started with %s", path, owner, id, now.Conffile)
	case len(differ) == 1: // it may wait for a restart, and the path may lead through another mount
		return nil
	}
	return admin.Fail(operr.KindUsage, "config: of "+id, "give each process its own file in the config",
		"%s: %s", it, strings.Join(differ, "; "))
}

// owner finds the other process that has what a file says; "": none. One that was started with the path comes first.
func (x processChange) owner(path string, says map[string]string) string {
	owner := ""
	for _, c := range x.all.fleet.Consoles {
		has := map[string]string{"listen_port": fmt.Sprint(c.First.ListenPort), "pidfile": c.First.PIDFile,
			"unix_socket_dir": c.First.SocketDir}
		fits := c != x.console
		for key, text := range says {
			fits = fits && (text == "" || text == has[key])
		}
		if fits && (owner == "" || c.First.ConfFile == path) {
			owner = c.ID
		}
	}
	return owner
}
