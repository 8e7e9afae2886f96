package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/words"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/quote"
	"github.com/pgbudget/pgbudget/bouncer/secret"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

func initCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.BoolFlag{Name: "reference", Usage: "print every key with its meaning and default instead"},
	}
	for _, f := range sourceFlags() {
		switch f.Names()[0] {
		case "from", "postgres", "bouncer", "timeout":
			flags = append(flags, f)
		}
	}
	return &cli.Command{
		Name:  "init",
		Usage: "print a commented config for the fleet observed",
		Description: "Examples:\n" +
			"  pgbudget init --postgres DSN --bouncer main=DSN --bouncer ci=DSN > pgbudget.yaml\n" +
			"  pgbudget init --from fleet.jsonl                      addresses are left for you to fill in\n" +
			"  pgbudget init --reference",
		Flags: flags,
		Action: func(c *cli.Context) error {
			if err := noArguments(c, 0); err != nil {
				return err
			}
			if c.Bool("reference") {
				_, err := fmt.Fprint(c.App.Writer, config.Reference)
				return err
			}
			s := source{from: c.String("from"), postgres: c.StringSlice("postgres"), bouncers: c.StringSlice("bouncer"),
				timeout: c.Duration("timeout")}
			o, targets, err := s.first(c.Context)
			if err != nil {
				return err
			}
			here := func(path string) bool {
				info, err := os.Stat(path)
				return s.from == "" && err == nil && info.Mode().IsRegular()
			}
			if _, err = fmt.Fprint(quote.Writer{W: c.App.Writer}, initial(o, targets, here)); err == nil && s.from == "" {
				fmt.Fprintln(stderr, "next: save it as pgbudget.yaml, then: pgbudget check --config pgbudget.yaml")
			}
			return err
		},
	}
}

// errNoFleet says that init needs a fleet or a recording.
var errNoFleet = &operr.Error{Kind: operr.KindUsage, Err: fmt.Errorf("no fleet to observe"),
	Hint: "pgbudget init --postgres DSN --bouncer GROUP=DSN, or pgbudget init --reference"}

// first takes the sample that a config is made of, and says where everything is; of a recording only names are known.
func (s source) first(ctx context.Context) (fleet.Observation, admin.Targets, error) {
	if s.from != "" {
		e, err := s.evidence(ctx)
		return e.Last, addressless(e.Last), err
	}
	if !s.live() {
		return fleet.Observation{}, admin.Targets{}, errNoFleet
	}
	targets, err := s.targets()
	if err != nil {
		return fleet.Observation{}, admin.Targets{}, err
	}
	o, err := s.sample(ctx)
	return o, targets, err
}

// addressless lists the servers and processes of a sample with addresses to fill in.
func addressless(o fleet.Observation) admin.Targets {
	var t admin.Targets
	for _, s := range o.Servers {
		t.Servers = append(t.Servers, admin.ServerTarget{Name: s.Name,
			Place: admin.Place{DSN: "host=FILL-IN user=pgbudget dbname=postgres"}})
	}
	for _, p := range o.Processes {
		if n := len(t.Groups); n == 0 || t.Groups[n-1].Name != p.Group {
			t.Groups = append(t.Groups, admin.GroupTarget{Name: p.Group})
		}
		g := &t.Groups[len(t.Groups)-1]
		g.Consoles = append(g.Consoles,
			admin.Place{DSN: fmt.Sprintf("host=FILL-IN port=%d user=pgbudget", p.Identity.ListenPort)})
	}
	return t
}

