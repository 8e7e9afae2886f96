package plannertest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// SameFloat takes two values that are not known as the same.
var SameFloat = cmp.Comparer(func(a, b fleet.Float) bool { return a == b || !a.Known() && !b.Known() })

// Draw fills v with what JSON can carry; often is how likely a part is there at all.
func Draw(r *rand.Rand, v any, often float64) { Drawn(r, reflect.ValueOf(v).Elem(), often) }

// ShapeOf writes the fields of a type, with their tags, and those of the exported types in it.
func ShapeOf(b *strings.Builder, t reflect.Type, seen map[reflect.Type]bool) {
	fmt.Fprintf(b, "%s %s\n", t, t.Kind())
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		ShapeOf(b, t.Elem(), seen)
	case reflect.Struct:
		if seen[t] || !unicode.IsUpper(rune(t.Name()[0])) || t.PkgPath() == "time" {
			return
		}
		seen[t] = true
		for i := range t.NumField() {
			fmt.Fprintf(b, "%s %s ", t.Field(i).Name, t.Field(i).Tag)
			ShapeOf(b, t.Field(i).Type, seen)
		}
	}
}

// Drawn is Draw of a value that can be set.
func Drawn(r *rand.Rand, v reflect.Value, often float64) {
	there := r.Float64() < often
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		if there {
			*x = time.Unix(r.Int64N(4e9), r.Int64N(1e9)).UTC()
		}
		return
	case *fleet.Float:
		*x = fleet.Float(r.NormFloat64())
		if !there {
			*x = fleet.Unknown()
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" {
				Drawn(r, v.Field(i), often)
			}
		}
	case reflect.Pointer:
		if there {
			v.Set(reflect.New(v.Type().Elem()))
			Drawn(r, v.Elem(), often)
		}
	case reflect.Slice:
		if there {
			v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(3), 4))
			for i := range v.Len() {
				Drawn(r, v.Index(i), often)
			}
		}
	case reflect.Map:
		if there {
			v.Set(reflect.MakeMap(v.Type()))
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			Drawn(r, key, 1)
			Drawn(r, value, 1)
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		if there {
			v.SetString([]string{"a/1", "db", "app:ci", "<é&\u2028\"\\", "x"}[r.IntN(5)])
		}
	case reflect.Bool:
		v.SetBool(there)
	case reflect.Int, reflect.Int64:
		if there {
			v.SetInt(r.Int64() >> r.IntN(63))
		}
	case reflect.Float64:
		if there {
			v.SetFloat(math.Ldexp(r.NormFloat64(), r.IntN(200)-100))
		}
	default:
		panic("no " + v.Type().String() + " is drawn: say how")
	}
}
