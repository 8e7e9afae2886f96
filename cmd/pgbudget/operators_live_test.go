package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/state"
)

// machine is where an operator works: a network of its own where this program may make one, else this host.
type machine struct {
	namespace string // empty: none
	at        string // the address at which it reaches this host
}

// newMachine makes a network namespace with one link to this host. Without the right to do so, it is this host itself:
// what the operators' DSNs differ in stays.
func newMachine(t testing.TB, n int) machine {
	t.Helper()
	m := machine{fmt.Sprintf("pgbudget-%d-%d", os.Getpid(), n), fmt.Sprintf("10.213.%d.1", n)}
	link := fmt.Sprintf("pgb%d-%d", n, os.Getpid()%100000)
	ip := func(args ...string) error { return exec.Command("ip", args...).Run() }
	if ip("netns", "add", m.namespace) != nil {
		t.Log("no network namespace can be made here: both operators work on this host")
		return machine{at: "127.0.0.1"}
	}
	t.Cleanup(func() { _ = ip("netns", "del", m.namespace) })
	err := errors.Join(ip("link", "add", link, "type", "veth", "peer", "name", "up0", "netns", m.namespace),
		ip("addr", "add", m.at+"/30", "dev", link), ip("link", "set", link, "up"),
		ip("-n", m.namespace, "addr", "add", strings.TrimSuffix(m.at, "1")+"2/30", "dev", "up0"),
		ip("-n", m.namespace, "link", "set", "up0", "up"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// forward carries connections from the machine's address to a port of this host's loopback, and returns the port there.
func (m machine) forward(t testing.TB, to int) (port int) {
	t.Helper()
	listener, err := net.Listen("tcp", m.at+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", to))
			if err != nil {
				client.Close()
				continue
			}
			for from, to := range map[net.Conn]net.Conn{client: server, server: client} {
				go func() { _, _ = io.Copy(to, from); to.Close() }() // either side may break off
			}
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// operator moves the fleet from a machine, for a pool of its own.
type operator struct {
	machine
	group     string
	dsns      []string // of the one server, each by another address
	services  string   // PGSERVICEFILE
	passwords string   // PGPASSFILE: from wherever it comes
	config    string
	journal   string
}

// newOperator reaches the server by four DSNs: by address, in another database, by socket, by service.
func newOperator(t testing.TB, l *lab.Lab, n int, group string) *operator {
	o := &operator{machine: newMachine(t, n), group: group}
	server := l.Servers[0]
	port := o.forward(t, server.Port)
	dir := t.TempDir()
	o.services = filepath.Join(dir, "services.conf")
	text := fmt.Sprintf("[primary]\nhost=%s\nport=%d\ndbname=template1\nuser=%s\nsslmode=disable\n", o.at, port,
		lab.Monitor)
	o.passwords = filepath.Join(dir, "passfile")
	passwords := ""
	for _, role := range []string{lab.Monitor, lab.ConsoleAdmin} {
		passwords += "*:*:*:" + role + ":" + lab.Password(role) + "\n"
	}
	if err := errors.Join(os.WriteFile(o.services, []byte(text), 0o600), os.WriteFile(o.passwords, []byte(passwords),
		0o600)); err != nil {
		t.Fatal(err)
	}
	for _, way := range []string{
		fmt.Sprintf("host=%s port=%d dbname=postgres", o.at, port), fmt.Sprintf("host=%s port=%d dbname=app", o.at, port),
		fmt.Sprintf("host=%s port=%d dbname=postgres", server.Folder, server.Port),
	} {
		o.dsns = append(o.dsns, way+" sslmode=disable user="+lab.Monitor)
	}
	o.dsns = append(o.dsns, "service=primary")
	return o
}

// prepare writes its config, with a journal that nobody has used, and stores that take a while.
func (o *operator) prepare(t testing.TB, l *lab.Lab, dsn string, takes time.Duration) {
	t.Helper()
	dir := t.TempDir()
	o.config, o.journal = filepath.Join(dir, "pgbudget.yaml"), filepath.Join(dir, "journal.jsonl")
	var b strings.Builder
	fmt.Fprintf(&b, "journal: %s\nservers:\n  - {name: pg, dsn: '%s', headroom: {connections: 0}}\ngroups:\n", o.journal,
		dsn)
	for _, p := range l.Processes {
		fmt.Fprintf(&b, "  - name: %[1]s\n    processes:\n      - console: '%[3]s'\n        config: {path: %[2]s, read: "+
			"[cat, %[2]s], write: [sh, -c, "+
			"'sleep %[4]g; cat > \"$1.new\" && cat \"$1.new\" > \"$1\" && rm \"$1.new\"', write, %[2]s]}\n",
			p.Group, p.IniPath, strings.Replace(lab.Bare(p.ConsoleDSN(lab.ConsoleAdmin)), "host=127.0.0.1", "host="+p.SocketDir,
				1), takes.Seconds())
	}
	load := func(group string) string {
		if group == o.group {
			return "{arrivals_per_sec: 100, mean_hold: 100ms}" // each wants all that is to be had
		}
		return "{arrivals_per_sec: 20, mean_hold: 100ms}"
	}
	fmt.Fprintf(&b, "pools: [{pool: main/app, min: 4, load: %s}, {pool: ci/app, min: 4, load: %s}]\npolicy: {percent: "+
		"100, soak: 0s, soak_every: 1s}\n", load("main"), load("ci"))
	if err := os.WriteFile(o.config, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// step takes one, on its machine.
func (o *operator) step() (result, error) {
	file, err := built()
	if err != nil {
		return result{}, err
	}
	words := []string{file, "step", "--config", o.config, "--window", "1s", "--every", "500ms", "--yes"}
	if o.namespace != "" {
		words = append([]string{"ip", "netns", "exec", o.namespace}, words...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = append(os.Environ(), "PGPASSFILE="+o.passwords, "PGSERVICEFILE="+o.services)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	r := result{stdout: stdout.String(), stderr: stderr.String()}
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		r.code, err = e.ExitCode(), nil
	}
	return r, err
}

// worked is from when to when its journal says that it was at work; false: it never was.
func (o *operator) worked(t testing.TB) (from, to time.Time, yes bool) {
	events, err := journal.Read(o.journal)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Kind == state.RunBegan {
			from, yes = e.At, true
		}
		to = e.At
	}
	return from, to, yes
}

// TestTwoOperatorsNeverMoveOneFleetAtOnce races two steps from two machines, by different DSNs of one server, while
// each wants the connections that are spare. 200 races in `make soak`.
func TestTwoOperatorsNeverMoveOneFleetAtOnce(t *testing.T) {
	l := labtest.Start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 41 + 3}},
		Groups: []lab.GroupSpec{
			{Name: "main", Generation: lab.Gen124, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 12}}},
			{Name: "ci", Generation: lab.Gen118, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 12}}},
		},
		Users: []string{"app1"},
	})
	for _, p := range l.Processes {
		if _, err := lab.Query(t.Context(), p.DSN("app1", "app"), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	operators := []*operator{newOperator(t, l, 1, "main"), newOperator(t, l, 2, "ci")}
	before := files(t, l)
	b := &bench{t: t, l: l}
	races := 3
	if os.Getenv("PGBUDGET_SOAK") != "" {
		races = 200
	}
	r := rand.New(rand.NewPCG(12, 3))
	ends := map[string]int{}
	for race := range races {
		var ways []int
		for _, o := range operators {
			ways = append(ways, r.IntN(len(o.dsns)))
			o.prepare(t, l, o.dsns[ways[len(ways)-1]], 700*time.Millisecond)
		}
		late := time.Duration(r.IntN(1500)) * time.Millisecond
		results, errs := make([]result, 2), make([]error, 2)
		var all sync.WaitGroup
		for i, o := range operators {
			all.Go(func() {
				if i == race%2 {
					time.Sleep(late)
				}
				results[i], errs[i] = o.step()
			})
		}
		all.Wait()
		said := fmt.Sprintf("race %d, ways %v, %v apart:\n%s%s\n%s%s", race, ways, late, results[0].stdout, results[0].stderr,
			results[1].stdout, results[1].stderr)
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err, said)
		}
		done := 0
		for _, x := range results {
			switch {
			case x.code == exitDone:
				done++
			case x.code != exitHeld || !strings.Contains(x.stderr, "another pgbudget holds the lock"):
				t.Errorf("exit %d: %s", x.code, said)
			}
		}
		ends[fmt.Sprintf("%d done", done)]++
		from, to, yes := operators[0].worked(t)
		from2, to2, yes2 := operators[1].worked(t)
		if yes && yes2 && from.Before(to2) && from2.Before(to) {
			t.Errorf("both were at work, %v to %v and %v to %v: %s", from, to, from2, to2, said)
		}
		sum := 0
		for _, p := range l.Processes {
			rows, err := p.Show(t.Context(), "DATABASES")
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				if row["name"] == "app" {
					n := 0
					_, _ = fmt.Sscan(row["pool_size"], &n)
					sum += n
				}
			}
		}
		if sum > 41-2 || done > 0 && sum <= 24 { // each pgbudget had a session of its own
			t.Errorf("the pools may open %d connections, %d can be had: %s", sum, 41-2, said)
		}
		b.restore(t, before)
	}
	if t.Log(ends); ends["1 done"] == 0 || ends["0 done"] > races/4 {
		t.Errorf("the races were none: %v", ends)
	}
}
