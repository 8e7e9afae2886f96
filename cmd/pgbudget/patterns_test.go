package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEachPatternOfTestsMatchesOne: go test says ok of a -run or -fuzz that matches nothing, and a -skip of a test that
// was renamed skips nothing.
func TestEachPatternOfTestsMatchesOne(t *testing.T) {
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	var there []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range function.FindAllSubmatch(text, -1) {
			there = append(there, string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`)
	for _, file := range []string{"Makefile", "fixtures/race.sh", "fixtures/alone.sh", "fixtures/mutations.txt"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		names := named.FindAllString(strings.ReplaceAll(string(text), ".TestGoFiles", ""), -1)
		if len(names) == 0 {
			t.Errorf("%s names no test", file)
		}
		for _, name := range names {
			matches := false
			for _, f := range there {
				matches = matches || strings.HasPrefix(f, name)
			}
			if !matches {
				t.Errorf("%s names %s, and no test begins so: was it renamed?", file, name)
			}
		}
	}
}
