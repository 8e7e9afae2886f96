package observe_test

import (
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestAConsolesConnectionIsRenewedBesideAQuery: the one that is in flight is not cut, and no connection is left over.
func TestAConsolesConnectionIsRenewedBesideAQuery(t *testing.T) {
	t.Parallel()
	debug.SetGCPercent(-1) // it closes what nobody has any more
	t.Cleanup(func() { debug.SetGCPercent(100) })
	console := livetest.NewFake(t, "1.24.1")
	f := livetest.Open(t, livetest.Consoles(console))
	first := livetest.Only(t, f)
	dialing, asking := make(chan struct{}), make(chan struct{})
	console.Hook(func(command string) {
		switch command {
		case "SHOW VERSION": // of the new connection
			close(dialing)
			<-asking
		case "SHOW POOLS":
			console.Hook(nil)
			close(asking)
			time.Sleep(500 * time.Millisecond) // chosen: the new one is ready long before
		}
	})
	<-dialing
	if p := livetest.Only(t, f); p.Started != first.Started {
		t.Errorf("connection %d, want %d: the process is the same", p.Started, first.Started)
	}
	console.Remains(t, 1)
	if p := livetest.Only(t, f); p.Started != first.Started {
		t.Errorf("connection %d after it was renewed, want %d", p.Started, first.Started)
	}
	f.Close()
	console.Remains(t, 0)
	logins := console.LoggedIn()
	time.Sleep(6 * time.Second)
	if n := console.LoggedIn(); n != logins {
		t.Errorf("%d logins after Close", n-logins)
	}
}

// TestAFullConsoleKeepsItsConnection: a login that fails must not lock out who wants to relieve it, nor one that hangs.
func TestAFullConsoleKeepsItsConnection(t *testing.T) {
	for _, c := range []struct {
		name string
		fill func(f *livetest.Fake)
	}{
		{"full", func(f *livetest.Fake) { f.Refuse("no more connections allowed (max_client_conn)") }},
		{"its login changed", func(f *livetest.Fake) { f.Refuse("password authentication failed") }},
		{"its port is shared, and another answers", func(f *livetest.Fake) { f.Another() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			console := livetest.NewFake(t, "1.24.1")
			if strings.Contains(c.name, "shared") {
				console.Set("so_reuseport", "1")
			}
			f := livetest.Open(t, livetest.Consoles(console))
			first := livetest.Only(t, f)
			c.fill(console)
			livetest.Renewed(t, console)
			console.Remains(t, 1)
			if p := livetest.Only(t, f); p.Started != first.Started {
				t.Errorf("connection %d, want the one of before, %d", p.Started, first.Started)
			}
		})
	}
}

// TestAConsoleThatHangsAtALoginKeepsItsConnection, and Close waits for none.
func TestAConsoleThatHangsAtALoginKeepsItsConnection(t *testing.T) {
	t.Parallel()
	console := livetest.NewFake(t, "1.24.1")
	f := livetest.Open(t, livetest.Consoles(console))
	release := make(chan struct{})
	console.Hook(func(command string) {
		if command == "SHOW VERSION" {
			<-release
		}
	})
	livetest.Renewed(t, console)
	livetest.Only(t, f)
	begin := time.Now()
	f.Close()
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("Close took %v where a login hangs", took)
	}
	close(release)
	console.Remains(t, 0)
}

// TestAProcessThatStopsListeningIsLeft: PgBouncer waits for its clients then.
func TestAProcessThatStopsListeningIsLeft(t *testing.T) {
	t.Parallel()
	console := livetest.NewFake(t, "1.24.1")
	f := livetest.Open(t, livetest.Consoles(console))
	livetest.Only(t, f)
	console.Listener.Close()
	console.Remains(t, 0)
	for range 2 {
		_, err := f.Observe(t.Context())
		const want = "the process no longer listens: shutting down"
		if operr.KindOf(err) != operr.KindUnreachable || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want to hear that it no longer listens", err)
		}
	}
}

// TestASuccessorAtTheSamePortIsMetAnew: it has the same files, and is another process.
func TestASuccessorAtTheSamePortIsMetAnew(t *testing.T) {
	t.Parallel()
	console := livetest.NewFake(t, "1.24.1")
	f := livetest.Open(t, livetest.Consoles(console))
	first := livetest.Only(t, f)
	console.Another()
	console.Remains(t, 0)
	if p := livetest.Only(t, f); p.Started == first.Started {
		t.Errorf("connection %d: the sample went over the old one", p.Started)
	}
	console.Set("pidfile", "/run/other.pid")
	console.Another()
	console.Remains(t, 0)
	if _, err := f.Observe(t.Context()); operr.KindOf(err) != operr.KindDrift {
		t.Errorf("%v, want drift: another process answers", err)
	}
}
