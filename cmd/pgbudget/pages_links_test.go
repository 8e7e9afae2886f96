package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	fence    = regexp.MustCompile("(?sm)^```.*?^```$")
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	marked   = regexp.MustCompile("[`*]|\\]\\([^)]*\\)|\\[")
	pageName = regexp.MustCompile(`[A-Za-z][A-Za-z/]*\.md\b`)
	ourPath  = regexp.MustCompile("`((?:cmd|planner|bouncer|sim|fixtures)/[a-z0-9_./-]+)`")
)

// filesOf lists the files of the repository whose name ends so, as paths from its root.
func filesOf(t *testing.T, ext string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "bin" || d.Name() == "testdata"):
			return filepath.SkipDir
		case !d.IsDir() && strings.HasSuffix(d.Name(), ext):
			name, err := filepath.Rel(root, path)
			names = append(names, filepath.ToSlash(name))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// read returns the text of a file of the repository.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(root + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// anchors are the names by which headings of a page can be linked to.
func anchors(text string) (names []string) {
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		names = append(names, anchor(m[1]))
	}
	return names
}

// anchor is a heading in small letters, blanks as hyphens, and signs left out.
func anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, marked.ReplaceAllString(title, ""))
}

// TestEveryLinkOfThePagesLeadsSomewhere: to a file or folder of the repository, and to a heading of a page.
func TestEveryLinkOfThePagesLeadsSomewhere(t *testing.T) {
	links := 0
	for _, name := range filesOf(t, ".md") {
		text := read(t, name)
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			path, section, _ := strings.Cut(m[1], "#")
			if path = filepath.ToSlash(filepath.Join(filepath.Dir(name), path)); strings.HasPrefix(m[1], "#") {
				path = name
			}
			if _, err := os.Stat(root + path); err != nil {
				t.Errorf("%s: %s leads to no file", name, m[1])
			} else if section != "" && !slices.Contains(anchors(read(t, path)), section) {
				t.Errorf("%s: %s leads to no heading of %s", name, m[1], path)
			}
		}
	}
	if links < 40 {
		t.Errorf("only %d links were found", links)
	}
}

// TestThePageInFrontIsShortAndLeadsToTheOthers: a newcomer reads it to its end.
func TestThePageInFrontIsShortAndLeadsToTheOthers(t *testing.T) {
	text := read(t, pages[0])
	if lines := strings.Count(text, "\n"); lines > 250 {
		t.Errorf("%s has %d lines, want at most 250", pages[0], lines)
	}
	for _, name := range append(pages[1:], "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md") {
		if !strings.Contains(text, "]("+name+")") {
			t.Errorf("%s has no link to %s", pages[0], name)
		}
	}
}

// TestEachPageOfTheManualSaysForWhomAndLeadsBack: in one sentence below its title.
func TestEachPageOfTheManualSaysForWhomAndLeadsBack(t *testing.T) {
	for _, name := range pages[1:] {
		paragraphs := strings.SplitN(read(t, name), "\n\n", 3)
		first := ""
		if len(paragraphs) > 1 {
			first = strings.ReplaceAll(paragraphs[1], "\n", " ")
		}
		back := "](" + strings.Repeat("../", strings.Count(name, "/")) + "README.md)"
		if !strings.HasPrefix(first, "For ") || strings.Count(first, ". ") > 1 || !strings.Contains(first, back) {
			t.Errorf("%s begins with %q, want a sentence that says for whom it is, and a link back %s", name, first, back)
		}
	}
}

// TestEveryPageWithCommandsIsRun: who adds a page adds it to the list of those whose commands are run.
func TestEveryPageWithCommandsIsRun(t *testing.T) {
	for _, name := range filesOf(t, ".md") {
		if console.MatchString(read(t, name)) && !slices.Contains(pages, name) {
			t.Errorf("%s shows commands, and is not in the list of pages", name)
		}
	}
}

// TestPathsThatPagesNameExist: who moves a file finds the page that sends people to it.
func TestPathsThatPagesNameExist(t *testing.T) {
	found := 0
	for _, name := range filesOf(t, ".md") {
		for _, m := range ourPath.FindAllStringSubmatch(read(t, name), -1) {
			found++
			if _, err := os.Stat(root + m[1]); err != nil {
				t.Errorf("%s names %s, which is not there", name, m[1])
			}
		}
	}
	if found < 25 {
		t.Errorf("only %d paths were found", found)
	}
}

// TestPagesThatTheCodeNamesExist: a hint that names a page leads to one, from the root or from beside the code.
func TestPagesThatTheCodeNamesExist(t *testing.T) {
	found := 0
	for _, name := range filesOf(t, ".go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, page := range pageName.FindAllString(read(t, name), -1) {
			found++
			_, err := os.Stat(root + page)
			if _, beside := os.Stat(filepath.Join(root, filepath.Dir(name), page)); err != nil && beside != nil {
				t.Errorf("%s names %s, which is not there", name, page)
			}
		}
	}
	if found == 0 {
		t.Error("no page was found")
	}
}
