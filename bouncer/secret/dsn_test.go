package secret_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/bouncer/secret"
)

func TestADSNLosesItsPasswords(t *testing.T) {
	for dsn, want := range map[string]string{
		"host=a password=hunter2 user=b":                   "host=a user=b",
		"password='hunter2 and more' host=a":               "host=a",
		`host=a password = 'it\'s hunter2' user=b`:         "host=a user=b",
		"host=a PASSWORD=hunter2":                          "host=a",
		"host=a sslpassword=hunter2 sslmode=require":       "host=a sslmode=require",
		"postgres://u:hunter2@h:1/d?sslmode=disable":       "postgres://u@h:1/d?sslmode=disable",
		"postgres://u@h/d?password=hunter2&user=x":         "postgres://u@h/d?user=x",
		"postgresql://h/d":                                 "postgresql://h/d",
		"postgres://u:hunter2%zz@h/d":                      "",
		"host=a passfile=/etc/passfile user=password1":     "host=a passfile=/etc/passfile user=password1",
		`host=a password=hunter\ 2 hunter2=x`:              "host=a hunter2=x",
		`password=a\\ user=b`:                              "user=b",
		`host=a password=x://hunter2 user=b`:               "host=a user=b",
		"host=postgres://u:hunter2@h/d user=b":             "",
		"user='never closed password=hunter2":              "",
		"host=a hunter2":                                   "",
		"postgres://h/d?Password=hunter2&a=1":              "postgres://h/d?a=1",
		"postgres://u:hunter2@x@h/d":                       "postgres://u@h/d",
		"postgres://h/d?password=a#hunter2":                "",
		"postgres://h/d?password=a&=hunter2":               "",
		"postgres:///d password=hunter2":                   "",
		"postgres://h/d?x=a%20password=hunter2":            "",
		"postgres://h/d?options=-cx%3D1%20token%3Dhunter2": "",
		"host=a options='x=1 password=hunter2'":            "",
		"user = 'a b' host=c oauth_client_secret=hunter2":  "user='a b' host=c",
	} {
		if got := secret.WithoutPasswords(dsn); got != want || strings.Contains(got, "hunter2") &&
			!strings.Contains(want, "hunter2") {
			t.Errorf("WithoutPasswords(%q) = %q, want %q", dsn, got, want)
		}
	}
}

// FuzzWithoutPasswords writes a secret as the value of password= into any DSN, in every way that libpq takes, and looks
// for it in what is left.
func FuzzWithoutPasswords(f *testing.F) {
	f.Add("host=a", "user=b", `S3cr\ etPw`, true)
	f.Add("host='a b'", "", "it's a 'quote'", false)
	f.Add("postgres://h/d", "x=y", `\`, true)
	f.Fuzz(func(t *testing.T, before, after, password string, quoted bool) {
		const marked = "zQ7xsecretx7Qz" // the part of it that is looked for
		password = marked + password + marked
		if strings.Contains(before+after, marked) || strings.ContainsRune(password, 0) {
			return
		}
		written := strings.ReplaceAll(strings.ReplaceAll(password, `\`, `\\`), "'", `\'`)
		if quoted {
			written = "'" + written + "'"
		} else {
			for _, space := range []string{" ", "\t", "\n", "\r", "\v", "\f"} {
				written = strings.ReplaceAll(written, space, `\`+space)
			}
		}
		dsn := before + " password=" + written + " " + after
		if _, err := pgconn.ParseConfig(dsn); err != nil { // it is none
			return
		}
		if got := secret.WithoutPasswords(dsn); strings.Contains(got, marked) {
			t.Errorf("%q became %q", dsn, got)
		}
	})
}
