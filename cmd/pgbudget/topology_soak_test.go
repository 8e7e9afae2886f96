//go:build soak

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// scaledCap is GitLab's 176 (the processors of its primary, under which its two Sidekiq pools were kept), an eighth.
const scaledCap = 22

// topology is GitLab's layout in small: three hosts, each with a PgBouncer of the role main and one of the role
// sidekiq, an sshd and files of its own, and HAProxy before each role.
type topology struct {
	l       *lab.Lab
	network *lab.Network
	ssh     []*lab.SSH // by host
	main    *lab.HAProxy
	sidekiq *lab.HAProxy
}

func newTopology(t *testing.T) *topology {
	t.Helper()
	network, err := lab.NewNetwork(3)
	if err != nil {
		t.Fatalf("network namespaces are for root alone: %v", err)
	}
	t.Cleanup(network.Close)
	group := func(name string, size int) lab.GroupSpec {
		return lab.GroupSpec{Name: name, Processes: 3, Generation: lab.Gen118, On: network.Hosts,
			Aliases: []lab.AliasSpec{{Name: "gitlabhq_production", DBName: "app", PoolSize: size}}}
	}
	top := &topology{network: network, l: labtest.Start(t, lab.Spec{Gateway: network.Gateway,
		Servers: []lab.PostgresSpec{{Name: "primary", MaxConnections: 62, Databases: []string{"app"},
			Settings: map[string]string{"listen_addresses": "127.0.0.1," + network.Gateway}}},
		Groups: []lab.GroupSpec{group("main", 9), group("sidekiq", 8)}, Users: []string{"gitlab"}})}
	for _, p := range top.l.Processes { // [databases] in a file of its own, behind %include
		text, err := os.ReadFile(p.IniPath)
		if err != nil {
			t.Fatal(err)
		}
		head, rest, _ := strings.Cut(string(text), "[databases]\n")
		line, rest, _ := strings.Cut(rest, "\n")
		included := filepath.Join(filepath.Dir(p.IniPath), "databases.d.ini")
		for path, text := range map[string]string{included: "[databases]\n" + line + "\n",
			p.IniPath: head + "%include " + included + "\n" + rest} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			own(t, path, p.IniPath)
		}
		if err := p.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range network.Hosts {
		s, err := top.l.SSHOn(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		top.ssh = append(top.ssh, s)
	}
	for name, at := range map[string]**lab.HAProxy{"main": &top.main, "sidekiq": &top.sidekiq} {
		if *at, err = top.l.HAProxy(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup((*at).Stop)
	}
	return top
}

// own gives a file the owner of another.
func own(t *testing.T, path, as string) {
	t.Helper()
	info, err := os.Stat(as)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
		t.Fatal(err)
	}
}

// config has every console and file behind the ssh of its host; that of the third host is slow.
func (top *topology) config(t *testing.T, slow int) string {
	t.Helper()
	dir := t.TempDir()
	var b strings.Builder
	fmt.Fprintf(&b, "journal: %s/j.jsonl\nservers:\n  - {name: primary, dsn: '%s', headroom: {connections: 5}}\n"+
		"groups:\n", dir, lab.Bare(top.l.Servers[0].DSN(lab.Monitor, "")))
	const put = "f={{.Path}}; cp -p $f $f.new && cat >$f.new && [ $(wc -c <$f.new) -eq {{.Bytes}} ] && mv $f.new $f"
	for _, group := range []string{"main", "sidekiq"} {
		fmt.Fprintf(&b, "  - name: %s\n    processes:\n", group)
		for i, p := range top.l.Group(group) {
			ssh := fmt.Sprintf("ssh, -F, %s, lab, ", top.ssh[i].Config)
			if i == 2 {
				ssh = fmt.Sprintf("ssh, -F, %s, -o, HostName=127.0.0.1, -o, Port=%d, -o, HostKeyAlias=slow, -o, "+
					"StrictHostKeyChecking=accept-new, -o, ControlPath=%s/slow, lab, ", top.ssh[i].Config, slow, dir)
			}
			fmt.Fprintf(&b, "      - console: {dsn: '%s', via: [%ssocat, -, 'TCP:{{.Address}}']}\n        config: {path: %s, "+
				"read: [%scat, '{{.Path}}'], write: [%s'%s']}\n", lab.Bare(p.ConsoleDSN(lab.ConsoleAdmin)), ssh, p.IniPath, ssh,
				ssh, put)
		}
	}
	fmt.Fprintf(&b, "pools:\n"+
		"  - {pool: main/gitlabhq_production, min: 13, load: {arrivals_per_sec: 90, mean_hold: 60ms}}\n"+
		"  - {pool: sidekiq/gitlabhq_production, class: throttle, min: 3, load: {arrivals_per_sec: 40, mean_hold: 100ms}}\n"+
		"caps: [{pools: [sidekiq/gitlabhq_production], conns: %d}]\n"+
		"policy: {percent: 12, soak: 2s, soak_every: 1s, every: 500ms, hold_for: 2m}\n", scaledCap)
	path := filepath.Join(dir, "pgbudget.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// promise samples the connections of the server's pools every 10 ms, and keeps the most.
type promise struct {
	mu            sync.Mutex
	most, samples int
	longest       time.Duration // between two samples
}

func (p *promise) watch(ctx context.Context, t *testing.T, l *lab.Lab) {
	const query = "SELECT count(*) AS n FROM pg_stat_activity WHERE backend_type = 'client backend'"
	last := time.Now()
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		rows, err := lab.Query(ctx, l.Servers[0].DSN(lab.Superuser, ""), query)
		if err != nil {
			if ctx.Err() == nil {
				t.Errorf("the sampler: %v", err)
			}
			return
		}
		n, _ := strconv.Atoi(rows[0]["n"])
		p.mu.Lock()
		p.most, p.samples, p.longest = max(p.most, n), p.samples+1, max(p.longest, time.Since(last))
		p.mu.Unlock()
		last = time.Now()
	}
}

// sizes are those in force, a group at a time.
func (top *topology) sizes(t *testing.T) string {
	t.Helper()
	var out []string
	for _, p := range top.l.Processes {
		for _, row := range labtest.Show(t, p, "DATABASES") {
			if row["name"] == "gitlabhq_production" {
				out = append(out, row["pool_size"])
			}
		}
	}
	return strings.Join(out, " ")
}

// TestGitLabsLayoutIsMovedAndBack: three hosts of two roles in network namespaces, consoles and files through an sshd
// of each, one of them over a slow link, HAProxy before each role, a pool that is meant to queue and a cap over it. A
// run goes to the plan under load while one host's link is cut for a while, and back; PostgreSQL never has more
// connections than the budget allows.
func TestGitLabsLayoutIsMovedAndBack(t *testing.T) {
	top := newTopology(t)
	slow, err := lab.NewDelay(fmt.Sprintf("%s:%d", top.network.Hosts[2].Address, top.ssh[2].Port), 60*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	var runs []*clients.Run
	for _, load := range []interface {
		Start(context.Context) (*clients.Run, error)
	}{
		clients.ClosedLoop{DSN: top.main.DSN("gitlab", "gitlabhq_production"), Clients: 60, // all that it may open, it does
			Body: clients.Body{Hold: clients.Fixed(60 * time.Millisecond)}},
		clients.ClosedLoop{DSN: top.sidekiq.DSN("gitlab", "gitlabhq_production"), Clients: 40,
			Body: clients.Body{Hold: clients.Fixed(100 * time.Millisecond)}},
	} {
		run, err := load.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
		defer run.Stop()
	}
	time.Sleep(3 * time.Second)
	config := top.config(t, slow.Port)
	before := top.sizes(t)
	var seen promise
	ctx, stop := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { seen.watch(ctx, t, top.l) })
	b := &bench{t: t, l: top.l, config: config, path: filepath.Join(filepath.Dir(config), "j.jsonl")}
	plan := command(t, top.l, "plan", "--config", config, "--window", "3s", "--every", "500ms")
	t.Logf("%s%s", plan.stdout, plan.stderr)
	run := b.background(t, "run", "--yes", "--window", "3s", "--every", "500ms")
	run.says(t, "step     ")
	if err := top.network.Link(1, false); err != nil {
		t.Fatal(err)
	}
	time.Sleep(8 * time.Second)
	if err := top.network.Link(1, true); err != nil {
		t.Fatal(err)
	}
	if code := run.endedWithin(t, 8*time.Minute); code != exitDone {
		t.Errorf("the run: exit %d\n%s", code, run.stderr.String())
	}
	t.Logf("the run:\n%s", run.stderr.String())
	planned := top.sizes(t)
	if planned == before {
		t.Errorf("nothing has moved: %s", before)
	}
	runs[0].Stop() // else main would wait in its old size, which holds
	back := command(t, top.l, "rollback", "--yes", "--now", "--to", "1", "--config", config, "--window", "3s", "--every",
		"500ms")
	t.Logf("back:\n%s", back.stderr)
	if got := top.sizes(t); back.code != exitDone || got != before {
		t.Errorf("the rollback: exit %d, sizes %s, want %s", back.code, got, before)
	}
	stop()
	watching.Wait()
	// less 3 for superusers and 5 of headroom; the sampler is one of them, whom the ledger counts as direct
	if most := 62 - 3 - 5; seen.most > most {
		t.Errorf("%d connections at once, budget %d", seen.most, most)
	}
	t.Logf("sizes %s → %s → back; at most %d connections in %d samples, the longest %v after the one before", before,
		planned, seen.most, seen.samples, seen.longest.Round(time.Millisecond))
	if _, err := journal.Load(b.path); err != nil {
		t.Error(err)
	}
}
