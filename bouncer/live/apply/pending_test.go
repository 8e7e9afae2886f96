package apply_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// one is a fake of 1.24.1 with a file that says what it has in force.
func one(t *testing.T) (*livetest.Fake, *livetest.Memory, *apply.Applier) {
	t.Helper()
	f, s := livetest.NewFake(t, "1.24.1").Become("p"), &livetest.Memory{Text: livetest.Lines}
	f.Tables["RELOAD"] = [][]string{{"notice"}, {"reloaded"}}
	return f, s, applierOf(t, f, s)
}

func applierOf(t *testing.T, f *livetest.Fake, s *livetest.Memory) *apply.Applier {
	t.Helper()
	targets := livetest.Consoles(f)
	targets.Timeout = livetest.Generous
	return apply.New(livetest.Open(t, targets), []observe.Config{{Process: "g/1", Path: "/etc/pgbouncer.ini", Store: s}})
}

func TestAPendingChangeIsRefusedWithFileLineAndKey(t *testing.T) {
	for _, c := range []struct{ name, old, new, key, value, accept, says string }{
		{name: "the mode of a pool's line", old: "pool_size=6", new: "pool_size=6 pool_mode=session", accept: "d1.pool_mode",
			says: `/etc/pgbouncer.ini:2: pool_mode of d1 is session there and "" in g/1: somebody's edit waits for a RELOAD, which would apply it together with ours`},
		{name: "a time-out", old: "[pgbouncer]\n", new: "[pgbouncer]\nquery_timeout = 1\n", accept: "query_timeout",
			says: "/etc/pgbouncer.ini:6: query_timeout is 1 there and 0 in g/1: a SET is in force"},
		{name: "admins", old: "admin_users = postgres, watcher", new: "admin_users = somebody, else", accept: "admin_users",
			says: "/etc/pgbouncer.ini:7: admin_users is somebody, else there and postgres, watcher in g/1: a SET is in force, " +
				"which a RELOAD would undo, " +
				"or somebody's edit waits for a RELOAD, which would apply it together with ours; watcher, as whom pgbudget talks " +
				"to the console, is not in it and would be locked out"},
		{name: "the mode of the process", old: "pool_mode = transaction", new: "pool_mode = session", accept: "pool_mode",
			says: "/etc/pgbouncer.ini:13: pool_mode is session there and transaction in g/1"},
		{name: "a SET", key: "query_timeout", value: "7", accept: "query_timeout",
			says: "/etc/pgbouncer.ini: query_timeout is 7 in g/1 and no line says it: a SET is in force, or its line was " +
				"taken " +
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
				"out, and a RELOAD brings the default back, 0"},
		{name: "a SET of what a line says", key: "max_client_conn", value: "900", accept: "max_client_conn",
			says: "/etc/pgbouncer.ini:12: max_client_conn is 500 there and 900 in g/1: a SET is in force"},
		{name: "a query, which is masked", old: "[pgbouncer]\n", new: "[pgbouncer]\nauth_query = SELECT 'hush'\n",
			accept: "auth_query",
			says:   "/etc/pgbouncer.ini:6: auth_query differs in the file from g/1 (the values are masked)"},
		{name: "TLS to the servers", old: "[pgbouncer]\n", new: "[pgbouncer]\nserver_tls_sslmode = require\n",
			says: "it closes server connections, and a pool with waiting clients may open one more than its size"},
		{name: "a new line", old: "[pgbouncer]\n", new: "d9 = host=h\n[pgbouncer]\n",
			says: "/etc/pgbouncer.ini:5: the line of d9 is written there and missing in g/1"},
		{name: "a line that is gone beside *", old: "d2 = ", new: ";",
			says: "/etc/pgbouncer.ini: the line of d2 is gone from the file, and a RELOAD would cut its clients at g/1"},
		{name: "a user", old: "[pgbouncer]\n", new: "[users]\napp1 = pool_mode=session\n[pgbouncer]\n",
			accept: "users.app1.pool_mode",
			says:   "/etc/pgbouncer.ini:6: pool_mode of user app1 is session there"},
		{name: "a size that grows", old: "pool_size=3", new: "pool_size=30",
			says: "/etc/pgbouncer.ini:3: pool_size of d2 is 30 there and 3 in g/1"},
		{name: "a size that shrinks", old: "pool_size=3", new: "pool_size=2", accept: "d2.pool_size",
			says: "/etc/pgbouncer.ini:3: pool_size of d2 is 2 there and 3 in g/1"},
		{name: "the default size, which grows", old: "[pgbouncer]\n", new: "[pgbouncer]\ndefault_pool_size = 21\n",
			says: "default_pool_size is 21 there and 20 in g/1"},
		{name: "a reserve that was never used", key: "reserve_pool_timeout", value: "0",
			says: "reserve_pool_timeout is 0 in g/1 and no line says it"},
		{name: "a limit that is gone", key: "max_user_connections", value: "50",
			says: "max_user_connections is 50 in g/1 and no line says it"},
		{name: "a user with a size of his own", old: "[pgbouncer]\n", new: "[users]\napp1 = pool_size=50\n[pgbouncer]\n",
			says: "pool_size of user app1 is 50 there"},
		{name: "the line of *", old: "* = host=127.0.0.1", new: "* = host=127.0.0.3",
			says: "/etc/pgbouncer.ini:4: host of * is 127.0.0.3 there and 127.0.0.1 in g/1"},
		{name: "two of them", old: "[pgbouncer]\n", new: "[pgbouncer]\nmin_pool_size = 1\nquery_timeout = 1\n",
			accept: "min_pool_size query_timeout",
			says:   "; and 1 more: /etc/pgbouncer.ini:7: query_timeout is 1 there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, s, _ := one(t)
			s.Text = strings.Replace(s.Text, c.old, c.new, 1)
			if c.key != "" {
				f.Set(c.key, c.value)
			}
			applier := applierOf(t, f, s)
			err := applier.Check(t.Context(), livetest.Release(1).Changes)
			if operr.KindOf(err) != operr.KindDrift || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Fatalf("got %v\nwant %s", err, c.says)
			}
			if got := strings.Join(livetest.Accepts(err), " "); got != c.accept {
				t.Errorf("to accept: %s, want %s (%s)", got, c.accept, operr.HintOf(err))
			}
			if strings.Contains(fmt.Sprintf("%v %+v %s", err, err, operr.HintOf(err)), "hush") {
				t.Errorf("%v shows a secret", err)
			}
			if again := applier.Apply(t.Context(), livetest.Release(1)); fmt.Sprint(again) != fmt.Sprint(err) || s.Writes > 0 {
				t.Errorf("applied: %d writes, %v", s.Writes, again)
			}
			if _, err := applier.Edits(t.Context(), livetest.Release(1).Changes); operr.KindOf(err) != operr.KindDrift {
				t.Errorf("shown: %v", err)
			}
			if c.accept == "" { // it may raise what can be opened
				if !strings.Contains(operr.HintOf(err), "; no step brings ") {
					t.Errorf("hint: %s", operr.HintOf(err))
				}
				for _, name := range []string{"d9.line", "*.host", "d1.pool_size", "default_pool_size", "d2.max_db_connections",
					"users.app1.pool_size", "d2.line", "server_tls_sslmode"} {
					applier.AcceptPending([]string{name})
					if again := applier.Check(t.Context(), livetest.Release(1).Changes); operr.KindOf(again) != operr.KindDrift ||
						!strings.Contains(again.Error(), c.says) {
						t.Errorf("accepted all the same: %v", again)
					}
				}
				return
			}
			applier.AcceptPending(livetest.Accepts(err))
			if err := applier.Check(t.Context(), livetest.Release(1).Changes); err != nil {
				t.Errorf("accepted: %v", err)
			}
			if got := applier.Accepted(); len(got) != len(livetest.Accepts(err)) ||
				!strings.HasPrefix(got[0], "accepted: /etc/pgbouncer.ini") {
				t.Errorf("said: %q", got)
			}
			applier.AcceptPending(append(livetest.Accepts(err), "server_lifetime"))
			if err := applier.Check(t.Context(), livetest.Release(1).Changes); operr.KindOf(err) != operr.KindUsage ||
				!strings.Contains(err.Error(), "--accept-pending server_lifetime: no RELOAD would change that") {
				t.Errorf("one that does not wait: %v", err)
			}
		})
	}
}

