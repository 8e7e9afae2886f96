package recording

import (
	"encoding/json"
	"reflect"
	"strings"
)

// shape is how a type is read.
type shape struct {
	kind   reflect.Kind
	of     reflect.Type
	own    bool   // it reads itself: json.Unmarshaler
	elem   *shape // of a slice or a pointer
	fields []shapeField
	likely int // elements that the last slice of it had
}

type shapeField struct {
	name  string
	index int
	shape *shape
}

// maxFields is how many fields of an object are told apart. Source: the bits of a uint64, the type of seen in object.
const maxFields = 64

// shapeOf returns the shape of a type, nil where encoding/json has to read it.
func shapeOf(t reflect.Type) *shape {
	s := &shape{kind: t.Kind(), of: t}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		s.own = true
		return s
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Float64, reflect.Int, reflect.Int64:
		return s
	case reflect.Slice, reflect.Pointer:
		if s.elem = shapeOf(t.Elem()); s.elem == nil || t.Elem().Kind() == reflect.Uint8 {
			return nil
		}
		return s
	case reflect.Struct:
		if t.NumField() > maxFields {
			return nil
		}
		for i := range t.NumField() {
			f := t.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Anonymous || name == "" || strings.Contains(options, "string"):
				return nil
			case name == "-" || !f.IsExported():
				continue
			}
			s.fields = append(s.fields, shapeField{name, i, shapeOf(f.Type)})
		}
		return s
	}
	return nil
}
