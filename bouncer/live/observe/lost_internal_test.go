package observe

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestTheLockOfALostHostEndsInHalfAMinute: PostgreSQL itself asks whether the other end of our session is there, on a
// session of TCP, and says what it has been told. Whoever comes meanwhile is told how long that takes, and what ends
// it.
func TestTheLockOfALostHostEndsInHalfAMinute(t *testing.T) {
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "main"}}})
	open := func() *Fleet {
		f, err := Open(t.Context(), admin.Targets{Timeout: 30 * time.Second,
			Servers: []admin.ServerTarget{{Name: "main", Place: admin.Place{DSN: l.Server("main").DSN(lab.Monitor, "")}}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		return f
	}
	f := open()
	if err := f.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	var says []string
	err := f.servers[0].ask(t.Context(), func(ctx context.Context) error {
		for _, name := range []string{"tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count",
			"tcp_user_timeout"} {
			a, err := f.servers[0].Exec(ctx, "SHOW "+name) // what the socket has, not what was asked for
			if err != nil {
				return err
			}
			says = append(says, string(a.Rows[0][0]))
		}
		return nil
	})
	if got := strings.Join(says, " "); err != nil || got != "10 5 3 25s" && got != "10 5 3 25000" {
		t.Errorf("the server says %q (%v)", got, err)
	}
	err = open().Lock(t.Context())
	pid := regexp.MustCompile(`: backend (\d+) of`).FindStringSubmatch(fmt.Sprint(err))
	if operr.KindOf(err) != operr.KindBusy || pid == nil || !strings.Contains(operr.HintOf(err),
		"if its host was lost, PostgreSQL ends its session after 25 s; "+
			"one that stays is ended by SELECT pg_terminate_backend("+pid[1]+")") {
		t.Errorf("%v; next: %s", err, operr.HintOf(err))
	}
}
