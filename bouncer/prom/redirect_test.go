package prom

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// TestCredentialsAreNotSentToWhereARedirectLeads answers 307, which keeps method and body, so that the driver follows.
func TestCredentialsAreNotSentToWhereARedirectLeads(t *testing.T) {
	var reached atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer other.Close()
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer first.Close()
	u, err := url.Parse(first.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("scraper", "hush-redirect")
	c, err := New(u.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _, err = c.Instant(t.Context(), "cpu", "up")
	if err == nil || reached.Load() != 0 || strings.Contains(err.Error(), "hush-redirect") {
		t.Errorf("error %v, the other host was reached %d times", err, reached.Load())
	}
	t.Log(err)
}
