package observe_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
)

// TestForeignTextOfAConsoleIsVisibleFromItsEntryOn: names that anybody may choose, and what a console says of itself.
func TestForeignTextOfAConsoleIsVisibleFromItsEntryOn(t *testing.T) {
	const hostile = "shop\x1b[2J\x07\u202e\nheld: nothing"
	console := livetest.NewFake(t, "1.24.1")
	console.Mu.Lock()
	changed := map[string]int{}
	for _, table := range []string{"SHOW DATABASES", "SHOW POOLS", "SHOW STATS"} {
		for _, row := range console.Tables[table][1:] {
			for i, cell := range row {
				if cell == "auto1" {
					row[i] = hostile
					changed[table]++
				}
			}
		}
	}
	console.Mu.Unlock()
	if len(changed) != 3 {
		t.Fatalf("the captures have another alias: %v", changed)
	}
	console.Set("conffile", "/etc/\x1b]0;x\x07.ini")
	o := livetest.Observed(t, livetest.Open(t, livetest.Consoles(console)))
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	seen := false
	livetest.Every(document, func(s string) {
		seen = seen || strings.Contains(s, "held: nothing")
		if i := strings.IndexFunc(s, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control,
				r)
		}); i >= 0 {
			t.Errorf("%q has a character of control", s)
		}
	})
	if !seen {
		t.Error("the name of the alias was not read")
	}

	refusing := livetest.NewFake(t, "1.24.1")
	refusing.Fatal = "no such user\x1b[2J\nnext: rm -rf"
	_, err = observe.Open(t.Context(), livetest.Consoles(refusing))
	if err == nil || !strings.Contains(err.Error(), "no such user") || strings.ContainsFunc(err.Error(),
		unicode.IsControl) {
		t.Errorf("%q, want what the console says in one line of visible text", err)
	}
}
