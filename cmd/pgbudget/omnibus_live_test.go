package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/check"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// omnibusDouble stands in for the part of GitLab's Omnibus that changes sizes: databases.json, which reconfigure
// writes, and the rendering of databases.ini from it, without a header, with a RELOAD, as `gitlab-ctl pgb-notify` does
// at each failover.
type omnibusDouble struct {
	t         testing.TB
	process   *lab.Process
	ini, json string
	line      string // of [databases], up to its sizes
}

// newOmnibusDouble moves the databases of a process to a file that is rendered.
func newOmnibusDouble(t *testing.T, l *lab.Lab, p *lab.Process) *omnibusDouble {
	t.Helper()
	folder := filepath.Join(l.Folder, "consul")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(p.DatabasesPath)
	if err != nil {
		t.Fatal(err)
	}
	d := &omnibusDouble{t: t, process: p, ini: filepath.Join(folder, "databases.ini"),
		json: filepath.Join(folder, "databases.json")}
	for line := range strings.Lines(string(text)) {
		if head, _, is := strings.Cut(line, "pool_size="); is && strings.HasPrefix(line, "app") {
			d.line = head
		}
	}
	rewrite(t, p.IniPath, func(text string) string { return strings.Replace(text, p.DatabasesPath, d.ini, 1) })
	d.reconfigure(5)
	d.notify()
	return d
}

// reconfigure writes databases.json alone, as gitlab-ctl reconfigure does where a Consul watch renders.
func (d *omnibusDouble) reconfigure(size int) {
	d.t.Helper()
	d.write(d.json, fmt.Sprintf(`{"app":{"host":"127.0.0.1","password":"hunter2","pool_size":%d}}`, size))
}

