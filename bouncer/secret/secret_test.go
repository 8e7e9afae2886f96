package secret_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/secret"
)

func TestASecretIsMaskedWhereItIsOne(t *testing.T) {
	for _, c := range []struct{ text, secret, want string }{ // app and main/ are names
		{`password authentication failed for user "app_rw"`, "app", `password authentication failed for user "app_rw"`},
		{`password authentication failed for user "app"`, "app", `password authentication failed for user "app"`},
		{"cannot parse `host=h password=app dbname=app`", "app", "cannot parse `host=h password=*** dbname=app`"},
		{"cannot parse `host=h password='a b+c' dbname=x`", "a b+c", "cannot parse `host=h password='***' dbname=x`"},
		{"cannot parse `postgres://app:app@app:5432/app`", "app", "cannot parse `postgres://app:***@app:5432/app`"},
		{`{"Password": "s3cr3t", "token": "app"}`, "app", `{"Password": "s3cr3t", "token": "***"}`},
		{`role "s3cr3t_rw" of s3cr3t: s3cr3t`, "s3cr3t", `role "s3cr3t_rw" of ***: ***`},
		{"s3cr3t-rw, rw-s3cr3t, és3cr3t, s3cr3t9", "s3cr3t", "s3cr3t-rw, rw-s3cr3t, és3cr3t, s3cr3t9"},
		{"${DSN:-s3cr3t} -- s3cr3t- --s3cr3t.", "s3cr3t", "${DSN:-***} -- ***- --***."},
		{"Bearer YWJj==and more", "YWJj==", "Bearer ***and more"}, // no name has such an end
		{`said "a\"b\\c"`, `a"b\c`, `said "***"`},
		{`echo 'it'\''s' >f`, "it's", `echo '***' >f`},
		{`echo 'it'"'"'s' >f`, "it's", `echo '***' >f`},
		{"http://u:p%2Fq%40r@h/x", "p/q@r", "http://u:***@h/x"},
		{"no main/jobs, https://main/jobs x-main/jobs jobs", "jobs", "no main/jobs, https://main/*** x-main/*** ***"},
		{"aaaa", "aa", "aaaa"},
		{"nothing of it", "", "nothing of it"},
	} {
		if got := secret.Mask(c.text, []secret.Secret{{Value: c.secret, Shown: "***"}}, "app", "main/"); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestOverlappingSecretsAreBothMasked(t *testing.T) {
	for _, c := range []struct {
		text, want string
		secrets    []secret.Secret
	}{
		{"one two three", "<12><23>", []secret.Secret{{Value: "one two", Shown: "<12>"},
			{Value: "two three", Shown: "<23>"}}},
		{"one two", "<12>", []secret.Secret{{Value: "two", Shown: "<2>"}, {Value: "one two", Shown: "<12>"}}},
		{"a TOKEN and b", "a ${TOKEN} and b", []secret.Secret{{Value: "TOKEN", Shown: "${TOKEN}"},
			{Value: "${TOKEN}", Shown: "again"}}},
		{"5 of 5, password=5", "5 of 5, password=*", []secret.Secret{{Value: "5", Shown: "*", Keyed: true}}},
	} {
		if got := secret.Mask(c.text, c.secrets); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// FuzzMask writes a secret as a value, in every way of forms, between any texts.
func FuzzMask(f *testing.F) {
	f.Add("host=a", " user=b", "S3cr't", uint8(0))
	f.Add("https://u", "@h/x", "a/b@c d", uint8(3))
	f.Add("main/", "/x", "\\\"", uint8(5))
	f.Add("bytes", "that are", "no text \x9e", uint8(1))
	f.Fuzz(func(t *testing.T, before, after, value string, where uint8) {
		const marked = "zQ7xsecretx7Qz" // the part of it that is looked for
		value = marked + value + marked
		if strings.Contains(before+after, marked) {
			return
		}
		stands := [][2]string{{" ", " "}, {" password=", " "}, {`password="`, `"`}, {"://u:", "@"}, {"(", ")"}, {"/", "/"},
			{"=", "\n"}, {"'", "'"}}
		s := stands[int(where)%len(stands)]
		text := before + s[0] + value + s[1] + after
		if got := secret.Mask(text, []secret.Secret{{Value: value, Shown: "***"}}, "app", "main/"); strings.Contains(got,
			marked) &&
			!strings.HasSuffix(before+s[0], "main/") {
			t.Errorf("%q became %q", text, got)
		}
	})
}
