package prom

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
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

// secretsOf returns what a request's Authorization header would give away: the header, its credentials, and both
// halves of basic authentication.
func secretsOf(h http.Header) []string {
	var found []string
	for _, name := range []string{"Authorization", "Proxy-Authorization"} {
		value := h.Get(name)
		kind, credentials, _ := strings.Cut(value, " ")
		if credentials = strings.TrimSpace(credentials); credentials == "" {
			credentials = value
		}
		if credentials == "" {
			continue
		}
		found = append(found, credentials)
		if strings.EqualFold(kind, "basic") {
			if plain, err := base64.StdEncoding.DecodeString(credentials); err == nil {
				_, password, _ := strings.Cut(string(plain), ":")
				found = append(found, string(plain), password)
			}
		}
	}
	return found
}

// maskSecrets replaces every secret in a text; the longest come first in secrets, as secretsOf returns them.
func maskSecrets(text string, secrets []string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, masked)
		}
	}
	return text
}
