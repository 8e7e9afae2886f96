package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Where words are checked.
const (
	inTexts    = 1 << iota // string literals of Go that is no test, and YAML that pgbudget prints
	inPages                // *.md
	inGoldens              // testdata
	inComments             // of Go, tests too
	inShown    = inTexts | inPages | inGoldens
	everywhere = inShown | inComments
)

// oldWords are the words that were ours alone, and the words of the field that took their place. keeps are phrases in
// which a word stays, with the reason beside it.
var oldWords = []struct {
	word  string // a regular expression, from the beginning of a word to its end, whatever its case
	now   string
	in    int
	keeps string // a regular expression
}{
	{`look(s|ed|ing)?|glances?|glanced|sights?`, "sample, or to take a sample", inShown,
		`--look\b|looked up`}, // the flag of status; a name server's answer
	{`(a|an|each|every|no|one|first|next|newest|last|second|third|two|three|ten|of|the|these|its|their) looks?|` +
		`looks? at the (fleet|server|console|whole)s?|glances?|glanced`, "sample, or to take a sample", inComments, ``},
	{`acts?|acted|acting`, "action", inShown, ``},
	{`(an|each|every|no|one|first|next|newest|last|the|these|this|its|same) acts?`, "action", inComments, ``},
	{`verbs?`, "action, kind or command", everywhere, `subject, verb|whatever the verb`}, // of grammar, of fmt
	{`flip(s|ped|ping)?`, "to shift traffic, to set the switch", everywhere, ``},
	{`aim(s|ed|ing)?`, "goal", everywhere, ``},
	{`turn(s|ed|ing)?`, "traffic change, or to set the switch", inShown,
		// none is of a switch; the last is the name of a stream of random numbers, which gives others by another name
		`in turn\b|tak(e|es|ing) turns|turn(s|ed)? (away|into|out|red)|turns? of the event loop|" turns"`},
	{`(a|each|every|no|one|first|next|newest|last|two|the|before|of) turns?|turn(s|ed|ing)? (a|the|its|their) (switch|` +
		`traffic|flag)|turn of a`, "traffic change, or to set the switch", inComments, `the turns? of|event loop`},
	{`ways?|waypoints?`, "path, or a verb", inShown, ``},
	{`waypoints?|way (to the plan|back|of a shift)|the way ahead`, "path, next step, or return", inComments, ``},
	{`ahead`, "forecast, or to come", inShown, `(hour|set) ahead`}, // of a clock
	{`trails?`, "recent samples", everywhere, ``},
	{`gates?|gated`, "saturation guard", everywhere, ``},
	{`gauges?`, "signal, or signal source", inShown,
		`TYPE \w+ gauge|[Gg]auges of|gauge, at least`}, // a type of metric of Prometheus
	{`hands`, "applier", inShown, ``},
	{`situations?`, "state, or case", everywhere, ``},
	{`memory|memories`, "state, or journal state", inShown, `in memory|process's memory|\bof memory`}, // of a machine
	{`memory (after|before|of (a|the) (run|journal|fleet))`, "state, or journal state", inComments, ``},
	{`beliefs?|believe[sd]?`, "estimate", everywhere, ``},
	{`useless`, "excluded because", everywhere, ``},
	{`leaving`, "closing", inShown, ``},
	{`leaving (backend|connection)s?`, "closing", inComments, ``},
	{`holders?`, "idle in transaction, or the backend that pins it", everywhere, `holds the lock|of the lock`}, // no pin
	{`strikes?|struck|expeditions?`, "what is tested", inShown, ``},
	{`mend(s|ed|ing)?`, "repair, or correct", everywhere, ``},
	{`points?`, "percentage points, or soak result", inShown, `percentage points?|points over`},
	{`copies`, "pools of the line", inShown,
		// the key of the config, the column and what a ledger line multiplies: the pages say what they are
		`copies:|COPIES|\bcopies\]?\b.*(processes × users|pools of (the|a) line)|\d copies|` + "`[^`]*copies`" +
			`|copies \(|copies are processes|pools, copies, sizes`},
	{`prices?`, "budget, or no further gain", inShown, "`price`|  price$"}, // the key of the JSON, the bound of a table
	{`pgbudget (why|forget)|why says|forgets?`, "pgbudget explain, pgbudget accept", inShown, ``},
	{`buys?`, "gain", inShown, ``},
}

