package ini

import "strings"

// pair is one key=value of a connection string. Offsets are those of the string.
type pair struct {
	key   string
	value string // quotes taken off
	raw   span   // of the value as written, between the quotes where it has some
}

// pairs cuts a connection string at blanks; a tab is a byte like any other. A value may stand in quotes, with a quote
// doubled in it; the byte behind the closing quote is skipped, whatever it is. An empty value is an error. Where there
// is an error, ok is false and what was read before it is returned. Source: cstr_get_pair, loader.c:103.
func pairs(text string) (out []pair, ok bool) {
	at := skipBlanks(text, 0)
	for at < len(text) {
		from := at
		for at < len(text) && text[at] != '=' && text[at] != ' ' {
			at++
		}
		p := pair{key: text[from:at]}
		at = skipBlanks(text, at)
		if p.key == "" || at == len(text) || text[at] != '=' {
			return out, false
		}
		at = skipBlanks(text, at+1)
		if at < len(text) && text[at] == '\'' {
			p.raw.from = at + 1
			if p.value, p.raw.to, ok = unquote(text, at+1); !ok {
				return out, false
			}
			at = p.raw.to + 1
		} else {
			p.raw.from = at
			for at < len(text) && text[at] != ' ' {
				at++
			}
			p.raw.to = at
			p.value = text[p.raw.from:p.raw.to]
		}
		if p.value == "" {
			return out, false
		}
		out = append(out, p)
		at = skipBlanks(text, min(at+1, len(text)))
	}
	return out, true
}

// unquote returns the value that begins at from, and where its closing quote is.
func unquote(text string, from int) (value string, closing int, ok bool) {
	var b strings.Builder
	for at := from; at < len(text); at++ {
		if text[at] == '\'' {
			if at+1 == len(text) || text[at+1] != '\'' {
				return b.String(), at, true
			}
			at++
		}
		b.WriteByte(text[at])
	}
	return "", 0, false
}

func skipBlanks(text string, at int) int {
	for at < len(text) && text[at] == ' ' {
		at++
	}
	return at
}
