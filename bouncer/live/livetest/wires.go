package livetest

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy carries connections to a port of this machine until the test ends, as a load balancer does. It returns its
// own port.
func Proxy(t *testing.T, port int) int { return ProxyAt(t, "127.0.0.1:0", port) }

// ProxyAt is proxy at an address of its own.
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
