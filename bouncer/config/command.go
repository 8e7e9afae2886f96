package config

import (
	"strings"
	"unicode"
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
		k.Fault(path, "begins with the one word %q: write %s where it is a command and its arguments", argv[0], asList(argv[0], rest))
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
