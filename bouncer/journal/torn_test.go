package journal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// stride is from one byte at which a journal is cut, or changed, to the next: each byte, and every seventh with -short.
func stride() int {
	if testing.Short() {
		return 7
	}
	return 1
}

// TestALastLineThatACrashHasCutIsTold at any byte of it, and nothing is said of a journal that is whole.
func TestALastLineThatACrashHasCutIsTold(t *testing.T) {
	path, data := told(t, 7, 1200)
	if snapshots(data) == 0 {
		t.Fatal("there is no snapshot")
	}
	for n := 0; n <= len(data); n += stride() {
		write(t, path, data[:n])
		torn, err := Torn(path)
		if n > 0 && n < len(headerMark) { // this may be somebody else's file
			if operr.KindOf(err) != operr.KindDrift {
				t.Errorf("cut at %d of %d: %v, %v", n, len(data), torn, err)
			}
			continue
		}
		if want := n > 0 && data[n-1] != '\n'; err != nil || torn != want {
			t.Errorf("cut at %d of %d: %v, %v, want %v", n, len(data), torn, err, want)
		}
		if now, _ := os.ReadFile(path); len(now) != n {
			t.Fatalf("it has %d bytes now, want %d", len(now), n)
		}
	}
}

// TestALineThatIsBeingWrittenIsNotTorn are a line that is being written, and a journal that is not as it was written.
func TestALineThatIsBeingWrittenIsNotTorn(t *testing.T) {
	if torn, err := Torn(filepath.Join(t.TempDir(), "none")); torn || err != nil {
		t.Errorf("none: %v, %v", torn, err)
	}
	path, data := told(t, 3, 0)
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.file.WriteString(`{"seq":4,`); err != nil {
		t.Fatal(err)
	}
	if torn, err := Torn(path); torn || err != nil {
		t.Errorf("somebody is at work: %v, %v", torn, err)
	}
	j.Close()
	if torn, err := Torn(path); !torn || err != nil {
		t.Errorf("its writer has died: %v, %v", torn, err)
	}
	if _, err := Load(path); err != nil {
		t.Error(err)
	}
	if j, err = Open(path); err != nil {
		t.Fatal(err)
	}
	j.Close()
	if torn, err := Torn(path); torn || err != nil {
		t.Errorf("it was taken off: %v, %v", torn, err)
	}
	data[len(data)-1] = ' ' // its line break was changed
	write(t, path, data)
	if torn, err := Torn(path); torn || operr.KindOf(err) != operr.KindDrift {
		t.Errorf("a line that was changed: %v, %v", torn, err)
	}
	if _, err := Torn(t.TempDir()); operr.KindOf(err) != operr.KindUsage {
		t.Errorf("a folder: %v", err)
	}
}