// TestWithoutARELOADOnlySizesThatWaitAreRefused: a step with nothing to do tells no process to RELOAD.
func TestWithoutARELOADOnlySizesThatWaitAreRefused(t *testing.T) {
	f, s, applier := one(t)
	f.Set("query_timeout", "7")
	if err := applier.CheckFiles(t.Context()); err != nil {
		t.Errorf("a SET: %v", err)
	}
	if notes := strings.Join(applier.PendingNotes(), "\n"); !strings.Contains(notes,
		"query_timeout is 7 in g/1 and no line says it") {
		t.Errorf("notes: %s", notes)
	}
	if err := applier.Check(t.Context(), livetest.Release(1).Changes); operr.KindOf(err) != operr.KindDrift {
		t.Errorf("with a RELOAD: %v", err)
	}
	s.Text = strings.Replace(s.Text, "pool_size=3", "pool_size=3 max_db_connections=2", 1)
	if err := applier.CheckFiles(t.Context()); operr.KindOf(err) != operr.KindDrift {
		t.Errorf("a limit: %v", err)
	}
}

func TestKeysThatAreNotComparedOrWaitForARestartAreNamedOnce(t *testing.T) {
	begun := time.Now()
	f, s, applier := one(t)
	s.Text = strings.Replace(s.Text, "listen_port = 6424", "listen_port = 7000", 1)
	for range 2 {
		if err := applier.Check(t.Context(), livetest.Release(1).Changes); err != nil {
			t.Fatal(err)
		}
	}
	notes := applier.PendingNotes()
	for _, want := range []string{
		"/etc/pgbouncer.ini:6: listen_port is 7000 there and 6424 in g/1: a RELOAD leaves it alone, and a restart would " +
			"change it",
		"not compared, because no console of PgBouncer 1.24.1 shows it, and applied by any RELOAD: ",
	} {
		if n := strings.Count(strings.Join(notes, "\n"), want); n != 1 {
			t.Errorf("%d times %q in %q", n, want, notes)
		}
	}
	f.WantLogins(t, 1, begun)
}

