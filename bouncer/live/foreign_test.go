package live_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/pgbudget/pgbudget/bouncer/live"
)

// TestForeignTextOfAConsoleIsVisibleFromItsEntryOn: names that anybody may choose, and what a console says of itself.
func TestForeignTextOfAConsoleIsVisibleFromItsEntryOn(t *testing.T) {
	const hostile = "shop\x1b[2J\x07\u202e\nheld: nothing"
	console := newFake(t, "1.24.1")
	console.mu.Lock()
	changed := map[string]int{}
	for _, table := range []string{"SHOW DATABASES", "SHOW POOLS", "SHOW STATS"} {
		for _, row := range console.tables[table][1:] {
			for i, cell := range row {
				if cell == "auto1" {
					row[i] = hostile
					changed[table]++
				}
			}
		}
	}
	console.mu.Unlock()
	if len(changed) != 3 {
		t.Fatalf("the captures have another alias: %v", changed)
	}
	console.set("conffile", "/etc/\x1b]0;x\x07.ini")
	o := observe(t, open(t, consoles(console)))
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	seen := false
	every(document, func(s string) {
		seen = seen || strings.Contains(s, "held: nothing")
		if i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }); i >= 0 {
			t.Errorf("%q has a character of control", s)
		}
	})
	if !seen {
		t.Error("the name of the alias was not read")
	}

	refusing := newFake(t, "1.24.1")
	refusing.fatal = "no such user\x1b[2J\nnext: rm -rf"
	_, err = live.Open(t.Context(), consoles(refusing))
	if err == nil || !strings.Contains(err.Error(), "no such user") || strings.ContainsFunc(err.Error(), unicode.IsControl) {
		t.Errorf("%q, want what the console says in one line of visible text", err)
	}
}

// every calls visit with each string of a document.
func every(x any, visit func(string)) {
	switch x := x.(type) {
	case string:
		visit(x)
	case []any:
		for _, y := range x {
			every(y, visit)
		}
	case map[string]any:
		for k, y := range x {
			visit(k)
			every(y, visit)
		}
	}
}
