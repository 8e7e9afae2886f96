package admin

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/command"
)

// dsn is the DSN with what the command makes of it: TLS where an sslmode is written, or a service that may have one.
// Else the driver would ask the other end for TLS first, and run the command twice where it has none; what ssh and
// kubectl carry is encrypted.
func (p Place) dsn() string {
	written := writtenIn(p.DSN)
	_, mode := written["sslmode"]
	_, service := written["service"]
	if len(p.Via) == 0 || mode || service || os.Getenv("PGSSLMODE") != "" || os.Getenv("PGSERVICE") != "" {
		return p.DSN
	}
	return withKeyword(p.DSN, "sslmode=disable")
}

// through is the address reached by a command, where there is one: nothing is looked up or dialled on this host.
func (a Address) through(at Place) Address {
	if len(at.Via) == 0 {
		return a
	}
	a.via = filepath.Base(at.Via[0])
	a.Label += " via " + a.via
	a.config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	a.config.DialFunc = func(_ context.Context, network, address string) (net.Conn, error) {
		return command.Call{Argv: at.words(network, address), Mask: at.Mask}.Dial(time.After)
	}
	return a
}

// words are those of the command for an address of the DSN's.
func (p Place) words(network, address string) []string {
	host, port := filepath.Dir(address), strings.TrimPrefix(filepath.Ext(address), ".")
	if network != "unix" {
		if h, q, err := net.SplitHostPort(address); err == nil {
			host, port = h, q
		}
	}
	fill := strings.NewReplacer("{{.Address}}", address, "{{.Host}}", host, "{{.Port}}", port)
	var words []string
	for _, w := range p.Via {
		words = append(words, fill.Replace(w))
	}
	return words
}
