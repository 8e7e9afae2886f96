package main

import (
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// helpColumns is the width of what --help prints, in characters. chosen: as wide as the longest example needs.
const helpColumns = 100

// flagColumns is where the text of a flag begins: three blanks, the longest name (--output FORMAT, -o FORMAT), two
// blanks.
const flagColumns = 31

// flagLine is a flag as --help shows it: its names, a tab, and its text in lines that end at helpColumns. The cli
// package would print the name of a repeatable flag twice, a text in one line, and false as the default of a switch.
func flagLine(f cli.Flag) string {
	names, text, _ := strings.Cut(plainFlagLine(f), "\t")
	names, _, _ = strings.Cut(names, " [ ")
	if _, ok := f.(*cli.BoolFlag); ok {
		text = strings.TrimSuffix(text, " (default: false)")
	}
	return names + "\t" + strings.Join(broken(text, helpColumns-flagColumns), "\n\t")
}

func init() { cli.FlagStringer = flagLine }

// plainFlagLine is the cli package's own form of a flag.
var plainFlagLine = cli.FlagStringer

// broken breaks a text between words into lines of at most so many characters; a longer word has a line of its own.
func broken(text string, columns int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line+" "+word) > columns {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimLeft(line+" "+word, " ")
	}
	return append(lines, line)
}