// TestAFlushInForceIsNoSETOfAStranger: before 1.23 a flush is server_lifetime of the whole process, and stays in force
// when pgbudget is killed; the next run gives it back.
func TestAFlushInForceIsNoSETOfAStranger(t *testing.T) {
	f := livetest.NewFake(t, "1.18.0").Become("p")
	s := &livetest.Memory{Text: "[databases]\nd1 = host=127.0.0.1 port=55432 pool_size=5 reserve_pool=2\nd2 = " +
		"host=127.0.0.1 port=55432 pool_size=4 pool_mode=session max_db_connections=6\n" +
		"d3alias = host=127.0.0.1 port=55432 dbname=d3 user=forced pool_size=3 min_pool_size=2\n* = host=127.0.0.1 " +
		"port=55432\n[users]\napp1 = pool_mode=transaction\n[pgbouncer]\n" +
		"admin_users = postgres, watcher\nstats_users = stats\nauth_type = trust\nauth_file = " +
		"/etc/pgbouncer/userlist.txt\nlogfile = /etc/pgbouncer/log\nmax_client_conn = 500\n" +
		"pool_mode = transaction\ndefault_pool_size = 8\nmax_user_connections = 20\nreserve_pool_timeout = 1\nstats_period " +
		"= 10\n"}
	applier := applierOf(t, f, s)
	sets := []fleet.SettingChange{{Process: "g/1", Alias: "d1", Key: fleet.KeySize, From: 5, To: 4}}
	if err := applier.Check(t.Context(), sets); err != nil {
		t.Fatal(err)
	}
	f.Set("server_lifetime", "1")
	if err := applier.Check(t.Context(), sets); err != nil || !strings.Contains(strings.Join(applier.PendingNotes(), "\n"),
		"server_lifetime is 1 in force, as a flush leaves it, and a RELOAD gives 3600 back") {
		t.Errorf("%v, %q", err, applier.PendingNotes())
	}
	f.Set("server_lifetime", "2")
	if err := applier.Check(t.Context(), sets); operr.KindOf(err) != operr.KindDrift {
		t.Errorf("a SET: %v", err)
	}
}
