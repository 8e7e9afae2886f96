package livetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/pgbudget/pgbudget/fixtures/lab"
)

// Listed is two servers behind one port of two addresses, and a line that names both hosts.
func Listed(t *testing.T) *lab.Lab {
	t.Helper()
	aliases := []lab.AliasSpec{{Name: "app", PoolSize: 2}}
	l := Start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "a", MaxConnections: 60}, {Name: "b", MaxConnections: 20,
			Databases: []string{"app"}}},
		Groups: []lab.GroupSpec{{Name: "old", Generation: lab.Gen118, Aliases: aliases},
			{Name: "new", Generation: lab.Gen124, Aliases: aliases}},
		Users: []string{"app1"},
	})
	ProxyAt(t, fmt.Sprintf("127.0.0.2:%d", l.Server("a").Port), l.Server("b").Port)
	for _, p := range l.Processes {
		AddAlias(t, p, fmt.Sprintf("shop = host=127.0.0.1,127.0.0.2 port=%d dbname=app pool_size=12", l.Server("a").Port))
	}
	return l
}

// Disk reads files of this machine.
type Disk struct{}

func (Disk) Read(_ context.Context, path string) ([]byte, error) { return os.ReadFile(path) }

func (Disk) Write(context.Context, string, []byte, []byte) error { return errors.ErrUnsupported }
