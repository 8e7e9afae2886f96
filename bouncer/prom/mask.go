package prom

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/secret"
)

var (
	userinfo = regexp.MustCompile(`//[^\s"]*@`) // credentials in a URL that stands in some text
	excerpt  = regexp.MustCompile("`[^`]*`")    // yaml quotes the value that it could not read between backquotes
	query    = regexp.MustCompile(`\?[^\s"#]*`) // of a URL
)

// masked stands where a secret stood.
const masked = "***"

// maskURL returns an address as it may be shown. Everything from the scheme to the last @ goes, so that a password
// with a / or a # in it, which no longer parses as one, goes as well; so does a query.
func maskURL(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		scheme, rest = "", address
	} else {
		scheme += "://"
	}
	if i := strings.LastIndex(rest, "@"); i >= 0 {
		rest = masked + rest[i:]
	}
	return query.ReplaceAllString(scheme+rest, "?"+masked)
}

// maskText takes URLs' credentials and quoted values out of the text of an error that another package made.
func maskText(text string) string {
	return excerpt.ReplaceAllString(userinfo.ReplaceAllString(text, "//"+masked+"@"), "`"+masked+"`")
}

// carried is what a request has that no text may give away, and names that may have the same letters.
type carried struct {
	secrets []secret.Secret
	names   []string
}

// carriedBy returns what a request's Authorization header would give away: its credentials, and both halves of basic
// authentication. The user and the host are names.
func carriedBy(h http.Header, host string) carried {
	c := carried{names: append(strings.Split(host, "."), host)}
	hide := func(value string) { c.secrets = append(c.secrets, secret.Secret{Value: value, Shown: masked}) }
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
