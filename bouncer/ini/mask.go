package ini

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/secret"
)

// stars stand where something is masked.
const stars = secret.Stars

// open are the keys of a connection string whose values are shown.
var open = map[string]bool{
	"host": true, "port": true, "dbname": true, "user": true, "pool_mode": true,
	"pool_size": true, "min_pool_size": true, "reserve_pool": true, "reserve_pool_size": true, "max_db_connections": true,
}

var (
	// as values that are shown are written: no tab, no quote, no =
	plainValue  = regexp.MustCompile(`^[A-Za-z0-9_.,:/@*+-]+$`)
	plainNumber = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	plainKey    = regexp.MustCompile(`^[A-Za-z0-9_.*-]+$`)
)

// masked returns a file with everything masked that might be a secret: comments; values of connection strings but those
// of open keys; words of [pgbouncer] but those that PgBouncer knows; and all that cannot be read. It reads each line
// by itself, because a file that is included may begin within a section. Lines stay lines.
func masked(data []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(data) {
		text := bytes.TrimRight(line, "\r\n")
		out.WriteString(maskedLine(string(text)))
		out.Write(line[len(text):])
	}
	return out.Bytes()
}

func maskedLine(line string) string {
	x := newLexer([]byte(line), true)
	var b strings.Builder
	for {
		it, ok := x.next()
		if !ok {
			break
		}
		switch it.kind {
		case sectionItem:
			b.WriteString("[" + maskedUnless(plainKey, it.key) + "] ")
		case includeItem:
			b.WriteString("%include " + maskedUnless(plainValue, it.key))
		case brokenItem:
			b.WriteString(stars)
		case pairItem:
			b.WriteString(maskedUnless(plainKey, it.key) + " = " + maskedText(it.key, line[it.value.from:it.value.to]))
		}
	}
	if rest := strings.TrimSpace(line); b.Len() == 0 && rest != "" { // a comment
		return rest[:1] + " " + stars
	}
	return strings.TrimRight(b.String(), " ")
}

// maskedText masks the value of a line.
func maskedText(key, text string) string {
	if k, ok := settings[key]; ok && len(words[k.kind]) > 0 {
		if _, ok := words[k.kind][strings.ToLower(text)]; ok {
			return text
		}
	}
	if plainNumber.MatchString(text) {
		return text
	}
	list, ok := pairs(text)
	var parts []string
	for _, p := range list {
		name, value := stars, stars
		_, ofDatabase := databaseKeys[p.key]
		if _, ofUser := userKeys[p.key]; ofDatabase || ofUser {
			name = p.key
		}
		if open[p.key] {
			value = maskedUnless(plainValue, p.value)
		}
		parts = append(parts, name+"="+value)
	}
	if !ok {
		parts = append(parts, stars)
	}
	return strings.Join(parts, " ")
}

func maskedUnless(form *regexp.Regexp, text string) string {
	if form.MatchString(text) {
		return text
	}
	return stars
}
