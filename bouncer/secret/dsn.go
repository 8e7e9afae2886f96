package secret

import (
	"net/url"
	"slices"
	"strings"
)

// WithoutPasswords returns a DSN, keyword or URL, without its passwords; empty where the DSN cannot be read whole, as
// only a DSN that is read can be cleaned.
func WithoutPasswords(dsn string) string {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return keywordsWithout(dsn)
	}
	u, err := url.Parse(dsn)
	switch {
	case err != nil || strings.Contains(u.Host+u.Path, "@"):
		return ""
	// no URL has them: keywords stand behind it, or a secret was not escaped
	case strings.ContainsAny(dsn, " \t\n\r\v\f'#"):
		return ""
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q, kept := u.Query(), []string{u.Host, u.Path, u.User.Username()}
	for key, values := range q {
		if key == "" { // what is before it may have been cut in two
			return ""
		}
		if secretKey(key) {
			q.Del(key)
		} else {
			kept = append(append(kept, key), values...)
		}
	}
	if slices.ContainsFunc(kept, doubtful) { // keywords behind a URL, say
		return ""
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// secretKey reports whether the value of a DSN's key is a secret. Source: PostgreSQL's libpq-connect.
func secretKey(key string) bool {
	key = strings.ToLower(strings.TrimSpace(key))
	return strings.Contains(key, "password") || strings.Contains(key, "secret") || strings.Contains(key, "token")
}

// keywordsWithout is a keyword DSN without its passwords, read as libpq reads it (fe-connect.c, conninfo_parse): a
// value ends at white space, or at its closing quote, and a backslash takes the next character as it is.
func keywordsWithout(dsn string) string {
	var kept []string
	for rest := strings.TrimSpace(dsn); rest != ""; rest = strings.TrimSpace(rest) {
		key, after, found := strings.Cut(rest, "=")
		key = strings.TrimSpace(key)
		if !found || key == "" || strings.ContainsAny(key, " \t\n\r'\\") {
			return ""
		}
		after = strings.TrimLeft(after, " \t\n\r")
		end := valueEnd(after)
		if end < 0 || !secretKey(key) && doubtful(after[:end]) {
			return ""
		}
		if !secretKey(key) {
			kept = append(kept, key+"="+after[:end])
		}
		rest = after[end:]
	}
	return strings.Join(kept, " ")
}

// doubtful reports whether a value that is to be no secret may hold one: a URL, or what was meant as the next key.
func doubtful(value string) bool {
	end := strings.LastIndexByte(value, '=')
	return strings.Contains(value, "://") || end > 0 && secretKey(value[:end])
}

// valueEnd is where the value at the beginning of a text ends; below 0 where its quote is never closed.
func valueEnd(text string) int {
	quoted := strings.HasPrefix(text, "'")
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case quoted && c == '\'' && i > 0:
			return i + 1
		case !quoted && strings.ContainsRune(" \t\n\r\v\f", rune(c)):
			return i
		}
	}
	if quoted {
		return -1
	}
	return len(text)
}
