package admin_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
)

func TestIPv4InIPv6IsTheSameAddress(t *testing.T) {
	if a, b := admin.EndOf("::ffff:10.0.0.1", 5), admin.EndOf("10.0.0.1", 5); a != b {
		t.Errorf("%v is not %v", a, b)
	}
}
