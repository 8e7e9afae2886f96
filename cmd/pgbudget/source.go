package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/recording"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// defaultConfig is read when no --config is given and it exists.
const defaultConfig = "pgbudget.yaml"

// sourceFlags say where the facts come from; every command that needs facts has them.
func sourceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Aliases: []string{"c"}, EnvVars: []string{"PGBUDGET_CONFIG"},
			Usage: "config `FILE` (default: pgbudget.yaml where it exists)"},
		&cli.StringFlag{Name: "from", Usage: "read a recording `FILE` instead of a live fleet"},
		&cli.StringSliceFlag{Name: "postgres", EnvVars: []string{"PGBUDGET_POSTGRES"},
			Usage: "`[NAME=]DSN` of a PostgreSQL server; repeatable"},
		&cli.StringSliceFlag{Name: "bouncer", EnvVars: []string{"PGBUDGET_BOUNCER"},
			Usage: "`GROUP=DSN` of a PgBouncer admin console; repeatable, the same name is the same group"},
		&cli.DurationFlag{Name: "window", EnvVars: []string{"PGBUDGET_WINDOW"}, Value: budget.DefaultWindow,
			Usage: "take samples of the live fleet for `TIME`"},
		&cli.DurationFlag{Name: "every", EnvVars: []string{"PGBUDGET_EVERY"},
			DefaultText: "a twentieth of the window, at least 1s", Usage: "take a sample every `TIME`"},
		&cli.DurationFlag{Name: "timeout", EnvVars: []string{"PGBUDGET_TIMEOUT"}, Value: 5 * time.Second,
			Usage: "give each console and server `TIME` to answer"},
	}
}

// withFacts is the start of every command that samples for a while, and prints a result.
func withFacts(action func(*cli.Context, output, source) error) cli.ActionFunc {
	return withSource("window", action)
}

// withSource is the start of every command that reads facts and prints a result; window as newSource has it.
func withSource(window string, action func(*cli.Context, output, source) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if err := noArguments(c, 0); err != nil {
			return err
		}
		out, err := newOutput(c)
		if err != nil {
			return err
		}
		s, err := newSource(c, window)
		if err != nil {
			return err
		}
		return action(c, out, s)
	}
}

// source is where a command's facts come from.
type source struct {
	config   *config.Config // nil without a config file
	file     string         // of the config
	declared budget.Declared
	from     string
	window   time.Duration
	every    time.Duration
	timeout  time.Duration
	postgres []string
	bouncers []string
	accept   []string // what a RELOAD may change besides; see apply.Applier.AcceptPending
	fileless bool     // no file of a process is read or written
	bare     bool     // samples of the fleet alone, without what Prometheus says, and nothing is noted: it was once
}

// newSource reads flags and config; it touches no server. window names the flag that says how long to sample;
// empty: the command takes no sample.
func newSource(c *cli.Context, window string) (source, error) {
	s := source{from: c.String("from"), window: c.Duration(window), every: c.Duration("every"),
		timeout:  c.Duration("timeout"),
		postgres: c.StringSlice("postgres"), bouncers: c.StringSlice("bouncer"), accept: c.StringSlice("accept-pending"),
		declared: (&config.Config{}).Declared()}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{{window, s.window}, {"timeout", s.timeout}} {
		if d.d <= 0 && window != "" {
			return source{}, usage("give a time such as 60s", "--%s is %s, want more than 0", d.name, d.d)
		}
	}
	if s.every < 0 || s.every > s.window {
		return source{}, usage("leave --every out for a twentieth of the time",
			"--every is %s, want more than 0 and at most --%s, %s", s.every, window, s.window)
	}
	if s.every == 0 {
		s.every = min(max(time.Second, s.window/20), s.window)
	}
	for _, name := range []string{window, "every", "timeout"} {
		if s.from != "" && given(c, name) {
			return source{}, usage("leave --"+name+" out", "--from reads a recording, and --%s applies to live samples", name)
		}
	}
	if s.from == "" && c.IsSet("from") {
		return source{}, usage("leave --from out for the live fleet", "--from is empty")
	}
	if slices.Contains(s.accept, "") {
		return source{}, usage("give the key that a refusal names, such as --accept-pending query_timeout, or leave "+
			"--accept-pending out",
			"--accept-pending is empty")
	}
	if s.from != "" && (len(s.postgres) > 0 || len(s.bouncers) > 0) {
		return source{}, usage("choose one (PGBUDGET_POSTGRES and PGBUDGET_BOUNCER count like the flags)",
			"--from reads a recording, --postgres and --bouncer a live fleet")
	}
	name := c.String("config")
	if name == "" && len(s.bouncers) == 0 && len(s.postgres) == 0 {
		if _, err := os.Stat(defaultConfig); err == nil {
			name = defaultConfig
		}
	}
	if name == "" {
		return s, nil
	}
	data, err := readAtMost(name, config.MaxBytes)
	if err != nil {
		return source{}, &operr.Error{Kind: operr.KindUsage, Subject: name, Err: cause(err),
			Hint: "pgbudget init writes a config from a sample"}
	}
	s.file = name
	s.config, err = config.Parse(name, data, os.LookupEnv)
	if err != nil {
		return source{}, err
	}
	if err := oneJournal(name, data, s.config); err != nil {
		return source{}, err
	}
	s.declared = s.config.Declared()
	return s, nil
}

