package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
)

func TestATimeOutOfTheNetworkIsOne(t *testing.T) {
	late := &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	if p := cleaned(fmt.Errorf("failed to connect: %w", late), ""); !errors.Is(p, context.DeadlineExceeded) {
		t.Errorf("%v is no time-out", p)
	}
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	if p := cleaned(fmt.Errorf("failed to connect: %w", refused), ""); p.cause != nil {
		t.Errorf("%v is a time-out", p)
	}
}

func TestAPasswordIsMaskedWhereItIsOne(t *testing.T) {
	for _, c := range []struct{ text, secret, want string }{ // of a connection with the user app and the database app
		{`password authentication failed for user "app_rw"`, "app", `password authentication failed for user "app_rw"`},
		{`password authentication failed for user "app"`, "app", `password authentication failed for user "app"`},
		{"failed to connect to `user=app_rw database=app`: refused", "app",
			"failed to connect to `user=app_rw database=app`: refused"},
		{"cannot parse `host=h password=app dbname=app`", "app", "cannot parse `host=h password=*** dbname=app`"},
		{"cannot parse `host=h password='a b+c' dbname=x`", "a b+c", "cannot parse `host=h password='***' dbname=x`"},
		{"cannot parse `postgres://app:app@app:5432/app`", "app", "cannot parse `postgres://app:***@app:5432/app`"},
		{`{"Password": "s3cr3t"}`, "s3cr3t", `{"Password": "***"}`},
		{"FATAL: you said s3cr3t", "s3cr3t", "FATAL: you said ***"},
		{`role "s3cr3t_rw" of s3cr3t: s3cr3t`, "s3cr3t", `role "s3cr3t_rw" of ***: ***`},
		{"nothing of it", "", "nothing of it"},
	} {
		if got := hidden(c.text, c.secret, "app", "app"); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
