package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/words"
)

// formatFlags choose how a result is printed.
func formatFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "table", EnvVars: []string{"PGBUDGET_OUTPUT"},
			Usage: "`FORMAT`: table, json or yaml"},
		&cli.BoolFlag{Name: "no-color", Usage: "plain text (also NO_COLOR, TERM=dumb, or no terminal)"},
	}
}

func observeCommand() *cli.Command {
	return &cli.Command{
		Name:  "observe",
		Usage: "take one sample of every console and server, and show who owns each connection",
		Description: "Examples:\n" +
			"  pgbudget observe --postgres DSN --bouncer main=DSN --bouncer ci=DSN\n" +
			"  pgbudget observe --from fleet.jsonl                   the newest sample of a recording",
		Flags: slices.Concat(oneSampleFlags(), formatFlags()),
		Action: withSource("", func(c *cli.Context, out output, s source) error {
			if s.from != "" {
				e, err := s.evidence(c.Context)
				if err != nil {
					return err
				}
				if e.Samples == 0 {
					return &operr.Error{Kind: operr.KindEvidence, Subject: s.from, Err: fmt.Errorf("holds no sample"),
						Hint: "record again"}
				}
				return out.observation(e.Last)
			}
			if !s.live() {
				return s.nothing()
			}
			o, err := s.sample(c.Context)
			if err != nil {
				return err
			}
			return out.observation(o)
		}),
	}
}

// oneSampleFlags are the source flags of a command that samples once.
func oneSampleFlags() []cli.Flag {
	return slices.DeleteFunc(sourceFlags(), func(f cli.Flag) bool {
		return f.Names()[0] == "window" ||
			f.Names()[0] == "every"
	})
}

// observation prints one sample: each server's connections by owner, then each pool of each process.
func (o output) observation(x fleet.Observation) error {
	if o.format != "table" {
		return o.data(x)
	}
	for _, s := range x.Servers {
		b := s.Backends
		fmt.Fprintf(o.w, "%s   PostgreSQL %d.%d   max_connections %d   %d client backends = %d pool + %d direct (%d ours) + "+
			"%d closing + %d orphans",
			o.bold(s.Name), s.VersionNum/10000, s.VersionNum%10000, s.MaxConns, b.Total(), b.PoolConns-b.LoginConns,
			b.DirectConns, b.OwnConns, b.ClosingConns, b.OrphanConns)
		if b.LoginConns > 0 {
			fmt.Fprintf(o.w, "; %d logins in flight that pg_stat_activity does not show yet", b.LoginConns)
		}
		fmt.Fprintln(o.w)
		limits := func(of string, list []fleet.ConnLimit) {
			for _, l := range list {
				text := fmt.Sprintf("%s   %s %s: CONNECTION LIMIT %d", strings.Repeat(" ", len(s.Name)), of, l.Name, l.Conns)
				if l.DirectConns+l.ClosingConns > 0 {
					text += fmt.Sprintf(", of which %d direct", l.DirectConns+l.ClosingConns)
				}
				fmt.Fprintln(o.w, text)
			}
		}
		limits("role", s.Roles)
		limits("database", s.Databases)
	}
	for _, sig := range x.Signals {
		if !sig.Read() {
			fmt.Fprintln(o.w, o.warn(fmt.Sprintf("! %s of %s: %s", sig.Name, sig.Server, sig.Error)))
			continue
		}
		fmt.Fprintf(o.w, "%s of %s: %s\n", sig.Name, sig.Server, words.Digits(float64(sig.Value)))
	}
	fmt.Fprintln(o.w)
	t := o.table("PROCESS", "PGBOUNCER", "ALIAS", "USER", "SIZE", "ACTIVE", "IDLE", "LOGIN", "WAITING", "MAXWAIT",
		"SERVER")
	for _, p := range x.Processes {
		for _, a := range p.Aliases {
			if len(a.Pools) == 0 {
				t.AppendRow(table.Row{p.ID, p.Version, a.Name, "(never used)", sizeOf(p, a, ""), "", "", "", "", "", serverText(a)})
			}
			for _, g := range a.Pools {
				t.AppendRow(table.Row{p.ID, p.Version, a.Name, g.User, sizeOf(p, a, g.User), g.ServersActive, g.ServersIdle +
					g.ServersUsed + g.ServersTested,
					g.ServersLogin, g.ClientsWaiting, waitText(g.MaxWait), serverText(a)})
			}
		}
	}
	t.Render()
	for _, p := range x.Processes {
		for _, a := range p.Aliases {
			if why := control.Stopped(p.ID, a); why.Any() {
				fmt.Fprintln(o.w, o.warn("! "+why.Text()))
			}
		}
	}
	for _, s := range x.Servers {
		for _, h := range s.IdleInTransaction {
			who := "direct"
			if h.Pool != "" {
				who = h.Pool
			}
			fmt.Fprintln(o.w, o.warn(fmt.Sprintf("! idle in transaction for %s: pid %d of %s on %s, database %s (%s)",
				h.Age.Round(time.Second), h.PID, h.User, s.Name, h.Database, who)))
		}
	}
	fmt.Fprintf(o.w, "seen at %s in %s\n", stamp(x.At), x.Took.Round(time.Millisecond))
	return nil
}

func sizeOf(p fleet.Process, a fleet.Alias, user string) string {
	size, reserve := fleet.EffectiveSize(p, a, user), fleet.EffectiveReserve(p, a, user)
	text := fmt.Sprint(size)
	if size == fleet.Unlimited {
		text = "unlimited"
	}
	if reserve > 0 {
		text += fmt.Sprintf(" +%d", reserve)
	}
	return text
}

func serverText(a fleet.Alias) string {
	if a.Server == "" {
		return "? (" + string(a.Proof) + ")"
	}
	text := strings.Join(append([]string{a.Server}, a.AlsoOn...), ", ")
	if len(a.Unplaced) > 0 {
		text += " ? " + strings.Join(a.Unplaced, ", ")
	}
	return text
}

func waitText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.Round(time.Millisecond).String()
}
