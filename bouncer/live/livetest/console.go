package livetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Generous is a time-out that no test means to reach.
const Generous = time.Minute

// Brief is a time-out that a test means to reach. chosen: 300 ms because a busy machine answers a fake within it.
const Brief = 300 * time.Millisecond

// Chain returns err and everything that it wraps.
func Chain(err error) []error {
	all := []error{err}
	if one := errors.Unwrap(err); one != nil {
		all = append(all, Chain(one)...)
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			all = append(all, Chain(e)...)
		}
	}
	return all
}

// BothAddresses reads a DSN as a server's and as a console's.
func BothAddresses(dsn string) map[string]error {
	_, server := admin.ServerAddress("server s", admin.Place{DSN: dsn}, "pgbudget")
	_, console := admin.ConsoleAddress("console g/1", admin.Place{DSN: dsn}, "pgbudget")
	return map[string]error{"a server": server, "a console": console}
}

// Forms are a DSN with one more keyword, in every form that is read.
func Forms(t *testing.T, key, value string) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "services")
	text := fmt.Sprintf("[pgb]\nhost=h\nuser=u\n%s=%s\n", key, value)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGSERVICEFILE", file)
	return map[string]string{
		"keywords":              fmt.Sprintf("host=h user=u %s=%s", key, value),
		"keywords with blanks":  fmt.Sprintf("%s = '%s' host = h", key, value),
		"a URL":                 fmt.Sprintf("postgres://u@h/d?%s=%s", key, value),
		"a URL with more":       fmt.Sprintf("postgresql://u@h?sslmode=disable&%s=%s&connect_timeout=3", key, value),
		"a service":             "service=pgb",
		"a service beside more": "service=pgb host=127.0.0.1",
	}
}

// Every calls visit with each string of a document.
func Every(x any, visit func(string)) {
	switch x := x.(type) {
	case string:
		visit(x)
	case []any:
		for _, y := range x {
			Every(y, visit)
		}
	case map[string]any:
		for k, y := range x {
			visit(k)
			Every(y, visit)
		}
	}
}

// Listed is two servers behind one port of two addresses, and a line that names both hosts.
func Listed(t *testing.T) *lab.Lab {
	t.Helper()
	aliases := []lab.AliasSpec{{Name: "app", PoolSize: 2}}
	l := labtest.Start(t, lab.Spec{
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

// Read returns the bytes of a file.
func (Disk) Read(_ context.Context, path string) ([]byte, error) { return os.ReadFile(path) }

// Write is refused with errors.ErrUnsupported.
func (Disk) Write(context.Context, string, []byte, []byte) error { return errors.ErrUnsupported }

// Proxy carries connections to a port of this machine until the test ends, as a load balancer does. It returns its
// own port.
func Proxy(t *testing.T, port int) int { return ProxyAt(t, "127.0.0.1:0", port) }

// ProxyAt is Proxy at an address of its own.
func ProxyAt(t *testing.T, at string, port int) int {
	t.Helper()
	listener, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	var wires sync.WaitGroup
	wires.Go(func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				in.Close()
				continue
			}
			for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
				wires.Go(func() {
					_, _ = io.Copy(way[0], way[1])
					way[0].Close()
					way[1].Close()
				})
			}
			t.Cleanup(func() { in.Close(); out.Close() })
		}
	})
	t.Cleanup(func() { listener.Close() })
	_, text, _ := net.SplitHostPort(listener.Addr().String())
	number := 0
	if _, err := fmt.Sscan(text, &number); err != nil {
		t.Fatal(err)
	}
	return number
}

// Open opens a fleet of consoles alone; it ends with the test.
func Open(t *testing.T, targets admin.Targets) *observe.Fleet {
	t.Helper()
	f, err := observe.Open(t.Context(), targets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// Consoles makes one group, g, of fakes.
func Consoles(fakes ...*Fake) admin.Targets {
	g := admin.GroupTarget{Name: "g"}
	for _, f := range fakes {
		g.Consoles = append(g.Consoles, admin.At(f.Dsn(""))...)
	}
	return admin.Targets{Groups: []admin.GroupTarget{g}}
}

// Only observes the one process of a fleet.
func Only(t *testing.T, f *observe.Fleet) fleet.Process {
	t.Helper()
	o, err := f.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Processes) != 1 {
		t.Fatalf("%d processes, want 1", len(o.Processes))
	}
	return o.Processes[0]
}

// Alias returns the alias of that name of a process; the test fails where there is none.
func Alias(t *testing.T, p fleet.Process, name string) fleet.Alias {
	t.Helper()
	i := slices.IndexFunc(p.Aliases, func(a fleet.Alias) bool { return a.Name == name })
	if i < 0 {
		t.Fatalf("no alias %s in %v", name, p.Aliases)
	}
	return p.Aliases[i]
}
