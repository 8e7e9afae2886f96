package observe_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestAllConsolesAreReadAtOnce has 200 consoles of which none answers SHOW POOLS before all have been asked.
func TestAllConsolesAreReadAtOnce(t *testing.T) {
	const n = 200
	var asked sync.WaitGroup
	asked.Add(n)
	fakes := make([]*livetest.Fake, n)
	for i := range fakes {
		fakes[i] = livetest.NewFake(t, "1.25.2").Become(fmt.Sprint("p", i))
		once := sync.Once{}
		fakes[i].Hook(func(command string) {
			if command == "SHOW POOLS" {
				once.Do(asked.Done)
				asked.Wait()
			}
		})
	}
	targets := livetest.Consoles(fakes...)
	targets.Timeout = livetest.Generous
	o, err := livetest.Open(t, targets).Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Processes) != n {
		t.Errorf("%d processes, want %d", len(o.Processes), n)
	}
	for i := 1; i < len(o.Processes); i++ {
		if o.Processes[i-1].ID >= o.Processes[i].ID {
			t.Errorf("%s comes before %s", o.Processes[i-1].ID, o.Processes[i].ID)
		}
	}
}

func TestAConsoleThatHangsIsNamedAndThereIsNoPartialPicture(t *testing.T) {
	first, second, third := livetest.NewFake(t, "1.18.0").Become("a"), livetest.NewFake(t, "1.18.0").Become("b"),
		livetest.NewFake(t, "1.18.0").Become("c")
	targets := livetest.Consoles(first, second, third)
	targets.Timeout = livetest.Brief
	f := livetest.Open(t, targets)
	before := runtime.NumGoroutine()
	release := make(chan struct{})
	hang := func(string) { <-release }
	first.Hook(hang)
	third.Hook(hang)
	o, err := f.Observe(t.Context())
	// A goroutine that was joined may take an instant to vanish. One that the driver left behind would stay for as long
	// as the consoles hang, up to 15 s.
	after := runtime.NumGoroutine()
	for tries := 0; after > before && tries < 200; tries++ {
		time.Sleep(10 * time.Millisecond)
		after = runtime.NumGoroutine()
	}
	if after > before {
		t.Errorf("%d goroutines after the sample, %d before: some were not joined", after, before)
	}
	close(release)
	if err == nil || o.Processes != nil {
		t.Fatalf("got %d processes and %v, want none and an error", len(o.Processes), err)
	}
	if got := operr.KindOf(err); got != operr.KindUnreachable {
		t.Errorf("kind %d, want unreachable", got)
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "console g/1 ") || !strings.HasPrefix(lines[1], "console g/3 ") ||
		!strings.Contains(lines[0], "no answer within 300ms") {
		t.Errorf("error %q, want one line each for g/1 and g/3 with the time-out", err)
	}
	first.Hook(nil)
	third.Hook(nil)
	if o, err := f.Observe(t.Context()); err != nil || len(o.Processes) != 3 {
		t.Errorf("the sample after it has %d processes and %v, want 3 and no error", len(o.Processes), err)
	}
}

func TestConnectionsAreKeptFromSampleToSample(t *testing.T) {
	begun := time.Now()
	console := livetest.NewFake(t, "1.24.1")
	f := livetest.Open(t, livetest.Consoles(console))
	for range 3 {
		livetest.Only(t, f)
	}
	console.WantLogins(t, 1, begun)
}

func TestABrokenConnectionIsOpenedAgainOnce(t *testing.T) {
	console := livetest.NewFake(t, "1.24.1")
	console.CutAfter(5) // three commands of the greeting, and two of the first sample
	f := livetest.Open(t, livetest.Consoles(console))
	begun := time.Now()
	console.CutAfter(0)
	livetest.Only(t, f)
	console.WantLogins(t, 1, begun)
	begun = time.Now()
	console.CutAfter(4)
	g := livetest.Open(t, livetest.Consoles(console))
	if _, err := g.Observe(t.Context()); operr.KindOf(err) != operr.KindUnreachable {
		t.Errorf("got %v, want unreachable after the second connection broke too", err)
	}
	console.WantLogins(t, 2, begun) // it is tried again once
}

func TestAnotherProcessOnTheSameAddressIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(f *livetest.Fake)
		want   string
	}{
		{"another pidfile", func(f *livetest.Fake) { f.Set("pidfile", "/run/other.pid") }, "pidfile /run/other.pid"},
		{"another peer_id", func(f *livetest.Fake) { f.Set("peer_id", "7") }, "peer_id 7"},
		{"the same files on another host", func(f *livetest.Fake) {
			f.Mu.Lock()
			defer f.Mu.Unlock()
			for _, row := range f.Tables["SHOW CLIENTS"] {
				for i, v := range row {
					if v == "127.0.0.1" && i > 6 {
						row[i] = "10.9.8.7"
					}
				}
			}
		}, "at 10.9.8.7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			console := livetest.NewFake(t, "1.25.2")
			targets := livetest.Consoles(console)
			targets.AppName = "psql" // as the captured console's client called itself
			f := livetest.Open(t, targets)
			livetest.Only(t, f)
			c.change(console)
			f.Close() // the next sample connects anew, and a balancer sends it elsewhere
			_, err := f.Observe(t.Context())
			if operr.KindOf(err) != operr.KindDrift || !strings.Contains(err.Error(), c.want) ||
				!strings.Contains(err.Error(), "first conffile /etc/pgbouncer/pgbouncer.ini, pidfile /etc/pgbouncer/pid") {
				t.Errorf("got %v, want drift that names both identities and %s", err, c.want)
			}
		})
	}
}

