package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/store"
)

// TestOneFileIsKnownByEachOfItsPaths.
func TestOneFileIsKnownByEachOfItsPaths(t *testing.T) {
	dir := t.TempDir()
	at := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	for _, err := range []error{
		os.Mkdir(at("etc"), 0o755), os.Symlink("etc", at("conf")),
		os.WriteFile(at("etc", "a.ini"), []byte("x"), 0o600), os.WriteFile(at("etc", "b.ini"), []byte("x"), 0o600),
		os.Symlink("a.ini", at("etc", "link.ini")), os.Link(at("etc", "a.ini"), at("etc", "hard.ini")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{at("etc", "a.ini"), at("etc", "a.ini"), true},
		{at("etc", "a.ini"), at("etc", "link.ini"), true},
		{at("etc", "a.ini"), at("conf", "link.ini"), true},
		{at("etc", "a.ini"), at("etc", "hard.ini"), true},
		{at("etc", "a.ini"), dir + "/etc/../conf//a.ini", true},
		{at("etc", "a.ini"), at("etc", "b.ini"), false},
		{at("etc", "none.ini"), at("conf", "none.ini"), true},
		{at("etc", "none.ini"), at("etc", "a.ini"), false},
		{at("none", "a.ini"), dir + "/none/./a.ini", true},
	} {
		if got := (store.File{}).Same(c.a, c.b); got != c.same {
			t.Errorf("%s and %s: %v, want %v", c.a, c.b, got, c.same)
		}
	}
}
