package main

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/static"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// staticFlags are those of check --static alone.
func staticFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "static", Usage: "read the files alone: no console and no server is asked"},
		&cli.StringSliceFlag{Name: "max-connections",
			Usage: "static: `[HOST=]N`: max_connections of the server, or of that at HOST, host or host:port; repeatable"},
		&cli.IntFlag{Name: "processes", Value: 1, Usage: "static: `K` processes load each file"},
		&cli.StringFlag{Name: "pgbouncer", Value: static.Newest,
			Usage: "static: `VERSION` that loads the files"},
		&cli.StringSliceFlag{Name: "pools",
			Usage: "static: `ALIAS=N`: so many users, whoever they are, have a pool by the line of ALIAS; repeatable"},
		&cli.StringSliceFlag{Name: "elsewhere",
			Usage: "static: `ADDRESS` is another server's: its lines are not counted; repeatable"},
		&cli.IntFlag{Name: "superuser-reserved", Value: budget.DefaultSuperuserConns,
			Usage: "static: superuser_reserved_connections `N`"},
		&cli.IntFlag{Name: "reserved", Usage: "static: reserved_connections `N`"},
		&cli.IntFlag{Name: "direct", Usage: "static: `N` connections come without a PgBouncer"},
		&cli.StringFlag{Name: "headroom", DefaultText: "5%, at least 5",
			Usage: "static: keep `N` connections, or N%, free"},
	}
}

// checkStatic says whether files fit.
func checkStatic(c *cli.Context, out output) error {
	for _, name := range []string{"config", "window", "every", "timeout", "accept-pending"} {
		if given(c, name) {
			return usage("leave --"+name+" out", "--static reads files alone, and --%s applies to a live fleet", name)
		}
	}
	r, err := staticRequest(c)
	if err != nil {
		return err
	}
	report, err := static.Check(r)
	if err != nil {
		return err
	}
	if err := junitTo(c, report.JUnit); err != nil {
		return err
	}
	if out.format != "table" {
		err = out.data(report)
	} else {
		out.fit(report)
	}
	return cmp.Or(err, fitError(report))
}

// staticRequest reads the flags and arguments of check --static.
func staticRequest(c *cli.Context) (static.Request, error) {
	for _, a := range c.Args().Slice() {
		if strings.HasPrefix(a, "-") {
			return static.Request{}, usage("flags go first: pgbudget check [flags] FILE.ini…",
				"%q stands after a file and would be taken for one", a)
		}
	}
	for name, least := range map[string]int{"processes": 1, "superuser-reserved": 0, "reserved": 0, "direct": 0} {
		if n := c.Int(name); n < least || n > config.MaxConns {
			return static.Request{}, usage(fmt.Sprintf("a number from %d to %d", least, config.MaxConns), "--%s is %d", name, n)
		}
	}
	switch {
	case c.NArg() == 0:
		return static.Request{}, usage("name the pgbouncer.ini of each process: pgbudget check --static FILE.ini…",
			"no file to check")
	case len(c.StringSlice("max-connections")) == 0:
		return static.Request{}, usage("add --max-connections N, what SHOW max_connections says on the server",
			"max_connections is not known")
	}
	r := static.Request{Version: c.String("pgbouncer"), Processes: c.Int("processes"), Pools: map[string]int{},
		Elsewhere: c.StringSlice("elsewhere")}
	for i, a := range c.Args().Slice() {
		if slices.Contains(c.Args().Slice()[:i], a) {
			return static.Request{}, usage("--processes K counts a file that several processes load",
				"%s is given twice", a)
		}
		r.Files = append(r.Files, static.File{Path: a, Read: readBeside(a)})
	}
	for _, given := range c.StringSlice("pools") {
		alias, n, err := countOf("pools", given)
		if err != nil || alias == "" {
			return static.Request{}, usage("--pools ALIAS=N, such as --pools app=4", "--pools %q is not ALIAS=N", given)
		}
		r.Pools[alias] = n
	}
	for _, given := range c.StringSlice("max-connections") {
		s, err := staticServer(c, given)
		if err != nil {
			return static.Request{}, err
		}
		r.Servers = append(r.Servers, s)
	}
	for i, s := range r.Servers {
		for _, other := range r.Servers[:i] {
			host, _, _ := cutLast(s.Address, ":")
			its, _, _ := cutLast(other.Address, ":")
			if s.Address == other.Address || host == other.Address || its == s.Address {
				return static.Request{}, usage("one --max-connections for each server",
					"--max-connections is given for %s and for %s, which are one server", cmp.Or(other.Address, "every line"),
					cmp.Or(s.Address, "every line"))
			}
		}
	}
	bare := slices.ContainsFunc(r.Servers, func(s static.Server) bool { return s.Address == "" })
	if bare && len(r.Servers) > 1 {
		return static.Request{}, usage("give each server its address: --max-connections ADDRESS=N",
			"--max-connections without an address counts every line, and there are %d", len(r.Servers))
	}
	return r, nil
}

// readBeside reads files as a process would that was started in the folder of its main file.
func readBeside(main string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if path != main && !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(main), path)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, &operr.Error{Kind: operr.KindUsage, Subject: path, Err: cause(err),
				Hint: "name a pgbouncer.ini that can be read; what it includes is expected beside it"}
		}
		return b, nil
	}
}

// countOf reads NAME=N, or N alone.
func countOf(flag, given string) (name string, n int, err error) {
	name, digits, named := cutLast(given, "=")
	if !named {
		name, digits = "", given
	}
	n, err = strconv.Atoi(digits)
	if err != nil || n < 1 || n > config.MaxConns {
		return "", 0, usage(fmt.Sprintf("a number from 1 to %d", config.MaxConns), "--%s %q has no number of connections",
			flag, given)
	}
	return name, n, nil
}

// cutLast is strings.Cut at the last place: an alias may have a =.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// staticServer is one --max-connections with the flags that hold for each server.
func staticServer(c *cli.Context, given string) (static.Server, error) {
	address, n, err := countOf("max-connections", given)
	if err != nil {
		return static.Server{}, err
	}
	name := "server"
	if address != "" {
		name = address
	}
	superuser, reserved, direct := c.Int("superuser-reserved"), c.Int("reserved"), c.Int("direct")
	s := static.Server{Address: address, DeclaredServer: budget.DeclaredServer{Name: name, MaxConns: &n,
		SuperuserReservedConns: &superuser, ReservedConns: &reserved, DirectConns: &direct,
		HeadroomShare: budget.DefaultHeadroomShare, CPUHeadroom: budget.DefaultCPUHeadroom}}
	if given := c.String("headroom"); given != "" {
		digits, share := strings.CutSuffix(given, "%")
		v, err := strconv.ParseFloat(digits, 64)
		if err != nil || !(v >= 0) || share && v >= 100 || !share && (v != math.Trunc(v) || v > config.MaxConns) {
			return static.Server{}, usage("connections, such as 10, or a share of max_connections, such as 5%",
				"--headroom %q is neither", given)
		}
		if share {
			s.HeadroomShare = v / 100
		} else {
			conns := int(v)
			s.HeadroomConns = &conns
		}
	}
	return s, nil
}