func TestTwoConsolesOfOneProcessAreRefused(t *testing.T) {
	// the same answers, down to the callers' addresses in memory
	a, b := livetest.NewFake(t, "1.25.2"), livetest.NewFake(t, "1.25.2")
	_, err := observe.Open(t.Context(), livetest.Consoles(a, b))
	if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "two consoles for one process") ||
		!strings.Contains(err.Error(), "console g/1") || !strings.Contains(err.Error(), "console g/2") {
		t.Errorf("got %v, want a usage error that names g/1 and g/2", err)
	}
}

func TestTwoHostsWithTheSameFilesAreTwoProcesses(t *testing.T) {
	a, b := livetest.NewFake(t, "1.25.2"), livetest.NewFake(t, "1.25.2")
	for _, row := range b.Tables["SHOW CLIENTS"] {
		for i, v := range row {
			row[i] = strings.Replace(v, "0x5571", "0x6682", 1) // another process has another memory
		}
	}
	livetest.Open(t, livetest.Consoles(a, b))
}

func TestARefusedLoginHasAHintWithTheCure(t *testing.T) {
	for _, c := range []struct {
		name  string
		setUp func(f *livetest.Fake) string
		kind  operr.Kind
		hint  string
	}{
		{"not in stats_users", func(f *livetest.Fake) string { f.Fatal = "not allowed"; return "" }, operr.KindEvidence,
			"add watcher to stats_users"},
		{"wrong password", func(f *livetest.Fake) string { f.Password = "right"; return "password=hush-wrong" },
			operr.KindUnreachable, "in the DSN"},
		{"nobody there", func(f *livetest.Fake) string { f.Listener.Close(); return "" }, operr.KindUnreachable,
			"check host and port"},
		{"another refusal", func(f *livetest.Fake) string {
			f.Fatal = "no more connections allowed " +
				"(max_client_conn)"
			return ""
		}, operr.KindUnreachable, "read its log"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := livetest.NewFake(t, "1.24.1")
			more := c.setUp(f)
			_, err := observe.Open(t.Context(),
				admin.Targets{Groups: []admin.GroupTarget{{Name: "g", Consoles: admin.At(f.Dsn(more))}}})
			if got := operr.KindOf(err); got != c.kind {
				t.Errorf("kind %d, want %d (%v)", got, c.kind, err)
			}
			if got := operr.HintOf(err); !strings.Contains(got, c.hint) {
				t.Errorf("hint %q, want one with %q", got, c.hint)
			}
		})
	}
}

// TestNoSecretIsInAnyError walks every error down to its last cause and prints each with its fields.
func TestNoSecretIsInAnyError(t *testing.T) {
	const secret = "hush-watcher"
	refusing := livetest.NewFake(t, "1.24.1")
	refusing.Password = "right"
	echoing := livetest.NewFake(t, "1.24.1")
	echoing.Fatal = "you said " + secret
	gone := livetest.NewFake(t, "1.24.1")
	gone.Listener.Close()
	for _, dsn := range []string{
		refusing.Dsn("password=" + secret),
		echoing.Dsn("password=" + secret),
		gone.Dsn("password=" + secret),
		gone.Dsn("password=" + secret + " search_path=x"),
		"host=h password='" + secret,
		"host=h password=" + secret + " port=none",
		"host=h pass word=" + secret,
		"host=h sslmode=verify-" + secret,
		"host=h target_session_attrs=" + secret,
		"postgres://u:" + secret + "@h:none/",
		"postgres://u:p@" + secret + "@h/",
		"postgres://u:1/" + secret + "@h/",
		"postgres://u:" + secret + "@[::1/",
		"host=h password=" + secret + " service=nosuch servicefile=/nonexistent",
		"service=postgres://u:" + secret + "@h/d",
		"host=postgres://u:" + secret + "@h/d",
		"host='postgres://u:" + secret + "@h/d' port=1",
		"host=h,postgresql://u:" + secret + "@h/d",
		"dbname=postgres://u:" + secret + "@h/d host=h",
		"user=postgres://u:" + secret + "@h/d host=h",
		"port=postgres://u:" + secret + "@h/d host=h",
		"host=u:" + secret + "@h",
		"host=" + secret + "@h",
		"user=u:" + secret + "@h host=h",
		"dbname=u:" + secret + "@h/d host=h",
		"postgres://h/?host=postgres://u:" + secret + "@h/d",
		"postgres://h/?host=u:" + secret + "@h",
		"host=h passwrod=" + secret,
		"host=h password=my " + secret + "=x",
		"postgres://u@h/?pasword=" + secret,
		"host=h hostaddr=" + secret,
	} {
		targets := admin.Targets{
			Groups:  []admin.GroupTarget{{Name: "g", Consoles: admin.At(dsn, dsn)}},
			Servers: []admin.ServerTarget{{Name: "s", Place: admin.Place{DSN: dsn}}},
			Timeout: livetest.Generous,
		}
		_, err := observe.Open(t.Context(), targets)
		if err == nil {
			t.Errorf("%s: no error", dsn)
			continue
		}
		for _, e := range livetest.Chain(err) {
			switch e.(type) {
			case *pgconn.ConnectError, *pgconn.ParseConfigError:
				t.Errorf("%s: %T is within reach, and it holds the connection string", dsn, e)
			}
			for _, text := range []string{e.Error(), operr.HintOf(e), fmt.Sprintf("%v %+v %#v", e, e, e)} {
				if strings.Contains(text, secret) {
					t.Errorf("%s: the secret is in %q", dsn, text)
				}
			}
		}
	}
}
