package journal

import (
	"os"
	"strings"
	"testing"
)

// TestZerosAfterTheLastLineAreTakenOff is bytes of nothing, as file systems leave them; so many that no line is that
// long are nobody's crash.
func TestZerosAfterTheLastLineAreTakenOff(t *testing.T) {
	path, data := told(t, 3, 0)
	for _, c := range []struct {
		size int64
		ok   bool
	}{{1, true}, {1 << 20, true}, {maxLine + 1, false}} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, int64(len(data))+c.size); err != nil {
			t.Fatal(err)
		}
		j, err := Open(path)
		if (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), path+":5: the line is longer") {
			t.Errorf("%d bytes: %v", c.size, err)
		}
		if err == nil {
			j.Close()
		}
		want := int64(len(data))
		if !c.ok {
			want += c.size
		}
		if info, _ := os.Stat(path); info.Size() != want {
			t.Errorf("%d bytes are left, want %d", info.Size(), want)
		}
	}
}
