package prom

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/secret"
)

// carried is what a request has that no text may give away, and names that may have the same letters.
type carried struct {
	secrets []secret.Secret
	names   []string
}

// carriedBy returns what a request's Authorization header would give away: its credentials, and both halves of basic
// authentication. The user and the host are names.
func carriedBy(h http.Header, host string) carried {
	c := carried{names: append(strings.Split(host, "."), host)}
	hide := func(value string) { c.secrets = append(c.secrets, secret.Secret{Value: value, Shown: secret.Stars}) }
	for _, name := range []string{"Authorization", "Proxy-Authorization"} {
		value := h.Get(name)
		kind, credentials, _ := strings.Cut(value, " ")
		if credentials = strings.TrimSpace(credentials); credentials == "" {
			credentials = value
		}
		hide(credentials)
		if strings.EqualFold(kind, "basic") {
			if plain, err := base64.StdEncoding.DecodeString(credentials); err == nil {
				user, password, _ := strings.Cut(string(plain), ":")
				hide(string(plain))
				hide(password)
				c.names = append(c.names, user)
			}
		}
	}
	return c
}

// mask hides the secrets in a text.
func (c carried) mask(text string) string { return secret.Mask(text, c.secrets, c.names...) }
