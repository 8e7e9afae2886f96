// Package quote takes out of foreign text what could act on a terminal, or stand there as a line of our own: names of
// roles, databases and aliases, application names, labels, and what consoles, servers and commands say may hold
// anything.
//
//	quote.Line(name)         one line of visible text
//	quote.All(&observation)  the same for every string in a value
//	quote.Writer{W: file}    the last door: what has come as far as the output
//
// A character that is taken out is written as \u001b, which JSON reads as that character again.
package quote

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns s as one line of visible text. Control characters, line ends, characters that turn the direction of
// writing or cannot be seen, and bytes that are no UTF-8 are written as \u and four hexadecimal digits. Text without
// them is returned as it is.
func Line(s string) string { return clean(s, invisible) }

// Bytes is Line for bytes; b itself where there is nothing to take out, nil included.
func Bytes(b []byte) []byte {
	if visible(b) && !bytes.ContainsAny(b, "\n\t") {
		return b
	}
	return []byte(Line(string(b)))
}

// Text is Line for a text of several lines: line feeds and tabs stay.
func Text(s string) string {
	return clean(s, func(r rune) bool { return r != '\n' && r != '\t' && invisible(r) })
}

// invisible reports whether a character is not seen, or changes how others are. Source: Unicode's categories Cc
// (controls), Cf (formats: directions of writing, joiners, tags), Zl and Zp (ends of lines and paragraphs), Co and Cs.
func invisible(r rune) bool {
	if r >= ' ' && r < 0x7f { // nearly all of it
		return false
	}
	return r < ' ' || r == 0x7f || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
}

func clean(s string, invisible func(rune) bool) string {
	i := strings.IndexFunc(s, func(r rune) bool { return r == utf8.RuneError || invisible(r) })
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:i])
	for rest := s[i:]; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case r == utf8.RuneError && size == 1: // no UTF-8: the byte, as if it were a character
			fmt.Fprintf(&b, `\u%04x`, rest[0])
		case !invisible(r):
			b.WriteString(rest[:size])
		case r > 0xffff: // as JSON writes it
			high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		rest = rest[size:]
	}
	return b.String()
}

// All makes every string that v points to, at any depth, a Line; map keys are left as they are.
func All(v any) { all(reflect.ValueOf(v)) }

func all(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			all(v.Elem())
		}
	case reflect.String:
		if v.CanSet() {
			if s := v.String(); Line(s) != s {
				v.SetString(Line(s))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				all(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			all(v.Index(i))
		}
	}
}