// notify renders databases.ini anew, and has PgBouncer RELOAD.
func (d *omnibusDouble) notify() {
	d.t.Helper()
	text, err := os.ReadFile(d.json)
	if err != nil {
		d.t.Fatal(err)
	}
	var all map[string]struct {
		Size int `json:"pool_size"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		d.t.Fatal(err)
	}
	d.byHand(all["app"].Size)
}

// byHand writes databases.ini alone, and has PgBouncer RELOAD: what somebody does who does not know of databases.json.
func (d *omnibusDouble) byHand(size int) {
	d.t.Helper()
	d.write(d.ini, fmt.Sprintf("[databases]\n%spool_size=%d\n", d.line, size))
	if err := d.process.Reload(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *omnibusDouble) write(path, text string) {
	d.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// size is what the process has in force.
func (d *omnibusDouble) size() string {
	d.t.Helper()
	rows, err := d.process.Show(d.t.Context(), "DATABASES")
	if err != nil {
		d.t.Fatal(err)
	}
	for _, row := range rows {
		if row["name"] == "app" {
			return row["pool_size"]
		}
	}
	return ""
}

// TestAFleetThatOmnibusRendersGoesByHand: a size that waits in databases.json is found, and no step begins beside it; a
// step is done once databases.json has the change, too; and one that is rendered again in the middle of a step is found
// within one sampling interval, and nothing is fought.
func TestAFleetThatOmnibusRendersGoesByHand(t *testing.T) {
	b := &bench{t: t, l: labtest.Start(t, checkFleet())}
	d := newOmnibusDouble(t, b.l, b.l.Process("ci", 0))
	configure := func(t *testing.T, more string, readable bool) {
		b.t, d.t = t, t
		d.reconfigure(5)
		d.notify()
		b.config, b.path = movingConfig(t, b.l, "pools: [{pool: main/app, max: 5, load: {arrivals_per_sec: 10, "+
			"mean_hold: 100ms}}, {pool: ci/app, min: 10, max: 10, load: {arrivals_per_sec: 30, mean_hold: 150ms}}]\n"+more)
		if !readable {
			for _, p := range b.l.Processes {
				rewrite(t, b.config, replaced(", config: "+p.IniPath, ""))
			}
		}
	}
	const byHand = "policy: {percent: 50, soak: 0s}\napply: by-hand\nby_hand: {form: omnibus, within: 5s}\n"
	inSoak := strings.Replace(byHand, "soak: 0s", "soak: 1h, soak_every: 500ms", 1)
	begin := func(t *testing.T) *background {
		step := b.background(t, "step", "--yes", "--window", "1s", "--every", "300ms")
		step.says(t, "\"pool_size\": 10")
		return step
	}
	want := func(t *testing.T, step *background, code int, says, size string) {
		t.Helper()
		if got := step.ended(t); got != code || !strings.Contains(step.stderr.String(), says) || d.size() != size {
			t.Errorf("exit %d, want %d and %q; size %s, want %s\n%s", got, code, says, d.size(), size, step.stderr.String())
		}
		if strings.Contains(step.stderr.String(), "hunter2") {
			t.Error("a password of databases.json is shown")
		}
	}
	t.Run("a size waits", func(t *testing.T) {
		configure(t, byHand, true)
		d.reconfigure(9)
		r := command(t, b.l, "check", "--config", b.config, "--window", "1s", "--every", "300ms", "-o", "json")
		var got check.Report
		if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != exitFound || len(got.Findings) != 1 ||
			got.Findings[0].Rule != operr.RuleRendered || !strings.Contains(got.Findings[0].Found,
			"pool_size of app is 9 in "+d.json+", and 5 is in force in ci/1: the next failover") {
			t.Errorf("exit %d, %v\n%s%s", r.code, err, r.stdout, r.stderr)
		}
		r = command(t, b.l, "diff", "--config", b.config)
		if r.code != exitFound || !strings.Contains(r.stdout, "! pool_size of app is 9 in "+d.json) ||
			!strings.Contains(r.stdout, "what runs agrees, and not with what is rendered next") {
			t.Errorf("diff: exit %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		d.write(d.json, `{"app":{"password":"hunter2",`)
		r = command(t, b.l, "check", "--config", b.config, "--window", "1s", "--every", "300ms")
		if r.code != exitFound || !strings.Contains(strings.Join(strings.Fields(r.stdout), " "),
			d.json+": is no JSON object of databases") || strings.Contains(r.stdout, "hunter2") {
			t.Errorf("no JSON: exit %d\n%s%s", r.code, r.stdout, r.stderr)
		}
	})
	t.Run("another size is written than was asked for", func(t *testing.T) {
		configure(t, byHand, true)
		step := begin(t)
		d.reconfigure(7)
		d.byHand(10)
		want(t, step, exitDrift, "pool_size of app is 7 in "+d.json+", and 10 is in force in ci/1", "10")
	})
	t.Run("a size waits that the step does not change", func(t *testing.T) {
		configure(t, byHand, true)
		d.write(d.json, `{"app":{"pool_size":5,"reserve_pool":3}}`)
		r := command(t, b.l, "step", "--config", b.config, "--window", "1s", "--every", "300ms", "--yes")
		if r.code != exitDrift || !strings.Contains(r.stderr, "reserve_pool of app is 3 in "+d.json) ||
			!strings.Contains(r.stderr, "next: correct it in gitlab.rb") {
			t.Errorf("exit %d\n%s", r.code, r.stderr)
		}
	})
	t.Run("a size waits, and there is nothing to do", func(t *testing.T) {
		configure(t, byHand, true)
		rewrite(t, b.config, replaced("min: 10, max: 10, load: {arrivals_per_sec: 30", "max: 5, load: {arrivals_per_sec: 10"))
		r := command(t, b.l, "step", "--config", b.config, "--window", "1s", "--every", "300ms", "--yes")
		if r.code != exitDone {
			t.Errorf("nothing waits: exit %d\n%s", r.code, r.stderr)
		}
		d.reconfigure(9)
		r = command(t, b.l, "step", "--config", b.config, "--window", "1s", "--every", "300ms", "--yes")
		if r.code != exitDrift || !strings.Contains(r.stderr, "pool_size of app is 9 in "+d.json) {
			t.Errorf("exit %d\n%s", r.code, r.stderr)
		}
	})
	t.Run("a database comes with the next rendering, or goes", func(t *testing.T) {
		configure(t, byHand, true)
		for text, want := range map[string]string{
			`{"app":{"pool_size":5},"app2":{"pool_size":50}}`: "pool_size of app2 is 50 in " + d.json + ", and ci/1 has no such",
			`{"app2":{"pool_size":50}}`:                       "app is in force in ci/1, and " + d.json + " has no such database",
		} {
			d.write(d.json, text)
			r := command(t, b.l, "check", "--config", b.config, "--window", "1s", "--every", "300ms")
			if r.code != exitFound || !strings.Contains(strings.Join(strings.Fields(r.stdout), " "), want) {
				t.Errorf("%s: exit %d, want %q\n%s%s", text, r.code, want, r.stdout, r.stderr)
			}
		}
	})
	t.Run("databases.json is written anew in the soak, and not rendered", func(t *testing.T) {
		configure(t, strings.Replace(byHand, "soak: 0s", "soak: 6s, soak_every: 500ms", 1), true)
		step := begin(t)
		d.reconfigure(10)
		d.notify()
		b.awaits(t, "grants that are done", 1, granted)
		d.reconfigure(5)
		want(t, step, exitDrift, "pool_size of app is 5 in "+d.json+", and 10 is in force in ci/1", "10")
	})
	t.Run("pgbudget writes no file that is rendered", func(t *testing.T) {
		configure(t, "policy: {percent: 50, soak: 0s}\n", true)
		r := command(t, b.l, "step", "--config", b.config, "--window", "1s", "--every", "300ms", "--yes")
		if r.code != exitUsage || !strings.Contains(r.stderr, "renders this file from "+d.json) ||
			!strings.Contains(r.stderr, "apply: by-hand") || d.size() != "5" {
			t.Errorf("exit %d, size %s\n%s", r.code, d.size(), r.stderr)
		}
	})
	t.Run("made in databases.json, and rendered", func(t *testing.T) {
		configure(t, byHand, true)
		step := begin(t)
		d.reconfigure(10)
		time.Sleep(time.Second)
		d.notify()
		want(t, step, exitDone, "done     1 of 1 steps", "10")
	})
	t.Run("made in databases.ini alone", func(t *testing.T) {
		configure(t, byHand, true)
		step := begin(t)
		d.byHand(10)
		want(t, step, exitHeld, "pool_size of app is 5 in "+d.json+", and 10 is in force in ci/1: the next failover", "10")
	})
	for _, readable := range []bool{true, false} {
		t.Run(fmt.Sprintf("rendered again in mid-step, databases.json readable: %v", readable), func(t *testing.T) {
			configure(t, inSoak, readable)
			step := begin(t)
			if readable {
				d.reconfigure(10)
			}
			d.byHand(10)
			b.awaits(t, "grants that are done", 1, granted)
			d.reconfigure(5) // somebody else's gitlab.rb, or the one that was never changed
			d.notify()
			at := time.Now()
			want(t, step, exitDrift, "ci/1", "5")
			if took := time.Since(at); took > 3*time.Second { // chosen: an interval of half a second, on a busy machine
				t.Errorf("it took %v to be found", took)
			}
		})
	}
}
