package ini_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// edit is changes of a file, and what they come to: its new text, with what @ stands for put back, or the error.
type edit struct {
	name    string
	version string // "": both generations
	text    string
	files   map[string]string
	changes []ini.Change
	want    string            // the main file afterwards; "": as it was
	wants   map[string]string // the other files that change
}

func size(alias string, from, to int) ini.Change {
	return ini.Change{Alias: alias, Key: fleet.KeySize, From: from, To: to}
}

func reserve(alias string, from, to int) ini.Change {
	return ini.Change{Alias: alias, Key: fleet.KeyReserve, From: from, To: to}
}

// by is a change of a line whose pools are those of the users.
func by(c ini.Change, users ...string) ini.Change {
	c.Users = users
	return c
}

func one(c ini.Change) []ini.Change { return []ini.Change{c} }

var edits = []edit{
	{name: "a size", text: head +
		"[databases]\nd1 = host=h port=5 dbname=x5 pool_size=5 reserve_pool=5\nd2 = pool_size=5\n",
		changes: one(size("d1", 5, 7)),
		want:    head + "[databases]\nd1 = host=h port=5 dbname=x5 pool_size=7 reserve_pool=5\nd2 = pool_size=5\n"},
	{name: "more digits", text: head + "[databases]\nd1 = pool_size=9 host=h\n", changes: one(size("d1", 9, 10)),
		want: head + "[databases]\nd1 = pool_size=10 host=h\n"},
	{name: "fewer digits", text: head + "[databases]\nd1 = pool_size=10 host=h\n", changes: one(size("d1", 10, 9)),
		want: head + "[databases]\nd1 = pool_size=9 host=h\n"},
	{name: "from zero", text: head + "[databases]\nd1 = pool_size=0\n", changes: one(size("d1", 0, 3)), want: head +
		"[databases]\nd1 = pool_size=3\n"},
	{name: "no change", text: head + "[databases]\nd1 = pool_size=5\n", changes: one(size("d1", 5, 5))},
	{name: "blanks around", text: "[pgbouncer]\r\n[databases]\r\n\t d1\t=\t pool_size  =  5   host=h \t\r\n",
		changes: one(size("d1", 5, 6)),
		want:    "[pgbouncer]\r\n[databases]\r\n\t d1\t=\t pool_size  =  6   host=h \t\r\n"},
	{name: "in quotes", text: head + "[databases]\nd1 = host='x pool_size=9' pool_size='5'\n",
		changes: one(size("d1", 5, 6)), want: head + "[databases]\nd1 = host='x pool_size=9' pool_size='6'\n"},
	{name: "behind a doubled quote", text: head + "[databases]\nd1 = password='it''s' pool_size=5\n",
		changes: one(size("d1", 5, 6)), want: head + "[databases]\nd1 = password='it''s' pool_size=6\n"},
	{name: "behind a swallowed byte", text: head + "[databases]\nd1 = host='a'xpool_size=5\n",
		changes: one(size("d1", 5, 6)), want: head + "[databases]\nd1 = host='a'xpool_size=6\n"},
	{name: "behind a section", text: head + "[databases] d1=pool_size=5", changes: one(size("d1", 5, 6)), want: head +
		"[databases] d1=pool_size=6"},
	{name: "a name with stars", text: head + "[databases]\nd*1 = pool_size=5\nd.1 = pool_size=5\n",
		changes: one(size("d*1", 5, 6)), want: head + "[databases]\nd*1 = pool_size=6\nd.1 = pool_size=5\n"},

	{name: "none written", text: head + "[databases]\nd1 = host=h\n", changes: one(size("d1", 20, 15)), want: head +
		"[databases]\nd1 = host=h pool_size=15\n"},
	{name: "none written, the default", text: head + "default_pool_size=30\n[databases]\nd1 = host=h \t\r\nd2=\n",
		changes: one(size("d1", 30, 15)),
		want:    head + "default_pool_size=30\n[databases]\nd1 = host=h pool_size=15 \t\r\nd2=\n"},
	{name: "none written, at the end", text: head + "[databases]\nd1 = host=h", changes: one(size("d1", 20, 15)),
		want: head + "[databases]\nd1 = host=h pool_size=15"},
	{name: "none written, in quotes", text: head + "[databases]\nd1 = password='a b '\n", changes: one(size("d1", 20, 15)),
		want: head + "[databases]\nd1 = password='a b ' pool_size=15\n"},
	{name: "none written, a byte behind a quote", text: head + "[databases]\nd1 = host='a'x\n",
		changes: one(size("d1", 20, 15)), want: head + "[databases]\nd1 = host='a'x pool_size=15\n"},
	{name: "nothing written", text: head + "[databases]\nd1 = \t\r\nd2 =\nd3=", changes: []ini.Change{size("d1", 20, 1),
		size("d2", 20, 2), size("d3", 20, 3)},
		want: head + "[databases]\nd1 = pool_size=1 \t\r\nd2 = pool_size=2\nd3= pool_size=3"},
	{name: "nothing written, both keys", text: head + "[databases]\nd1 =\n", changes: []ini.Change{reserve("d1", 0, 1),
		size("d1", 20, 2)}, want: head + "[databases]\nd1 = reserve_pool=1 pool_size=2\n"},

	{name: "a reserve", text: head + "[databases]\nd1 = pool_size=3 reserve_pool=3\n", changes: one(reserve("d1", 3, 0)),
		want: head + "[databases]\nd1 = pool_size=3 reserve_pool=0\n"},
	{name: "a reserve, not written", text: head + "reserve_pool_size=2\n[databases]\nd1 = pool_size=3\n",
		changes: one(reserve("d1", 2, 4)),
		want:    head + "reserve_pool_size=2\n[databases]\nd1 = pool_size=3 reserve_pool=4\n"},
	{name: "a reserve, the new spelling", version: "1.24", text: head + "[databases]\nd1 = reserve_pool_size=3\n",
		changes: one(reserve("d1", 3, 4)), want: head + "[databases]\nd1 = reserve_pool_size=4\n"},
	{name: "several", text: head + "[databases]\nd1 = pool_size=3 reserve_pool=4\nd2 = pool_size=5\n",
		changes: []ini.Change{size("d2", 5, 10), reserve("d1", 4, 11), size("d1", 3, 12)},
		want:    head + "[databases]\nd1 = pool_size=12 reserve_pool=11\nd2 = pool_size=10\n"},

	{name: "in an include", text: head + "%include @a.ini\nd2 = pool_size=6\n",
		files: map[string]string{"a.ini": "[databases]\nd1 = pool_size=5\n"}, changes: one(size("d1", 5, 6)),
		wants: map[string]string{"a.ini": "[databases]\nd1 = pool_size=6\n"}},
	{name: "in two files", text: head + "%include @a.ini\nd2 = pool_size=6\n",
		files: map[string]string{"a.ini": "[databases]\nd1 = pool_size=5\n"}, changes: []ini.Change{size("d1", 5, 6),
			size("d2", 6, 5)},
		want:  head + "%include @a.ini\nd2 = pool_size=5\n",
		wants: map[string]string{"a.ini": "[databases]\nd1 = pool_size=6\n"}},
	{name: "in a file that is included twice", text: "[databases]\n%include @a.ini\n%include @a.ini\n[pgbouncer]\n",
		files: map[string]string{"a.ini": "d1 = pool_size=5\n"}, changes: one(size("d1", 5, 6)),
		wants: map[string]string{"a.ini": "d1 = pool_size=6\n"}},
	{name: "another user's size", version: "1.24", text: head +
		"[databases]\nd1 = user=a pool_size=5\n[users]\nb = pool_size=3\na = pool_size=-1 reserve_pool_size=2\n",
		changes: one(size("d1", 5, 6)),
		want: head + "[databases]\nd1 = user=a pool_size=6\n[users]\nb = pool_size=3\na = pool_size=-1 " +
			"reserve_pool_size=2\n"},
	{name: "some user's size", version: "1.24", text: head +
		"[databases]\nd1 = pool_size=3\n[users]\nbatch = pool_size=2\n", changes: one(size("d1", 3, 6)),
		want: head + "[databases]\nd1 = pool_size=6\n[users]\nbatch = pool_size=2\n"},
	{name: "some user's reserve", version: "1.24", text: head +
		"[databases]\nd1 = pool_size=3\n[users]\nbatch = reserve_pool_size=2\n", changes: one(reserve("d1", 0, 6)),
		want: head + "[databases]\nd1 = pool_size=3 reserve_pool=6\n[users]\nbatch = reserve_pool_size=2\n"},
	{name: "the sizes of some of its users", version: "1.24", text: head +
		"[databases]\nd1 = pool_size=3\n[users]\nbatch = pool_size=2\nweb =\n",
		changes: one(by(size("d1", 3, 6), "batch", "web")), want: head +
			"[databases]\nd1 = pool_size=6\n[users]\nbatch = pool_size=2\nweb =\n"},
	{name: "some user's size and the autodb", version: "1.24", text: head +
		"default_pool_size=5\n[databases]\n* =\n[users]\nbatch = pool_size=2\n",
		changes: one(size("*", 5, 6)), want: head + "default_pool_size=6\n[databases]\n* =\n[users]\nbatch = pool_size=2\n"},
	{name: "up to a nul", text: head + "[databases]\nd1 = pool_size=5\x00 pool_size=5\n", changes: one(size("d1", 5, 6)),
		want: head + "[databases]\nd1 = pool_size=6\x00 pool_size=5\n"},

	{name: "autodb", text: head + "default_pool_size = 5\n[databases]\n* = host=h\nd1 = pool_size=5\n",
		changes: one(size("*", 5, 6)),
		want:    head + "default_pool_size = 6\n[databases]\n* = host=h\nd1 = pool_size=5\n"},
	{name: "autodb, the last section", text: head +
		"default_pool_size = 5\n[databases]\n* = host=h\n[pgbouncer]\n  default_pool_size\t=5 \n",
		changes: one(size("*", 5, 16)),
		want:    head + "default_pool_size = 5\n[databases]\n* = host=h\n[pgbouncer]\n  default_pool_size\t=16 \n"},
	{name: "autodb, several times in a section", text: head +
		"default_pool_size = 5\nlog_stats=0\ndefault_pool_size = 6\n[databases]\n* = host=h\n", changes: one(size("*", 6, 7)),
		want: head + "default_pool_size = 5\nlog_stats=0\ndefault_pool_size = 7\n[databases]\n* = host=h\n"},
	{name: "autodb, in fragments without a section", text: head +
		"default_pool_size = 5\n%include @a.ini\n%include @b.ini\nlog_stats=0\n[databases]\n* = host=h\n",
		files:   map[string]string{"a.ini": "default_pool_size = 6\n", "b.ini": "default_pool_size = 8"},
		changes: one(size("*", 8, 7)),
		wants:   map[string]string{"b.ini": "default_pool_size = 7"}},
	{name: "autodb, in a fragment that is included twice", text: head +
		"%include @a.ini\ndefault_pool_size = 5\n%include @a.ini\n[databases]\n* = host=h\n",
		files: map[string]string{"a.ini": "default_pool_size = 6\n"}, changes: one(size("*", 6, 7)),
		wants: map[string]string{"a.ini": "default_pool_size = 7\n"}},
	{name: "autodb, below fragments", text: head + "%include @a.ini\ndefault_pool_size = 5\n[databases]\n* = host=h\n",
		files:   map[string]string{"a.ini": "default_pool_size = 6\nreserve_pool_size = 1\nreserve_pool_size = 2\n"},
		changes: []ini.Change{size("*", 5, 7), reserve("*", 2, 3)}, want: head +
			"%include @a.ini\ndefault_pool_size = 7\n[databases]\n* = host=h\n",
		wants: map[string]string{"a.ini": "default_pool_size = 6\nreserve_pool_size = 1\nreserve_pool_size = 3\n"}},
	{name: "autodb, not written", text: "[databases]\n* = host=h\n[pgbouncer]\nlisten_port = 6432\n; end\n\n[users]\n",
		changes: one(size("*", 20, 6)),
		want:    "[databases]\n* = host=h\n[pgbouncer]\nlisten_port = 6432\ndefault_pool_size = 6\n; end\n\n[users]\n"},
	{name: "autodb, reset", text: head + "default_pool_size = 5\n[databases]\n* = host=h\n[pgbouncer] ; again\n[users]\n",
		changes: one(size("*", 20, 6)),
		want: head + "default_pool_size = 5\n[databases]\n* = host=h\n[pgbouncer] ; again\ndefault_pool_size = " +
			"6\n[users]\n"},
	{name: "autodb, not written, crlf", text: "[databases]\r\n* = host=h\r\n[pgbouncer]\r\n",
		changes: one(size("*", 20, 6)), want: "[databases]\r\n* = host=h\r\n[pgbouncer]\r\ndefault_pool_size = 6\r\n"},
	{name: "autodb, not written, crlf behind a key", text: "[databases]\r\n* = host=h\r\n[pgbouncer]\r\nlog_stats=0\r\n",
		changes: one(size("*", 20, 6)),
		want:    "[databases]\r\n* = host=h\r\n[pgbouncer]\r\nlog_stats=0\r\ndefault_pool_size = 6\r\n"},
	{name: "autodb, not written, at the end", text: "[databases]\n* = host=h\n[pgbouncer]", changes: one(size("*", 20, 6)),
		want: "[databases]\n* = host=h\n[pgbouncer]\ndefault_pool_size = 6"},
	{name: "autodb, not written, a comment at the end", text: "[databases]\n* = host=h\n[pgbouncer] # x",
		changes: one(size("*", 20, 6)), want: "[databases]\n* = host=h\n[pgbouncer] # x\ndefault_pool_size = 6"},
	{name: "autodb, in an include", text: "[databases]\n* = host=h\n%include @a.ini\nlog_stats=0\n%include @b.ini\n",
		files:   map[string]string{"a.ini": "[pgbouncer]", "b.ini": "listen_port=1\n[databases]\n"},
		changes: one(size("*", 20, 6)),
		wants:   map[string]string{"b.ini": "listen_port=1\ndefault_pool_size = 6\n[databases]\n"}},
	{name: "autodb's reserve", text: head + "reserve_pool_size = 5\n[databases]\n* = pool_size=3\nd1 = reserve_pool=1\n",
		changes: one(reserve("*", 5, 0)),
		want:    head + "reserve_pool_size = 0\n[databases]\n* = pool_size=3\nd1 = reserve_pool=1\n"},
	{name: "autodb's both", text: head + "[databases]\n* =\n", changes: []ini.Change{size("*", 20, 3), reserve("*", 0, 2)},
		want: head + "default_pool_size = 3\nreserve_pool_size = 2\n[databases]\n* =\n"},
}

