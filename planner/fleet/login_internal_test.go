package fleet

import (
	"testing"
)

// TestANameOfAGatheredPoolIsReadAsItWasWritten: what is declared, remembered or in an older recording has a name alone.
func TestANameOfAGatheredPoolIsReadAsItWasWritten(t *testing.T) {
	for _, l := range []Login{{Role: "u", Alias: "d"}, {Role: "a@b", Alias: "c"},
		{Role: "a", Alias: "b@c"}, {Role: `a@"b`, Alias: `c"`},
		{Role: `x"`, Alias: `@"@`}, {Role: "", Alias: `"`}, {Role: "u", Alias: ""}} {
		l.Database = l.Alias
		if got := loginBy(l.Name()); got != l {
			t.Errorf("%q is read as %+v, want %+v", l.Name(), got, l)
		}
	}
	if got := loginBy("u"); got.Role != "u" || got.Database != "" {
		t.Errorf("a name without a database is read as %+v", got)
	}
}
