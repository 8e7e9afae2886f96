package ini

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestVerifyFindsWhatAnEditMustNotDo hands it edits that Edit does not make.
func TestVerifyFindsWhatAnEditMustNotDo(t *testing.T) {
	t.Parallel()
	const old = "[pgbouncer]\npool_mode=session\n[databases]\nd1 = host=h pool_size=5 password=hush\nd2 =\n[users]\nu = " +
		"max_user_connections=3\n"
	c, err := Load(func(string) ([]byte, error) { return []byte(old), nil }, "main.ini", "1.24")
	if err != nil {
		t.Fatal(err)
	}
	changes := []Change{{Alias: "d1", Key: fleet.KeySize, From: 5, To: 7}}
	for _, x := range []struct{ from, to, want string }{
		{"pool_size=5", "pool_size=7", ""},
		{"pool_size=5", "pool_size=8", "more than sizes"},
		{"pool_size=5", "pool_size=7 port=1", "more than sizes"},
		{"pool_size=5 password=hush", "pool_size=7 password=push", "more than sizes"},
		{"pool_size=5 password=hush\nd2 =", "pool_size=7 password=hush\nd2 = pool_size=20 reserve_pool=1", "more than sizes"},
		{"pool_size=5 password=hush\nd2 =", "pool_size=7 password=hush\nd3 =", "more than sizes"},
		{"pool_size=5 password=hush\nd2 =\n[users]\nu = max_user_connections=3",
			"pool_size=7 password=hush\nd2 =\n[users]\nu = max_user_connections=4", "more than sizes"},
		{"pool_mode=session\n[databases]\nd1 = host=h pool_size=5",
			"pool_mode=statement\n[databases]\nd1 = host=h pool_size=7", "more than sizes"},
		{"pool_size=5", "pool_size=7 hush", "is no key=value"},
		{"pool_size=5 password=hush\n", "pool_size=7 password=hush\n%include /other\n", "was not asked for before"},
	} {
		edited := []Edited{{Path: "main.ini", New: []byte(strings.Replace(old, x.from, x.to, 1))}}
		err := c.in().verify(edited, changes)
		if x.want == "" {
			if err != nil {
				t.Errorf("%q: %v", x.to, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), x.want) || strings.Contains(err.Error(), "hush") ||
			operr.KindOf(err) != operr.KindUnforeseen {
			t.Errorf("%q: error %v of kind %v, want one of %q, unforeseen", x.to, err, operr.KindOf(err), x.want)
		}
	}
}
