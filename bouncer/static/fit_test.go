package static_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/static"
	"github.com/pgbudget/pgbudget/planner/budget"
)

// memory reads files from a map; what is not in it is not there.
func memory(files map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		text, ok := files[path]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}
}

// server is a PostgreSQL that takes n connections, three of them kept for superusers and none for headroom.
func server(name, address string, n int) static.Server {
	none := 0
	return static.Server{Address: address, DeclaredServer: budget.DeclaredServer{Name: name, MaxConns: &n,
		DirectConns: &none, HeadroomConns: &none, CPUHeadroom: 0.2}}
}

// TestFilesComeToTheSumByHand: worst is added up by hand from PgBouncer's rules, of all processes.
func TestFilesComeToTheSumByHand(t *testing.T) {
	const head = "[pgbouncer]\nauth_type = trust\nauth_file = /u\n"
	const bases = head + "[databases]\n"
	for name, c := range map[string]struct {
		ini       string // of /p; further files after lines "-- PATH"
		version   string // "": 1.24.1
		processes int
		pools     map[string]int
		worst     int
		unbounded map[string]static.Reason
	}{
		"a forced user has one pool": {ini: bases + "app = host=h pool_size=10 user=u\n", processes: 2,
			worst: 20},
		"20 where nothing is written": {ini: bases + "app = host=h user=u\n", worst: 20},
		"a reserve counts": {ini: bases + "app = host=h user=u pool_size=10 reserve_pool=5\n",
			worst: 15},
		"a reserve that is never opened": {
			ini:   head + "reserve_pool_timeout = 0\n[databases]\napp = host=h user=u pool_size=10 reserve_pool=5\n",
			worst: 10},
		"max_db_connections bounds a line": {
			ini: bases + "app = host=h user=u pool_size=10 reserve_pool=5 max_db_connections=12\n", worst: 12},
		"each name of auth_file has a pool": {
			ini: bases + "app = host=h pool_size=10\n-- /u\n\"a\" \"x\"\n" +
				"; \"c\" \"\"\n\"b \"\"q\"\"\" \"\"\n", worst: 20},
		"auth_query knows more names": {
			ini:       head + "auth_user = look\n[databases]\napp = host=h pool_size=10\n-- /u\n\"a\" \"x\"\n",
			unbounded: map[string]static.Reason{"app": static.ReasonAsked}},
		"auth_query under max_db_connections": {
			ini: head + "auth_user = look\n[databases]\napp = host=h pool_size=10 max_db_connections=30\n" +
				"-- /u\n\"a\" \"x\"\n",
			worst: 30},
		"auth_query beside a forced user": {
			ini: head + "auth_user = look\n[databases]\napp = host=h pool_size=10 user=u\n-- /u\n\"a\" \"x\"\n", worst: 20},
		"a user's own size": {
			ini: bases + "app = host=h pool_size=10\n[users]\na = pool_size=3\n" +
				"-- /u\n\"a\" \"\"\n\"b\" \"\"\n",
			worst: 13},
		"a forced user's own size": {
			ini: bases + "app = host=h pool_size=10 user=a\n[users]\na = pool_size=25\n", worst: 25},
		"one user in two lines, from 1.23 on": {
			ini: head + "max_user_connections = 15\n[databases]\na = host=h pool_size=10 user=u\n" +
				"b = host=h pool_size=10 user=u\n",
			version: "1.23.1", worst: 15},
		"one user in two lines, before 1.23": {
			ini: head + "max_user_connections = 15\n[databases]\na = host=h pool_size=10 user=u\n" +
				"b = host=h pool_size=10 user=u\n",
			version: "1.18.0", worst: 20},
		"includes and CRLF": {
			ini: head + "[databases]\r\n%include /d\r\n-- /d\na = host=h user=u pool_size=5\r\n" +
				"b = host=h user=u pool_size=7\r\n",
			worst: 12},
		"a second section resets the first": {
			ini: head + "default_pool_size = 50\n[databases]\napp = host=h user=u\n" +
				"[pgbouncer]\nauth_type = trust\n", worst: 20},
		"the last of two lines counts": {
			ini: bases + "a = host=h user=u pool_size=5\na = host=h user=u pool_size=9\n", worst: 9},
		"* makes databases of any name": {ini: bases + "* = host=h\n-- /u\n\"a\" \"\"\n",
			unbounded: map[string]static.Reason{"*": static.ReasonStar}},
		"* with three pools": {ini: bases + "* = host=h\n-- /u\n\"a\" \"\"\n", pools: map[string]int{"*": 3},
			worst: 60},
		"* with three databases of 8 at most": {
			ini:   bases + "* = host=h max_db_connections=8\n-- /u\n\"a\" \"\"\n",
			pools: map[string]int{"*": 3}, worst: 24},
		"0 is no limit from 1.24 on": {ini: bases + "a = host=h user=u pool_size=0\n",
			unbounded: map[string]static.Reason{"a": static.ReasonUnlimited}},
		"the largest number is no limit": {ini: bases + "a = host=h user=u pool_size=2147483647\n",
			unbounded: map[string]static.Reason{"a": static.ReasonUnlimited}},
		"0 of a user who may come": {ini: bases + "a = host=h pool_size=5\n[users]\nz = pool_size=0\n-- /u\n\"a\" \"\"\n",
			unbounded: map[string]static.Reason{"a": static.ReasonUnlimitedUser}},
		"0 of a user who may not": {ini: bases + "a = host=h user=u pool_size=5\n[users]\nz = pool_size=0\n",
			pools: map[string]int{"a": 2}, worst: 10},
		"declared pools are not those of whom [users] holds to less": {
			ini:   bases + "a = host=h pool_size=10\nb = host=h pool_size=10\n[users]\nbob = max_user_connections=1\n",
			pools: map[string]int{"a": 1, "b": 1}, worst: 20},
		"nor of those with smaller sizes, of any database": {
			ini:   bases + "* = host=h\n[users]\nalice = pool_size=2\nbob = pool_size=1\n",
			pools: map[string]int{"*": 2}, worst: 40},
		"nor is one person meant by two lines": {
			ini: "[pgbouncer]\nauth_type = md5\nauth_file = /u\nmax_user_connections = 12\n[databases]\n" +
				"a = host=h pool_size=10\nb = host=h pool_size=10\n",
			pools: map[string]int{"a": 1, "b": 1}, worst: 20},
		"where all that are known come, they are known": {
			ini: "[pgbouncer]\nauth_type = md5\nauth_file = /u\nmax_user_connections = 12\n[databases]\n" +
				"a = host=h pool_size=10\nb = host=h pool_size=10\n-- /u\n\"a\" \"\"\n",
			pools: map[string]int{"a": 1, "b": 1}, worst: 12},
		"a limit of the database is filled by others than [users] holds to less": {
			ini: head + "auth_user = look\n[databases]\na = host=h pool_size=10 max_db_connections=30\n[users]\n" +
				"bob = max_user_connections=1\n-- /u\n\"bob\" \"\"\n", worst: 30},
		"0 is one before 1.24": {ini: bases + "a = host=h user=u pool_size=0\n", version: "1.18.0", worst: 1},
		"octal in one section, decimal in the other": {
			ini: head + "default_pool_size = 010\n[databases]\na = host=h user=u\n" +
				"b = host=h user=u pool_size=010\n", worst: 18},
		"PAM knows the names": {ini: "[pgbouncer]\nauth_type = pam\n[databases]\na = host=h\n",
			unbounded: map[string]static.Reason{"a": static.ReasonOutside}},
		"PAM and four users": {ini: "[pgbouncer]\nauth_type = pam\n[databases]\na = host=h pool_size=5\n",
			pools: map[string]int{"a": 4}, worst: 20},
		"an auth_file that is not there": {ini: bases + "a = host=h\n",
			unbounded: map[string]static.Reason{"a": static.ReasonUnread}},
		"three declared of four names are the largest": {
			ini: bases + "a = host=h pool_size=5\n[users]\nd = pool_size=9\n" +
				"-- /u\n\"a\" \"\"\n\"b\" \"\"\n\"c\" \"\"\n",
			pools: map[string]int{"a": 3}, worst: 19},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for i, part := range strings.Split(c.ini, "-- /") {
				if i == 0 {
					files["/p"] = part
					continue
				}
				path, text, _ := strings.Cut(part, "\n")
				files["/"+path] = text
			}
			if _, named := files["/u"]; !named && strings.Contains(c.ini, "user=") {
				files["/u"] = ""
			}
			version := c.version
			if version == "" {
				version = "1.24.1"
			}
			r, err := static.Check(static.Request{Files: []static.File{{Path: "/p", Read: memory(files)}}, Version: version,
				Processes: c.processes, Pools: c.pools, Servers: []static.Server{server("pg", "", 100)}})
			if err != nil {
				t.Fatal(err)
			}
			s := r.Servers[0]
			if s.WorstConns != c.worst || s.SpareConns != 97-c.worst {
				t.Errorf("worst case %d and spare %d, want %d and %d: %+v", s.WorstConns, s.SpareConns, c.worst,
					97-c.worst, r.Lines)
			}
			want := static.Fits
			if len(c.unbounded) > 0 {
				want = static.Unknown
			}
			if r.Verdict != want || s.Verdict != want {
				t.Errorf("verdict %s and %s, want %s", r.Verdict, s.Verdict, want)
			}
			for _, l := range r.Lines {
				if l.Unbounded != c.unbounded[l.Alias] {
					t.Errorf("%s: unbounded by %q, want %q", l.Alias, l.Unbounded, c.unbounded[l.Alias])
				}
			}
		})
	}
}

