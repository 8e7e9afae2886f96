package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// faults are those of consoles, files, clients and servers.
var faults = []fault{
	{name: "nobody agrees: no terminal, and no --yes", cause: nothing, asks: true, code: exitUsage,
		says: "nobody can confirm", quick: true},
	{name: "the time is outside of policy.windows", cause: nothing, policy: "soak: 1s, soak_every: 1s, windows: [" +
		closedWindow() + "]", code: exitHeld, says: "outside", quick: true,
		rule: operr.RuleWindow},
	{name: "nobody reads what it says any more", cause: nothing,
		shell: `"$0" "$@" 2>&1 | head -1 >/dev/null; exit ${PIPESTATUS[0]}`, moves: true, quick: true},
	{name: "a signal is above its hold level", cause: nothing,
		config: saturation("name: busy, builtin: busy, hold: 0.0001"), code: exitHeld, says: "busy 0.", quick: true,
		rule: operr.RuleSignal},
	{name: "a signal is above its hold level, and nobody reads the result", cause: nothing,
		config: saturation("name: busy, builtin: busy, hold: 0.0001"),
		shell:  `"$0" "$@" -o json | true; exit ${PIPESTATUS[0]}`, code: exitHeld, says: "busy 0.", quick: true},
	{name: "nobody reads the result", cause: nothing, shell: `"$0" "$@" -o json | true; exit ${PIPESTATUS[0]}`,
		moves: true, quick: true},
	{name: "a person has paused it", cause: pausedBy, code: exitHeld, says: "paused by", quick: true,
		rule: operr.RulePause},
	{name: "a colleague edits the file and has not RELOADed yet", cause: pendingEdit, code: exitDrift,
		says: "waits for a RELOAD", quick: true,
		rule: operr.RulePending},
	{name: "a colleague edits the file between the sample and the write", cause: pendingEdit, when: state.BeginStep,
		moves: true, code: exitDrift, says: "waits for a RELOAD"},
	{name: "a read-only file", cause: readOnly, lines: true, code: exitUsage, says: "read-only", quick: true,
		rule: operr.RuleWrite},
	{name: "a full disk", cause: padded, shell: `ulimit -f 1024; exec "$0" "$@"`, code: exitUsage,
		says: "file too large"},
	{name: "a file with a line that PgBouncer could not load", cause: brokenLine, code: exitDrift,
		says: "is not known to PgBouncer", quick: true,
		rule: operr.RuleFile},
	{name: "a file that says who manages it", cause: managed, code: exitUsage, says: "would restore the old size",
		quick: true,
		rule:  operr.RuleManaged},
	{name: "config: names a copy of the file that the process reads", cause: nothing, config: copiedFile, code: exitUsage,
		says: "a copy of", quick: true,
		rule: operr.RuleConffile},
	{name: "config: names a file that the process does not read, so RELOAD answers success and does not apply",
		cause: nothing, config: wrongFile, later: true, code: exitDrift,
		says: "RELOAD was answered, and pool_size of app is", quick: true,
		rule: operr.RuleConffile},
	{name: "configuration management puts a size back", cause: putBack, when: state.Release, moves: true, code: exitDrift,
		says: "somebody else"},
	{name: "configuration management puts an old file back, and nobody RELOADs", cause: putBackFile, when: state.Release,
		moves: true, code: exitDrift, says: "waits for a RELOAD", quick: true},
	{name: "configuration management puts an old file back in the soak, and nobody RELOADs", cause: putBackFile,
		when: state.Grant, policy: "soak: 5s, soak_every: 1s", moves: true, code: exitDrift, says: "waits for a RELOAD"},
	{name: "an old file was put back after a step, and nobody has RELOADed", cause: putBackAfterStep, code: exitDrift,
		says: "waits for a RELOAD",
		rule: operr.RulePending},
	{name: "a pool leads to a server that is not in the config", cause: strangeServer, code: exitEvidence,
		says: "none is a backend of the servers observed", quick: true,
		rule: operr.RuleEvidence},
	{name: "one of the processes does not answer", cause: silentConsole, code: exitUnreachable, says: "no answer within",
		quick: true,
		rule:  operr.RuleLogin},
	{name: "a console dies in mid-step", cause: deadConsole, when: state.Release, moves: true, code: exitUnreachable,
		says: "nothing was changed since"},
	{name: "one of three processes refuses RELOAD", cause: nothing, config: statsUser, lines: true, code: exitEvidence,
		says: "admin access needed", quick: true,
		rule: operr.RuleRights},
	{name: "a second pgbudget is at work", cause: lockHeld, code: exitHeld, says: "another pgbudget holds the lock",
		quick: true,
		rule:  operr.RuleAlone},
	{name: "the connection that holds the lock is killed, and nobody takes it", cause: lockLost, when: state.BeginStep,
		moves: true, says: "nobody had taken it, and it is held again", quick: true},
	{name: "the connection that holds the lock is killed, and somebody takes it", cause: lockTaken, when: state.BeginStep,
		code: exitHeld, moves: true, says: "another pgbudget holds the lock"},
	{name: "another PostgreSQL answers behind the DSN", cause: otherServer, code: exitDrift,
		says: "is another PostgreSQL", moves: true,
		rule: operr.RuleDrift},
	{name: "PostgreSQL is at its limit", cause: crowded, when: state.Release, moves: true, code: exitHeld,
		says: "the worst case would be"},
	{name: "clients vanish in mid-query and leave orphans", cause: orphans, when: state.Release, moves: true,
		code: exitHeld, says: "the worst case would be"},
	{name: "a pool is saturated on purpose while it is made smaller", cause: saturated, when: state.Grant,
		policy: "soak: 20s, soak_every: 1s", moves: true, code: exitAborted, says: "main/app"},
	{name: "open transactions pin what was released", cause: pinned, when: afterPlan,
		policy: "soak: 1s, soak_every: 1s, drain_for: 5s", moves: true, code: exitHeld, says: "idle in transaction"},
	{name: "a session pool never drains", cause: sessions, when: afterPlan,
		policy: "soak: 1s, soak_every: 1s, drain_for: 5s", moves: true, code: exitHeld, says: "pools sessions"},
}

