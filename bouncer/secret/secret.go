// Package secret hides secrets, and no other package does: those that are known, in texts that others have written
// (errors of drivers and servers, and what commands say); the passwords of DSNs; the credentials of URLs.
//
// Two neighbours show less for reasons of their own. Package ini shows of a file the values that it knows to be
// harmless, and Stars for the rest. Package recording leaves hosts and paths out, which are no secrets.
package secret

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Stars stand where a secret stood.
const Stars = "***"

// Secret is what must not be shown.
type Secret struct {
	Value string // as the operator wrote it; never printed
	Shown string // stands in its place
	Keyed bool   // it is short, and no secret as a word by itself: numbers and names have the same letters
}

// Mask hides secrets where they are such: as a word by itself, as the value of a key such as password=, and in the user
// part of a URL. A name that has the same letters within a longer word stays, and so does one of names: a mask there
// would show where they stand. A name that ends with a slash is the beginning of names: with main/, main/app stays.
func Mask(text string, secrets []Secret, names ...string) string {
	var all []span
	for _, s := range secrets {
		byWord := !s.Keyed && !slices.Contains(names, s.Value)
		for _, form := range forms(s.Value) {
			all = append(all, spans(text, form, s.Shown, func(before, after string) bool {
				return keyed(before, after) || byWord && aWord(form, before, after) && !belongs(before, names)
			})...)
		}
	}
	if len(all) == 0 {
		return text
	}
	slices.SortStableFunc(all, func(a, b span) int { return cmp.Or(a.from-b.from, b.to-a.to) })
	var b strings.Builder
	end := 0
	for _, s := range all {
		if s.to <= end { // within another
			continue
		}
		b.WriteString(text[end:max(end, s.from)] + s.shown)
		end = s.to
	}
	return b.String() + text[end:]
}

// span is a part of a text that is hidden.
type span struct {
	from, to int
	shown    string
}

// forms are the ways in which a value is written: as it is, between the quotes of Go and JSON, between those of a
// shell, as bash traces them and as command.Line writes them, and in a URL.
func forms(value string) []string {
	if value == "" {
		return nil
	}
	quoted := strconv.Quote(value)
	traced, line := strings.ReplaceAll(value, "'", `'\''`), strings.ReplaceAll(value, "'", `'"'"'`)
	out := []string{value, quoted[1 : len(quoted)-1], traced, line, url.PathEscape(value), url.QueryEscape(value)}
	slices.Sort(out)
	return slices.Compact(out)
}

// spans finds a value wherever hides says that it is a secret between these texts.
func spans(text, value, shown string, hides func(before, after string) bool) (found []span) {
	for at := 0; ; {
		i := strings.Index(text[at:], value)
		if i < 0 {
			return found
		}
		from := at + i
		to := from + len(value)
		if hides(text[:from], text[to:]) {
			found = append(found, span{from, to, shown})
			at = to
			continue
		}
		_, size := utf8.DecodeRuneInString(text[from:])
		at = from + size
	}
}

var (
	key  = regexp.MustCompile(`(?i)(?:pass(?:word|wd|phrase)?|secret|token)["']?\s*[=:]\s*["']?$`)
	user = regexp.MustCompile(`://[^/\s:@]*:$`)
)

// near is how far before a value its key is looked for, in bytes. chosen: because no
// key and no user of a URL is as long.
const near = 200

// keyed reports whether what stands between two texts is the value of a key of a password, or the password of a URL.
func keyed(before, after string) bool {
	before = before[max(0, len(before)-near):]
	return key.MatchString(before) || strings.HasPrefix(after, "@") && user.MatchString(before)
}

// aWord reports whether a value between two texts is no part of a longer word.
func aWord(value, before, after string) bool {
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	return !within(first, before, utf8.DecodeLastRuneInString) && !within(last, after, utf8.DecodeRuneInString)
}

// within reports whether the word that edge is the end of goes on into the text beside it, whose nearest character next
// returns. A - goes on with a word where more of it follows.
func within(edge rune, beside string, next func(string) (rune, int)) bool {
	if !inWord(edge) {
		return false
	}
	r, _ := next(strings.Trim(beside, "-"))
	return inWord(r)
}

// inWord reports whether a character is one of a name.
func inWord(r rune) bool {
	return r != utf8.RuneError && (r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r))
}

// belongs reports whether a text ends with one of those names that are the beginning of others.
func belongs(before string, names []string) bool {
	for _, n := range names {
		if rest, ok := strings.CutSuffix(before, n); ok && strings.HasSuffix(n, "/") {
			if r, _ := utf8.DecodeLastRuneInString(rest); r != '/' && r != '-' && !inWord(r) {
				return true
			}
		}
	}
	return false
}
