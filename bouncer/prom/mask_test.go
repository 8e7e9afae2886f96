package prom

import (
	"net/http"
	"testing"
)

func TestAPasswordIsMaskedWhereItIsOne(t *testing.T) {
	for _, c := range []struct{ text, password, want string }{ // of the user app, at prom.example
		{"bad_data: no group of update by uptime, in up", "up", "bad_data: no group of update by uptime, in ***"},
		{"http://prom.example: refused", "prom", "http://prom.example: refused"},
		{`no matcher for user "app_rw"`, "app", `no matcher for user "app_rw"`},
		{`401 for user "app"`, "app", `401 for user "app"`},
		{"the query `host=h password=app dbname=app`", "app", "the query `host=h password=*** dbname=app`"},
		{`you said s3cr3t, or Basic YXBwOnMzY3IzdA==, or app:s3cr3t`, "s3cr3t", `you said ***, or Basic ***, or ***`},
		{`role "s3cr3t_rw" of s3cr3t: s3cr3t`, "s3cr3t", `role "s3cr3t_rw" of ***: ***`},
		{"http://app:app@app:5432/app", "app", "http://***@app:5432/app"},
	} {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth("app", c.password)
		if got := carriedBy(r.Header, "prom.example").mask(c.text); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