// TestOldWordsAreGone reads what pgbudget shows, what tests want of it, the pages and the comments.
func TestOldWordsAreGone(t *testing.T) {
	t.Parallel()
	words := compiled()
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(root, path)
		var lines []shownLine
		switch {
		case name == "cmd/pgbudget/words_test.go": // has the words themselves
		case strings.HasSuffix(name, ".go"):
			lines, err = ofGo(path)
		case strings.HasSuffix(name, ".md"):
			lines, err = ofPage(path)
		case strings.Contains(name, "/testdata/") && (strings.HasSuffix(name, ".txt") || strings.HasSuffix(name, ".txtar")):
			lines, err = ofFile(path, inGoldens)
		case name == "bouncer/config/reference.yaml" || name == "sim/scenario/starter.yaml":
			lines, err = ofFile(path, inTexts)
		}
		if err != nil || lines == nil {
			return err
		}
		files++
		for _, l := range lines {
			for _, fault := range words.faults(l) {
				t.Errorf("%s:%d: %s", name, l.line, fault)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 700 {
		t.Errorf("only %d files were read", files)
	}
}

// TestAnOldWordIsFoundWhereverItStands: the check above is one only if it finds what it is for.
func TestAnOldWordIsFoundWhereverItStands(t *testing.T) {
	t.Parallel()
	words := compiled()
	for _, c := range []struct {
		text string
		in   int
		want string
	}{
		{"take another look first", inTexts, "look"},
		{"pgbudget status --look names it", inTexts, ""},
		{"The Gate is open", inComments, "Gate"},
		{"in sim/gauge.go", inPages, ""},
		{"4 copies × 9", inPages, ""},
		{"each of its copies", inPages, "copies"},
		{"copies of a slice", inComments, ""},
		{"half-way, and on the way", inGoldens, "way"},
	} {
		got := words.faults(shownLine{text: c.text, in: c.in})
		if (len(got) > 0) != (c.want != "") || c.want != "" && !strings.Contains(got[0], fmt.Sprintf("%q", c.want)) {
			t.Errorf("%q: %v, want %q", c.text, got, c.want)
		}
	}
}

// shownLine is a line, and where it stands.
type shownLine struct {
	line int
	text string
	in   int
}

// dictionary is oldWords, compiled.
type dictionary []struct{ word, keeps *regexp.Regexp }

func compiled() (all dictionary) {
	for _, w := range oldWords {
		x := struct{ word, keeps *regexp.Regexp }{word: regexp.MustCompile(`(?i)\b(?:` + w.word + `)\b`)}
		if w.keeps != "" {
			x.keeps = regexp.MustCompile(w.keeps)
		}
		all = append(all, x)
	}
	return all
}

// faults says which old words a line has. A part of a longer name, of a path or of a flag is no word.
func (d dictionary) faults(l shownLine) (out []string) {
	for i, w := range oldWords {
		if w.in&l.in == 0 {
			continue
		}
		for _, at := range d[i].word.FindAllStringIndex(l.text, -1) {
			before, after := l.text[:at[0]], l.text[at[1]:]
			if strings.HasSuffix(before, "-") || strings.HasSuffix(before, "_") || strings.HasSuffix(before, ".") ||
				strings.HasSuffix(before, "/") || strings.HasPrefix(after, "-") || strings.HasPrefix(after, "_") {
				continue
			}
			if d[i].keeps != nil && within(d[i].keeps.FindAllStringIndex(l.text, -1), at) {
				continue
			}
			out = append(out, fmt.Sprintf("old word %q, write %s: %s", l.text[at[0]:at[1]], w.now,
				strings.TrimSpace(l.text)))
		}
	}
	return out
}

// within reports whether one of some parts of a line holds another.
func within(parts [][]int, at []int) bool {
	for _, p := range parts {
		if p[0] <= at[0] && at[1] <= p[1] {
			return true
		}
	}
	return false
}

// ofGo are the texts and the comments of a file of Go. A literal of one small word is a key, and no text; so is a tag
// of a field. The texts of tests are what they say of themselves.
func ofGo(path string) (lines []shownLine, err error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	add := func(pos token.Pos, text string, in int) {
		for i, line := range strings.Split(text, "\n") {
			lines = append(lines, shownLine{set.Position(pos).Line + i, line, in})
		}
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			add(c.Pos(), c.Text, inComments)
		}
	}
	if strings.HasSuffix(path, "_test.go") {
		return lines, nil
	}
	key := regexp.MustCompile("^[\"`][a-z0-9_./%-]*[\"`]$")
	tags := map[*ast.BasicLit]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			tags[n.Tag] = true
		case *ast.BasicLit:
			if n.Kind == token.STRING && !tags[n] && !key.MatchString(n.Value) {
				add(n.Pos(), n.Value, inTexts)
			}
		}
		return true
	})
	return lines, nil
}

// ofPage are the lines of a page, but for what a command writes between two marks, and for what one has printed on real
// servers: their words are those of the code.
func ofPage(path string) (lines []shownLine, err error) {
	all, err := ofFile(path, inPages)
	written, printed := false, false
	for _, l := range all {
		written = (written || strings.Contains(l.text, ":begin -->")) && !strings.Contains(l.text, ":end -->")
		printed = (printed || l.text == "```text") && l.text != "```"
		if !written && !printed {
			lines = append(lines, l)
		}
	}
	return lines, err
}

// ofFile are the lines of a file.
func ofFile(path string, in int) (lines []shownLine, err error) {
	text, err := os.ReadFile(path)
	for i, line := range strings.Split(string(text), "\n") {
		lines = append(lines, shownLine{i + 1, line, in})
	}
	return lines, err
}