func nothing(*bench) func() { return func() {} }

// saturation watches a signal.
func saturation(signal string) func(*bench, string) string {
	return func(_ *bench, text string) string { return text + "saturation: [{" + signal + "}]\n" }
}

// closedWindow is an hour of another day.
func closedWindow() string {
	day := time.Now().UTC().Add(72 * time.Hour).Weekday().String()[:3]
	return fmt.Sprintf("%q", day+" 03:00-04:00 UTC")
}

func pausedBy(b *bench) func() {
	if r := command(b.t, b.l, "pause", "--config", b.config); r.code != 0 {
		b.t.Fatalf("exit %d\n%s", r.code, r.stderr)
	}
	return func() { _ = os.Remove(pauseFile(b.path)) }
}

func pendingEdit(b *bench) func() {
	return rewrite(b.t, b.l.Process("main", 1).DatabasesPath, func(text string) string {
		return strings.Replace(text, "pool_size=1", "pool_size=3", 1)
	})
}

func readOnly(b *bench) func() {
	path := b.l.Process("main", 0).DatabasesPath
	if err := os.Chmod(path, 0o440); err != nil {
		b.t.Fatal(err)
	}
	return func() {
		if err := os.Chmod(path, 0o640); err != nil {
			b.t.Fatal(err)
		}
	}
}

// padded makes the file larger than the 1 MiB that the command may write; its journal is not.
func padded(b *bench) func() {
	return rewrite(b.t, b.l.Process("main", 0).IniPath, func(text string) string {
		return strings.Repeat("; "+strings.Repeat("-", 97)+"\n", 12000) + text
	})
}

func brokenLine(b *bench) func() {
	return rewrite(b.t, b.l.Process("main", 0).DatabasesPath, func(text string) string {
		return strings.Replace(text, "[databases]\n", "[databases]\nbroken = host=127.0.0.1 no_such_key=1\n", 1)
	})
}

func managed(b *bench) func() {
	return rewrite(b.t, b.l.Process("main", 0).IniPath, func(text string) string {
		return "# Ansible managed: do not edit\n" + text
	})
}

// wrongFile is a config whose first process reads another file.
func wrongFile(b *bench, text string) string {
	path := b.l.Process("main", 0).IniPath
	other := copied(b.t, path)
	rewrite(b.t, other, func(text string) string { return "; what another mount has\n" + text })
	return strings.Replace(text, path, other, 1)
}

