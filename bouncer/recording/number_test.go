package recording

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// below and above are numbers of a sample that may be so small, and so large, with the reason.
var (
	below = map[string]string{
		"Servers.IdleInTransaction.Age": "the clock of a server may be set back",
	}
	above = map[string]string{
		"Processes.Aliases.Counters.Xacts":       "PgBouncer counts in 64 bits",
		"Processes.Aliases.Counters.Assignments": "PgBouncer counts in 64 bits",
	}
)

// TestEveryNumberOfASampleIsBounded: of each number of an observation, a value that no server and no PgBouncer can show
// is refused; of a time, one below 0. A field that is new is found by itself.
func TestEveryNumberOfASampleIsBounded(t *testing.T) {
	whole := func() *fleet.Observation {
		o := &fleet.Observation{}
		ones(reflect.ValueOf(o).Elem())
		return o
	}
	if err := check(*whole()); err != nil {
		t.Fatalf("a sample of ones: %v, want none", err)
	}
	places := numbers(reflect.ValueOf(whole()).Elem(), "")
	for _, p := range places {
		for n, may := range map[int64]map[string]string{-1000: below, math.MaxInt32 + 1: above} {
			if n > 0 && p.of == reflect.TypeFor[time.Duration]() {
				continue
			}
			o := whole()
			p.in(reflect.ValueOf(o).Elem()).SetInt(n)
			if err := check(*o); (err == nil) != (may[p.name] != "") {
				t.Errorf("%s is %d: %v; bound it in check.go, or say in this test why it has no bound", p.name, n, err)
			}
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(below)), slices.Collect(maps.Keys(above))) {
		if !slices.ContainsFunc(places, func(p place) bool { return p.name == name }) {
			t.Errorf("%s is no number of a sample: take it out of this test", name)
		}
	}
	if len(places) < 40 {
		t.Errorf("%d numbers found, and there are more than 40", len(places))
	}
}

// place is where a number of a sample stands: the fields that lead there, through the first item of each list.
type place struct {
	name string
	at   []int
	of   reflect.Type
}

// in is the number in a sample.
func (p place) in(v reflect.Value) reflect.Value {
	for _, i := range p.at {
		if v.Kind() == reflect.Slice {
			v = v.Index(0)
		}
		v = v.Field(i)
	}
	return v
}

func numbers(v reflect.Value, name string) []place {
	for v.Kind() == reflect.Slice {
		if v.Len() == 0 {
			return nil
		}
		v = v.Index(0)
	}
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[time.Time]() {
		return nil
	}
	var out []place
	for i := range v.NumField() {
		field, called := v.Field(i), name+v.Type().Field(i).Name
		switch {
		case field.CanInt():
			out = append(out, place{called, []int{i}, field.Type()})
		default:
			for _, p := range numbers(field, called+".") {
				out = append(out, place{p.name, append([]int{i}, p.at...), p.of})
			}
		}
	}
	return out
}

// ones sets each number to one, each text to a letter, and gives each list an item.
func ones(v reflect.Value) {
	switch {
	case v.CanInt():
		v.SetInt(1)
	case v.CanFloat():
		v.SetFloat(0.5)
	case v.Kind() == reflect.String:
		v.SetString("a")
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		ones(v.Index(0))
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				ones(v.Field(i))
			}
		}
	}
}
