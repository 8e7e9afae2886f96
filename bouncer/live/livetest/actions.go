package livetest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Memory is a store of one process in memory.
type Memory struct {
	Mu     sync.Mutex
	Text   string
	Writes int
}

// Read returns the text; it never fails.
func (m *Memory) Read(context.Context, string) ([]byte, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return []byte(m.Text), nil
}

// Write replaces the text where the text is old, and counts; any other text but data is an error.
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

// Release lowers pool_size of d1 from 6 to 5 in the first n processes of group g.
func Release(n int) state.Action {
	var changes []fleet.SettingChange
	for i := range n {
		changes = append(changes, fleet.SettingChange{Process: fmt.Sprintf("g/%d", i+1), Alias: "d1",
			Key: fleet.KeySize, From: 6, To: 5})
	}
	return state.ReleaseOf(changes, verdict.Reason{})
}

// Careful is a store that tries, and keeps what it writes over.
type Careful struct {
	*Memory
	Refuse error // of a try
	Tries  int
	Broken bool // it cannot be written a second time
	Kept   bool
}

// Try counts, and returns Refuse.
func (c *Careful) Try(context.Context, string, []byte) error { c.Tries++; return c.Refuse }

// Write is that of Memory; a second one fails where the store is Broken.
func (c *Careful) Write(ctx context.Context, path string, old, data []byte) error {
	if c.Broken && c.Writes > 0 {
		return errors.New("it is broken")
	}
	c.Kept = true
	return c.Memory.Write(ctx, path, old, data)
}

// Settled forgets the old bytes.
func (c *Careful) Settled(string) error { c.Kept = false; return nil }

// Saved returns where the old bytes are; empty: nowhere.
func (c *Careful) Saved(string) string {
	if !c.Kept {
		return ""
	}
	return "/kept/pgbouncer.ini"
}

// Undo is release back, of what it has done and of what it has not.
func Undo(n int) state.Action {
	action := Release(n)
	for i := range action.Changes {
		action.Changes[i].From, action.Changes[i].To = 5, 6
	}
	return action
}

// Slow is a store whose writes wait.
type Slow struct {
	*Memory
	Writing chan struct{} // it has come to a write
	GoOn    chan struct{}
}

// Write sends on Writing, waits for GoOn, and writes as Memory does.
func (s *Slow) Write(ctx context.Context, path string, old, data []byte) error {
	s.Writing <- struct{}{}
	<-s.GoOn
	return s.Memory.Write(ctx, path, old, data)
}

// Grant is Release(n) reversed, from 6 to 7.
func Grant(n int) state.Action {
	action := Release(n)
	action.Kind = state.Grant
	for i := range action.Changes {
		action.Changes[i].To = 7
	}
	return action
}

// Retreat takes Grant(n) back.
func Retreat(n int) state.Action {
	action := Grant(n)
	action.Kind = state.Retreat
	for i := range action.Changes {
		action.Changes[i] = action.Changes[i].Back()
	}
	return action
}

// Text returns what a store holds now; safe beside a Write.
func Text(m *Memory) string {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.Text
}

// AliasIn returns a process's alias "app".
func AliasIn(t *testing.T, o fleet.Observation, process string) fleet.Alias {
	t.Helper()
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			if p.ID == process && a.Name == "app" {
				return a
			}
		}
	}
	t.Fatalf("%s has no alias app", process)
	return fleet.Alias{}
}

// Kept is a store whose files something else keeps.
type Kept struct{ *Memory }

// Managed names the file.
func (k Kept) Managed(path string) error { return errors.New(path + ": kept by a ConfigMap") }

// Back is what takes a release back.
func Back(n int) state.Action {
	var changes []fleet.SettingChange
	for _, x := range Release(n).Changes {
		changes = append(changes, x.Back())
	}
	return state.UndoOf("", changes, verdict.Reason{})
}

// Accepts are the names that a hint tells to accept, in order.
func Accepts(err error) []string {
	var names []string
	for _, m := range regexp.MustCompile(`--accept-pending '?([^\s']+)'?`).FindAllStringSubmatch(operr.HintOf(err), -1) {
		names = append(names, m[1])
	}
	return names
}

// End closes every open session without a word.
func (f *Fake) End() {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	for conn := range f.Conns {
		conn.Close()
	}
}

// ErrLost is what a guard says of a lock that is lost, and ErrSilent of a server that does not answer.
var (
	ErrLost   = &operr.Error{Kind: operr.KindBusy, Err: errors.New("the session that held the lock was lost")}
	ErrSilent = &operr.Error{Kind: operr.KindUnreachable, Err: errors.New("no answer within 5s")}
)

// Guard counts how often it is asked, and answers from then on with an error.
type Guard struct {
	Mu    sync.Mutex
	Asked int
	From  int
	Err   error
}

// Ask counts, and returns Err from the call number From on.
func (g *Guard) Ask(context.Context) error {
	g.Mu.Lock()
	defer g.Mu.Unlock()
	if g.Asked++; g.Asked < g.From {
		return nil
	}
	return g.Err
}

// Growth raises pool_size of d1 from 6 to 7 in the first n processes of group g.
func Growth(n int) state.Action {
	var changes []fleet.SettingChange
	for i := range n {
		process := fmt.Sprintf("g/%d", i+1)
		changes = append(changes, fleet.SettingChange{Process: process, Alias: "d1", Key: fleet.KeySize, From: 6,
			To: 7})
	}
	return state.GrantOf(changes, verdict.Reason{})
}
