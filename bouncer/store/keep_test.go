package store_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/store"
)

// random is like the texts in the names of our temporary files.
const random = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func TestAPersonsFileThatIsNamedLikeALeftOverStays(t *testing.T) {
	file, _ := folder(t)
	keep := store.Keep{Folder: filepath.Join(t.TempDir(), "journal.jsonl.before")}
	if err := os.Mkdir(keep.Folder, 0o700); err != nil {
		t.Fatal(err)
	}
	theirs := map[string]string{
		filepath.Join(filepath.Dir(file), ".pgbouncer.ini.pgbudget-123"):               "theirs",
		filepath.Join(filepath.Dir(file), ".pgbouncer.ini.pgbudget-"+random+"-0"):      "theirs, too",
		filepath.Join(keep.Folder, "notes.temp-"+random):                               "a note",
		filepath.Join(keep.Folder, "pgbouncer.ini-old"):                                older,
		filepath.Join(filepath.Dir(keep.Folder), "other.jsonl.before.pgbouncer.ini.x"): "elsewhere",
	}
	for path, text := range theirs {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := store.File{Keep: keep}
	if err := errors.Join(keep.Sweep(), f.Try(t.Context(), file, []byte(newer)), f.Write(t.Context(), file, []byte(older),
		[]byte(newer)), f.Settled(file), keep.Sweep()); err != nil {
		t.Fatal(err)
	}
	for path, text := range theirs {
		holds(t, path, text)
	}
}

// TestARecordRemovesNothingButWhatItMayName has records that name files of no temporary name.
func TestARecordRemovesNothingButWhatItMayName(t *testing.T) {
	file, _ := folder(t)
	keep := store.Keep{Folder: t.TempDir()}
	other := filepath.Join(filepath.Dir(file), ".pgbouncer.ini.pgbudget-"+random[1:]+"A-0")
	own := filepath.Join(filepath.Dir(file), ".pgbouncer.ini.pgbudget-"+random+"-0")
	for path, text := range map[string]string{other: "another's", own: "ours",
		filepath.Join(keep.Folder, "pgbouncer.ini-0123456789ab.temp-"+random): strings.Join([]string{file, other, own,
			own + "-1", "pgbouncer.ini", ""}, "\n")} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := keep.Sweep(); err != nil {
		t.Fatal(err)
	}
	holds(t, file, older)
	holds(t, other, "another's")
	if _, err := os.Stat(own); !os.IsNotExist(err) || len(listed(t, keep.Folder)) > 0 {
		t.Errorf("%v, %v", err, listed(t, keep.Folder))
	}
}

// TestASweepTellsByTheirBytes has files where hashes stand before their names, in a folder whose name is no word.
func TestASweepTellsByTheirBytes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a /b /c")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	keep := store.Keep{Folder: t.TempDir()}
	sums := fmt.Sprintf("%x %x ", sha256.Sum256([]byte(newer)), sha256.Sum256([]byte(older)))
	lines, texts := []string{}, []string{older, newer, "half", theirs, "", newer + older}
	for i, text := range texts {
		path := filepath.Join(dir, fmt.Sprint(".pgbouncer.ini.pgbudget-", random, "-", i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if text != "half" {
			path = sums + path
		}
		lines = append(lines, path)
	}
	record := filepath.Join(keep.Folder, "pgbouncer.ini-0123456789ab.temp-"+random)
	if err := os.WriteFile(record, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	err := keep.Sweep()
	if names := listed(t, dir); err == nil || len(names) != 3 {
		t.Fatalf("%v, left %v", err, names)
	}
	for i, name := range listed(t, dir) {
		holds(t, filepath.Join(dir, name), texts[3+i])
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

// TestASweepLeavesThoseAtWorkAlone sweeps before each operation of a try in turn, as a run does that begins beside a
// dry run.
func TestASweepLeavesThoseAtWorkAlone(t *testing.T) {
	file, _ := folder(t)
	keep := store.Keep{Folder: filepath.Join(t.TempDir(), "kept")}
	for n := 1; ; n++ {
		at := 0
		f := store.File{Keep: keep, Before: func(string) error {
			if at++; at == n {
				return keep.Sweep()
			}
			return nil
		}}
		if err := f.Try(t.Context(), file, []byte(newer)); err != nil {
			t.Errorf("swept at %d: %v", n, err)
		}
		alone(t, file)
		if at < n {
			if n < 8 {
				t.Errorf("only %d operations", at)
			}
			return
		}
	}
}

// TestOldBytesAreKeptUntilSettled follows the bytes of before through a write that is done, one that is refused, and
// one that is put back.
func TestOldBytesAreKeptUntilSettled(t *testing.T) {
	file, link := folder(t)
	keep := store.Beside(filepath.Join(t.TempDir(), "journal.jsonl"))
	f := store.File{Keep: keep}
	if err := f.Write(t.Context(), link, []byte(older), []byte(newer)); err != nil {
		t.Fatal(err)
	}
	holds(t, f.Saved(link), older)
	if f.Saved(link) != f.Saved(file) || !strings.HasPrefix(filepath.Base(f.Saved(file)), "pgbouncer.ini-") {
		t.Errorf("kept as %s", f.Saved(link))
	}
	fails := store.File{Keep: keep, Before: func(op string) error {
		if op == "exchange" {
			return errors.New("no")
		}
		return nil
	}}
	if err := fails.Write(t.Context(), file, []byte(newer), []byte(older)); err == nil {
		t.Errorf("%s was written though the exchange fails, want its error", file)
	}
	holds(t, f.Saved(file), older) // it is being put back
	if err := f.Write(t.Context(), file, []byte(newer), []byte(older)); err != nil {
		t.Fatal(err)
	}
	if err := f.Settled(file); err != nil || f.Saved(file) != "" || len(listed(t, keep.Folder)) > 0 {
		t.Errorf("%v, %v", err, listed(t, keep.Folder))
	}
	if err := fails.Write(t.Context(), file, []byte(older), []byte(newer)); err == nil || f.Saved(file) != "" {
		t.Errorf("as it was, and kept: %v %s", err, f.Saved(file))
	}
	holds(t, file, older)
	if names := listed(t, filepath.Dir(keep.Folder)); !slices.Equal(names, []string{"journal.jsonl.before"}) {
		t.Errorf("%v", names)
	}
	if store.Beside("").Folder != "" {
		t.Error("without a journal nothing is kept")
	}
}
