package budget

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// TestWhoComesToAStarIsNotKnownByItsAuthDatabase: clients come to the databases of *, wherever auth_query is asked.
func TestWhoComesToAStarIsNotKnownByItsAuthDatabase(t *testing.T) {
	for alias, want := range map[string]bool{fleet.AutoDB: true, "postgres": false, "other": true} {
		x := placed{fleet.Process{Version: "1.24.1", AuthUser: "pooler", AuthDatabase: "postgres",
			Aliases: []fleet.Alias{{Name: alias}}}, fleet.Alias{Name: alias}}
		if got := onlyAuth([]placed{x}, nil); got != want {
			t.Errorf("%s, which nobody has used: only auth_user is known there: %v, want %v", alias, got, want)
		}
	}
}
