package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// gap parts the command of an example from its explanation.
var gap = regexp.MustCompile(`\S {2,}\S`)

// TestHelpEndsAt100ColumnsAndExamplesAreAligned: of pgbudget itself, every command, and every command below one.
func TestHelpEndsAt100ColumnsAndExamplesAreAligned(t *testing.T) {
	helps := 0
	for _, c := range everyCommand(newApp()) {
		words := append(strings.Fields("pgbudget "+c), "--help")
		var out bytes.Buffer
		app := newApp()
		app.Writer = &out
		if err := app.Run(words); err != nil {
			t.Errorf("%v: %v", words, err)
		}
		helps++
		at := 0
		_, options, _ := strings.Cut(out.String(), "\nOPTIONS:")
		for line := range strings.Lines(out.String()) {
			line = strings.TrimRight(line, "\n")
			if n := utf8.RuneCountInString(line); n > helpColumns {
				t.Errorf("%v: %d columns: %s", words, n, line)
			}
			if !strings.HasPrefix(line, "     pgbudget ") || strings.Contains(options, line) {
				continue
			}
			if x := gap.FindStringIndex(line); x != nil {
				if column := x[1] - 1; at == 0 {
					at = column
				} else if column != at {
					t.Errorf("%v: the explanation begins at %d, and at %d above: %s", words, column, at, line)
				}
			}
		}
	}
	if helps < 20 {
		t.Errorf("only %d helps were read", helps)
	}
}

// everyCommand lists the words behind pgbudget of each command; the first are none.
func everyCommand(app *cli.App) []string {
	all := []string{""}
	for _, c := range app.Commands {
		all = append(all, c.Name)
		for _, sub := range c.Subcommands {
			all = append(all, c.Name+" "+sub.Name)
		}
	}
	return all
}
