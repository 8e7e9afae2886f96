package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// behindSSH writes the config of a lab whose every console, server and file is reached through an sshd: the consoles of
// jobs over their Unix sockets. Of each file that a process reads by %include the path is relative where relative says.
func behindSSH(t testing.TB, l *lab.Lab, extra string) (config, journal, client string) {
	t.Helper()
	s, err := l.SSH(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	config, journal = movingConfig(t, l, extra)
	data, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	ssh := fmt.Sprintf("ssh, -F, %s, lab, ", s.Config)
	dsn := lab.Bare(l.Servers[0].DSN(lab.Monitor, ""))
	text = strings.Replace(text, "dsn: '"+dsn+"'", "dsn: {dsn: '"+dsn+"', via: ["+ssh+"socat, -, 'TCP:{{.Address}}']}", 1)
	put := filepath.Join(filepath.Dir(config), "put-file")
	if err := os.WriteFile(put, []byte("set -eu\nf=$1\ncp -p $f $f.new\ncat >$f.new\n"+
		"[ \"$(sha256sum <$f.new)\" = \"$2  -\" ]\nsync $f.new\nmv $f.new $f\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	recipe, err := os.ReadFile(put)
	if err != nil {
		t.Fatal(err)
	}
	oneLine := strings.Join(strings.Split(strings.TrimSpace(string(recipe)), "\n"), "; ")
	for _, p := range l.Processes {
		at, over := lab.Bare(p.ConsoleDSN(lab.ConsoleAdmin)), "TCP"
		if p.Group == "jobs" {
			at, over = strings.Replace(at, "host=127.0.0.1", "host="+p.SocketDir, 1), "UNIX-CONNECT"
		}
		folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", p.Pid()))
		if err != nil {
			t.Fatal(err)
		}
		here := fmt.Sprintf("{console: '%s', config: %s}", lab.Bare(p.ConsoleDSN(lab.ConsoleAdmin)), p.IniPath)
		there := fmt.Sprintf("{console: {dsn: '%s', via: [%ssocat, -, '%s:{{.Address}}']}, config: {path: %s, folder: %s, "+
			"read: [%scat, '{{.Path}}'], write: [%s'set -- {{.Path}} {{.SHA256}}; %s']}}", at, ssh, over, p.IniPath, folder,
			ssh, ssh, oneLine)
		text = strings.Replace(text, here, there, 1)
	}
	if n := strings.Count(text, "via: "); n != 1+len(l.Processes) {
		t.Fatalf("%d commands:\n%s", n, text)
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config, journal, s.Config
}

// TestAFleetBehindSSHIsMovedAsOneOfThisHost: consoles, server and files are reached through a real sshd, files that are
// included by relative paths among them. What is observed is what is observed without it, and a step changes the same
// digits.
func TestAFleetBehindSSHIsMovedAsOneOfThisHost(t *testing.T) {
	spec := faultFleet()
	spec.Groups[0].Shared = true
	l := labtest.Start(t, spec)
	faultLoad(t, l)
	for _, p := range l.Group("main") {
		data, err := os.ReadFile(p.IniPath)
		if err != nil {
			t.Fatal(err)
		}
		folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", p.Pid()))
		if err != nil {
			t.Fatal(err)
		}
		relative, err := filepath.Rel(folder, p.DatabasesPath)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(data), "%include "+p.DatabasesPath, "%include "+relative, 1)
		if err := os.WriteFile(p.IniPath, []byte(text), 0o600); err != nil || text == string(data) {
			t.Fatalf("%v\n%s", err, data)
		}
		if err := p.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(2 * time.Second)
	extra := "pools: [" + faultPools + "]\npolicy: {percent: 20, soak: 1s, soak_every: 1s}\n"
	config, _, _ := behindSSH(t, l, extra)
	before := files(t, l)
	say := func(code int, want string, args ...string) result {
		t.Helper()
		r := command(t, l, append(args, "--config", config)...)
		if r.code != code || !strings.Contains(r.stdout+r.stderr, want) {
			t.Fatalf("pgbudget %s: exit %d, want %d and %q\n%s%s", strings.Join(args, " "), r.code, code, want, r.stdout,
				r.stderr)
		}
		return r
	}
	say(exitDone, "no finding", "check", "--window", "2s", "--every", "500ms")
	say(exitDone, "ci/app 2 → 5", "step", "--yes", "--window", "2s", "--every", "300ms")
	now := files(t, l)
	for path, text := range before {
		if sizeDigits.ReplaceAllString(now[path], "") != sizeDigits.ReplaceAllString(text, "") {
			t.Errorf("%s:\n%s", path, now[path])
		}
	}
	for _, p := range l.Processes {
		for _, row := range labtest.Show(t, p, "DATABASES") {
			if size := map[string]string{"ci": "5", "main": "5"}[p.Group]; row["name"] == "app" && size != "" &&
				row["pool_size"] != size {
				t.Errorf("%s runs with %s, want %s", p.Name(), row["pool_size"], size)
			}
		}
	}
	say(exitDone, "done", "rollback", "--yes", "--window", "2s", "--every", "300ms")
	if !sameFiles(files(t, l), before) {
		t.Error("the files are not as they were")
	}
}
