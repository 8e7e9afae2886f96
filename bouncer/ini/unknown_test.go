package ini_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/operr"
)

func TestKeysThatTheProcessHasAreTaken(t *testing.T) {
	t.Parallel()
	const db = head + "[databases]\nd1 = pool_size=5 "
	listed := []string{"fancy_timeout", "new_timeout", "query_wait_timeout", "default_pool_size", "transaction_timeout"}
	for _, c := range []struct {
		name, version, text string
		without, with       string // the error without the list of SHOW CONFIG, and with it; "": it is loaded
	}{
		{"a fork's setting", "1.24.1", head + "fancy_timeout = 60\n[databases]\nd1 = pool_size=5\n",
			"main.ini:2: the key fancy_timeout is not known to PgBouncer 1.24", ""},
		{"a fork's key", "1.24.1", db + "fancy_timeout=60\n", "main.ini:3: key 2 of the line is not known", ""},
		{"a fork's key of a user", "1.24.1", db + "\n[users]\nu = fancy_timeout=60\n",
			"main.ini:5: key 1 of the line is not known", ""},
		{"a setting taken over from a later one", "1.24.1", head + "transaction_timeout = 5\n[databases]\nd1 = pool_size=5\n",
			"main.ini:2: the key transaction_timeout came with 1.25", ""},
		{"its value is still checked", "1.24.1", head + "transaction_timeout = x\n",
			"main.ini:2: the key transaction_timeout came", "main.ini:2: the value of transaction_timeout"},
		{"a later setting", "1.26.0", head + "new_timeout = 60\n[databases]\nd1 = pool_size=5\n",
			"main.ini:2: the key new_timeout was not known in 1.25", ""},
		{"a later key of a line", "1.26.0", db + "other_timeout=7\n",
			"", ""},
		{"a later key of a line alone", "1.26.0", db + "brand_new=7\n", "", ""},
		{"a later version's key on a line", "1.24.1", db + "query_wait_timeout=7\n",
			"main.ini:3: the key query_wait_timeout came with 1.26", "main.ini:3: the key query_wait_timeout came with 1.26"},
		{"a setting on a line", "1.24.1", db + "default_pool_size=7\n", "main.ini:3: key 2 of the line, default_pool_size",
			"main.ini:3: key 2 of the line, default_pool_size"},
		{"a setting in a wrong place", "1.26.0", db + "default_pool_size=7\n",
			"main.ini:3: key 2 of the line, default_pool_size", "main.ini:3: key 2 of the line, default_pool_size"},
		{"a later version's misspelt key", "1.26.0", db + "reserve_pol=7\n", "main.ini:3: key 2 of the line, reserve_pol",
			"main.ini:3: key 2 of the line, reserve_pol"},
		{"a later version's broken password", "1.26.0", db + "password=x Hush=hush\n",
			"main.ini:3: key 3 of the line is not known", "main.ini:3: key 3 of the line is not known"},
		{"a setting that nobody lists", "1.26.0", head + "other = 7\n", "main.ini:2: the key other was not known in 1.25",
			"main.ini:2: the key other was not known in 1.25"},
	} {
		for _, try := range []struct {
			listed []string
			want   string
		}{{nil, c.without}, {listed, c.with}} {
			config, err := ini.Load(reading(c.text, nil), folder+"main.ini", c.version, try.listed...)
			if try.want != "" {
				if err == nil || !strings.HasPrefix(strings.TrimPrefix(err.Error(), folder), try.want) ||
					operr.KindOf(err) != operr.KindDrift {
					t.Errorf("%s, with %d keys listed: %v, want %s", c.name, len(try.listed), err, try.want)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, with %d keys listed: %v", c.name, len(try.listed), err)
				continue
			}
			edited, err := config.Edit(one(size("d1", 5, 6)))
			if err != nil || string(edited[0].New) != strings.Replace(c.text, "pool_size=5", "pool_size=6", 1) {
				t.Errorf("%s: edited to %v, error %v", c.name, edited, err)
			}
		}
	}
}

// TestABuildOfMasterHasItsKeys: it calls itself 1.25.2, and SHOW CONFIG lists what no release has.
func TestABuildOfMasterHasItsKeys(t *testing.T) {
	t.Parallel()
	const text = head + "pool_idle_timeout = 60\n[databases]\nd1 = pool_size=5 query_wait_timeout=7\nd2 = pool_size=5\n" +
		"d3 = query_wait_timeout=-1\n[users]\nu = query_wait_timeout=3\n"
	c, err := ini.Load(reading(text, nil), folder+"main.ini", "1.25.2", "pool_idle_timeout", "login_notify_message")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []ini.Wait{{Own: true, Seconds: 7}, {}, {Own: true}} {
		if got := c.Databases()[i].Wait; got != want {
			t.Errorf("d%d: %+v, want %+v", i+1, got, want)
		}
	}
	if got := c.Users()[0].Wait; got != (ini.Wait{Own: true, Seconds: 3}) {
		t.Errorf("u: %+v", got)
	}
	if _, err := ini.Load(reading(text, nil), folder+"main.ini", "1.25.2", "query_wait_timeout"); err == nil {
		t.Error("1.25.2 as it was released takes the keys of master")
	}
}

func TestVersionsOfForksAreRead(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.24-acme", "1.24rc1", "1.24.1-7", "1.24+x"} {
		if _, err := ini.Load(reading(head, nil), folder+"main.ini", version); err != nil {
			t.Errorf("%s: %v", version, err)
		}
	}
}
