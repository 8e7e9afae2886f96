package ini_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/ini"
)

// TestValuesAreComparedAsTheyArePrinted has SHOW CONFIG print what it prints of a value, and lines that inherit from
// it.
func TestValuesAreComparedAsTheyArePrinted(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ key, text, shown, line, row, want string }{
		{key: "server_idle_timeout", text: "1234567.8", shown: "1.23457e+06"},
		{key: "server_idle_timeout", text: "1234567", shown: "1.23458e+06", want: "server_idle_timeout"},
		{key: "server_idle_timeout", text: "0.0000019", shown: "1e-06"},
		{key: "server_idle_timeout", text: "inf", shown: "0"}, // no more than luck: it is listed
		{key: "max_packet_size", text: "4294967295", shown: "4294967295"},
		{key: "max_packet_size", text: "-1", shown: "4294967295"},
		{key: "max_packet_size", text: "-2", shown: "4294967295", want: "max_packet_size"},
		{key: "max_db_connections", text: "6", shown: "6", line: "max_db_connections=0", row: "6"},
		{key: "max_db_connections", text: "6", shown: "6", line: "max_db_connections=-3", row: "6"},
		{key: "max_db_connections", text: "6", shown: "6", line: "max_db_connections=2", row: "6",
			want: "d.max_db_connections"},
		{key: "max_db_connections", text: "7", shown: "6", line: "", row: "6", want: "max_db_connections"},
	} {
		now := ini.Running{Config: []ini.Param{{Key: x.key, Value: x.shown, Defaults: true, Default: "0"}},
			Databases: []ini.Row{{"name": "d", "host": "h", "port": "5432", "database": "d", "force_user": "",
				"max_connections": x.row}}}
		if x.row == "" {
			delete(now.Databases[0], "max_connections")
		}
		c := compared(t, "[databases]\nd = host=h "+x.line+"\n[pgbouncer]\n"+x.key+" = "+x.text+"\n", "1.25.2", now)
		if got := namesOf(c.Pending); got != x.want {
			t.Errorf("%s = %s, shown as %s, line %q: pending %q, want %q", x.key, x.text, x.shown, x.line, got, x.want)
		}
	}
}

// TestNoDifferenceShowsASecret writes one into every place that may hold one, in the file and in what is in force.
func TestNoDifferenceShowsASecret(t *testing.T) {
	t.Parallel()
	secret := regexp.MustCompile("hush|4711")
	for _, x := range []struct{ old, new, want string }{
		{"[pgbouncer]\n", "[pgbouncer]\nauth_query = SELECT 'hush'\n", "auth_query"},
		{"[pgbouncer]\n", "[pgbouncer]\nauth_ldap_options = ldapbindpasswd=hush\n", "auth_ldap_options"},
		{"[pgbouncer]\n", "[pgbouncer]\nserver_reset_query = SELECT 'hush'\n", "server_reset_query"},
		{"[pgbouncer]\n", "[pgbouncer]\nvault_password = 4711hush\n", ""},
		{"[pgbouncer]\n", "[pgbouncer]\nvault_password = 4711\n", "vault_password"},
		{"auth_file = /etc", "auth_file = http://u:hush@h/etc", "auth_file"},
		{"d1 = host=127.0.0.1", "d1 = host=u:hush@127.0.0.1", "d1.host"},
		{"d1 = host=127.0.0.1", "d1 = host=127.0.0.1\tpassword=hush", "d1.host"},
		{"dbname=d1", "dbname='d1 password=hush'", "d1.dbname"},
		{"pool_size=5", "pool_size=5 user=postgres://a:hush@b", "d1.user"},
		{"\n1 = host=127.0.0.1", "\n1 = host=a:hush@b", "peers.1.host"},
	} {
		text := strings.Replace(settled(t, "1.25.2"), x.old, x.new, 1)
		now := captured(t, "1.25.2")
		now.Config = append(now.Config, ini.Param{Key: "vault_password", Value: "47112", Defaults: true, Sticks: true})
		c := compared(t, text, "1.25.2", now)
		if got := namesOf(c.Pending); got != x.want {
			t.Errorf("%s: pending %q", x.want, got)
			continue
		}
		for _, d := range append(c.Pending, c.Restart...) {
			if all := fmt.Sprintf("%v %+v %#v %s %s", d, d, d, d.File, d.Now); secret.MatchString(all) {
				t.Errorf("%s: %s", d.Name, all)
			}
		}
		if all := strings.Join(c.Unseen, " "); secret.MatchString(all) {
			t.Errorf("%s: %s", x.want, all)
		}
	}
}

