package config

import (
	"os"
	"strings"
	"testing"
)

// TestAQuoteThatDoesNotCloseIsNamedWhereItOpens: the parser would name the next quote, or the end of the file.
func TestAQuoteThatDoesNotCloseIsNamedWhereItOpens(t *testing.T) {
	const rest = "groups:\n  - name: \"b\"\njournal: 'j'\n"
	for text, at := range map[string]string{
		"servers:\n  - name: \"a\n" + rest:                          "2:11",
		"servers:\n  - name: 'a''\n" + rest:                         "2:11",
		"servers:\n  - \"name: a\n" + rest:                          "2:5",
		"servers:\n  - name: \"a\\\"\n" + rest:                      "2:11",
		"policy: {soak: '20s', every: '1s}\n" + rest:                "1:30",
		"journal: it's a\" # 'quote\nmirror: [\"a\", \"b]\n" + rest: "2:15",
	} {
		line, _, _ := strings.Cut(at, ":")
		want := "f:" + at + ": the quote that line " + line + " opens is not closed in that line"
		if _, err := Open("f", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := Open("f", []byte("journal: \"a\n  b\"\n")); err != nil {
		t.Errorf("a value of two lines: %v, want none", err)
	}
	for _, text := range []string{
		"environment: it's a-'b'\nmirror: [\"a\"]\n bad: x\n",
		"environment: \"a\n  b\" # of two lines\npolicy: {soak: 20s\n", // what is wrong comes later
		"mirror: ['a\n  b', c]\npolicy: {soak: 20s\n",
	} {
		if _, err := Open("f", []byte(text)); err == nil || strings.Contains(err.Error(), "quote") {
			t.Errorf("%q, whose quotes close: %v, want another fault", text, err)
		}
	}
}

// TestARecordingIsNoConfig: one as record writes it.
func TestARecordingIsNoConfig(t *testing.T) {
	data, err := os.ReadFile("../../fixtures/recordings/lab.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("f", data[:min(len(data), MaxBytes)], os.LookupEnv); err == nil ||
		!strings.Contains(err.Error(), "a recording, want a config") {
		t.Errorf("%v, want it told", err)
	}
}

// TestALineOutOfPlaceIsNamedWithThePlacesItMayHave: with its key, and not with the parser's words.
func TestALineOutOfPlaceIsNamedWithThePlacesItMayHave(t *testing.T) {
	for text, want := range map[string]string{
		"journal: j\n servers:\n  - {name: " +
			"main}\n": `f:2:2: line 2, "servers", begins with 1 blank; the keys open above it begin with 0`,
		"groups:\n  - name: main\n   metrics: " +
			"x\n": `f:3:4: line 3, "metrics", begins with 3 blanks; the keys open above it begin with 0 or 4`,
		"groups:\n  - name: main\n  metrics: " +
			"x\n": `f:3:3: line 3, "metrics", begins with 2 blanks; the keys open above it begin with 0 or 4`,
		"policy:\n    soak: 20s\n\n  # a word\n  every: " +
			"1s\n": `f:5:3: line 5, "every", begins with 2 blanks; the keys open above it begin with 0 or 4`,
		"policy:\n  soak: 20s\n    every: " +
			"1s\n": `f:3:5: line 3, "every", begins with 4 blanks; the keys open above it begin with 0 or 2`,
		"groups:\n  - name: main\n    processes:\n      - console: a\n      config: " +
			"x\n": `f:5:7: line 5, "config", begins with 6 blanks; the keys open above it begin with 0, 4 or 8`,
		"servers:\n  - name: main\n- name: " +
			"x\n": `f:3:1: line 3, "- name", begins with 0 blanks; the items open above it begin with 2`,
		// no line is out of place: the parser's words stay
		"policy: {soak: 20s\n":    "",
		"policy:\n  soak: a: b\n": "",
	} {
		_, err := Open("f", []byte(text))
		if err == nil || want != "" && err.Error() != want || want == "" && strings.Contains(err.Error(), "open above") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
