package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
)

func TestUsersOfAPoolMayHaveAMax(t *testing.T) {
	const head = "pools:\n  - pool: main/app\n    users: "
	c, err := Parse("p.yaml", []byte(head+"[app, {name: pooler, max: 1}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := c.Declared().Pools[0]
	if want := []string{"app", "pooler"}; !reflect.DeepEqual(p.Users, want) {
		t.Errorf("users %q, want %q", p.Users, want)
	}
	if want := []budget.UserMax{{User: "pooler", Conns: 1}}; !reflect.DeepEqual(p.UserMax, want) {
		t.Errorf("bounds %+v, want %+v", p.UserMax, want)
	}
	for text, want := range map[string]string{
		"[{name: pooler, max: 0}]":               "want 1 to",
		"[{max: 1}]":                             "has no name",
		"[{name: a, max: x}]":                    "want a whole number",
		"[{name: a, most: 1}]":                   `unknown key "most"`,
		"[[a]]":                                  "is a list or a map",
		"[{name: a, max: 1}, {name: a, max: 2}]": "a second time",
	} {
		if _, err := Parse("p.yaml", []byte(head+text+"\n"), nil); err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "p.yaml:3:") {
			t.Errorf("%s: %v, want a fault of line 3 that says %q", text, err, want)
		}
	}
}
