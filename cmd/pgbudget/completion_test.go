package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// completedWords are beginnings of command lines, and what a Tab makes possible. Where no word is wanted, the names of
// files are; where nothing is, there is nothing to offer.
var completedWords = []struct{ line, want string }{
	{"pgbudget ob", "observe"},
	{"pgbudget re", "record resume"},
	{"pgbudget --v", "--version"},
	{"pgbudget plan --de", "--detailed-exitcode"},
	{"pgbudget plan --path a:b --fr", "--from --fraction"},
	{"pgbudget plan --output ", "json table yaml"},
	{"pgbudget status -o j", "json"},
	{"pgbudget step --emit ", "chef cloudnativepg gitlab.rb helm helm-env omnibus patch terraform zalando"},
	{"pgbudget journal ", "begin export import"},
	{"pgbudget journal export --con", "--config"},
	{"pgbudget completion z", "zsh"},
	{"pgbudget rollback --dry-run --yes --no", "--no-color --now"},
	{"pgbudget simulate --chart ../../fixtures/sc", "../../fixtures/scenarios/"},
	{"pgbudget record --note ../../fixtures/r", ""},
	{"pgbudget frobnicate --", ""},
}

// completionFile writes a shell's completion to a file.
func completionFile(t *testing.T, script func(*cli.App) (string, error)) string {
	t.Helper()
	text, err := script(newApp())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "_pgbudget")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// shellPrints runs a shell, or groff; make install brings them. With -short, as make unit runs, they may be absent.
func shellPrints(t *testing.T, name string, args ...string) string {
	t.Helper()
	switch _, err := exec.LookPath(name); {
	case err != nil && testing.Short():
		t.Skipf("no %s: make install", name)
	case err != nil:
		t.Fatalf("no %s: make install brings it", name)
	}
	cmd := exec.Command(name, args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil || said.Len() > 0 {
		t.Fatalf("%s: %v\n%s", name, err, said.String())
	}
	return string(out)
}

// TestBashCompletes calls the function as bash does, which cuts words at the =, and notes where bash is to search for
// files.
func TestBashCompletes(t *testing.T) {
	file := completionFile(t, bashCompletion)
	tries := append(completedWords[:len(completedWords):len(completedWords)], []struct{ line, want string }{
		{"pgbudget plan --output = ", "json table yaml"},
		{"pgbudget plan --output = y", "yaml"},
		{"pgbudget journal import ", "FILES"},
		{"pgbudget plan --config = ", "FILES"},
	}...)
	for _, c := range tries {
		if strings.HasSuffix(c.want, "/") {
			c.want = "FILES"
		}
		out := shellPrints(t, "bash", "-euc", `source "$1"; compopt() { [ "$*" = "-o default" ] && COMPREPLY=(FILES); }
			read -ra COMP_WORDS <<<"$2"; [[ $2 != *" " ]] || COMP_WORDS+=("")
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _pgbudget; printf '%s\n' "${COMPREPLY[@]}" | sort`, "bash", file, c.line)
		if got := strings.Join(strings.Fields(out), " "); got != c.want && !sameWords(got, c.want) {
			t.Errorf("%q: %q, want %q", c.line, got, c.want)
		}
	}
}

func sameWords(a, b string) bool {
	count := map[string]int{}
	for _, w := range strings.Fields(a) {
		count[w]++
	}
	for _, w := range strings.Fields(b) {
		count[w]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// TestFishCompletes asks fish itself.
func TestFishCompletes(t *testing.T) {
	file := completionFile(t, fishCompletion)
	for _, c := range completedWords {
		if c.want == "" || strings.Contains(c.line, "--note") {
			continue // fish offers what it likes where it knows nothing
		}
		out := shellPrints(t, "fish", "--no-config", "-c", `source $argv[1]; complete -C $argv[2]`, file, c.line)
		var got []string
		for line := range strings.Lines(out) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			got = append(got, word)
		}
		if !sameWords(strings.Join(got, " "), c.want) {
			t.Errorf("%q: %q, want %q", c.line, got, c.want)
		}
	}
}

// TestZshCompletes types the beginnings into a zsh at a pseudo-terminal, with a Tab behind: the matches are what
// compadd was given.
func TestZshCompletes(t *testing.T) {
	if testing.Short() {
		t.Skip("a zsh for each line; make test runs them")
	}
	file := completionFile(t, zshCompletion)
	shellPrints(t, "zsh", "-n", file)
	for _, c := range completedWords {
		out := shellPrints(t, "zsh", "-f", "testdata/complete.zsh", file, c.line)
		if got := strings.Join(strings.Fields(out), " "); !sameWords(got, c.want) {
			t.Errorf("%q: %q, want %q", c.line, got, c.want)
		}
	}
}

// TestTheManualPageIsWhole: groff warns of nothing, every command and flag is there, and the exit codes are those of
// the front page.
func TestTheManualPageIsWhole(t *testing.T) {
	page, err := manual(newApp())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pgbudget.1")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	text := overstruck.ReplaceAllString(shellPrints(t, "groff", "-k", "-man", "-ww", "-Tutf8", "-P-c", file), "")
	for _, c := range everyOf(completions(newApp())) {
		if c.Path != "" && !regexp.MustCompile(`(?m)^ *`+c.Name()+`$`).MatchString(text) {
			t.Errorf("no command %s", c.Path)
		}
		for _, o := range c.Options {
			if c.Path != "" && o.Names[0] != "--help" && !strings.Contains(text, o.Names[0]) {
				t.Errorf("%s: no flag %s", c.Path, o.Names[0])
			}
		}
	}
	flat := strings.Join(strings.Fields(text), " ")
	for _, x := range exitTable {
		if want := fmt.Sprintf("%d: %s", x.code, strings.Fields(x.means)[0]); !strings.Contains(flat, want) {
			t.Errorf("the manual page does not have %q:\n%s", want, flat)
		}
	}
}

// overstruck is how groff prints bold and underlined characters.
var overstruck = regexp.MustCompile(".\b")
