package prom_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestATenantIsAsked: a double of Mimir's door, which wants a tenant in a header and knows one, stands before a real
// Prometheus.
func TestATenantIsAsked(t *testing.T) {
	p, err := past()
	if err != nil {
		t.Fatal(err)
	}
	behind := passing(t, p.url)
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("X-Scope-OrgID") {
		case "gprd":
			behind(w, r)
		case "":
			http.Error(w, "no org id", http.StatusUnauthorized)
		default:
			http.Error(w, "too many unhealthy instances", http.StatusInternalServerError)
		}
	}))
	defer door.Close()
	got, _, err := client(t, door.URL, "http_headers: {X-Scope-OrgID: {values: [gprd]}}").Instant(t.Context(), "cpu",
		"vector(0.5)")
	if err != nil || got != 0.5 {
		t.Errorf("got %v, %v, want 0.5", got, err)
	}
	for config, want := range map[string]string{"": "401 Unauthorized",
		"http_headers: {X-Scope-OrgID: {values: [x]}}": "500"} {
		if _, _, err := client(t, door.URL, config).Instant(t.Context(), "cpu", "vector(0.5)"); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", config, err, want)
		}
	}
}
