package ini_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// secrets holds the word hush wherever one could be.
const secrets = `; hush
# password: hush
[pgbouncer] ; hush
auth_query = SELECT 'hush', 1
auth_user = hush
listen_addr = *
pool_mode = transaction
default_pool_size = 20
[databases]
;d0 = host=h password=hush
d1 = host=127.0.0.1 port=5433 dbname=x password=hush user=u pool_size=5 connect_query='SET a=''hush''' auth_query='hush pool_size=5'
d2 = host=h	password=hush pool_size=6
d3 = password='x hush' application_name=hush pool_size='7'
* = password=x hush=hush
[users]
u = pool_mode=session max_user_connections=9
`

func TestDiffMasksWhatMightBeASecret(t *testing.T) {
	t.Parallel()
	c, err := ini.Load(reading(secrets, nil), folder+"main.ini", "1.22")
	if err != nil {
		t.Fatal(err)
	}
	edited, err := c.Edit([]ini.Change{size("d1", 5, 15), size("d3", 7, 8), reserve("d2", 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	want := `--- /etc/pgbouncer/main.ini
+++ /etc/pgbouncer/main.ini
@@ -11,3 +11,3 @@
-d1 = host=127.0.0.1 port=5433 dbname=x password=*** user=u pool_size=5 connect_query=*** auth_query=***
-d2 = host=*** pool_size=6
-d3 = password=*** application_name=*** pool_size=7
+d1 = host=127.0.0.1 port=5433 dbname=x password=*** user=u pool_size=15 connect_query=*** auth_query=***
+d2 = host=*** pool_size=6 reserve_pool=1
+d3 = password=*** application_name=*** pool_size=8
`
	if got := ini.Diff(edited[0]); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := ini.Diff(ini.Edited{Path: "x", Old: []byte(secrets), New: []byte(secrets)}); got != "" {
		t.Errorf("a diff of nothing: %s", got)
	}
	all := ini.Diff(ini.Edited{Path: "x", Old: nil,
		New: []byte(secrets +
			"[hush\n'hush\nhush\n%include hush me\n'hush = x\nd = hush \x00 hush\n[hush me]\nauth_type = hush\n")})
	if strings.Contains(all, "hush") {
		t.Errorf("a secret is in the diff:\n%s", all)
	}
	for _, shown := range []string{"pool_mode = transaction", "default_pool_size = 20", "auth_query = ***", "[users]"} {
		if !strings.Contains(all, shown) {
			t.Errorf("%q is not in the diff:\n%s", shown, all)
		}
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	c, err := ini.Load(reading(secrets, nil), folder+"main.ini", "1.22")
	if err != nil {
		t.Fatal(err)
	}
	edited, err := c.Edit(one(size("d1", 5, 15)))
	if err != nil {
		t.Fatal(err)
	}
	within := struct {
		config ini.Config
		list   []ini.Edited
	}{c, nil}
	for _, v := range []any{c, &c, within, edited, edited[0], &edited[0], c.Files(), c.Databases()} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			text := fmt.Sprintf(format, v)
			if strings.Contains(text, "hush") || strings.Contains(text, fmt.Sprintf("%x", "hush")) ||
				strings.Contains(text, "104 117 115 104") {
				t.Errorf("%s of %T: %s", format, v, text)
			}
		}
	}
	for _, v := range []any{edited, c.Files()} {
		text, err := json.Marshal(v)
		if err != nil || strings.Contains(string(text), `"Old"`) || strings.Contains(string(text), `"New"`) ||
			strings.Contains(string(text), "Bytes") {
			t.Errorf("JSON %s, error %v: want no bytes", text, err)
		}
	}
}

// TestNoErrorShowsAPartOfALine breaks the file in every place and looks for the secrets in what Load says.
func TestNoErrorShowsAPartOfALine(t *testing.T) {
	t.Parallel()
	for _, with := range []string{"", " ", "'", "=", "\n", "\t", "[", "%", ";", "\x00"} {
		for i := range len(secrets) {
			_, err := ini.Load(reading(secrets[:i]+with+secrets[min(i+1, len(secrets)):], nil), folder+"main.ini", "1.22")
			if err == nil {
				continue
			}
			if text := err.Error() + operr.HintOf(err); strings.Contains(text, "hush") {
				t.Errorf("%q at %d: %s", with, i, text)
			}
		}
	}
}