// TestAListOfHostsCountsOnEachOfItsServers, and a line that leads to none is refused with the flag that is missing.
func TestAListOfHostsCountsOnEachOfItsServers(t *testing.T) {
	files := map[string]string{"/p": "[pgbouncer]\n[databases]\na = host=one,two port=5433 user=u pool_size=8\n" +
		"b = host=two port=5433 user=u pool_size=90\nc = host=three user=u pool_size=4\n"}
	request := static.Request{Files: []static.File{{Path: "/p", Read: memory(files)}}, Version: "1.24.1",
		Servers: []static.Server{server("one", "one", 100), server("two", "two:5433", 100)}}
	if _, err := static.Check(request); err == nil || !strings.Contains(err.Error(), "three:5432") {
		t.Errorf("a line to three passes: %v", err)
	}
	request.Elsewhere = []string{"three"}
	r, err := static.Check(request)
	if err != nil {
		t.Fatal(err)
	}
	worst := []int{r.Servers[0].WorstConns, r.Servers[1].WorstConns}
	if !slices.Equal(worst, []int{8, 98}) || r.Servers[0].Verdict != static.Fits ||
		r.Servers[1].Verdict != static.Over || r.Verdict != static.Over {
		t.Errorf("worst cases %v, verdicts %s, %s and %s", worst, r.Servers[0].Verdict, r.Servers[1].Verdict, r.Verdict)
	}
}
