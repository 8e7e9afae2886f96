package quote_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/pgbudget/pgbudget/bouncer/quote"
)

func TestControlCharactersOfALineAreEscaped(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		"main/app ± 3 → 5 é 名":      "main/app ± 3 → 5 é 名",
		"a\x1b[2Jb":                 `a\u001b[2Jb`,
		"x\n09:00:00  done     all": `x\u000a09:00:00  done     all`,
		"a\tb\rc\x00":               `a\u0009b\u000dc\u0000`,
		"\u009b31m":                 `\u009b31m`,
		"\x9b31m":                   `\u009b31m`,
		"safe\u202egpj":             "safe" + `\u202e` + "gpj",
		"one\u2028two\u2029":        "one" + `\u2028` + "two" + `\u2029`,
		"z\u200bw\ufeff":            "z" + `\u200b` + "w" + `\ufeff`,
		"\U000e0041":                `\udb40\udc41`,
		"\x7f":                      `\u007f`,
		"\ufffd":                    "\ufffd",
	} {
		if got := quote.Line(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestAllReachesEveryString(t *testing.T) {
	type inner struct {
		Name string
		List []string
	}
	v := struct {
		A     string
		P     *inner
		In    []inner
		Any   any
		Fixed [2]string
		quiet string
	}{"a\x1b", &inner{"b\n", []string{"c\r"}}, []inner{{Name: "d\x00"}}, &inner{Name: "e\t"}, [2]string{"f\x7f", "g"},
		"h\x1b"}
	quote.All(&v)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"A":"a\\u001b","P":{"Name":"b\\u000a","List":["c\\u000d"]},"In":[{"Name":"d\\u0000","List":null}],` +
		`"Any":{"Name":"e\\u0009","List":null},"Fixed":["f\\u007f","g"]}`; string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if v.quiet != "h\x1b" {
		t.Error("a field that nobody sees was changed")
	}
}

func TestWriterLetsOurOwnColoursThroughAlone(t *testing.T) {
	for _, c := range []struct {
		color    bool
		in, want string
	}{
		{true, "\x1b[1mbold\x1b[0m \x1b]0;title\x07\x1b[2J\n", "\x1b[1mbold\x1b[0m " + `\u001b]0;title\u0007\u001b[2J` +
			"\n"},
		{false, "\x1b[1mbold\x1b[0m\t\n", `\u001b[1mbold\u001b[0m` + "\t\n"},
		{false, "plain é\n", "plain é\n"},
	} {
		var b bytes.Buffer
		n, err := quote.Writer{W: &b, Color: c.color}.Write([]byte(c.in))
		if err != nil || n != len(c.in) || b.String() != c.want {
			t.Errorf("%q: %d, %v, got %q, want %q", c.in, n, err, b.String(), c.want)
		}
	}
}

// TestJSONStaysJSON: what the writer takes out of a JSON text is read as it was.
func TestJSONStaysJSON(t *testing.T) {
	in := map[string]string{"name": "a\u009b\u202e\U000e0041é"}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := (quote.Writer{W: &b}).Write(text); err != nil {
		t.Fatal(err)
	}
	var out map[string]string
	if err := json.Unmarshal(b.Bytes(), &out); err != nil || out["name"] != in["name"] || strings.ContainsRune(b.String(),
		0x9b) {
		t.Errorf("%q became %q (%v), %q", in["name"], out["name"], err, b.String())
	}
}

// FuzzLine: nothing acts, nothing changes twice, and different names stay different where neither spells an escape.
func FuzzLine(f *testing.F) {
	for _, s := range []string{"", "main/app", "a\x1b[2J", "x\ny", "\xff\xfe", "\u202e", "\U000e0041", `\u001b`} {
		f.Add(s, s+"\x00")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x := quote.Line(a)
		if !utf8.ValidString(x) || strings.ContainsFunc(x, func(r rune) bool {
			return unicode.IsControl(r) ||
				unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
		}) {
			t.Errorf("%q became %q", a, x)
		}
		if quote.Line(x) != x {
			t.Errorf("%q, then %q", x, quote.Line(x))
		}
		if a != b && x == quote.Line(b) && !strings.Contains(a+b, `\u`) && utf8.ValidString(a) && utf8.ValidString(b) {
			t.Errorf("%q and %q are both %q", a, b, x)
		}
		var out bytes.Buffer
		if _, err := (quote.Writer{W: &out, Color: true}).Write([]byte(a)); err != nil {
			t.Fatal(err)
		}
		rest := strings.Split(out.String(), "\x1b")
		for _, part := range rest[1:] {
			if end := strings.IndexByte(part, 'm'); !strings.HasPrefix(part, "[") || end < 0 ||
				strings.Trim(part[1:end], "0123456789;") != "" {
				t.Errorf("%q came through as %q", a, out.String())
			}
		}
	})
}
