package livetest

import (
	"context"
	"fmt"
	"sync"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// Memory is a store of one process in memory.
type Memory struct {
	Mu     sync.Mutex
	Text   string
	Writes int
}

func (m *Memory) Read(context.Context, string) ([]byte, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return []byte(m.Text), nil
}

func (m *Memory) Write(_ context.Context, _ string, old, data []byte) error {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	if m.Text != string(old) && m.Text != string(data) {
		return fmt.Errorf("the file is neither old nor new")
	}
	m.Text = string(data)
	m.Writes++
	return nil
}

// Lines are what the captured SHOW DATABASES and SHOW CONFIG of 1.24.1 say.
const Lines = "[databases]\nd1 = host=127.0.0.1 port=55440 pool_size=6 reserve_pool=2\n" +
	"d2 = host=127.0.0.1 port=55440 pool_size=3\n* = host=127.0.0.1 port=55440\n[pgbouncer]\nlisten_port = 6424\n" +
	"admin_users = postgres, watcher\nstats_users = stats\nauth_type = trust\nauth_file = /run/pgbouncer/userlist.txt\n" +
	"logfile = /run/pgbouncer/log\nmax_client_conn = 500\npool_mode = transaction\n"

func Release(n int) state.Action {
	act := state.Action{Kind: state.Release}
	for i := range n {
		act.Changes = append(act.Changes, fleet.SettingChange{Process: fmt.Sprintf("g/%d", i+1), Alias: "d1",
			Key: fleet.KeySize, From: 6, To: 5})
	}
	return act
}
