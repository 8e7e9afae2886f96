package planner

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// sameFloat takes two values that are not known as the same.
var sameFloat = cmp.Comparer(func(a, b Float) bool { return a == b || !a.Known() && !b.Known() })

// draw fills v with what JSON can carry; often is how likely a part is there at all.
func draw(r *rand.Rand, v any, often float64) { drawn(r, reflect.ValueOf(v).Elem(), often) }

func drawn(r *rand.Rand, v reflect.Value, often float64) {
	there := r.Float64() < often
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		if there {
			*x = time.Unix(r.Int64N(4e9), r.Int64N(1e9)).UTC()
		}
		return
	case *Float:
		*x = Float(r.NormFloat64())
		if !there {
			*x = Unknown()
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			drawn(r, v.Field(i), often)
		}
	case reflect.Pointer:
		if there {
			v.Set(reflect.New(v.Type().Elem()))
			drawn(r, v.Elem(), often)
		}
	case reflect.Slice:
		if there {
			v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(3), 4))
			for i := range v.Len() {
				drawn(r, v.Index(i), often)
			}
		}
	case reflect.Map:
		if there {
			v.Set(reflect.MakeMap(v.Type()))
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			drawn(r, key, 1)
			drawn(r, value, 1)
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

// TestAMemoryIsTheSameAfterJSON fills every part of a memory, or some.
func TestAMemoryIsTheSameAfterJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 300 {
		var m, got Memory
		draw(r, &m, []float64{1, 0.9, 0.5, 0.1, 0}[i%5])
		line, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got, sameFloat); diff != "" {
			t.Fatalf("memory after JSON (-want +got):\n%s", diff)
		}
	}
	empty := Memory{Past: []Past{}, Points: []Point{}} // of what was there and is gone
	line, _ := json.Marshal(empty)
	var got Memory
	if err := json.Unmarshal(line, &got); err != nil || got.Past == nil || got.Points == nil {
		t.Errorf("%s became %+v (%v)", line, got, err)
	}
}

// TestAMemoryOfAnotherShapeHasAnotherVersion fails where a field of Memory, or of what it holds, changes: snapshots of
// before are then not to be read as those of now.
func TestAMemoryOfAnotherShapeHasAnotherVersion(t *testing.T) {
	const version, shape = 6, 0x97e61e2 // change both together
	var b strings.Builder
	shapeOf(&b, reflect.TypeFor[Memory](), map[reflect.Type]bool{})
	if got := crc32.ChecksumIEEE([]byte(b.String())); MemoryVersion != version || got != shape {
		t.Errorf("version %d has the shape %#x, want %d and %#x: raise MemoryVersion, and change both here", MemoryVersion,
			got, version, shape)
	}
}

func shapeOf(b *strings.Builder, t reflect.Type, seen map[reflect.Type]bool) {
	fmt.Fprintf(b, "%s %s\n", t, t.Kind())
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		shapeOf(b, t.Elem(), seen)
	case reflect.Struct:
		if seen[t] || !unicode.IsUpper(rune(t.Name()[0])) || t.PkgPath() == "time" {
			return
		}
		seen[t] = true
		for i := range t.NumField() {
			fmt.Fprintf(b, "%s %s ", t.Field(i).Name, t.Field(i).Tag)
			shapeOf(b, t.Field(i).Type, seen)
		}
	}
}

// TestAMemoryOfYearsStaysSmall takes more steps and points than are kept.
func TestAMemoryOfYearsStaysSmall(t *testing.T) {
	var m Memory
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	take := func(e Event) {
		e.Seq, e.At = m.Seq+1, at
		if err := m.Refuses(e); err != nil {
			t.Fatal(err)
		}
		m = m.After(e)
	}
	for i := range 3 * pastKept / 2 {
		step := Step{Kind: Forward, Sets: []Set{{"a/1", "db", KeySize, i, i + 1}}}
		take(Event{Kind: StepBegan, Step: &step})
		take(Event{Kind: StepEnded, Point: &Point{Shift: "a/db:b/db", X: i}})
		if i%7 == 0 {
			take(Event{Kind: HoldBegan, Reason: "x"})
			take(Event{Kind: RunBegan, Goal: &Goal{}, Points: []Point{{Shift: "few", X: i}}})
		}
	}
	if len(m.Past) != pastKept || m.Past[0].Step.Sets[0].From != pastKept/2 {
		t.Errorf("%d steps are kept, the oldest from %d; want %d from %d", len(m.Past), m.Past[0].Step.Sets[0].From,
			pastKept, pastKept/2)
	}
	many, few := m.PointsOf("a/db:b/db"), m.PointsOf("few")
	if len(many) != pointsKept || many[0].X != pastKept/2 || len(few) != 3*pastKept/2/7+1 {
		t.Errorf("%d and %d points are kept, the oldest of %d", len(many), len(few), many[0].X)
	}
}
