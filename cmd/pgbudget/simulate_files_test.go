package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAReportReplacesNoLink: /dev/stdout is a link, and a report to it goes where this command prints, behind what it
// has printed; another link stays a link.
func TestAReportReplacesNoLink(t *testing.T) {
	folder := t.TempDir()
	printed, err := os.Create(filepath.Join(folder, "printed"))
	if err != nil {
		t.Fatal(err)
	}
	defer printed.Close()
	was := os.Stdout
	os.Stdout = printed
	defer func() { os.Stdout = was }()
	if _, err := printed.WriteString("before\n"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "report.xml"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, want := range map[string]string{"printed": "before\n<xml>", "report.xml": "<xml>"} {
		path := filepath.Join(folder, link+".link")
		if err := os.Symlink(filepath.Join(folder, link), path); err != nil {
			t.Fatal(err)
		}
		if err := writeWhole(path, []byte("<xml>")); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(folder, link))
		info, lerr := os.Lstat(path)
		if err != nil || lerr != nil || string(text) != want || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s: %q, %v, %v %v, want a link to %q", link, text, info.Mode(), err, lerr, want)
		}
	}
}