// copiedFile is a config that names a copy of a process's file.
func copiedFile(b *bench, text string) string {
	path := b.l.Process("main", 0).IniPath
	return strings.Replace(text, path, copied(b.t, path), 1)
}

// statsUser is a config whose second process of main is asked by a user that may not RELOAD.
func statsUser(b *bench, text string) string {
	p := b.l.Process("main", 1)
	return strings.Replace(text, lab.Bare(p.ConsoleDSN(lab.ConsoleAdmin)), lab.Bare(p.ConsoleDSN(lab.ConsoleStats)), 1)
}

// putBackFile writes the size of before, as a deployment that does not RELOAD.
func putBackFile(b *bench) func() {
	return rewrite(b.t, b.l.Process("main", 0).DatabasesPath, func(text string) string {
		return strings.Replace(text, "pool_size=5", "pool_size=6", 1)
	})
}

// putBackAfterStep takes small steps until main is smaller, and puts a file of before it back. The next step has
// nothing to write there.
func putBackAfterStep(b *bench) func() {
	small := func() string { return files(b.t, b.l)[b.l.Process("main", 0).DatabasesPath] }
	for range 5 {
		if strings.Contains(small(), "pool_size=5") {
			return putBackFile(b)
		}
		if r := command(b.t, b.l, "step", "--config", b.config, "--window", "3s", "--every", "300ms", "--percent", "5",
			"--yes"); r.code != 0 {
			b.t.Fatalf("exit %d\n%s", r.code, r.stderr)
		}
	}
	b.t.Fatalf("main is as large as before:\n%s", small())
	return nil
}

// putBack writes the size of before and RELOADs, as a configuration management does.
func putBack(b *bench) func() {
	p := b.l.Process("main", 0)
	undo := rewrite(b.t, p.DatabasesPath, func(text string) string {
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			if strings.HasPrefix(line, "app = ") {
				lines[i] = sizeDigits.ReplaceAllString(line, "pool_size=6")
			}
		}
		return strings.Join(lines, "\n")
	})
	if err := p.Reload(context.Background()); err != nil {
		b.t.Fatal(err)
	}
	return undo
}

func silentConsole(b *bench) func() {
	p := b.l.Process("jobs", 0)
	if err := p.Kill(syscall.SIGSTOP); err != nil {
		b.t.Fatal(err)
	}
	return func() {
		if err := p.Kill(syscall.SIGCONT); err != nil {
			b.t.Fatal(err)
		}
		time.Sleep(time.Second)
	}
}

func deadConsole(b *bench) func() {
	p := b.l.Process("ci", 1)
	if err := p.Kill(syscall.SIGKILL); err != nil {
		b.t.Fatal(err)
	}
	return func() {
		if err := p.Restart(context.Background()); err != nil {
			b.t.Fatal(err)
		}
	}
}

func lockHeld(b *bench) func() {
	conn, err := pgconn.Connect(b.t.Context(), b.l.Server("pg").DSN(lab.Monitor, ""))
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := conn.Exec(b.t.Context(), fmt.Sprintf("SELECT pg_advisory_lock(%d)",
		int64(0x7067627564676574))).ReadAll(); err != nil {
		b.t.Fatal(err)
	}
	return func() { conn.Close(context.Background()) }
}

func lockLost(b *bench) func() {
	if _, err := b.l.Server("pg").Query(context.Background(),
		"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"); err != nil {
		b.t.Fatal(err)
	}
	return func() {}
}

// lockTaken waits for the lock, and ends the connection that holds it.
func lockTaken(b *bench) func() {
	conn, err := pgconn.Connect(b.t.Context(), b.l.Server("pg").DSN(lab.Monitor, ""))
	if err != nil {
		b.t.Fatal(err)
	}
	taken := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), fmt.Sprintf("SELECT pg_advisory_lock(%d)",
			int64(0x7067627564676574))).ReadAll()
		taken <- err
	}()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) { // until it waits
		rows, err := b.l.Server("pg").Query(context.Background(),
			"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
		if err != nil || time.Since(begun) > 30*time.Second {
			b.t.Fatalf("nobody waits for the lock after %v: %v", time.Since(begun), err)
		}
		if len(rows) > 0 {
			break
		}
	}
	if _, err := b.l.Server("pg").Query(context.Background(),
		"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"); err != nil {
		b.t.Fatal(err)
	}
	if err := <-taken; err != nil {
		b.t.Fatal(err)
	}
	return func() { conn.Close(context.Background()) }
}

