package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestAPoolMayNameSeveralServers: as PgBouncer's line may name several hosts.
func TestAPoolMayNameSeveralServers(t *testing.T) {
	file := func(server string) string {
		return "servers: [{name: a, dsn: host=a}, {name: b, dsn: host=b}]\ngroups: [{name: g, processes: [{console: " +
			"host=p}]}]\npools: [{pool: g/x, server: " + server + "}]\n"
	}
	for _, c := range []struct{ server, want, fault string }{
		{"a", "a []", ""},
		{"'a, b'", "a [b]", ""},
		{"'b,elsewhere'", "b [elsewhere]", ""},
		{"elsewhere", "elsewhere []", ""},
		{"''", " []", ""},
		{"'a, c'", "", `is "c", which is not among servers:`},
		{"'a,'", "", "is missing or empty"},
		{"'a, a'", "", `names "a" twice`},
	} {
		f, err := Parse("t.yaml", []byte(file(c.server)), noEnv)
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("server: %s: %v, want %q", c.server, err, c.fault)
			}
			continue
		}
		if err != nil {
			t.Errorf("server: %s: %v", c.server, err)
			continue
		}
		if p := f.Declared().Pools[0]; fmt.Sprint(p.Server, " ", p.AlsoOn) != c.want {
			t.Errorf("server: %s leads to %s %v, want %s", c.server, p.Server, p.AlsoOn, c.want)
		}
	}
}
