package observe

import (
	"fmt"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

func TestTheFileSettlesWhatShowUsersRepeats(t *testing.T) {
	own := fleet.UserLimit{Name: "app1", SizeConns: 11}
	maybe := func(name string) fleet.UserLimit {
		return fleet.UserLimit{Name: name, SizeConns: 11, Doubtful: true}
	}
	line := func(name string, size int) ini.User {
		return ini.User{Name: name, SizeConns: size, ReserveConns: -1, MaxConns: -1}
	}
	limited := maybe("app2")
	limited.MaxConns = 7
	for _, c := range []struct {
		name  string
		shown []fleet.UserLimit
		lines []ini.User
		want  string
	}{
		{"one of three has a size", []fleet.UserLimit{own, maybe("app2"), maybe("app3")}, []ini.User{line("app1", 11)},
			"[{app1 0 11 0 false false}]"},
		{"two of three have the same", []fleet.UserLimit{own, maybe("app2"), maybe("app3")}, []ini.User{line("app1", 11),
			line("app3", 11)},
			"[{app1 0 11 0 false false} {app3 0 11 0 false false}]"},
		{"a limit stays", []fleet.UserLimit{own, limited}, []ini.User{line("app1", 11), line("app2", -1)},
			"[{app1 0 11 0 false false} {app2 7 0 0 false false}]"},
		{"the last line counts", []fleet.UserLimit{own, maybe("app2")}, []ini.User{line("app1", 4), line("app1", 11)},
			"[{app1 0 11 0 false false}]"},
		{"0 is unlimited", []fleet.UserLimit{{Name: "app1", SizeConns: fleet.Unlimited},
			{Name: "app2", SizeConns: fleet.Unlimited, Doubtful: true}},
			[]ini.User{line("app1", 0)}, fmt.Sprintf("[{app1 0 %d 0 false false}]", fleet.Unlimited)},
		{"the file is not the one in force: another size", []fleet.UserLimit{own, maybe("app2")},
			[]ini.User{line("app1", 12)}, "[{app1 0 11 0 false false} {app2 0 11 0 true false}]"},
		{"no line for what is certain", []fleet.UserLimit{own, maybe("app2")}, nil,
			"[{app1 0 11 0 false false} {app2 0 11 0 true false}]"},
		{"another size for what is in doubt", []fleet.UserLimit{own, maybe("app2")}, []ini.User{line("app1", 11),
			line("app2", 5)}, "[{app1 0 11 0 false false} {app2 0 11 0 true false}]"},
		{"a reserve that is certain, of a user whose size is in doubt and whose line is gone",
			[]fleet.UserLimit{{Name: "app1", SizeConns: 9, ReserveConns: 1},
				{Name: "app2", SizeConns: 9, ReserveConns: 5, Doubtful: true}},
			[]ini.User{{Name: "app1", SizeConns: 9, ReserveConns: 1}}, "[{app1 0 9 1 false false} {app2 0 9 5 true false}]"},
		{"a user that the process does not show", []fleet.UserLimit{own, maybe("app2")}, []ini.User{line("app1", 11),
			line("app9", 5)}, "[{app1 0 11 0 false false} {app2 0 11 0 true false}]"},
	} {
		if got := fmt.Sprint(settleUsers(c.shown, c.lines)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