// otherServer takes a step, and puts another server's address into the config.
func otherServer(b *bench) func() {
	if r := command(b.t, b.l, "step", "--config", b.config, "--window", "3s", "--every", "300ms", "--yes"); r.code != 0 {
		b.t.Fatalf("exit %d\n%s", r.code, r.stderr)
	}
	was, is := lab.Bare(b.l.Server("pg").DSN(lab.Monitor, "")), lab.Bare(b.l.Server("elsewhere").DSN(lab.Monitor, ""))
	return rewrite(b.t, b.config, func(text string) string { return strings.Replace(text, was, is, 1) })
}

// strangeServer moves a pool that somebody uses to the server that the config does not name.
func strangeServer(b *bench) func() {
	p := b.l.Process("jobs", 0)
	was, is := fmt.Sprintf("other = host=127.0.0.1 port=%d dbname=app", b.l.Server("pg").Port),
		fmt.Sprintf("other = host=127.0.0.1 port=%d dbname=postgres", b.l.Server("elsewhere").Port)
	undo := rewrite(b.t, p.DatabasesPath, func(text string) string { return strings.Replace(text, was, is, 1) })
	reloadAndUse(b, p, "other")
	return undo
}

// reloadAndUse has a process read its file again, and a client come to an alias.
func reloadAndUse(b *bench, p *lab.Process, alias string) {
	err := p.Reload(context.Background())
	if err == nil {
		_, err = lab.Query(context.Background(), p.DSN("app1", alias), "SELECT 1")
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// crowded opens what is left of max_connections.
func crowded(b *bench) func() {
	var runs []*clients.Run
	for range 70 {
		r, err := clients.Direct{DSN: b.l.Server("pg").DSN("app1", "app"), Conns: 1,
			From: "127.0.0.9"}.Start(context.Background())
		if err != nil {
			break
		}
		runs = append(runs, r)
	}
	return func() {
		for _, r := range runs {
			r.Stop()
		}
	}
}

func orphans(b *bench) func() {
	for _, p := range b.l.Group("main") {
		started(b.t, clients.VanishingClients{DSN: p.DSN("app1", "app"), Clients: 2, Query: 10 * time.Minute})
	}
	return func() {
		if _, err := b.l.Server("pg").Query(context.Background(),
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%it runs%' AND pid <> "+
				"pg_backend_pid()"); err != nil {
			b.t.Fatal(err)
		}
	}
}

func saturated(b *bench) func() {
	var runs []*clients.Run
	for _, p := range b.l.Group("main") {
		runs = append(runs, started(b.t, clients.ClosedLoop{DSN: p.DSN("app1", "app"), Clients: 30,
			Body: clients.Body{Hold: clients.Exp(100 * time.Millisecond)}}))
	}
	return func() {
		for _, r := range runs {
			r.Stop()
		}
	}
}

func pinned(b *bench) func() {
	r := started(b.t, clients.IdleInTransaction{DSN: b.l.Process("main", 0).DSN("app1", "app"), Clients: 6})
	return func() { r.Stop() }
}

// sessions makes the pools of app1 on main session pools, with clients that do nothing.
func sessions(b *bench) func() {
	var undo []func()
	for _, p := range b.l.Group("main") {
		undo = append(undo, rewrite(b.t, p.IniPath, func(text string) string {
			return strings.Replace(text, "[users]\n", "[users]\napp1 = pool_mode=session\n", 1)
		}))
		if err := p.Reload(context.Background()); err != nil {
			b.t.Fatal(err)
		}
		undo = append(undo, func() { // a line of [users] that is gone leaves what it said
			rewrite(b.t, p.IniPath, func(text string) string {
				return strings.Replace(text, "[users]\n", "[users]\napp1 = pool_mode=transaction\n", 1)
			})
			if err := p.Reload(context.Background()); err != nil {
				b.t.Fatal(err)
			}
		})
		for range 6 {
			conn, err := pgconn.Connect(context.Background(), p.DSN("app1", "app"))
			if err == nil {
				_, err = conn.Exec(context.Background(), "SELECT 1").ReadAll()
			}
			if err != nil {
				b.t.Fatal(err)
			}
			undo = append(undo, func() { conn.Close(context.Background()) })
		}
	}
	return func() {
		for _, f := range undo {
			f()
		}
	}
}
