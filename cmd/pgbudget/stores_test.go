package main

import (
	"reflect"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/store"
)

// TestEveryStoreKeepsBesideTheJournal reads the stores of the printed reference: a file, and commands.
func TestEveryStoreKeepsBesideTheJournal(t *testing.T) {
	c, err := config.Parse("reference.yaml", []byte(config.Reference), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	want := store.Keep{Folder: c.Journal + ".before"}
	kinds := map[string]int{}
	for _, x := range configsOf(c) {
		switch s := x.Store.(type) {
		case store.File:
			kinds["file"]++
			if !reflect.DeepEqual(s.Keep, want) {
				t.Errorf("%s keeps in %+v", x.Process, s.Keep)
			}
		case store.Command:
			kinds["commands"]++
			if !reflect.DeepEqual(s.Keep, want) || s.Within == nil || s.Mask == nil {
				t.Errorf("%s keeps in %+v, its commands are bounded: %v", x.Process, s.Keep, s.Within != nil)
			}
		}
	}
	if kinds["file"] == 0 || kinds["commands"] == 0 {
		t.Errorf("%v", kinds)
	}
}