// initial writes a config for what was seen, which step accepts where every pgbouncer.ini is here, on this host.
// Passwords stay out of it.
func initial(o fleet.Observation, targets admin.Targets, here func(path string) bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Written by pgbudget init from the sample of %s.\n", stamp(o.At))
	b.WriteString("# Passwords belong into the passfile (PGPASSFILE, ~/.pgpass) or PGPASSWORD. Every key: pgbudget init " +
		"--reference\n\njournal: pgbudget.jsonl   # beside this file; records every action\n\nservers:\n")
	for i, t := range targets.Servers {
		seen := o.Servers[slices.IndexFunc(o.Servers, func(s fleet.Server) bool { return s.Name == t.Name })]
		fmt.Fprintf(&b, "  - name: %s   # PostgreSQL %d.%d, max_connections %d, %s now\n", t.Name, seen.VersionNum/10000,
			seen.VersionNum%10000,
			seen.MaxConns, words.Count(seen.Backends.DirectConns, "direct connection"))
		fmt.Fprintf(&b, "    dsn: %s\n", scalar(secret.WithoutPasswords(targets.Servers[i].DSN)))
		b.WriteString("    # headroom: {connections: 5%, cpu: 20%}\n    # cpu: '…'   # PromQL, needs prometheus: below\n")
	}
	b.WriteString("\ngroups:\n")
	for _, g := range targets.Groups {
		fmt.Fprintf(&b, "  - name: %s\n    processes:\n", g.Name)
		for j, at := range g.Consoles {
			id := fmt.Sprintf("%s/%d", g.Name, j+1)
			var of fleet.Process
			for _, p := range o.Processes {
				if p.ID == id {
					of = p
				}
			}
			fmt.Fprintf(&b, "      - console: %s   # %s, PgBouncer %s\n", scalar(secret.WithoutPasswords(at.DSN)), id,
				of.Version)
			b.WriteString("        " + conffileOf(of, here) + "\n")
		}
	}
	none := "# " // a list of nothing would be none
	for _, id := range fleet.PoolIDs(o) {
		if server, _ := placeOf(o, id); server != "" {
			none = ""
		}
	}
	b.WriteString("\n" + none + "pools:   # ours to size; take one out and it stays in the ledger, frozen\n")
	for _, id := range fleet.PoolIDs(o) {
		if server, _ := placeOf(o, id); server == "" {
			fmt.Fprintf(&b, "  # - {pool: %s}   # found on none of the servers above; %s\n", scalar(id),
				seenOf(o, id))
			continue
		}
		fmt.Fprintf(&b, "  - {pool: %s%s}   # %s\n", scalar(id), usersOf(o, id), seenOf(o, id))
	}
	for _, g := range targets.Groups {
		if names := fleet.Followers(o, g.Name); len(names) > 0 {
			fmt.Fprintf(&b, "  # - {pool: %s}   # their size is default_pool_size: %s. Those that have no line of their own in "+
				"pgbouncer.ini\n"+
				"  #   live by its line of *, and are sized together, as this pool: list it in their place, with config: beside "+
				"each console\n",
				scalar(g.Name+"/"+fleet.AutoDB), strings.Join(names, ", "))
		}
	}
	b.WriteString("\npolicy: {percent: 5, soak: 15m}   # windows: [\"Mon-Fri 01:00-05:00 UTC\"]: when steps may " +
		"begin\n")
	b.WriteString("\n# ledger:\n#   - {server: " + targets.Servers[0].Name +
		", name: backup agent, conns: 2}\n# prometheus: {url: 'http://prom:9090', lookback: 7d}\n")
	return b.String()
}

// conffileOf is the key with the file that a process was started with, or what is to be filled in.
func conffileOf(p fleet.Process, here func(path string) bool) string {
	switch path := p.Identity.ConfFile; {
	case path == "":
		return "# config: /etc/pgbouncer/pgbouncer.ini   # the file of this process; needed to change a size"
	case !filepath.IsAbs(path):
		return "# config: /FILL-IN/" + filepath.Base(path) + "   # it was started with " + path + ", relative to its folder"
	case !here(path):
		return "# config: {path: " + scalar(path) + ", read: [ssh, HOST, cat, " + scalar(path) +
			"], write: […]}   # not on this host"
	default:
		return "config: " + scalar(path)
	}
}

// usersOf is the key with the users seen: after a restart of PgBouncer nobody shows who may come again. A forced user
// needs none.
func usersOf(o fleet.Observation, id string) string {
	var users []string
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			if p.Group+"/"+a.Name == id && a.ForceUser != "" {
				return ""
			}
			for _, g := range a.Pools {
				if p.Group+"/"+a.Name == id {
					users = append(users, scalar(g.User))
				}
			}
		}
	}
	slices.Sort(users)
	if users = slices.Compact(users); len(users) == 0 {
		return ""
	}
	return ", users: [" + strings.Join(users, ", ") + "]"
}

// seenOf is the present size and the users of a pool.
func seenOf(o fleet.Observation, id string) string {
	processes, sizes, users := 0, []string{}, []string{}
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			if p.Group+"/"+a.Name != id {
				continue
			}
			processes++
			sizes = append(sizes, sizeOf(p, a, ""))
			for _, g := range a.Pools {
				users = append(users, g.User)
			}
		}
	}
	slices.Sort(users)
	slices.Sort(sizes)
	who := "never used"
	if users = slices.Compact(users); len(users) > 0 {
		who = "users " + strings.Join(users, ", ")
	}
	return fmt.Sprintf("pool_size %s in %s, %s", strings.Join(slices.Compact(sizes), "/"),
		words.Count(processes, "process"), who)
}

// scalar writes a YAML scalar that cannot be misread; ${ stays literal by never being there.
func scalar(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