func TestEditChangesNothingButTheNumber(t *testing.T) {
	t.Parallel()
	for _, e := range edits {
		for _, version := range versions(e.version) {
			c, err := ini.Load(reading(e.text, e.files), folder+"main.ini", version)
			if err != nil {
				t.Errorf("%s, %s: %v", e.name, version, err)
				continue
			}
			got, err := c.Edit(e.changes)
			if err != nil {
				t.Errorf("%s, %s: %v", e.name, version, err)
				continue
			}
			want := map[string]string{}
			if e.want != "" {
				want["main.ini"] = e.want
			}
			for name, text := range e.wants {
				want[name] = text
			}
			for _, g := range got {
				name := strings.TrimPrefix(g.Path, folder)
				old := e.files[name]
				if name == "main.ini" {
					old = e.text
				}
				if string(g.Old) != placed(old, folder) {
					t.Errorf("%s, %s: old bytes of %s are %q, want %q", e.name, version, name, g.Old, old)
				}
				if string(g.New) != placed(want[name], folder) {
					t.Errorf("%s, %s: %s\ngot  %q\nwant %q", e.name, version, name, g.New, want[name])
				}
				delete(want, name)
			}
			for name := range want {
				t.Errorf("%s, %s: %s was not edited", e.name, version, name)
			}
		}
	}
}

func versions(one string) []string {
	if one != "" {
		return []string{one}
	}
	return []string{"1.18.0", "1.24.1"}
}

func TestEditedLinesNameTheNumber(t *testing.T) {
	t.Parallel()
	text := "[pgbouncer]\n\n[databases]\nd1 = host=h reserve_pool_size=3\nd2 = pool_size=4 password=hush " +
		"reserve_pool=2\n* ="
	c, err := ini.Load(reading(text, nil), folder+"main.ini", "1.24.1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Edit([]ini.Change{size("d2", 4, 5), size("d1", 20, 6), reserve("d1", 3, 7), reserve("*", 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	want := "/etc/pgbouncer/main.ini [{1 * reserve_pool_size  1} {4 d1 reserve_pool_size 3 7} {4 d1 pool_size  6} {5 d2 " +
		"pool_size 4 5}]"
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(format, got[0]); got != want {
			t.Errorf("%s: got  %s\nwant %s", format, got, want)
		}
	}
}
