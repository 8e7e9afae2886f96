package ini

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// verdict is what comes of two values.
type verdict int

const (
	same verdict = iota
	different
	untold // the two are in forms that cannot be compared
)

// compare compares the value of a line of [pgbouncer], or a default, with the value that SHOW CONFIG prints once a key
// has been parsed. Source: cf_set_… and cf_get_… in libusual's cfparser.c.
func (k valueKind) compare(line, shown string) verdict {
	equal := line == shown
	switch k {
	case wholeNumber:
		a, okA := setting(line)
		b, okB := setting(shown)
		if !okA || !okB {
			return untold
		}
		equal = a == b // max_packet_size is unsigned: the same 32 bits
	case timeSpan:
		a, okA := shownSeconds(line)
		b, err := strconv.ParseFloat(shown, 64)
		if !okA || err != nil {
			return untold
		}
		equal = a == b
	case poolMode, sslMode, authType, loadBalance:
		equal = strings.EqualFold(line, shown)
	}
	if equal {
		return same
	}
	return different
}

// shownSeconds is what SHOW CONFIG prints of a time: whole microseconds, six digits.
func shownSeconds(text string) (float64, bool) {
	if !isSeconds(text) {
		return 0, false
	}
	v, err := strconv.ParseFloat(strings.TrimLeft(text, " \t\n\v\f\r"), 64)
	if hex := strings.ToLower(text); strings.Contains(hex, "0x") && !strings.Contains(hex, "p") {
		v, err = strconv.ParseFloat(strings.TrimSpace(text)+"p0", 64)
	}
	if err != nil || math.IsNaN(v) || v*1e6 >= math.MaxUint64 {
		return 0, false
	}
	v, err = strconv.ParseFloat(strconv.FormatFloat(float64(uint64(v*1e6))/1e6, 'g', 6, 64), 64)
	return v, err == nil
}

// compareForeign compares values of a key whose kind is not known here: that of a fork, or of a later PgBouncer.
func compareForeign(line, shown string) verdict {
	if strings.EqualFold(line, shown) {
		return same
	}
	a, okA := shownSeconds(line)
	b, errB := strconv.ParseFloat(shown, 64)
	switch {
	case okA && errB == nil && a == b:
		return same
	case okA != (errB == nil): // "on" and 1, "5min" and 300
		return untold
	}
	return different
}

// texts are the keys of [pgbouncer] without a kind whose values are shown: names, paths and words. What may hold a
// password or is a query is not among them.
var texts = map[string]bool{
	"admin_users": true, "auth_dbname": true, "auth_file": true, "auth_hba_file": true, "auth_ident_file": true,
	"auth_user": true, "client_tls13_ciphers": true, "client_tls_ca_file": true, "client_tls_cert_file": true,
	"client_tls_ciphers": true, "client_tls_dheparams": true, "client_tls_ecdhcurve": true,
	"client_tls_key_file": true, "client_tls_protocols": true, "conffile": true, "ignore_startup_parameters": true,
	"job_name": true, "listen_addr": true, "logfile": true, "pidfile": true, "resolv_conf": true,
	"server_tls13_ciphers": true, "server_tls_ca_file": true, "server_tls_cert_file": true,
	"server_tls_ciphers": true, "server_tls_key_file": true, "server_tls_protocols": true, "stats_users": true,
	"syslog_facility": true, "syslog_ident": true, "track_extra_parameters": true, "unix_socket_dir": true,
	"unix_socket_group": true, "user": true,
}

// secretive finds keys that are not known here and that may hold a secret all the same.
var secretive = regexp.MustCompile(`(?i)pass|secret|token|credential|query|key`)

// readable returns the value of a setting for people to read, stars where it might be a secret: a text of a key that
// may hold one, or one that is not written as such values are.
func readable(key, value string) string {
	k, known := settings[key]
	switch {
	case value == "":
		return `""`
	case !known && secretive.MatchString(key):
	case plainNumber.MatchString(value):
		return value
	case known && k.kind != anyText && k.kind != authDatabase:
		if harmless.MatchString(value) {
			return value
		}
	case texts[key] && len(value) <= 200:
		for _, word := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }) {
			if maskedHost(word) == stars {
				return stars
			}
		}
		return value
	}
	return stars
}

// maskedHost returns a name, a host or a path, stars where it might hold user:password@.
func maskedHost(text string) string {
	if text == "" {
		return `""`
	}
	if len(text) > 200 || strings.LastIndexByte(text, '@') > 0 {
		return stars
	}
	return maskedUnless(plainValue, text)
}
