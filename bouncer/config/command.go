package config

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/pgbudget/pgbudget/bouncer/near"
)

// command checks the words of a command, where there are any.
func (k *Checker) command(path string, argv []string) {
	switch {
	case len(argv) == 0:
	case argv[0] == "":
		k.Fault(path, "begins with an empty word, want a command and its arguments")
	case manyWords(argv[0]):
		rest := ""
		if len(argv) > 1 {
			rest = ", …"
		}
		k.Fault(path, "begins with the one word %q: write %s where it is a command and its arguments",
			argv[0], asList(argv[0], rest))
	}
}

// filling are the names that are filled in in the words of a command that writes a file.
var filling = []string{"Bytes", "SHA256"}

var toFill = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}`)

// filled refuses words that are nearly one of those that are filled in. Any others are another program's.
func (k *Checker) filled(path string, argv []string) {
	for _, word := range argv {
		for _, m := range toFill.FindAllStringSubmatch(word, -1) {
			for _, name := range filling {
				if m[0] != "{{."+name+"}}" && (strings.EqualFold(m[1], name) || near.Name(m[1], []string{name}) != "") {
					k.Fault(path, "has the word %q, did you mean {{.%s}}? {{.Bytes}} and {{.SHA256}} are filled in",
						m[0], name)
				}
			}
		}
	}
}

// manyWords reports whether a text is rather a line of words than the path of a file: it has blanks, and does not begin
// as paths do.
func manyWords(text string) bool {
	for _, begin := range []string{"/", "./", "../"} {
		if strings.HasPrefix(text, begin) {
			return false
		}
	}
	return strings.ContainsFunc(strings.TrimSpace(text), unicode.IsSpace)
}

// asList writes a line of words as YAML's list.
func asList(line, rest string) string {
	return "[" + strings.Join(strings.Fields(line), ", ") + rest + "]"
}
