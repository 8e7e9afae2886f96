package live_test

import (
	"fmt"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// renewed waits until the consoles' connections have been renewed, or tried to be.
func renewed(t *testing.T, f *fake) {
	t.Helper()
	before := f.loggedIn()
	eventually(t, func() error {
		if f.loggedIn() == before {
			return fmt.Errorf("%d logins, want one more: nobody renews", before)
		}
		return nil
	})
}

// remains waits until so many sessions are open.
func (f *fake) remains(t *testing.T, want int) {
	t.Helper()
	eventually(t, func() error {
		if n := f.connected(); n != want {
			return fmt.Errorf("%d sessions are open, want %d", n, want)
		}
		return nil
	})
}

// refuse ends every later login with a message.
func (f *fake) refuse(message string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fatal = message
}

// another gives its console's callers other addresses in memory: those of another process with the same files.
func (f *fake) another() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, row := range f.tables["SHOW CLIENTS"] {
		for i, v := range row {
			row[i] = strings.Replace(v, "0x5", "0x6", 1)
		}
	}
}

// TestAConsolesConnectionIsRenewedBesideAQuery: the one that is in flight is not cut, and no connection is left over.
func TestAConsolesConnectionIsRenewedBesideAQuery(t *testing.T) {
	t.Parallel()
	debug.SetGCPercent(-1) // it closes what nobody has any more
	t.Cleanup(func() { debug.SetGCPercent(100) })
	console := newFake(t, "1.24.1")
	f := open(t, consoles(console))
	first := only(t, f)
	dialing, asking := make(chan struct{}), make(chan struct{})
	console.hook(func(command string) {
		switch command {
		case "SHOW VERSION": // of the new connection
			close(dialing)
			<-asking
		case "SHOW POOLS":
			console.hook(nil)
			close(asking)
			time.Sleep(500 * time.Millisecond) // chosen: the new one is ready long before
		}
	})
	<-dialing
	if p := only(t, f); p.Started != first.Started {
		t.Errorf("connection %d, want %d: the process is the same", p.Started, first.Started)
	}
	console.remains(t, 1)
	if p := only(t, f); p.Started != first.Started {
		t.Errorf("connection %d after it was renewed, want %d", p.Started, first.Started)
	}
	f.Close()
	console.remains(t, 0)
	logins := console.loggedIn()
	time.Sleep(6 * time.Second)
	if n := console.loggedIn(); n != logins {
		t.Errorf("%d logins after Close", n-logins)
	}
}

// TestAFullConsoleKeepsItsConnection: a login that fails must not lock out who wants to relieve it, nor one that hangs.
func TestAFullConsoleKeepsItsConnection(t *testing.T) {
	for _, c := range []struct {
		name string
		fill func(f *fake)
	}{
		{"full", func(f *fake) { f.refuse("no more connections allowed (max_client_conn)") }},
		{"its login changed", func(f *fake) { f.refuse("password authentication failed") }},
		{"its port is shared, and another answers", func(f *fake) { f.another() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			console := newFake(t, "1.24.1")
			if strings.Contains(c.name, "shared") {
				console.set("so_reuseport", "1")
			}
			f := open(t, consoles(console))
			first := only(t, f)
			c.fill(console)
			renewed(t, console)
			console.remains(t, 1)
			if p := only(t, f); p.Started != first.Started {
				t.Errorf("connection %d, want the one of before, %d", p.Started, first.Started)
			}
		})
	}
}

// TestAConsoleThatHangsAtALoginKeepsItsConnection, and Close waits for none.
func TestAConsoleThatHangsAtALoginKeepsItsConnection(t *testing.T) {
	t.Parallel()
	console := newFake(t, "1.24.1")
	f := open(t, consoles(console))
	release := make(chan struct{})
	console.hook(func(command string) {
		if command == "SHOW VERSION" {
			<-release
		}
	})
	renewed(t, console)
	only(t, f)
	begin := time.Now()
	f.Close()
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("Close took %v where a login hangs", took)
	}
	close(release)
	console.remains(t, 0)
}

// TestAProcessThatStopsListeningIsLeft: PgBouncer waits for its clients then.
func TestAProcessThatStopsListeningIsLeft(t *testing.T) {
	t.Parallel()
	console := newFake(t, "1.24.1")
	f := open(t, consoles(console))
	only(t, f)
	console.listener.Close()
	console.remains(t, 0)
	for range 2 {
		_, err := f.Observe(t.Context())
		const want = "it no longer listens: it is shutting down"
		if operr.KindOf(err) != operr.KindUnreachable || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want to hear that it no longer listens", err)
		}
	}
}

// TestASuccessorAtTheSamePortIsMetAnew: it has the same files, and is another process.
func TestASuccessorAtTheSamePortIsMetAnew(t *testing.T) {
	t.Parallel()
	console := newFake(t, "1.24.1")
	f := open(t, consoles(console))
	first := only(t, f)
	console.another()
	console.remains(t, 0)
	if p := only(t, f); p.Started == first.Started {
		t.Errorf("connection %d: the look went over the old one", p.Started)
	}
	console.set("pidfile", "/run/other.pid")
	console.another()
	console.remains(t, 0)
	if _, err := f.Observe(t.Context()); operr.KindOf(err) != operr.KindDrift {
		t.Errorf("%v, want drift: another process answers", err)
	}
}

// TestARELOADGoesToTheProcessThatListens: not over a connection to one that is ending.
func TestARELOADGoesToTheProcessThatListens(t *testing.T) {
	t.Parallel()
	fleet, hands, fakes, _ := processes(t, 1, func(int) bool { return true })
	first := only(t, fleet)
	time.Sleep(1500 * time.Millisecond)
	fakes[0].another()
	if err := hands.Apply(t.Context(), release(1)); err != nil {
		t.Error(err)
	}
	if p := only(t, fleet); p.Started == first.Started {
		t.Errorf("RELOAD went over the connection of before, %d", p.Started)
	}
}
