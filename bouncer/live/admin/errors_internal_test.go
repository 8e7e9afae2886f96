package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
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

// TestRefusalsOfEveryVersionAreRecognised has the words of PgBouncer 1.8 to 1.25.2, which carry 08P01.
func TestRefusalsOfEveryVersionAreRecognised(t *testing.T) {
	for text, is := range map[string]func(error) bool{
		"not allowed":         NotAllowed,
		"admin access needed": NeedsAdmin,
		"Unsupported startup parameter: search_path": RefusesParameter, // 1.8
		"unsupported startup parameter: search_path": RefusesParameter,
		"Auth failed":                    refusesLogin, // 1.8
		"password authentication failed": refusesLogin,
		"SASL authentication failed":     refusesLogin,
		"PAM authentication failed":      refusesLogin,
	} {
		for name, f := range map[string]func(error) bool{"NotAllowed": NotAllowed, "NeedsAdmin": NeedsAdmin,
			"RefusesParameter": RefusesParameter, "refusesLogin": refusesLogin} {
			err := Plain{text, &pgconn.PgError{Code: "08P01", Message: text}}
			if got, want := f(err), reflect.ValueOf(f).Pointer() == reflect.ValueOf(is).Pointer(); got != want {
				t.Errorf("%q: %s is %v, want %v", text, name, got, want)
			}
		}
	}
}
