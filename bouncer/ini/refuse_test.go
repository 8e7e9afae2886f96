package ini_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/operr"
)

func TestEditRefusesWhatItCannotChangeSafely(t *testing.T) {
	t.Parallel()
	const d = head + "[databases]\n"
	for _, c := range []struct {
		name    string
		version string // "": 1.24.1
		text    string
		files   map[string]string
		change  ini.Change
		kind    operr.Kind
		want    string // the error begins with it
		hint    string // the hint holds it
	}{
		{name: "another number", text: d + "d1 = pool_size=6\n", change: size("d1", 5, 7), kind: operr.KindDrift,
			want: "main.ini:3: pool_size of d1 is 6 and should be 5 before it becomes 7", hint: "find out who"},
		{name: "another default", text: d + "d1 =\n", change: size("d1", 5, 7), kind: operr.KindDrift,
			want: "main.ini:3: pool_size of d1 is 20 and should be 5", hint: "find out who"},
		{name: "another reserve", text: d + "d1 = reserve_pool=1\n", change: reserve("d1", 0, 7), kind: operr.KindDrift,
			want: "main.ini:3: reserve_pool of d1 is 1 and should be 0", hint: "find out who"},
		{name: "the new size is there already", text: d + "d1 = pool_size=7\n", change: size("d1", 5, 7),
			kind: operr.KindDrift, want: "main.ini:3: pool_size of d1 is 7 and should be 5"},
		{name: "no such alias", text: d + "d1 =\n", change: size("d2", 20, 7), kind: operr.KindDrift,
			want: "main.ini: there is no line of d2 in [databases]", hint: "write it here"},
		{name: "an autodb", text: d + "d1 =\n* =\n", change: size("d2", 20, 7), kind: operr.KindDrift,
			want: "main.ini: there is no line of d2 in [databases]: it lives by the line of * (/etc/pgbouncer/main.ini:4)",
			hint: "change the size of *"},
		{name: "no autodb", text: d + "d1 =\n", change: size("*", 20, 7), kind: operr.KindDrift,
			want: "main.ini: there is no line of * in [databases]"},
		{name: "an alias of another case", text: d + "d1 =\n", change: size("D1", 20, 7), kind: operr.KindDrift,
			want: "main.ini: there is no line of D1"},

		{name: "zero", text: d + "d1 = pool_size=5\n", change: size("d1", 5, 0), kind: operr.KindUsage,
			want: "pool_size of d1: 0 is not from 1 to 262143"},
		{name: "below zero", text: d + "d1 = pool_size=5\n", change: size("d1", 5, -1), kind: operr.KindUsage,
			want: "pool_size of d1: -1 is not from 1"},
		{name: "too many", text: d + "d1 = pool_size=5\n", change: size("d1", 5, 262144), kind: operr.KindUsage,
			want: "pool_size of d1: 262144 is not from 1 to 262143"},
		{name: "a reserve below zero", text: d + "d1 = pool_size=5\n", change: reserve("d1", 0, -1), kind: operr.KindUsage,
			want: "reserve_pool of d1: -1 is not from 0"},
		{name: "another key", text: d + "d1 = pool_size=5\n", change: ini.Change{Alias: "d1", Key: "port", From: 5432,
			To: 5433}, kind: operr.KindUsage,
			want: "port of d1: the key is neither pool_size, reserve_pool nor server_lifetime"},

		{name: "two lines", text: d + "d1 = pool_size=5\nd2 =\nd1 = pool_size=5\n", change: size("d1", 5, 7),
			kind: operr.KindUsage, want: "main.ini:5: d1 stands on several lines", hint: "delete the lines that do not count"},
		{name: "two files", text: d + "d1 = pool_size=5\n%include @a.ini\n",
			files: map[string]string{"a.ini": "d1 = pool_size=5"}, change: size("d1", 5, 7), kind: operr.KindUsage,
			want: "a.ini:1: d1 stands on several lines"},
		{name: "the same line in two sections", text: d + "d1 = pool_size=5\n[databases]\nd1 = pool_size=5\n",
			change: size("d1", 5, 7), kind: operr.KindUsage, want: "main.ini:5: d1 stands on several lines"},
		{name: "a file by two names", text: d + "%include @a.ini\n%include @./a.ini\n",
			files: map[string]string{"a.ini": "d1 = pool_size=5", "./a.ini": "d1 = pool_size=5"}, change: size("d1", 5, 7),
			kind: operr.KindUsage, want: "./a.ini:1: d1 stands on several lines"},
		{name: "the key twice", text: d + "d1 = pool_size=5 pool_size=5\n", change: size("d1", 5, 7), kind: operr.KindUsage,
			want: "main.ini:3: pool_size of d1 stands 2 times on the line", hint: "leave one"},
		{name: "the reserve twice", text: d + "d1 = reserve_pool=5 reserve_pool_size=5\n", change: reserve("d1", 5, 7),
			kind: operr.KindUsage, want: "main.ini:3: reserve_pool of d1 stands 2 times on the line"},

		{name: "the forced user's size", text: d + "d1 = user=u pool_size=5\n[users]\nv =\nu = pool_size=9\n",
			change: size("d1", 5, 7),
			kind:   operr.KindUsage,
			want: "main.ini:6: [users] gives user u pool_size=9, which beats what the line of d1 says: a change of that line " +
				"would change no pool", hint: "by hand"},
		{name: "the forced user's size of zero", text: d + "d1 = user=u pool_size=5\n[users]\nu = pool_size=none\n",
			change: size("d1", 5, 7),
			kind:   operr.KindUsage, want: "main.ini:5: [users] gives user u pool_size=0"},
		{name: "the forced user's reserve", text: d + "d1 = user=u pool_size=5\n[users]\nu = reserve_pool_size=3\n",
			change: reserve("d1", 0, 7),
			kind:   operr.KindUsage, want: "main.ini:5: [users] gives user u reserve_pool_size=3", hint: "reserve_pool_size=-1"},
		{name: "the forced user's size beside other users", text: d + "d1 = user=u pool_size=5\n[users]\nu = pool_size=3\n",
			change: by(size("d1", 5, 7), "v", "w"), kind: operr.KindUsage, want: "main.ini:5: [users] gives user u pool_size=3"},
		{name: "the size of every user", text: d + "d1 = pool_size=5\n[users]\nu = pool_size=3\nv = pool_size=4\nw =\n",
			change: by(size("d1", 5, 7), "v", "u"), kind: operr.KindUsage,
			want: "main.ini:6: [users] gives user v pool_size=4, which beats what the line of d1 says"},
		{name: "the size of every user and the autodb", text: d + "* =\n[users]\nu = pool_size=3\n",
			change: by(size("*", 20, 7), "u"),
			kind:   operr.KindUsage, want: "main.ini:5: [users] gives user u pool_size=3, which beats what the line of * says"},

		{name: "junk behind", text: d + "d1 = pool_size=7x\n", change: size("d1", 7, 8), kind: operr.KindUsage,
			want: "main.ini:3: the value of pool_size is not plain digits: PgBouncer takes 7x for 7",
			hint: "write pool_size as plain digits"},
		{name: "not octal", text: d + "d1 = pool_size=010\n", change: size("d1", 10, 8), kind: operr.KindUsage,
			want: "main.ini:3: the value of pool_size is not plain digits: PgBouncer takes 010 for 10"},
		{name: "not hexadecimal", text: d + "d1 = pool_size=0x10\n", change: size("d1", 0, 8), kind: operr.KindUsage,
			want: "main.ini:3: the value of pool_size is not plain digits: PgBouncer takes 0x10 for 0"},
		{name: "a word", text: d + "d1 = pool_size=abc\n", change: size("d1", 0, 8), kind: operr.KindUsage,
			want: "main.ini:3: the value of pool_size is not plain digits: PgBouncer takes abc for 0"},
		{name: "a sign", text: d + "d1 = pool_size=-1\n", change: size("d1", 20, 8), kind: operr.KindUsage,
			want: "main.ini:3: the value of pool_size is not plain digits: PgBouncer takes -1 for -1"},
		{name: "a plus", text: d + "d1 = reserve_pool=+1\n", change: reserve("d1", 1, 8), kind: operr.KindUsage,
			want: "main.ini:3: the value of reserve_pool is not plain digits: PgBouncer takes +1 for 1"},
		{name: "a tab and more", text: d + "d1 = pool_size=7\tpassword=hush\n", change: size("d1", 7, 8),
			kind: operr.KindUsage, want: "main.ini:3: the value of pool_size is not plain digits: PgBouncer takes it for 7"},
		{name: "a blank in quotes", text: d + "d1 = pool_size=' 7'\n", change: size("d1", 7, 8), kind: operr.KindUsage,
			want: "main.ini:3: the value of pool_size is not plain digits: PgBouncer takes it for 7"},
		{name: "too large for an int", text: d + "d1 = pool_size=4294967303\n", change: size("d1", 7, 8),
			kind: operr.KindUsage, want: "main.ini:3: the value of pool_size is not plain digits: PgBouncer takes it for 7"},
		{name: "an octal default", text: head + "default_pool_size = 010\n[databases]\n* =\n", change: size("*", 8, 9),
			kind: operr.KindUsage,
			want: "main.ini:2: the value of default_pool_size is not plain digits: PgBouncer takes 010 for 8"},

		{name: "the autodb's own size", text: d + "* = pool_size=5\n", change: size("*", 5, 7), kind: operr.KindUsage,
			want: "main.ini:3: the line of * has pool_size, and any change of that line makes PgBouncer close",
			hint: "move the number to default_pool_size"},
		{name: "the autodb's own reserve", text: d + "* = reserve_pool_size=5\n", change: reserve("*", 5, 7),
			kind: operr.KindUsage, want: "main.ini:3: the line of * has reserve_pool_size, and any change"},
		{name: "the autodb and its followers", text: d + "* = host=h\nd1 = host=h\nd2 = pool_size=3\nd3 = pool_size=-1\n",
			change: size("*", 20, 7), kind: operr.KindUsage,
			want: "main.ini:3: the size of * is default_pool_size, which d1 (/etc/pgbouncer/main.ini:4), d3 " +
				"(/etc/pgbouncer/main.ini:6) would follow, too", hint: "write pool_size=20 on the lines"},
		{name: "the autodb's reserve and its followers", text: d + "* = host=h\nd1 = pool_size=5\n",
			change: reserve("*", 0, 7), kind: operr.KindUsage, want: "main.ini:3: the size of * is reserve_pool_size, which d1",
			hint: "write reserve_pool=0 on the lines"},
		{name: "another default for the autodb", text: d + "* =\n", change: size("*", 19, 7), kind: operr.KindDrift,
			want: "main.ini:1: pool_size of * is 20 and should be 19"},
		{name: "another written default for the autodb", text: head + "default_pool_size=9\n[databases]\n* =\n",
			change: size("*", 19, 7), kind: operr.KindDrift, want: "main.ini:2: pool_size of * is 9 and should be 19"},
		{name: "two autodbs", text: d + "* =\n* = host=h\n", change: size("*", 20, 7), kind: operr.KindUsage,
			want: "main.ini:4: * stands on several lines"},
		{name: "a broken autodb", text: d + "* = nonsense\n", change: size("*", 20, 7), kind: operr.KindUsage,
			want: "main.ini:3: PgBouncer cannot read the line of *"},
		{name: "an autodb with an unknown key", text: d + "* = pool_sizes=4\n", change: size("*", 20, 7),
			kind: operr.KindUsage, want: "main.ini:3: PgBouncer cannot read the line of *"},
		{name: "two defaults, not plain", text: head + "default_pool_size=5\ndefault_pool_size=010\n[databases]\n* =\n",
			change: size("*", 8, 7),
			kind:   operr.KindUsage, want: "main.ini:3: the value of default_pool_size is not plain digits"},
		{name: "two defaults, another number", text: head + "default_pool_size=5\ndefault_pool_size=9\n[databases]\n* =\n",
			change: size("*", 5, 7),
			kind:   operr.KindDrift, want: "main.ini:3: pool_size of * is 9 and should be 5"},
		{name: "no place for a default", text: "[pgbouncer] [databases]\n* =\n", change: size("*", 20, 7),
			kind: operr.KindUsage, want: "main.ini:1: default_pool_size is not written, and what stands behind [pgbouncer]",
			hint: "write default_pool_size = 20"},
		{name: "no place for a default before an include", text: "[pgbouncer] %include @a.ini",
			files: map[string]string{"a.ini": "[databases]\n* ="}, change: size("*", 20, 7), kind: operr.KindUsage,
			want: "main.ini:1: default_pool_size is not written"},
	} {
		version := c.version
		if version == "" {
			version = "1.24.1"
		}
		config, err := ini.Load(reading(c.text, c.files), folder+"main.ini", version)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		edited, err := config.Edit(one(c.change))
		if err == nil {
			t.Errorf("%s: it is edited: %q", c.name, edited[0].New)
			continue
		}
		if got := strings.TrimPrefix(err.Error(), folder); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
		if got := operr.KindOf(err); got != c.kind {
			t.Errorf("%s: kind %v, want %v", c.name, got, c.kind)
		}
		if got := operr.HintOf(err); !strings.Contains(got, c.hint) || got == "" && c.name != "another key" {
			t.Errorf("%s: hint %q, want one with %q", c.name, got, c.hint)
		}
		if strings.Contains(err.Error()+operr.HintOf(err), "hush") {
			t.Errorf("%s: a password is in the error", c.name)
		}
	}
}

