package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// mount lays files out as Kubernetes mounts a ConfigMap: each a link through ..data to a folder of the last sync.
func mount(t *testing.T, names ...string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	const synced = "..2026_11_28_02_30_00.1234567890"
	if err := os.Mkdir(filepath.Join(folder, synced), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(synced, filepath.Join(folder, "..data")); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(folder, synced, name), []byte(older), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestAFileOfAConfigMapIsManaged(t *testing.T) {
	folder := mount(t, "pgbouncer.ini", "databases.ini")
	elsewhere := filepath.Join(t.TempDir(), "link.ini")
	if err := os.Symlink(filepath.Join(folder, "databases.ini"), elsewhere); err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(folder, "written.ini")
	if err := os.WriteFile(beside, []byte(older), 0o644); err != nil {
		t.Fatal(err)
	}
	dots := filepath.Join(t.TempDir(), "..old")
	if err := os.Mkdir(dots, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dots, "pgbouncer.ini"), []byte(older), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, managed := range map[string]bool{
		filepath.Join(folder, "pgbouncer.ini"):           true,
		filepath.Join(folder, "..data", "pgbouncer.ini"): true,
		elsewhere:                            true,
		beside:                               false,
		filepath.Join(dots, "pgbouncer.ini"): false,
		filepath.Join(folder, "none.ini"):    false,
	} {
		why := store.File{}.Managed(path)
		if managed != strings.HasPrefix(fmt.Sprint(why), path+": a file of a Kubernetes ConfigMap") {
			t.Errorf("%s: %v, managed %v", path, why, managed)
		}
		err := store.File{}.Write(t.Context(), path, []byte(older), []byte(newer))
		if managed && (operr.KindOf(err) != operr.KindUsage || operr.HintOf(err) == "") || !managed &&
			strings.HasSuffix(path, "pgbouncer.ini") && err != nil {
			t.Errorf("%s is written: %v", path, err)
		}
		if managed {
			holds(t, path, older)
		}
	}
}

func TestALinkThatStaysIsNotManaged(t *testing.T) {
	file, link := folder(t)
	for _, path := range []string{file, link, filepath.Dir(file)} {
		if why := (store.File{}).Managed(path); why != nil {
			t.Errorf("%s: %v", path, why)
		}
	}
}