func TestKeysThatCannotBeComparedAreListed(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]string{
		"1.18.0": "which databases live by the line of * and which had a line that is gone; " +
			"application_name, auth_user, client_encoding, connect_query, datestyle, password and timezone on lines of " +
			"[databases]; " +
			"max_user_connections in [users]; the contents of auth_file",
		"1.25.2": "which databases live by the line of * and which had a line that is gone; " +
			"application_name, auth_dbname, auth_query, auth_user, client_encoding, connect_query, datestyle, password and " +
			"timezone on lines of [databases]; " +
			"client_idle_timeout, idle_transaction_timeout, query_timeout and transaction_timeout in [users]; the contents of " +
			"auth_file",
		"constructed-after-1.25.2": "which databases live by the line of * and which had a line that is gone; " +
			"application_name, auth_dbname, auth_query, auth_user, client_encoding, connect_query, datestyle, password, " +
			"query_wait_timeout and timezone on lines of [databases]; client_idle_timeout, idle_transaction_timeout, " +
			"query_timeout, query_wait_timeout and transaction_timeout in [users]; the contents of auth_file",
	} {
		if got := strings.Join(compared(t, settled(t, folder), folder, captured(t, folder)).Unseen, "; "); got != want {
			t.Errorf("%s: %s\nwant %s", folder, got, want)
		}
	}
	// A fork's words and numbers may be the same in another form; where both are numbers, or words, they are compared.
	for _, x := range []struct{ text, shown, pending, unseen string }{
		{"on", "1", "", "pool_fancy, which is *** in the file and 1 in force"},
		{"2.0", "2", "", ""},
		{"ON", "on", "", ""},
		{"3", "2", "pool_fancy", ""},
		{"of", "on", "pool_fancy", ""},
	} {
		now := captured(t, "1.25.2")
		now.Config = append(now.Config, ini.Param{Key: "pool_fancy", Value: x.shown, Defaults: true, Default: "0"})
		c := compared(t, settled(t, "1.25.2")+"pool_fancy = "+x.text+"\n", "1.25.2", now)
		if got := namesOf(c.Pending); got != x.pending || strings.Contains(strings.Join(c.Unseen, "; "),
			"pool_fancy") != (x.unseen != "") {
			t.Errorf("%s and %s: pending %q, unseen %q", x.text, x.shown, got, c.Unseen)
		}
		if x.unseen != "" && !slices.Contains(c.Unseen, x.unseen) {
			t.Errorf("%s and %s: %q", x.text, x.shown, c.Unseen)
		}
	}
}

// TestComparingAnyFileSaysNoSecretAndDoesNotPanic compares every trap that loads with every capture.
func TestComparingAnyFileSaysNoSecretAndDoesNotPanic(t *testing.T) {
	t.Parallel()
	loaded := 0
	for _, folder := range folders {
		now := captured(t, folder)
		for _, x := range traps {
			c, err := ini.Load(x.reading(), "/etc/pgbouncer/main.ini", versionOf(folder))
			if err != nil {
				continue
			}
			loaded++
			got := c.Compare(now)
			if text := fmt.Sprintf("%v %v %v", got.Pending, got.Restart, got.Unseen); strings.Contains(text, "hush") {
				t.Errorf("%s: %s", x.name, text)
			}
			for _, d := range got.Pending {
				if d.Name == "" || d.At.File == "" || strings.Contains(d.File+d.Now, "hush") {
					t.Errorf("%s: %v: %s, %s", x.name, d, d.File, d.Now)
				}
			}
		}
	}
	if loaded < 100 {
		t.Errorf("%d files were loaded", loaded)
	}
}
