package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pgbudget/pgbudget/bouncer/quote"
)

// decoder reads the lines of one recording. Lines as this program writes them are read by shape, several times as fast
// as encoding/json does it; whatever else a line holds (a key of another case or twice, an escape, a number with a
// fraction where none belongs, any error) is left to encoding/json as a whole, so that there is one meaning of a line.
type decoder struct {
	line  *shape
	names map[string]string // strings that were read: most stand in every line again

	text []byte
	at   int
}

func newDecoder() *decoder {
	return &decoder{line: shapeOf(reflect.TypeFor[line]()), names: map[string]string{}}
}

// maxNames bounds names, so that a recording full of different strings takes no memory for ever. chosen: 65,536 because
// a fleet of a thousand processes has fewer.
const maxNames = 1 << 16

// decode reads one line. Fields that are not known are an error.
func (d *decoder) decode(text []byte) (line, error) {
	var l line
	d.text, d.at = text, 0
	if d.value(d.line, reflect.ValueOf(&l).Elem()) && d.peek() == 0 {
		return l, nil
	}
	l = line{}
	j := json.NewDecoder(bytes.NewReader(text))
	j.DisallowUnknownFields()
	if err := j.Decode(&l); err != nil {
		return line{}, fmt.Errorf("not a line of a recording: %w", err)
	}
	quote.All(&l)
	return l, nil
}

// value reads what is next into v, which is zero. It is false where encoding/json has to.
func (d *decoder) value(s *shape, v reflect.Value) bool {
	if s == nil {
		return false
	}
	c := d.peek()
	if s.own {
		text, ok := d.scalar(c)
		return ok && v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(text) == nil
	}
	if c == 'n' {
		return d.word("null")
	}
	switch s.kind {
	case reflect.String:
		text, ok := d.quoted()
		if ok {
			v.SetString(d.name(text))
		}
		return ok
	case reflect.Bool:
		v.SetBool(c == 't')
		return c == 't' && d.word("true") || c == 'f' && d.word("false")
	case reflect.Int, reflect.Int64:
		n, ok := d.whole()
		if ok {
			v.SetInt(n)
		}
		return ok
	case reflect.Float64:
		text, ok := d.number()
		n, err := strconv.ParseFloat(string(text), 64)
		v.SetFloat(n)
		return ok && err == nil
	case reflect.Pointer:
		v.Set(reflect.New(s.elem.of))
		return d.value(s.elem, v.Elem())
	case reflect.Slice:
		return d.list(s, v)
	}
	return d.object(s, v)
}

func (d *decoder) object(s *shape, v reflect.Value) bool {
	if !d.byte('{') {
		return false
	}
	if d.byte('}') {
		return true
	}
	var seen uint64 // a key that stands twice would be read into what the first has left
	for next := 0; ; next++ {
		key, ok := d.quoted()
		if !ok || !d.byte(':') {
			return false
		}
		if next >= len(s.fields) || string(key) != s.fields[next].name {
			for next = 0; next < len(s.fields) && string(key) != s.fields[next].name; next++ {
			}
			if next == len(s.fields) {
				return false
			}
		}
		if seen&(1<<next) != 0 {
			return false
		}
		seen |= 1 << next
		if f := s.fields[next]; !d.value(f.shape, v.Field(f.index)) {
			return false
		}
		if d.byte('}') {
			return true
		}
		if !d.byte(',') {
			return false
		}
	}
}

func (d *decoder) list(s *shape, v reflect.Value) bool {
	if !d.byte('[') {
		return false
	}
	if d.byte(']') {
		v.Set(reflect.MakeSlice(s.of, 0, 0))
		return true
	}
	v.Grow(max(s.likely, 1))
	for n := 0; ; {
		if n == v.Cap() {
			v.Grow(1)
		}
		v.SetLen(n + 1)
		if !d.value(s.elem, v.Index(n)) {
			return false
		}
		n++
		if d.byte(']') {
			s.likely = n
			return true
		}
		if !d.byte(',') {
			return false
		}
	}
}

// scalar returns the bytes of a string, a number or null.
func (d *decoder) scalar(c byte) ([]byte, bool) {
	from := d.at
	switch c {
	case 'n':
		return d.text[from : from+min(4, len(d.text)-from)], d.word("null")
	case '"':
		_, ok := d.quoted()
		return d.text[from:d.at], ok
	}
	return d.number()
}

// quoted reads a string without escapes and returns what is between its quotes.
func (d *decoder) quoted() ([]byte, bool) {
	if !d.byte('"') {
		return nil, false
	}
	from, ascii := d.at, true
	for ; d.at < len(d.text); d.at++ {
		switch c := d.text[d.at]; {
		case c == '"':
			text := d.text[from:d.at]
			d.at++
			return text, ascii || utf8.Valid(text)
		case c == '\\' || c < ' ':
			return nil, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, false
}

// name returns the text as a string, the same one each time.
func (d *decoder) name(text []byte) string {
	if s, ok := d.names[string(text)]; ok {
		return s
	}
	if len(d.names) >= maxNames {
		clear(d.names)
	}
	s := quote.Line(string(text))
	d.names[string(text)] = s
	return s
}

// whole reads a whole number.
func (d *decoder) whole() (int64, bool) {
	negative := d.peek() == '-'
	if negative {
		d.at++
	}
	from, n := d.at, int64(0)
	for ; d.at < len(d.text) && '0' <= d.text[d.at] && d.text[d.at] <= '9'; d.at++ {
		digit := int64(d.text[d.at] - '0')
		if n > (math.MaxInt64-digit)/10 {
			return 0, false
		}
		n = n*10 + digit
	}
	switch digits := d.at - from; {
	case digits == 0 || digits > 1 && d.text[from] == '0':
		return 0, false
	case d.at < len(d.text) && (d.text[d.at] == '.' || d.text[d.at]|' ' == 'e'):
		return 0, false
	}
	if negative {
		n = -n
	}
	return n, true
}

// number returns the bytes of a number as JSON has them.
func (d *decoder) number() ([]byte, bool) {
	d.peek()
	from := d.at
	for ; d.at < len(d.text) && strings.IndexByte("+-.0123456789Ee", d.text[d.at]) >= 0; d.at++ {
	}
	text := d.text[from:d.at]
	return text, len(text) > 0 && json.Valid(text)
}

func (d *decoder) word(w string) bool {
	if !bytes.HasPrefix(d.text[d.at:], []byte(w)) {
		return false
	}
	d.at += len(w)
	return true
}

// byte takes the next byte that is no white space, where it is c.
func (d *decoder) byte(c byte) bool {
	if d.peek() != c {
		return false
	}
	d.at++
	return true
}

// peek moves to the next byte that is no white space and returns it, 0 at the end and for a zero byte, which JSON has
// not.
func (d *decoder) peek() byte {
	for ; d.at < len(d.text); d.at++ {
		switch c := d.text[d.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}
