package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/fixtures/lab"
)

// observer samples pg_stat_activity, in a session of its own.
type observer struct {
	stop    context.CancelFunc
	done    sync.WaitGroup
	most    atomic.Int64
	slowest atomic.Int64 // answer, ns
	err     error        // once it has ended
}

// observed counts a server's backends, every so often.
func observed(t testing.TB, s *lab.Server, every time.Duration) *observer {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), s.DSN(lab.Superuser, ""))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	o := &observer{stop: stop}
	o.done.Go(func() {
		defer conn.Close(context.Background())
		for ctx.Err() == nil {
			asked := time.Now()
			results, err := conn.Exec(context.Background(),
				"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'").ReadAll()
			if err != nil {
				o.err = err
				return
			}
			var n int64
			fmt.Sscan(string(results[0].Rows[0][0]), &n)
			o.most.Store(max(o.most.Load(), n))
			o.slowest.Store(max(o.slowest.Load(), int64(time.Since(asked))))
			time.Sleep(every)
		}
	})
	t.Cleanup(o.end)
	return o
}

// stalled says that PostgreSQL itself took long to answer a session that no PgBouncer stands before; empty: it did not.
func (o *observer) stalled() string {
	if took := time.Duration(o.slowest.Load()); took > stall {
		return fmt.Sprintf("PostgreSQL took %v to answer", took.Round(time.Millisecond))
	}
	return ""
}

func (o *observer) end() {
	o.stop()
	o.done.Wait()
}
