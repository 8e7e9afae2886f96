package secret

import (
	"regexp"
	"strings"
)

var (
	userinfo = regexp.MustCompile(`//[^\s"]*@`) // credentials in a URL that stands in some text
	excerpt  = regexp.MustCompile("`[^`]*`")    // yaml quotes the value that it could not read between backquotes
	query    = regexp.MustCompile(`\?[^\s"#]*`) // of a URL
)

// URL returns an address as it may be shown. Everything from the scheme to the last @ goes, so that a password with a /
// or a # in it, which no longer parses as one, goes as well; so does a query.
func URL(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		scheme, rest = "", address
	} else {
		scheme += "://"
	}
	if i := strings.LastIndex(rest, "@"); i >= 0 {
		rest = Stars + rest[i:]
	}
	return query.ReplaceAllString(scheme+rest, "?"+Stars)
}

// URLs takes the credentials of URLs, and values between backquotes, out of the text of an error that another package
// made.
func URLs(text string) string {
	return excerpt.ReplaceAllString(userinfo.ReplaceAllString(text, "//"+Stars+"@"), "`"+Stars+"`")
}
