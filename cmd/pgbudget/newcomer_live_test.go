package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// asDebian makes of a process what Debian's packages install: a userlist with PostgreSQL's own SCRAM secrets, files of
// the server's user that nobody else reads, and a folder of root, where a test of root can give it one.
func asDebian(t *testing.T, l *lab.Lab, p *lab.Process, users ...string) {
	t.Helper()
	for _, user := range users { // the lab's own secrets are those of md5
		if _, err := l.Servers[0].Query(t.Context(), fmt.Sprintf(
			"SET password_encryption = 'scram-sha-256'; ALTER ROLE %s PASSWORD '%s'", user, lab.Password(user))); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := l.Servers[0].Query(t.Context(),
		"SELECT rolname AS name, rolpassword AS secret FROM pg_authid WHERE rolpassword IS NOT NULL")
	if err != nil {
		t.Fatal(err)
	}
	list, known := "", map[string]string{}
	for _, row := range rows {
		known[row["name"]] = row["secret"]
	}
	for _, user := range users {
		if !strings.HasPrefix(known[user], "SCRAM-SHA-256$") {
			t.Fatalf("the secret of %s is %.8q…", user, known[user])
		}
		list += fmt.Sprintf("%q %q\n", user, known[user])
	}
	for _, user := range []string{lab.ConsoleAdmin, lab.ConsoleStats} { // the lab's own
		list += fmt.Sprintf("%q %q\n", user, lab.Password(user))
	}
	folder := filepath.Dir(p.IniPath)
	path := filepath.Join(folder, "userlist.txt")
	if err := os.WriteFile(path, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path, p.IniPath} {
		if err := os.Chmod(file, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 {
		if err := os.Chown(folder, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
}

// owned is whose a file is, and its mode.
func owned(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	at := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%d:%d %v", at.Uid, at.Gid, info.Mode())
}

// nextCommand is the last command that an output tells to type, in words.
func nextCommand(t *testing.T, r result) []string {
	t.Helper()
	for _, line := range strings.Split(r.stderr, "\n") {
		if _, text, is := strings.Cut(line, "next: "); is {
			if i := strings.LastIndex(text, "pgbudget "); i >= 0 {
				return strings.Fields(text[i:])[1:]
			}
		}
	}
	t.Fatalf("no command is told\n%s%s", r.stdout, r.stderr)
	return nil
}

// TestAnInstalledPairComesToAStepInFourCommands: PostgreSQL and PgBouncer as Debian installs them, two lines of
// [databases], an account with pg_monitor that is in admin_users. The first command is the README's; every other one is
// copied from what the one before has printed. Before the step, nothing was written but the config.
func TestAnInstalledPairComesToAStepInFourCommands(t *testing.T) {
	l := labtest.Start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "main", MaxConnections: 100}},
		Groups: []lab.GroupSpec{{Name: "main", Generation: lab.Gen118, // Debian 12's own
			Aliases:  []lab.AliasSpec{{Name: "app", PoolSize: 4}, {Name: "jobs", PoolSize: 60}},
			Settings: map[string]string{"auth_type": "scram-sha-256", "admin_users": lab.ConsoleAdmin + "," + lab.Monitor},
		}},
		Users: []string{"app1"},
	})
	p := l.Process("main", 0)
	asDebian(t, l, p, lab.Monitor, "app1")
	was, before := owned(t, p.IniPath), files(t, l)
	for alias, perSec := range map[string]float64{"app": 24, "jobs": 24} {
		r, err := clients.OpenLoop{DSN: p.DSN("app1", alias), PerSec: perSec, Seed: 1, MaxClients: 300,
			Body: clients.Body{Hold: clients.Exp(100 * time.Millisecond)}}.Start(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Stop() })
	}
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGBUDGET_WINDOW", "8s")
	dir := t.TempDir()
	say := func(args ...string) result {
		t.Helper()
		r, err := commandIn(l, dir, file, longestOf(t), args)
		if err != nil {
			t.Fatal(err)
		}
		if r.code != 0 || strings.Contains(r.stdout+r.stderr, "hush-") {
			t.Fatalf("pgbudget %s: exit %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
		}
		return r
	}

	r := say("init", "--postgres", lab.Bare(l.Servers[0].DSN(lab.Monitor, "")), "--bouncer",
		"main="+lab.Bare(p.ConsoleDSN(lab.Monitor)))
	if err := os.WriteFile(filepath.Join(dir, "pgbudget.yaml"), []byte(r.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	typed := [][]string{{"init"}}
	for next := nextCommand(t, r); next[0] != "step" || len(next) > 1; next = nextCommand(t, r) { // until: step
		if typed = append(typed, next); len(typed) > 9 {
			t.Fatalf("%q", typed)
		}
		r = say(next...)
	}
	if now := files(t, l); !sameFiles(now, before) {
		t.Error("a file was written before the step")
	}
	step := exec.Command(file, "step", "--yes") // --yes: the answer to its question
	step.Dir, step.Env = dir, append(os.Environ(), "PGPASSFILE="+l.PassFile)
	var said bytes.Buffer
	step.Stdout, step.Stderr = &said, &said
	if err := step.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = step.Process.Kill() })
	labtest.Eventually(t, func() error { // a person would wait for the soak of fifteen minutes
		if r, err := commandIn(l, dir, file, longestOf(t), []string{"set", "soak=1s"}); err != nil || r.code != 0 {
			return fmt.Errorf("exit %d, %v: %s", r.code, err, r.stderr)
		}
		return nil
	})
	if err := step.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if typed = append(typed, []string{"step"}); len(typed) != 4 {
		t.Errorf("%d commands: %q", len(typed), typed)
	}
	now := files(t, l)
	if now[p.IniPath] == before[p.IniPath] ||
		sizeDigits.ReplaceAllString(now[p.IniPath], "") != sizeDigits.ReplaceAllString(before[p.IniPath], "") {
		t.Errorf("the step is to change sizes, and nothing else:\n%s", now[p.IniPath])
	}
	if is := owned(t, p.IniPath); is != was {
		t.Errorf("the file is %s, was %s", is, was)
	}
	for _, row := range labtest.Show(t, p, "DATABASES") {
		if row["name"] != "pgbouncer" && !strings.Contains(now[p.IniPath], row["name"]+" = ") ||
			row["name"] == "app" && row["pool_size"] == "4" {
			t.Errorf("the process runs with %v\n%s", row, said.String())
		}
	}
}
