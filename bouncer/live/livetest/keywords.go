package livetest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
)

// BothAddresses reads a DSN as a server's and as a console's.
func BothAddresses(dsn string) map[string]error {
	_, server := admin.ServerAddress("server s", dsn, "pgbudget")
	_, console := admin.ConsoleAddress("console g/1", dsn, "pgbudget")
	return map[string]error{"a server": server, "a console": console}
}

// Forms are a DSN with one more keyword, in every form that is read.
func Forms(t *testing.T, key, value string) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "services")
	text := fmt.Sprintf("[pgb]\nhost=h\nuser=u\n%s=%s\n", key, value)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGSERVICEFILE", file)
	return map[string]string{
		"keywords":              fmt.Sprintf("host=h user=u %s=%s", key, value),
		"keywords with blanks":  fmt.Sprintf("%s = '%s' host = h", key, value),
		"a URL":                 fmt.Sprintf("postgres://u@h/d?%s=%s", key, value),
		"a URL with more":       fmt.Sprintf("postgresql://u@h?sslmode=disable&%s=%s&connect_timeout=3", key, value),
		"a service":             "service=pgb",
		"a service beside more": "service=pgb host=127.0.0.1",
	}
}
