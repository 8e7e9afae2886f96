package journal

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestASmallFileIsReadAtOnceOrNotAtAll whatever somebody has put there.
func TestASmallFileIsReadAtOnceOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := syscall.Mkfifo(at("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", at("sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, link := range []string{"pipe", "most", "none"} {
		if err := os.Symlink(at(link), at("link to "+link)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, at("empty"), nil)
	write(t, at("text"), []byte("anna\n"))
	write(t, at("most"), []byte(strings.Repeat("x", 4<<10)))
	write(t, at("more"), []byte(strings.Repeat("x", 4<<10+1)))
	write(t, at("large"), nil)
	if err := os.Truncate(at("large"), 1<<40); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		size int
		says string
	}{
		{"empty", 0, ""}, {"text", 5, ""}, {"most", 4 << 10, ""}, {"link to most", 4 << 10, ""},
		{"more", 0, "more has more than 4096 bytes"}, {"large", 0, "large has more than 4096 bytes"},
		{"pipe", 0, "is a named pipe"}, {"link to pipe", 0, "is a named pipe"}, {"sock", 0, "is a socket"},
		{".", 0, "is a folder"}, {"none", 0, "no such file"}, {"link to none", 0, "no such file"},
		{"text/none", 0, "not a directory"},
	} {
		within(t, c.name, func() {
			text, err := ReadSmall(at(c.name))
			if len(text) != c.size || (err != nil) != (c.says != "") ||
				c.says != "" && !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("%s: %d bytes, %v; want %d, %q", c.name, len(text), err, c.size, c.says)
			}
			if os.IsNotExist(err) != strings.HasSuffix(c.says, "no such file") {
				t.Errorf("%s: not there: %v", c.name, err)
			}
		})
	}
}
