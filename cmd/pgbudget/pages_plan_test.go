package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/sizing"
)

// jsonKeys lists the keys of a type and of what it holds.
func jsonKeys(typ reflect.Type, into map[string]bool) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || typ.Implements(reflect.TypeFor[json.Marshaler]()) { // which has no keys of its own
		return
	}
	for _, f := range reflect.VisibleFields(typ) {
		if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); key != "" && key != "-" {
			into[key] = true
			jsonKeys(f.Type, into)
		}
	}
}

// TestThePageOfPlansHasEveryKeyOfTheirJSON: what a script may read is written down.
func TestThePageOfPlansHasEveryKeyOfTheirJSON(t *testing.T) {
	_, section, found := strings.Cut(read(t, "planner/README.md"), "\n## JSON\n")
	keys := map[string]bool{}
	jsonKeys(reflect.TypeFor[sizing.Plan](), keys)
	jsonKeys(reflect.TypeFor[sizing.Review](), keys)
	for key := range keys {
		if !strings.Contains(section, "`"+key+"`") && !strings.Contains(section, "`"+key+"[]`") {
			t.Errorf("the section JSON of planner/README.md (found: %v) has no `%s`", found, key)
		}
	}
	if len(keys) < 60 {
		t.Errorf("only %d keys were walked", len(keys))
	}
}
