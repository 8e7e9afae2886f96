package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/store"
)

// fullFrom is a Keep whose disk is full from operation n on, and how many operations there were.
func fullFrom(folder string, n int) (k store.Keep, asked *int) {
	asked = new(int)
	return store.Keep{Folder: folder, Before: func(string) error {
		if *asked++; *asked >= n {
			return errors.New("no space left on device")
		}
		return nil
	}}, asked
}

// TestARestoreIsWrittenThoughNoOldBytesCanBeKept fills the journal's disk from each operation of a write on. The
// file is written, and nothing is left beside it or half in the folder of what is kept; a write that may wait is
// refused.
func TestARestoreIsWrittenThoughNoOldBytesCanBeKept(t *testing.T) {
	for n := 1; ; n++ {
		file, _ := folder(t)
		keep, asked := fullFrom(filepath.Join(t.TempDir(), "kept"), n)
		err := (store.File{Keep: keep}).Write(t.Context(), file, []byte(older), []byte(newer))
		full, said := *asked >= n, fmt.Sprint(err)
		told := strings.Contains(said, "no space left") && strings.Contains(said, "is unchanged")
		if full != (err != nil) || full && !told {
			t.Errorf("full from %d: %v", n, err)
		}
		if !full {
			if n < 8 {
				t.Errorf("only %d operations", n)
			}
			return
		}
		holds(t, file, older)
		*asked = 0
		f := store.File{Keep: keep}
		if err := f.WriteAnyway(t.Context(), file, []byte(older), []byte(newer)); err != nil {
			t.Errorf("full from %d: %v", n, err)
		}
		holds(t, file, newer)
		alone(t, file)
		if n := len(listed(t, keep.Folder)); n != 0 && n != 2 {
			t.Errorf("half of what is kept: %v", listed(t, keep.Folder))
		}
		if err := f.Settled(file); err != nil || len(listed(t, keep.Folder)) > 0 {
			t.Errorf("full from %d: %v, left %v", n, err, listed(t, keep.Folder))
		}
	}
}

// TestAWriteThatKeepsNothingIsAWriteInAllElse: it refuses what a write does, and leaves the file as it was where it
// fails.
func TestAWriteThatKeepsNothingIsAWriteInAllElse(t *testing.T) {
	file, _ := folder(t)
	keep, _ := fullFrom(filepath.Join(t.TempDir(), "kept"), 1)
	fails := store.File{Keep: keep, Before: func(op string) error {
		if op == "exchange" {
			return errors.New("no")
		}
		return nil
	}}
	if err := fails.WriteAnyway(t.Context(), file, []byte(older), []byte(newer)); err == nil {
		t.Errorf("%s was written though the exchange fails, want its error", file)
	}
	if err := (store.File{Keep: keep}).WriteAnyway(t.Context(), file, []byte(newer), []byte(newer+"x")); err == nil {
		t.Error("what somebody else has written is written over")
	}
	holds(t, file, older)
	alone(t, file)
	kept := store.Keep{Folder: filepath.Join(t.TempDir(), "kept")} // while there is room, what was before is kept
	if err := (store.File{Keep: kept}).WriteAnyway(t.Context(), file, []byte(older), []byte(newer)); err != nil {
		t.Error(err)
	}
	holds(t, store.File{Keep: kept}.Saved(file), older)
}

// TestACommandRestoresThoughNoOldBytesCanBeKept is the same of a file behind commands.
func TestACommandRestoresThoughNoOldBytesCanBeKept(t *testing.T) {
	for n := 1; n < 4; n++ {
		c, file := commands(t, "cat >FILE")
		var asked *int
		c.Keep, asked = fullFrom(c.Keep.Folder, n)
		err := c.Write(t.Context(), file, []byte(older), []byte(newer))
		if err == nil || !strings.Contains(err.Error(), "cannot be kept") {
			t.Errorf("full from %d: %v", n, err)
		}
		*asked = 0
		if err := c.WriteAnyway(t.Context(), file, []byte(older), []byte(newer)); err != nil {
			t.Errorf("full from %d: %v", n, err)
		}
		holds(t, file, newer)
		if err := c.Settled(file); err != nil || len(listed(t, c.Keep.Folder)) > 0 {
			t.Errorf("full from %d: %v, left %v", n, err, listed(t, c.Keep.Folder))
		}
	}
}
