package ini

import "bytes"

// itemKind is what one piece of a file is.
type itemKind int

const (
	sectionItem itemKind = iota // [name]
	pairItem                    // key = value
	includeItem                 // %include path
	brokenItem                  // PgBouncer stops here with a syntax error
)

// span is a range of bytes of a file, from included, to excluded.
type span struct{ from, to int }

// item is one piece of a file. Source of all of it: parse_ini_file_internal, cfparser.c:47.
type item struct {
	kind  itemKind
	line  int    // 1-based, of the first byte
	key   string // of a pair; of a section its name, of an include its path
	value span   // of a pair, without blanks around it
	equal int    // of a pair: the byte after its =
	end   int    // where the next item is looked for
}

// lexer cuts a file into items. Comments and blank lines are skipped.
type lexer struct {
	data    []byte // up to the first NUL: to PgBouncer a file is a C string
	at      int
	line    int // of at
	counted int // bytes that line has counted
	quoted  bool
}

// newLexer returns a lexer for a file. quotedKeys says whether 'a key' is known, as it is since 1.25.
func newLexer(data []byte, quotedKeys bool) *lexer {
	return &lexer{data: cString(data), line: 1, quoted: quotedKeys}
}

func cString(data []byte) []byte {
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return data[:i:i]
	}
	return data
}

// next returns the next item, false at the end of the file. After a broken item there is none.
func (x *lexer) next() (item, bool) {
	for {
		x.skip(isSpace)
		switch {
		case x.at == len(x.data):
			return item{}, false
		case x.peek() == '#' || x.peek() == ';':
			x.skip(notNewline)
		default:
			it := x.item()
			if it.kind == brokenItem {
				x.at = len(x.data)
			} else {
				x.at = it.end
			}
			return it, true
		}
	}
}

func (x *lexer) item() item {
	x.line += bytes.Count(x.data[x.counted:x.at], []byte("\n"))
	x.counted = x.at
	it := item{line: x.line, kind: brokenItem}
	const include = "%include"
	if rest := x.data[x.at:]; bytes.HasPrefix(rest, []byte(include)) && len(rest) > len(include) &&
		isBlank(rest[len(include)]) {
		x.at += len(include)
		x.skip(isBlank)
		path := x.restOfLine()
		it.kind, it.key, it.end = includeItem, string(x.data[path.from:path.to]), x.at
		return it
	}
	if x.peek() == '[' {
		x.at++
		from := x.at
		x.skip(func(c byte) bool { return c != ']' && c != '\n' })
		if x.peek() == ']' {
			it.kind, it.key, it.end = sectionItem, string(x.data[from:x.at]), x.at+1
		}
		return it
	}
	key := span{x.at, x.at}
	if x.quoted && x.peek() == '\'' {
		x.at++
		key.from = x.at
		x.skip(func(c byte) bool { return c != '\'' })
		if x.peek() != '\'' || x.at == key.from {
			return it
		}
		key.to = x.at
		x.at++
	} else {
		x.skip(isKeyByte)
		key.to = x.at
	}
	x.skip(isBlank)
	if x.peek() != '=' {
		return it
	}
	x.at++
	it.equal = x.at
	x.skip(isBlank)
	it.kind, it.key, it.value, it.end = pairItem, string(x.data[key.from:key.to]), x.restOfLine(), x.at
	return it
}

// restOfLine moves to the end of the line and returns what stands there, without white space at its end.
func (x *lexer) restOfLine() span {
	from := x.at
	x.skip(notNewline)
	to := x.at
	for to > from && isSpace(x.data[to-1]) {
		to--
	}
	return span{from, to}
}

func (x *lexer) skip(while func(byte) bool) {
	for x.at < len(x.data) && while(x.data[x.at]) {
		x.at++
	}
}

// peek returns the byte at hand, 0 at the end.
func (x *lexer) peek() byte {
	if x.at == len(x.data) {
		return 0
	}
	return x.data[x.at]
}

func isBlank(c byte) bool    { return c == ' ' || c == '\t' }
func isSpace(c byte) bool    { return c == ' ' || c >= '\t' && c <= '\r' } // isspace of the C locale
func notNewline(c byte) bool { return c != '\n' }

func isKeyByte(c byte) bool {
	switch {
	case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '.', c == '-', c == '*':
		return true
	}
	return false
}
