package ini

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// atoi is C's: the digits at the front, 0 where there are none, beyond the range what two's complement leaves.
// PgBouncer reads the numbers of [databases], [users] and [peers] with it.
func atoi(text string) int {
	n, _ := strtol(text, 10)
	return int(int32(n))
}

// setting reads a number of [pgbouncer]: the whole of it must be one, with 0x for hexadecimal and 0 for octal.
// Source: cf_set_int, cfparser.c:421. Built with glibc 2.38 or later, PgBouncer takes 0b101, too; here it is
// refused.
func setting(text string) (n int, ok bool) {
	long, rest := strtol(text, 0)
	return int(int32(long)), rest == "" && text != ""
}

// strtol is C's: the number at the front, as far as 64 bits reach, and what is behind it; everything, where there is
// none.
func strtol(text string, base int) (n int64, rest string) {
	digits := strings.TrimLeft(text, " \t\n\v\f\r")
	negative := false
	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		negative, digits = digits[0] == '-', digits[1:]
	}
	if base == 0 {
		switch {
		case len(digits) > 2 && digits[0] == '0' && digits[1]|' ' == 'x' && value(digits[2]) < 16:
			base, digits = 16, digits[2:]
		case digits != "" && digits[0] == '0':
			base = 8
		default:
			base = 10
		}
	}
	end := 0
	for end < len(digits) && value(digits[end]) < base {
		end++
	}
	if end == 0 {
		return 0, text
	}
	magnitude, err := strconv.ParseUint(digits[:end], base, 64)
	long := int64(magnitude)
	switch {
	case err != nil || magnitude > math.MaxInt64:
		long = math.MaxInt64
		if negative {
			long = math.MinInt64
		}
	case negative:
		long = -long
	}
	return long, digits[end:]
}

// value is what a digit is worth, 99 for a byte that is none.
func value(digit byte) int {
	switch {
	case digit >= '0' && digit <= '9':
		return int(digit - '0')
	case digit|' ' >= 'a' && digit|' ' <= 'z':
		return int(digit|' '-'a') + 10
	}
	return 99
}

// seconds is what strtod takes: decimal, hexadecimal, inf, nan.
var seconds = regexp.MustCompile(`(?i)^[ \t\n\v\f\r]*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?|inf(?:inity)?|nan(?:\([0-9a-z_]*\))?)$`)

// isSeconds says whether PgBouncer takes a text for a time: a number of seconds that is not negative and not out of a
// double's range. Source: parse_time, cfparser.c:531.
func isSeconds(text string) bool {
	if !seconds.MatchString(text) {
		return false
	}
	text = strings.ToLower(strings.TrimLeft(text, " \t\n\v\f\r"))
	if strings.Contains(text, "n") { // inf, nan
		return !strings.HasPrefix(text, "-i")
	}
	if strings.Contains(text, "0x") && !strings.Contains(text, "p") {
		text += "p0"
	}
	v, err := strconv.ParseFloat(text, 64)
	const smallest = 0x1p-1022
	zero := !strings.ContainsAny(mantissa(text), "123456789abcdef")
	return err == nil && v >= 0 && (zero || v >= smallest)
}

func mantissa(text string) string {
	if i := strings.IndexByte(text, 'x'); i >= 0 {
		text, _, _ = strings.Cut(text[i:], "p")
		return text
	}
	text, _, _ = strings.Cut(text, "e")
	return text
}