// unsampled refuses flags of a sample where nothing is observed.
func (s source) unsampled(c *cli.Context) error {
	if s.live() || s.from != "" || len(s.declared.Pools) == 0 {
		return nil
	}
	for _, name := range []string{"window", "every", "timeout"} {
		if given(c, name) {
			return usage("leave --"+name+" out",
				"--%s applies to samples, and no fleet is observed: the loads of %s are declared",
				name, s.file)
		}
	}
	return nil
}

// given reports whether a flag was typed: one that the environment sets, be it to nothing, is for every command.
func given(c *cli.Context, name string) bool {
	return c.IsSet(name) && c.Value(name) != any("") && os.Getenv("PGBUDGET_"+strings.ToUpper(name)) == ""
}

// readAtMost reads a file, and not one that never ends.
func readAtMost(name string, most int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("the file has more than %d bytes", most)
	}
	return data, err
}

// cause is the part of a file error that does not repeat the name.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// live reports whether there is a live fleet to observe.
func (s source) live() bool {
	if len(s.bouncers) > 0 || len(s.postgres) > 0 {
		return true
	}
	return s.config != nil && len(s.config.Groups) > 0
}

// sample takes one sample of the live fleet.
func (s source) sample(ctx context.Context) (fleet.Observation, error) {
	f, err := s.open(ctx)
	if err != nil {
		return fleet.Observation{}, err
	}
	defer f.close()
	return f.Observe(ctx)
}

// evidence reads the recording or samples the live fleet.
func (s source) evidence(ctx context.Context) (load.Evidence, error) {
	if s.from != "" {
		_, e, err := recording.Read(s.from)
		return e, err
	}
	f, err := s.open(ctx)
	if err != nil {
		return load.Evidence{}, err
	}
	defer f.close()
	x, err := f.gather(ctx, bouncer.Pipeline{}, f)
	if err != nil {
		return x.Evidence, err
	}
	x.Evidence.History, err = f.History(ctx, x.Evidence.Last)
	return x.Evidence, err
}

// survey is what a plan is made of: a recording, the live fleet, or what the config declares. Of a live fleet, the
// journal of its config counts as it does for a step: users who came once may come again, and loads that were measured
// before the newest traffic change are those of before.
func (s source) survey(ctx context.Context) (bouncer.Survey, error) {
	if s.config != nil && (s.from != "" || !s.live()) { // of a fleet that is observed, the sample says so
		for _, text := range s.config.Unused() {
			fmt.Fprintln(stderr, "note: "+text)
		}
	}
	p := bouncer.Pipeline{Declared: s.declared}
	switch {
	case s.from != "":
		e, err := s.evidence(ctx)
		if err != nil {
			return bouncer.Survey{}, err
		}
		return p.Estimate(ctx, bouncer.Survey{Evidence: e}, bouncer.ToPlan)
	case !s.live() && len(s.declared.Pools) == 0:
		return bouncer.Survey{}, s.nothing()
	case !s.live():
		return p.Assume(time.Now())
	}
	f, err := s.open(ctx)
	if err != nil {
		return bouncer.Survey{}, err
	}
	defer f.close()
	m := s.journalled()
	if p = f.pipeline(m); len(m.Baselines) == 0 { // no load is of before a traffic change
		p.Traffic = nil
	}
	x, err := f.gather(ctx, p, f)
	if err != nil {
		return x, err
	}
	x, err = p.Estimate(ctx, x, bouncer.ToPlan)
	noted(x.Notes)
	return x, err
}

// journalled is what the journal of the config knows of its fleet, for a command that moves nothing. Where that cannot
// be read, a note says so.
func (s source) journalled() state.JournalState {
	if s.config == nil || s.config.Journal == "" || len(s.postgres)+len(s.bouncers) > 0 { // a fleet of flags has none
		return state.JournalState{}
	}
	m, err := journalStateOf(s.config)
	if err != nil {
		noted([]string{err.Error() + "; users who came once and may come again are not counted"})
		return state.JournalState{}
	}
	return m
}

// noted says notes on standard error.
func noted(notes []string) {
	for _, text := range notes {
		fmt.Fprintln(stderr, "note: "+text)
	}
}

// nothing says that there is nothing to observe.
func (s source) nothing() error {
	switch {
	case s.config != nil && len(s.declared.Pools) > 0:
		return &operr.Error{Kind: operr.KindUsage, Subject: s.file, Err: errors.New("nothing to observe: it has no groups"),
			Hint: "pgbudget plan plans the loads that the config declares"}
	case s.config != nil:
		return &operr.Error{Kind: operr.KindUsage, Subject: s.file,
			Err: errors.New("nothing to observe: it has neither groups nor pools with a load"),
			Hint: "add groups: with the console of each process; pgbudget init writes them, and pgbudget init --reference " +
				"prints every key"}
	}
	return &operr.Error{Kind: operr.KindUsage,
		Err:  errors.New("nothing to observe: no recording, no fleet, no config"),
		Hint: "--from FILE, --config FILE, or --postgres DSN --bouncer GROUP=DSN"}
}
