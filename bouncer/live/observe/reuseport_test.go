package observe_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// shared is the DSN of a port at which several processes listen: its logins go to them in turn.
func shared(t *testing.T, fakes ...*livetest.Fake) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for n := 0; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go fakes[n%len(fakes)].Serve(conn)
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return "host=127.0.0.1 port=" + port + " user=watcher sslmode=disable"
}

// sharing is a process with so_reuseport, whose memory is elsewhere than that of others.
func sharing(t *testing.T, memory string) *livetest.Fake {
	f := livetest.NewFake(t, "1.25.2")
	f.Set("so_reuseport", "1")
	for _, row := range f.Tables["SHOW CLIENTS"] {
		for i, v := range row {
			row[i] = strings.Replace(v, "0x5571", memory, 1)
		}
	}
	return f
}

// TestAPortOfSeveralProcessesIsRefused: two processes of one file say the same of themselves, and neither sees the
// other's callers. One process behind such a port is observed, and it is said that another may be there.
func TestAPortOfSeveralProcessesIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		fakes  func() []*livetest.Fake
		kind   operr.Kind // of what Open says; 0: it opens
		says   string
		note   string // empty: none
		logins int    // of the first
	}{
		{name: "two of one file", fakes: func() []*livetest.Fake {
			return []*livetest.Fake{sharing(t, "0x5571"),
				sharing(t, "0x6682")}
		},
			kind: operr.KindUsage,
			says: "several processes listen at its port (so_reuseport is 1): a login met another process than the first"},
		{name: "two of two files", fakes: func() []*livetest.Fake {
			return []*livetest.Fake{sharing(t, "0x5571"), sharing(t, "0x6682").Become("other")}
		}, kind: operr.KindUsage,
			says: "several processes listen at its port (so_reuseport is 1): another process answers: first conffile"},
		{name: "one", fakes: func() []*livetest.Fake { return []*livetest.Fake{sharing(t, "0x5571")} },
			note: "so_reuseport is 1, so that several processes may listen at its port: 12 of 12 logins met the same one, " +
				"none " +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"another", logins: 13},
		{name: "one that shares no port", fakes: func() []*livetest.Fake {
			f := sharing(t, "0x5571")
			f.Set("so_reuseport", "0")
			return []*livetest.Fake{f}
		}, logins: 1},
		{name: "one that takes no more logins", fakes: func() []*livetest.Fake {
			f := sharing(t, "0x5571")
			f.Hook(func(string) {
				f.Mu.Lock()
				defer f.Mu.Unlock()
				f.Fatal = "no more connections allowed (max_client_conn)"
			})
			return []*livetest.Fake{f}
		}, note: "0 of 12 logins met the same one, none another", logins: 13},
		{name: "one that hangs is another", fakes: func() []*livetest.Fake {
			silent := sharing(t, "0x6682")
			over := make(chan struct{})
			t.Cleanup(func() { close(over) })
			silent.Hook(func(string) { <-over })
			return []*livetest.Fake{sharing(t, "0x5571"), silent}
		}, kind: operr.KindUnreachable, says: "no answer within"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fakes, begun := c.fakes(), time.Now()
			f, err := observe.Open(t.Context(), admin.Targets{Timeout: time.Second,
				Groups: []admin.GroupTarget{{Name: "g", Consoles: admin.At(shared(t, fakes...))}}})
			if c.kind != 0 {
				if operr.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%v, of kind %d; want %q", err, operr.KindOf(err), c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if notes := strings.Join(f.Notes(), "\n"); !strings.Contains(notes, c.note) || (notes == "") != (c.note == "") {
				t.Errorf("said %q, want %q", notes, c.note)
			}
			fakes[0].WantLogins(t, c.logins, begun)
		})
	}
}

// TestAProcessBehindASharedPortIsSaidToBeAlone: each has a socket of its own, and which there are no console tells.
func TestAProcessBehindASharedPortIsSaidToBeAlone(t *testing.T) {
	byItsSocket := func(f *livetest.Fake, name string) string {
		dir := t.TempDir()
		listener, err := net.Listen("unix", dir+"/.s.PGSQL.6424")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go f.Become(name).Serve(conn)
			}
		}()
		return "host=" + dir + " port=6424 user=watcher"
	}
	alone := "so_reuseport is 1, and no other process of port 6425 is listed: what another one opens is counted as direct"
	a, b, other := sharing(t, "0x5571"), sharing(t, "0x6682"), sharing(t, "0x7793")
	other.Set("listen_port", "6433")
	begun := time.Now()
	first, second, third := byItsSocket(a, "a"), byItsSocket(b, "b"), byItsSocket(other, "c")
	for _, c := range []struct {
		name     string
		consoles []string
		notes    int
	}{{"both", []string{first, second}, 0}, {"one", []string{first}, 1}, {"one, and one of another port",
		[]string{first, third}, 2}} {
		f, err := observe.Open(t.Context(), admin.Targets{Timeout: livetest.Generous,
			Groups: []admin.GroupTarget{{Name: "g", Consoles: admin.At(c.consoles...)}}})
		if err != nil {
			t.Fatal(err)
		}
		if notes := f.Notes(); len(notes) != c.notes || c.notes > 0 && !strings.Contains(notes[0], alone) {
			t.Errorf("%s: %q", c.name, notes)
		}
		f.Close()
	}
	a.WantLogins(t, 3, begun) // one each time
}