func TestOldVersionsHaveNoSizesOfUsers(t *testing.T) {
	t.Parallel()
	text := head + "[databases]\nd1 = user=u pool_size=5\n[users]\nu = pool_size=3\n"
	for version, want := range map[string]string{"1.22.1": "the key pool_size came with 1.23, and this is PgBouncer 1.22",
		"1.23.0": "[users] gives user u pool_size=3"} {
		c, err := ini.Load(reading(text, nil), folder+"main.ini", version)
		if err == nil {
			_, err = c.Edit(one(size("d1", 5, 6)))
		}
		if err == nil || !strings.HasPrefix(err.Error(), "/etc/pgbouncer/main.ini:5: "+want) {
			t.Errorf("%s: %v, want %s", version, err, want)
		}
	}
}

func TestEditTellsEveryFault(t *testing.T) {
	t.Parallel()
	c, err := ini.Load(reading(head+"[databases]\nd1 = pool_size=5\nd2 = pool_size=6\n", nil), folder+"main.ini", "1.18")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Edit([]ini.Change{size("d1", 4, 3), size("d2", 6, 5), size("d2", 6, 5), size("d3", 1, 2)})
	want := "/etc/pgbouncer/main.ini:3: pool_size of d1 is 5 and should be 4 before it becomes 3\n" +
		"pool_size of d2: two changes of the same number\n/etc/pgbouncer/main.ini: there is no line of d3 in [databases]"
	if err == nil || err.Error() != want || operr.KindOf(err) != operr.KindDrift {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestAVersionBelow18OrOfAnotherProgramIsRefused(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"1.8": true, "1.8.1": true, "1.25.2": true, "1.26.0": true,
		"1.24.0rc1": true, "1.7.2": false, "2.0": false, "": false, "PgBouncer 1.24": false, "1": false,
		"1.99999999": false} {
		_, err := ini.Load(reading(head, nil), folder+"main.ini", version)
		if got := err == nil; got != want || !got && operr.KindOf(err) != operr.KindUsage {
			t.Errorf("%q: %v", version, err)
		}
	}
}
